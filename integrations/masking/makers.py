"""Marks by which the keys of many makers are known: what a key begins with, and what follows."""

from __future__ import annotations

import re
from collections.abc import Iterator

from chimera_metrics.integrations.masking.masks import SECRET

_WORD, _ALNUM, _HEX = "[A-Za-z0-9_-]", "[A-Za-z0-9]", "[a-f0-9]"

# Segments of a model's name, which may begin with sk- too: sk-7b-instruct-v0-2-gguf-q4.
_SEGMENT = r"(?:(?:[A-Z]?[a-z]{1,15}|[A-Z]{1,15})[0-9]{0,3}|v?[0-9]{1,4}[A-Za-z]{0,3})(?![A-Za-z0-9])"

_MODELS = ("hf_", "api_org_", "r8_", "gsk_", "xai-", "csk-", "pplx-", "tgp_v1_", "pcsk_")
_MODEL_TOOLS = ("nvapi-", "tvly-", "lsv2_pt_", "lsv2_sk_", "apify_api_", "kgat_", "fw_")

MARKS: dict[str, str] = {
    # models and their tools
    "sk-": rf"(?!{_SEGMENT}(?:[-_]{_SEGMENT})*+(?!{_WORD}))(?=[A-Za-z_-]{{0,60}}+[0-9]){_WORD}{{16,}}+",
    "pk-lf-": rf"{_WORD}{{16,}}+",
    **dict.fromkeys(_MODELS, rf"{_WORD}{{30,}}+"),
    **dict.fromkeys(_MODEL_TOOLS, rf"{_WORD}{{20,}}+"),
    "sess-": rf"(?=[A-Za-z_-]{{0,60}}+[0-9]){_WORD}{{36,}}+",
    **dict.fromkeys(("sk_", "e2b_"), rf"{_HEX}{{40,}}+(?!{_ALNUM})"),
    **dict.fromkeys(("jina_", "rpa_"), rf"{_ALNUM}{{30,}}+"),
    # clouds
    # With the secret key that stands beside the id.
    **dict.fromkeys(
        ("AKIA", "ASIA", "ABIA", "ACCA"),
        rf"[A-Z0-9]{{16}}(?!{_ALNUM})"
        r"""(?:[\s:,;|/"'=]{1,6}(?:[A-Za-z_]{3,30}[\s:="']{1,4})?[A-Za-z0-9/+]{40}(?![A-Za-z0-9/+=]))?""",
    ),
    "ABSK": r"[A-Za-z0-9+/]{40,}+={0,2}",
    "LTAI": rf"{_ALNUM}{{12,24}}(?!{_ALNUM})",
    "AQ.Ab": rf"{_WORD}{{30,}}+",
    "amzn.mws.": r"[a-f0-9-]{36}",
    "AIza": rf"{_WORD}{{30,}}+",
    "GOCSPX-": rf"{_WORD}{{20,}}+",
    "ya29.": rf"(?:[a-z]\.)?{_WORD}{{20,}}+",
    "1//0": rf"{_WORD}{{30,}}+",
    "AKID": rf"{_ALNUM}{{32,}}+",
    "AQVN": rf"{_WORD}{{35,}}+",
    **dict.fromkeys(("dop_v1_", "doo_v1_", "dor_v1_"), rf"{_HEX}{{40,}}+"),
    "HRKU-": rf"{_WORD}{{30,}}+",
    "dapi": rf"{_HEX}{{32}}(?:-[0-9]{{1,2}})?(?!{_ALNUM})",
    "v1.0-": rf"{_HEX}{{24}}-{_HEX}{{100,}}+",
    **dict.fromkeys(("fo1_", "fm1_", "fm2_", "fm1r_", "fm1a_"), r"[A-Za-z0-9_+/=,-]{30,}+"),
    **dict.fromkeys(("vcp_", "vci_", "vca_", "vcr_", "vck_", "nfp_", "napi_", "rnd_", "xau_"), rf"{_WORD}{{20,}}+"),
    # code, packages and builds
    **dict.fromkeys(("ghp_", "gho_", "ghu_", "ghs_", "ghr_"), rf"{_ALNUM}{{20,}}+"),
    "github_pat_": r"[A-Za-z0-9_]{20,}+",
    **dict.fromkeys(
        ("glpat-", "gldt-", "glft-", "glsoat-", "glrt-", "glcbt-", "glimt-", "glptt-", "gloas-", "glagent-", "glffct-"),
        r"[A-Za-z0-9_.-]{20,}+",
    ),
    "GR1348941": rf"{_WORD}{{20,}}+",
    **dict.fromkeys(("npm_", "rubygems_", "clojars_"), rf"{_ALNUM}{{30,}}+"),
    "pypi-AgE": rf"{_WORD}{{16,}}+",
    "oy2": r"[a-z0-9]{43}(?![a-z0-9])",
    **dict.fromkeys(("CCIPAT_", "CCIPRJ_", "bkua_", "pul-", "sgp_", "ATCTT3"), r"[A-Za-z0-9_=-]{20,}+"),
    **dict.fromkeys(("ATATT3", "ATBB", "ATTA"), r"[A-Za-z0-9_=-]{24,}+"),
    **dict.fromkeys(("squ_", "sqp_", "sqa_"), rf"{_HEX}{{40}}"),
    **dict.fromkeys(("dckr_pat_", "dckr_oat_"), rf"{_WORD}{{20,}}+"),
    **dict.fromkeys(("AKCp", "cmVmd"), rf"{_ALNUM}{{50,}}+"),
    # secrets of secrets, of stores and of networks
    **dict.fromkeys(("hvs.", "hvb.", "hvr."), rf"{_WORD}{{20,}}+"),
    "AGE-SECRET-KEY-1": rf"{_ALNUM}{{20,}}+",
    "SWMTKN-1-": rf"{_WORD}{{40,}}+",
    "eyJrIjoi": r"[A-Za-z0-9+/_-]{40,}+={0,2}",
    # A private key in PEM, once more in base64.
    "LS0tLS1CRUdJTi": r"[A-Za-z0-9+/=_-]{30,}+",
    "ops_eyJ": r"[A-Za-z0-9+/_=-]{40,}+",
    **dict.fromkeys(("dp.pt.", "dp.st.", "dp.ct.", "dp.sa.", "dp.scim.", "dp.audit."), r"[A-Za-z0-9_.-]{20,}+"),
    **dict.fromkeys(("pscale_tkn_", "pscale_oauth_", "pscale_pw_"), r"[A-Za-z0-9_.=-]{16,}+"),
    **dict.fromkeys(("sbp_", "sb_secret_"), rf"{_WORD}{{20,}}+"),
    **dict.fromkeys(("tskey-", "essu_", "dt0c01.", "dt0s01.", "dt0s02."), r"[A-Za-z0-9_.=-]{20,}+"),
    **dict.fromkeys(("nsec1", "xprv"), rf"{_ALNUM}{{50,}}+"),
    **dict.fromkeys(("v1.local.", "v2.local.", "v3.local.", "v4.local."), rf"{_WORD}{{40,}}+"),
    "sha256~": rf"{_WORD}{{40,}}+",
    "sk.eyJ1": rf"{_WORD}{{16,}}+\.{_WORD}{{10,}}+",
    "sl.": rf"(?:[a-z]\.)?{_WORD}{{60,}}+",
    # work and design
    **dict.fromkeys(("figd_", "figu_", "figo_"), rf"{_WORD}{{20,}}+"),
    **dict.fromkeys(("ntn_", "secret_"), rf"(?=[A-Za-z]{{0,40}}+[0-9]){_ALNUM}{{40,}}+"),
    **dict.fromkeys(("lin_api_", "lin_oauth_", "tfp_"), rf"{_WORD}{{30,}}+"),
    **dict.fromkeys(("PMAK-", "PMAT-", "CFPAT-", "fio-u-", "p8e-"), rf"{_WORD}{{20,}}+"),
    **dict.fromkeys(("NRAK-", "NRJS-", "NRII-", "NRRA-", "NRAA-", "NRIQ-", "NRSP-"), rf"{_WORD}{{16,}}+"),
    **dict.fromkeys(("glc_", "glsa_"), r"[A-Za-z0-9_+/=]{30,}+"),
    **dict.fromkeys(("sntrys_", "sntryu_", "sntrya_", "sntryi_"), r"[A-Za-z0-9_+/=]{30,}+"),
    **dict.fromkeys(("pat-na1-", "pat-eu1-", "rdme_", "pnu_", "waka_", "zpka_", "ico-"), rf"{_WORD}{{30,}}+"),
    **dict.fromkeys(("sm_aat_", "sm_pat_", "sm_sat_", "phc_", "phx_", "re_", "slk_"), rf"{_WORD}{{30,}}+"),
    # messages and mail
    "xoxe.": r"[A-Za-z0-9.-]{20,}+",
    "xapp-": rf"[0-9]-{_WORD}{{10,}}+",
    "SG.": rf"{_WORD}{{16,64}}+\.{_WORD}{{16,}}+",
    **dict.fromkeys(("xkeysib-", "xsmtpsib-"), rf"{_WORD}{{30,}}+"),
    **dict.fromkeys(("key-", "pubkey-"), rf"{_HEX}{{32}}(?!{_ALNUM})"),
    "mfa.": rf"{_WORD}{{60,}}+",
    # money
    **dict.fromkeys(
        ("sk_org_live_", "sk_org_test_", "sk_live_", "sk_test_", "rk_live_", "rk_test_", "pk_live_", "pk_test_"),
        rf"{_ALNUM}{{10,}}+",
    ),
    "whsec_": r"[A-Za-z0-9+/=]{16,}+",
    **dict.fromkeys(("shpat_", "shpca_", "shppa_", "shpss_"), rf"{_HEX}{{32}}"),
    **dict.fromkeys(("sq0atp-", "sq0csp-", "sq0idp-"), rf"{_WORD}{{20,}}+"),
    **dict.fromkeys(("rzp_live_", "rzp_test_", "EZAK", "EZTK"), rf"{_ALNUM}{{14,}}+"),
    **dict.fromkeys(("shippo_live_", "shippo_test_", "duffel_live_", "duffel_test_"), rf"{_WORD}{{30,}}+"),
    **dict.fromkeys(("FLWSECK-", "FLWSECK_TEST-", "FLWPUBK_TEST-"), rf"{_WORD}{{12,}}+"),
    **dict.fromkeys(("access-sandbox-", "access-production-", "access-development-"), rf"{_WORD}{{30,}}+"),
    # this server's own
    "muse_": rf"[0-9a-f]{{12}}_{_WORD}{{20,}}+",
}
XOX = r"xox[a-z]-[A-Za-z0-9-]{10,}+"

