"""Secrets that are known by their own shape, whatever stands beside them."""

from __future__ import annotations

import re

from chimera_metrics.integrations.masking.masks import BLANKS, SECRET, Pattern
from chimera_metrics.integrations.masking.words import is_spelled


def _unless_spelled(found: re.Match[str]) -> str:
    return found[0] if is_spelled(found["value"]) else f"{found['head']}{SECRET}"


# Segments of a model's name, which may begin with sk- too: sk-7b-instruct-v0-2-gguf-q4.
_SEGMENT = r"(?:(?:[A-Z]?[a-z]{1,15}|[A-Z]{1,15})[0-9]{0,3}|v?[0-9]{1,4}[A-Za-z]{0,3})(?![A-Za-z0-9])"

SECRETS: tuple[Pattern, ...] = (
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
        "user and password in the URL of a database, where the password may hold slashes",
        ("mongodb", "postgres", "mysql", "mariadb", "redis", "amqp", "clickhouse", "mssql", "kafka"),
        re.compile(
            r"""(?i)(?P<head>(?:mongodb|postgres|mysql|mariadb|redis|amqp|clickhouse|mssql|kafka)[a-z0-9+]{0,12}://)"""
            r"""(?!\[secret\]@)[^\s/:@"']{0,200}+:(?!\d{1,5}[/?#,])(?:(?!://)[^\s"'?]){1,200}@(?=[\w.\[-])"""
        ),
        rf"\g<head>{SECRET}@",
        near=r"[a-z0-9+]{0,12}://",
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
            *("glpat-", "akia", "asia", "xox", "xapp-", "aiza", "ya29.", "gocspx-", "npm_", "pypi-age", "hf_", "sg."),
            *("dop_v1_", "hvs.", "shpat_", "lin_api_", "r8_", "gsk_", "xai-", "nvapi-", "vcp_", "dapi", "glsa_"),
            *("dckr_pat_", "dckr_oat_", "atatt3", "muse_"),
        ),
        re.compile(
            r"(?<![A-Za-z0-9_-])(?:"
            rf"sk-(?!{_SEGMENT}(?:[-_]{_SEGMENT})*+(?![A-Za-z0-9_-]))(?=[A-Za-z_-]{{0,60}}+[0-9])[A-Za-z0-9_-]{{16,}}+"
            r"|(?:sk|rk|pk)_(?:live|test)_[A-Za-z0-9]{10,}+|whsec_[A-Za-z0-9+/=]{16,}+"
            r"|gh[pousr]_[A-Za-z0-9]{20,}+|github_pat_[A-Za-z0-9_]{20,}+|glpat-[A-Za-z0-9_-]{20,}+"
            r"|(?:AKIA|ASIA)[A-Z0-9]{16}(?![A-Za-z0-9])"
            r"|xox[a-z]-[A-Za-z0-9-]{10,}+|xapp-[0-9]-[A-Za-z0-9-]{10,}+"
            r"|AIza[A-Za-z0-9_-]{30,}+|ya29\.[A-Za-z0-9_-]{20,}+"
            r"|GOCSPX-[A-Za-z0-9_-]{20,}+|npm_[A-Za-z0-9]{30,}+|pypi-AgE[A-Za-z0-9_-]{16,}+|hf_[A-Za-z0-9]{30,}+"
            r"|SG\.[A-Za-z0-9_-]{16,64}+\.[A-Za-z0-9_-]{16,}+|dop_v1_[a-f0-9]{40,}+|hvs\.[A-Za-z0-9_-]{20,}+"
            r"|shpat_[a-f0-9]{32}|lin_api_[A-Za-z0-9]{30,}+|r8_[A-Za-z0-9]{30,}+|gsk_[A-Za-z0-9]{30,}+"
            r"|xai-[A-Za-z0-9]{30,}+|nvapi-[A-Za-z0-9_-]{30,}+|vcp_[A-Za-z0-9]{20,}+"
            r"|dapi[a-f0-9]{32}(?:-[0-9]{1,2})?(?![A-Za-z0-9])|glsa_[A-Za-z0-9_]{30,}+"
            r"|dckr_[po]at_[A-Za-z0-9_-]{20,}+|ATATT3[A-Za-z0-9_=-]{20,}+"
            r"|muse_[0-9a-f]{12}_[A-Za-z0-9_-]{20,}+"  # this server's own
            r")"
        ),
        SECRET,
        near=r"[a-z0-9_.+/=-]{9}",
    ),
    Pattern(
        "secret",
        "keys of Twilio",
        ("sk",),
        re.compile(r"(?<![A-Za-z0-9_-])SK[0-9a-f]{32}(?![A-Za-z0-9])"),
        SECRET,
        near=r"[0-9a-f]{32}",
    ),
    Pattern(
        "secret",
        "tokens of Telegram's bots",
        (":",),
        re.compile(r"(?<![0-9])[0-9]{8,10}+:[A-Za-z0-9_-]{35}(?![A-Za-z0-9_-])"),
        SECRET,
        near=r"[a-z0-9_-]{35}",
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
        "signatures in a URL's query",
        ("sig=", "signature=", "credential=", "security-token="),
        re.compile(
            r"""(?i)([?&;](?:sig|signature|x-amz-(?:signature|credential|security-token))=)"""
            r"""(?!\[secret\])[^\s&;#"'<>]{16,}+"""
        ),
        rf"\1{SECRET}",
    ),
    Pattern(
        "secret",
        "keys and codes in a URL's query, but not words such as 404NotFound",
        ("key=", "auth=", "code="),
        re.compile(r"""(?i)(?P<head>[?&;](?:key|auth|code)=)(?P<value>(?!\[secret\])[^\s&;#"'<>]{16,}+)"""),
        _unless_spelled,
    ),
)
