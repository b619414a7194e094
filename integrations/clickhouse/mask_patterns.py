"""The table of what is masked: secrets, e-mail addresses, IP addresses.

Each pattern starts from literal words: a text without any of them is never read by its regular expression, and a
batch of texts is searched for them in one go. Every expression reads a text once, whatever the text holds: repeats
are bounded or possessive, and where a run may be long, a match can only begin at its start.
"""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

MaskRule = Literal["secret", "email", "ip", "user_agent"]
Replace = Callable[[re.Match[str]], str]

SECRET, EMAIL, IP = "[secret]", "[email]", "[ip]"

# RE2's \s lacks the vertical tab, and in ASCII both lack the blanks of Latin-1.
BLANKS = r"\t-\r\x1c-\x20\x85\xa0"
BLANK = f"[{BLANKS}]"


@dataclass(frozen=True, slots=True)
class Pattern:
    """One thing to look for.

    Any match holds one of `hints` (lower-case literals), followed by `near` once the text is lower-case. Both Python's
    `re` and RE2 read `near`, so that it spells out what the two take for different things, such as a blank.
    """

    rule: MaskRule
    what: str
    hints: tuple[str, ...]
    regex: re.Pattern[str]
    replace: str | Replace
    near: str = ""

    def probes(self) -> list[tuple[str, re.Pattern[str]]]:
        """Each hint with a pattern that begins with it: literal beginnings are what `re` finds fast."""
        return [(hint, re.compile(re.escape(hint) + self.near, re.ASCII)) for hint in self.hints]

    def sub(self, text: str) -> tuple[str, int]:
        """`text` with the matches replaced, and how many truly were."""
        if isinstance(self.replace, str):
            return self.regex.subn(self.replace, text)
        replace, spared = self.replace, 0

        def replaced(found: re.Match[str]) -> str:
            nonlocal spared
            new = replace(found)
            spared += new == found[0]
            return new

        text, count = self.regex.subn(replaced, text)
        return text, count - spared


_WORD = r"(?:[A-Z]?[a-z]+|[A-Z]+)"
_PROSE = re.compile(rf"{_WORD}(?:[-_'./]{_WORD})*[.:!?)]*")


def _is_credential(value: str) -> bool:
    """Whether a word looks like a credential rather than like prose: a digit, a mark, or great length."""
    return len(value) >= 24 or not _PROSE.fullmatch(value)


# What programs write where a secret would stand.
_NOT_SECRET = re.compile(r"(?i)null|none|nil|true|false|undefined|\*+|x{3,}|\.{3}|…|[\[<{$%].*|\)+|")


def _assignment(found: re.Match[str]) -> str:
    """`password=x` and its kin. After a colon stands prose as often as a secret: 'token: expired'."""
    head, quote, value = found["head"], found["quote"], found["value"]
    key, equals = found["key"].lower(), found["sign"] == "="
    if _NOT_SECRET.fullmatch(value) or (key == "token" and value.isdecimal() and len(value) < 9):
        return found[0]  # `max_token=512` counts tokens
    if not equals and not quote and not _is_credential(value):
        return found[0]
    return f"{head}{quote}{SECRET}"


def _after(found: re.Match[str]) -> str:
    """`Bearer x`, `Authorization: Basic x`: the scheme stays, and prose such as 'bearer token' too."""
    value = found["value"]
    if value.startswith("[") or not _is_credential(value):
        return found[0]
    return f"{found['head']}{SECRET}"


def _ip6(found: re.Match[str]) -> str:
    text = found[0]
    digits = any(map(str.isdigit, text)) or text.count(":") > 4
    try:
        ipaddress.IPv6Address(text)
    except ValueError:
        return text
    # `dead::beef` is an address and a name in C++; one without any digit is taken for the name.
    return IP if digits else text


# The start: no hexadecimal digit before it, but `ip:2001:db8::1` is one.
_IP6 = re.compile(
    r"(?:(?<![\w:.])|(?<=[g-zG-Z]:))(?:[0-9A-Fa-f]{0,4}:){2,7}"
    r"(?:\d{1,3}(?:\.\d{1,3}){3}|[0-9A-Fa-f]{0,4})(?![\w:]|\.\d)"
)

KEYS = (
    r"password|passwd|passphrase|pwd|secret|token|credentials?|api[_-]?key|access[_-]?key|private[_-]?key"
    r"|account[_-]?key|secret[_-]?key|auth[_-]?key|encryption[_-]?key|signing[_-]?key"
)
_KEY_HINTS = ("password", "passwd", "passphrase", "pwd", "secret", "token", "credential", "credentials", "key")