HINTS: tuple[str, ...] = (*(mark.lower() for mark in MARKS), "xox")
_EACH = [rf"{re.escape(mark)}{MARKS[mark]}" for mark in sorted(MARKS, key=len, reverse=True)]
ANY = rf"(?<![A-Za-z0-9_-])(?:{'|'.join([XOX, *_EACH])})"
# A key that a line's end breaks: its mark, a piece, and pieces that are no words.
_PIECE = r"(?=[A-Za-z_=-]*+[0-9])(?=[0-9_=-]*+[A-Za-z])[A-Za-z0-9_=-]{4,}+"
_BEGINNINGS = "|".join(re.escape(mark) for mark in sorted(MARKS, key=len, reverse=True))
BROKEN = (
    rf"(?<![A-Za-z0-9_-])(?P<key>(?:xox[a-z]-|{_BEGINNINGS})"
    rf"[A-Za-z0-9_.=-]*+(?:(?:\\?\r?\n|\\r\\n|\\n)[ \t>|]{{0,8}}{_PIECE}){{1,4}})"
)


def broken(found: re.Match[str]) -> str:
    """The secret that a key over several lines is, where its pieces together are as long as one."""
    key = re.sub(r"\\[rn]|[\s\\>|]", "", found["key"])
    return SECRET if len(key) >= 20 and re.search(ANY, key) else found[0]


_MARKED = "|".join(re.sub(r"([^a-z0-9_])", r"\\\1", mark) for mark in HINTS)
FAR = rf"(?:^|[^a-z0-9_-])(?:{_MARKED})(?:[a-z0-9_.+/=-]{{9}}|[a-z0-9_.=-]{{0,8}}[\\\r\n])"
"""A mark where a word begins, and what is long or broken behind it, as RE2 reads it."""

_LETTERS = b"abcdefghijklmnopqrstuvwxyz0123456789_.+/=~-"
_WORDS_ONLY = bytes(code if code in _LETTERS else 0x20 for code in range(256))
_HEX_ONLY = b"0123456789abcdef-"
_LONG = 14
_ENDING = re.compile(r"(?<![a-z0-9_.+/=~-])[a-z0-9_.+/=~-]{3,}+(?=\\|\r?\n(?!\0))")
_LINE_END = re.compile(r"\n(?!\0)")
_HEAD = re.compile(rb"(?<![a-z0-9])[a-z0-9][a-z0-9_/-]")


class MarkProbe:
    """Finds words in which a mark begins. One pass, however many marks there are."""

    def __init__(self, marks: tuple[str, ...], ends: bool = False) -> None:
        """ends: only words behind which a line ends, or an escape says that it does."""
        self._ends = ends
        self._by_head: dict[bytes, list[bytes]] = {}
        for mark in marks:
            self._by_head.setdefault(mark[:2].encode(), []).append(mark.encode())

    def finditer(self, lowered: str, /) -> Iterator[re.Match[str]]:
        """The words, as matches."""
        if self._ends:
            if "\\" in lowered or _LINE_END.search(lowered):
                yield from (found for found in _ENDING.finditer(lowered) if self._marks_in(found[0].encode()))
            return
        text = lowered.encode("ascii", "replace")  # as many bytes as there are characters
        # Ids and hashes, which are most of what is long, hold no mark.
        words = {word for word in text.translate(_WORDS_ONLY).split() if len(word) >= _LONG and word.strip(_HEX_ONLY)}
        if not words or not (marks := self._marks_in(b"\n".join(words))):
            return
        yield from re.finditer("|".join(re.escape(mark.decode()) for mark in marks), lowered)

    def _marks_in(self, words: bytes) -> list[bytes]:
        heads = self._by_head.keys() & set(_HEAD.findall(words))
        return [mark for head in heads for mark in self._by_head[head] if mark in words]

    def search(self, lowered: str, /) -> re.Match[str] | None:
        return next(self.finditer(lowered), None)