PATTERNS: tuple[Pattern, ...] = (
    Pattern(
        "secret",
        "a private key in PEM",
        ("-----begin",),
        re.compile(
            r"-----BEGIN [A-Z0-9 ]{0,40}PRIVATE KEY(?: BLOCK)?-----.*?"
            r"(?:-----END [A-Z0-9 ]{0,40}PRIVATE KEY(?: BLOCK)?-----|\Z)",
            re.DOTALL,
        ),
        SECRET,
    ),
    Pattern(
        "secret",
        "user and password in a URL, but not host and port",
        ("://",),
        re.compile(r"""://(?!\[secret\]@)[^\s/:@"']{0,200}+:(?!\d{1,5}[/?#])[^\s/"']{1,200}@"""),
        f"://{SECRET}@",
        near=rf"[^{BLANKS}/]*@",
    ),
    Pattern(
        "secret",
        "keys that begin with their maker's mark",
        (
            *("sk-", "sk_", "rk_", "pk_", "whsec_", "ghp_", "gho_", "ghu_", "ghs_", "ghr_", "github_pat_"),
            *("glpat-", "akia", "asia", "xox", "aiza", "ya29.", "gocspx-", "npm_", "pypi-age", "hf_", "sg."),
            *("dop_v1_", "hvs.", "shpat_", "lin_api_", "r8_", "gsk_", "xai-", "nvapi-", "vcp_"),
        ),
        re.compile(
            r"(?<![A-Za-z0-9_-])(?:"
            r"sk-(?=[A-Za-z_-]{0,60}+[0-9])[A-Za-z0-9_-]{16,}+"
            r"|(?:sk|rk|pk)_(?:live|test)_[A-Za-z0-9]{10,}+|whsec_[A-Za-z0-9+/=]{16,}+"
            r"|gh[pousr]_[A-Za-z0-9]{20,}+|github_pat_[A-Za-z0-9_]{20,}+|glpat-[A-Za-z0-9_-]{20,}+"
            r"|(?:AKIA|ASIA)[A-Z0-9]{16}(?![A-Za-z0-9])"
            r"|xox[abeoprs]-[A-Za-z0-9-]{10,}+|AIza[A-Za-z0-9_-]{30,}+|ya29\.[A-Za-z0-9_-]{20,}+"
            r"|GOCSPX-[A-Za-z0-9_-]{20,}+|npm_[A-Za-z0-9]{30,}+|pypi-AgE[A-Za-z0-9_-]{16,}+|hf_[A-Za-z0-9]{30,}+"
            r"|SG\.[A-Za-z0-9_-]{16,64}+\.[A-Za-z0-9_-]{16,}+|dop_v1_[a-f0-9]{40,}+|hvs\.[A-Za-z0-9_-]{20,}+"
            r"|shpat_[a-f0-9]{32}|lin_api_[A-Za-z0-9]{30,}+|r8_[A-Za-z0-9]{30,}+|gsk_[A-Za-z0-9]{30,}+"
            r"|xai-[A-Za-z0-9]{30,}+|nvapi-[A-Za-z0-9_-]{30,}+|vcp_[A-Za-z0-9]{20,}+"
            r")"
        ),
        SECRET,
        near=r"[a-z0-9_.+/=-]{9}",
    ),
    Pattern(
        "secret",
        "JSON web tokens",
        ("eyj",),
        re.compile(
            r"(?<![A-Za-z0-9_-])eyJ[A-Za-z0-9_-]{5,}+\.[A-Za-z0-9_-]{5,}+\.[A-Za-z0-9_-]*+"
            r"(?:\.[A-Za-z0-9_-]++\.[A-Za-z0-9_-]++)?"
        ),
        SECRET,
        near=r"[a-z0-9_-]{5}",
    ),
    Pattern(
        "secret",
        "a webhook whose path is its secret",
        ("hooks.slack.com/", "/api/webhooks/"),
        re.compile(r"(?<=hooks\.slack\.com/services/)[A-Za-z0-9/_-]{20,}+|(?<=/api/webhooks/)[0-9]+/[\w-]{30,}+"),
        SECRET,
    ),
    Pattern(
        "secret",
        "signatures and keys in a URL's query",
        ("sig=", "signature=", "key=", "auth=", "credential=", "security-token=", "code="),
        re.compile(
            r"""(?i)([?&;](?:sig|signature|key|auth|code|x-amz-(?:signature|credential|security-token))=)"""
            r"""(?!\[secret\])[^\s&;#"'<>]{16,}+"""
        ),
        rf"\1{SECRET}",
    ),
    Pattern(
        "secret",
        "the header that carries credentials",
        ("authorization",),
        re.compile(
            r"""(?i)(?P<head>authorization\\?["']?\s{0,8}[=:]\s{0,8}\\?["']?"""
            r"""(?:(?:basic|bearer|token|digest|bot)\s{1,8})?)(?P<value>[^\s"',;\\]{6,}+)"""
        ),
        _after,
    ),
    Pattern(
        "secret",
        "bearer tokens",
        ("bearer",),
        re.compile(r"""(?i)(?P<head>\bbearer[\s:=]{1,8})(?P<value>[A-Za-z0-9._~+/=-]{8,}+)"""),
        _after,
        near=rf"[{BLANKS}:=]",
    ),
    Pattern(
        "secret",
        "cookies",
        ("cookie:",),
        re.compile(r"""(?i)(cookie:\s{0,8}[\w.-]{1,100}+=)(?!\[secret\])[^\r\n"']++"""),
        rf"\1{SECRET}",
    ),
    Pattern(
        "secret",
        "what is assigned to a name that says secret",
        _KEY_HINTS,
        re.compile(
            rf"""(?i)(?P<head>(?P<key>{KEYS})\\?["']?\s{{0,8}}(?P<sign>[=:])>?\s{{0,8}})"""
            r"""(?P<quote>\\?["']?)(?P<value>(?:(?<=["'])[^"'\\]++|[^\s"',;&\\)}]++))"""
        ),
        _assignment,
        near=rf"""\\?["']?{BLANK}*[=:]""",
    ),
    Pattern(
        "secret",
        "a long random text beside a word that says secret",
        _KEY_HINTS,
        re.compile(
            rf"""(?i)(?P<head>(?:{KEYS}|api key)s?(?:\s{{1,3}}(?:is|was|of))?\s{{1,3}}["'`(]?)"""
            r"(?P<value>[A-Za-z0-9+/_=]{32,}+)"
        ),
        _after,
        near=rf"""s?(?:{BLANK}{{1,3}}(?:is|was|of))?{BLANK}{{1,3}}["'`(]?[a-z0-9+/_=]{{32}}""",
    ),
    Pattern(
        "email",
        "e-mail addresses, but not git@host:path, icon@2x.png or package@1.2.3-beta.rc",
        ("@",),
        re.compile(r"(?<![\w.%+-])(?!git@)[\w.%+-]++@(?!\d+x\.|\d+\.\d)(?:[\w-]{1,63}\.){1,8}[^\W\d_]{2,24}(?![\w-])"),
        EMAIL,
        near=rf"[^{BLANKS}@]*\.",
    ),
    Pattern(
        "email",
        "e-mail addresses in a URL's query",
        ("%40",),
        re.compile(r"(?<![\w.+-])[\w.+-]++%40(?:[\w-]{1,63}\.){1,8}[^\W\d_]{2,24}(?![\w-])"),
        EMAIL,
    ),
    Pattern("ip", "IPv6 addresses, shortened", ("::",), _IP6, _ip6),
    Pattern(
        "ip",
        "IPv6 addresses in full, but not times of day",
        (":",),
        _IP6,
        _ip6,
        near=r"[0-9a-f]{1,4}:[0-9a-f]{1,4}:[0-9a-f]{1,4}:",
    ),
    Pattern(
        "ip",
        "IPv4 addresses, but not versions: after 'v', 'version', '==' or a browser's name",
        (".",),
        re.compile(
            r"(?<![\w.])(?<!==)(?<![vV]ersion[ =:])(?<![vV]ersion: )(?<!ver\. )(?<!release )"
            r"(?<!Chrome/)(?<!Chromium/)(?<!Edg/)(?<!EdgA/)(?<!OPR/)(?<!Version/)(?<!Firefox/)(?<!CriOS/)"
            r"(?:(?:25[0-5]|2[0-4]\d|1?\d?\d)\.){3}(?:25[0-5]|2[0-4]\d|1?\d?\d)(?!\w|\.\d|-[A-Za-z])"
        ),
        IP,
        near=r"\d{1,3}\.\d{1,3}\.\d",
    ),
)
