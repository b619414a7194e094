"""Secrets that are known by their own shape, whatever stands beside them."""

from __future__ import annotations

import re

from chimera_metrics.integrations.masking.makers import ANY, BROKEN, FAR, HINTS, MarkProbe, broken
from chimera_metrics.integrations.masking.masks import BLANKS, SECRET, Gate, Late, Pattern
from chimera_metrics.integrations.masking.words import is_spelled


def _unless_spelled(found: re.Match[str]) -> str:
    return found[0] if is_spelled(found["value"]) else f"{found['head']}{SECRET}"


SECRETS: tuple[Pattern, ...] = (
    Pattern(
        "secret",
        "a private key in PEM",
        ("private",),
        Late(
            r"(?i)-{4,5}[ +]?BEGIN[A-Z0-9 +_]{0,40}PRIVATE[ +_]KEY(?:[ +_]BLOCK)?[ +]?-{4,5}.*?"
            r"(?:-{4,5}[ +]?END[A-Z0-9 +_]{0,40}PRIVATE[ +_]KEY(?:[ +_]BLOCK)?[ +]?-{4,5}|\Z)"
            r"|Private-Lines: ?[0-9]{1,4}.*?(?:Private-MAC: ?[0-9a-f]{16,}+|\Z)",
            re.DOTALL,
        ),
        SECRET,
        near=r"(?:[ +_]key|-lines:)",
    ),
    Pattern(
        "secret",
        "user and password in the URL of a database, where the password may hold slashes",
        ("mongodb", "postgres", "mysql", "mariadb", "redis", "amqp", "clickhouse", "mssql", "kafka"),
        Late(
            r"""(?i)(?P<head>(?:mongodb|postgres|mysql|mariadb|redis|amqp|clickhouse|mssql|kafka)[a-z0-9+]{0,12}://)"""
            r"""(?!\[secret\]@)[^\s/:@"']{0,200}+:(?!\d{1,5}[/?#,])(?:(?!://)[^\s"'?]){1,200}@(?=[\w.\[-])"""
        ),
        rf"\g<head>{SECRET}@",
        near=r"[a-z0-9+]{0,12}://",
        probe=Late("://"),
    ),
    Pattern(
        "secret",
        "user and password in a URL, but not host and port",
        ("://",),
        Late(r"""://(?!\[secret\]@)[^\s/:@"']{0,200}+:(?!\d{1,5}[/?#])[^\s/"']{1,200}@"""),
        f"://{SECRET}@",
        near=rf"[^{BLANKS}/]*@",
    ),
    Pattern(
        "secret",
        "a key instead of user and password in a URL",
        ("://",),
        Late(r"""(?<=://)(?=[A-Za-z_-]*+[0-9])[A-Za-z0-9_-]{20,200}+@(?=[\w.\[-])"""),
        f"{SECRET}@",
        near=r"[a-z0-9_-]{20}",
    ),
    Pattern(
        "secret",
        "user and password as Oracle's programs take them",
        ("oracle:", "sqlplus", "sqlldr", "expdp", "impdp", "rman"),
        Late(
            r"(?i)(?P<head>(?:jdbc:oracle:[a-z0-9]{2,8}:|\b(?:sqlplus|sqlldr|expdp|impdp|rman)\s(?:[^\r\n@]{0,60}\s)?)[\w$#.-]{1,60}/)"
            r"""(?P<value>"[^"\r\n]{1,100}+"|[^\s"'/@]{1,100}+)(?=@)"""
        ),
        rf"\g<head>{SECRET}",
        probe=Gate("@", Late(r"""/(?:[^\s"'/@]{1,100}|"[^"@]{1,100}")@""")),
        far=r"(?:oracle:|sqlplus|sqlldr|expdp|impdp|rman)[^@]*@",
    ),
    Pattern(
        "secret",
        "hashes of passwords, in the forms in which systems keep them",
        ("$",),
        Late(
            r"\$(?:[1567]|apr1|g?y)\$(?:rounds=[0-9]{1,9}\$)?[A-Za-z0-9./]{1,86}+\$[A-Za-z0-9./$]{20,}+|\$2[aby]\$[0-9]{2}\$[A-Za-z0-9./]{31,}+"
            r"|\$[PH]\$[A-Za-z0-9./]{31}|\$S\$[A-Za-z0-9./]{52}|access_token\$(?:production|sandbox)\$[a-z0-9]{8,40}\$[a-f0-9]{20,}+"
            r"|\$(?:argon2(?:id|i|d)|scrypt|pbkdf2[a-z0-9-]{0,10})\$[A-Za-z0-9=,$+/._-]{20,}+"
            r"|(?i:pbkdf2[_:-]sha[0-9]{1,3}[$:][0-9]{1,9}\$[A-Za-z0-9]{1,64}\$[A-Za-z0-9+/=]{20,}+)"
            r"|scrypt:[0-9]{1,8}:[0-9]{1,3}:[0-9]{1,3}\$[A-Za-z0-9]{1,64}\$[a-f0-9]{32,}+"
            r"|SCRAM-SHA-(?:1|256)\$[0-9]{1,9}:[A-Za-z0-9+/=]{8,64}\$[A-Za-z0-9+/=]{20,}+:[A-Za-z0-9+/=]{20,}+"
        ),
        SECRET,
        near=r"[a-z0-9:+/=,_-]{1,90}\$",
        probe=Gate("$", Late(r"\$[a-z0-9:+/=,_-]{1,90}\$")),
        far=r"\$[a-z0-9:+/=,_-]+\$",
    ),
    Pattern(
        "secret",
        "keys that a line's end breaks",
        HINTS,
        Late(BROKEN),
        broken,
        near=r"[a-z0-9_.=-]*(?:\\|\r|\n)",
        probe=MarkProbe(HINTS, ends=True),
        far=FAR,
    ),
    Pattern(
        "secret",
        "keys that begin with their maker's mark",
        HINTS,
        Late(ANY),
        SECRET,
        near=r"[a-z0-9_.+/=-]{9}",
        probe=MarkProbe(HINTS),
        far=FAR,
    ),
    Pattern(
        "secret",
        "tokens of Discord",
        (".",),
        Late(r"(?<![A-Za-z0-9_-])[MNO][A-Za-z0-9_-]{22,28}\.[A-Za-z0-9_-]{6,7}\.[A-Za-z0-9_-]{27,40}(?![A-Za-z0-9_-])"),
        SECRET,
        near=r"[a-z0-9_-]{6,7}\.[a-z0-9_-]{27}",
    ),
    Pattern(
        "secret",
        "keys whose mark stands in their middle or at their end",
        ("q~", "nral", ".atlasv1.", "-us"),
        Late(
            r"(?<![A-Za-z0-9_~.-])[A-Za-z0-9_~.]{3}[0-9]Q~[A-Za-z0-9_~.-]{31,34}|(?<![A-Za-z0-9])[a-f0-9]{36,40}NRAL(?![A-Za-z0-9])"
            r"|(?<![A-Za-z0-9])[A-Za-z0-9]{14}\.atlasv1\.[A-Za-z0-9_=-]{40,}+|(?<![A-Za-z0-9])[a-f0-9]{32}-us[0-9]{1,2}(?![A-Za-z0-9])"
        ),
        SECRET,
    ),
    Pattern(
        "secret",
        "keys of 1Password and of ClickHouse's cloud",
        ("a3-", "4b1d"),
        Late(
            r"(?<![A-Za-z0-9_-])(?:A3-[A-Z0-9]{6}-(?:[A-Z0-9]{11}|[A-Z0-9]{6}-[A-Z0-9]{5})(?:-[A-Z0-9]{5}){3}|4b1d[A-Za-z0-9]{38})"
            r"(?![A-Za-z0-9])"
        ),
        SECRET,
        near=r"(?:[a-z0-9]{6}-|[a-z0-9]{38})",
        far=r"(?:^|[^a-z0-9_-])(?:a3-[a-z0-9]{6}-|4b1d[a-z0-9]{9})",
    ),
    Pattern(
        "secret",
        "keys of Airtable",
        ("pat",),
        Late(r"(?<![A-Za-z0-9])pat[A-Za-z0-9]{14}\.[a-f0-9]{64}"),
        SECRET,
        near=r"[a-z0-9]{14}\.",
    ),
    Pattern(
        "secret",
        "tokens of Square, of Facebook and of Twitter",
        ("eaa", "aaaaaaaaaaaaaaaaaaaa"),
        Late(r"(?<![A-Za-z0-9+/_-])(?:EAAA[A-Za-z0-9_-]{56,}+|EAA[A-Za-z0-9]{80,}+|A{20,30}[A-Za-z0-9%]{50,}+)"),
        SECRET,
        near=r"[a-z0-9_%-]{9}",
        far=r"(?:^|[^a-z0-9+/_-])(?:eaa|aaaaaaaaaaaaaaaaaaaa)[a-z0-9_%-]{9}",
    ),
    Pattern(
        "secret",
        "keys of Twilio",
        ("sk",),
        Late(r"(?<![A-Za-z0-9_-])SK[0-9a-f]{32}(?![A-Za-z0-9])"),
        SECRET,
        near=r"[0-9a-f]{32}",
        far=r"(?:^|[^a-z0-9_-])sk[0-9a-f]{9}",
    ),
    Pattern(
        "secret",
        "tokens of Telegram's bots",
        (":",),
        Late(r"(?<![0-9])[0-9]{8,10}+:[A-Za-z0-9_-]{35}(?![A-Za-z0-9_-])"),
        SECRET,
        near=r"[a-z0-9_-]{35}",
    ),
    Pattern(
        "secret",
        "JSON web tokens",
        ("eyj",),
        Late(
            r"(?<![A-Za-z0-9_-])eyJ[A-Za-z0-9_-]{5,}+\.(?:[A-Za-z0-9_-]{5,}+\.[A-Za-z0-9_-]*+"
            r"(?:\.[A-Za-z0-9_-]++\.[A-Za-z0-9_-]++)?|\.[A-Za-z0-9_-]{8,}+\.[A-Za-z0-9_-]++\.[A-Za-z0-9_-]++)"
        ),
        SECRET,
        near=r"[a-z0-9_-]{5}",
    ),
    Pattern(
        "secret",
        "a webhook whose path is its secret",
        ("hook",),
        Late(
            r"(?i)(?<=hooks\.slack\.com/services/)[A-Za-z0-9/_-]{20,}+|(?<=hooks\.slack\.com/workflows/)[A-Za-z0-9/_-]{20,}+"
            r"|(?<=hooks\.slack\.com/triggers/)[A-Za-z0-9/_-]{20,}+|(?<=/webhooks/)[0-9]++/[\w-]{30,}+"
            r"|(?<=hooks\.zapier\.com/hooks/catch/)[0-9]++/[\w-]{5,}+|(?<=/incomingwebhook/)[0-9a-f]{32}[\w/-]*+"
            r"|(?<=\.make\.com/)(?<=hook\.[a-z]{2}[0-9]\.make\.com/)[a-z0-9]{20,}+"
        ),
        SECRET,
        near="s?[./]",
    ),
    Pattern(
        "secret",
        "hashes of passwords in directories, boot loaders and Windows, vaults of Ansible, keys of IFTTT",
        ("{ssha", "{smd5}", "grub.pbkdf2.", "$ansible_vault;", ":::", "/with/key/"),
        Late(
            r"(?<=\{SSHA\}|\{SMD5\})[A-Za-z0-9+/]{20,}+={0,2}"
            r"|(?<=\{SSHA256\}|\{SSHA384\}|\{SSHA512\})[A-Za-z0-9+/]{40,}+={0,2}"
            r"|grub\.pbkdf2\.sha512\.[0-9]{1,9}\.[0-9A-F]{32,}+\.[0-9A-F]{32,}+"
            r"|\$ANSIBLE_VAULT;[0-9.]{3,5};AES256[^\r\n]{0,80}+(?:\s{1,20}[0-9a-f]{16,}+)*+"
            r"|(?<=:)[0-9a-fA-F]{32}:[0-9a-fA-F]{32}(?=:::)|(?<=/with/key/)[\w-]{16,}+"
        ),
        SECRET,
    ),
    Pattern(
        "secret",
        "hashes of passwords in MySQL and keys of Firecrawl",
        ("*", "fc-"),
        Late(r"(?<![\w*])\*[0-9A-F]{40}(?![0-9A-Za-z])|(?<![\w-])fc-[a-f0-9]{32}(?!\w)"),
        SECRET,
        near="[0-9a-f]{32}",
        far=r"(?:\*|fc-)[0-9a-f]{9}",
    ),
    Pattern(
        "secret",
        "signatures in a URL's query",
        ("sig=", "signature=", "credential=", "security-token=", "hmac=", "ticket=", "jwt="),
        Late(
            r"""(?i)([?&;](?:sig|signature|hmac|ticket|jwt|x-(?:amz|goog)-(?:signature|credential|security-token))=)"""
            r"""(?!\[secret\])[^\s&;#"'<>]{16,}+"""
        ),
        rf"\1{SECRET}",
        probe=Gate("?&;", Late("[?&;](?:sig|hmac|ticket|jwt|x-amz-|x-goog-)")),
    ),
    Pattern(
        "secret",
        "keys and codes in a URL's query, but not words such as 404NotFound",
        ("key=", "auth=", "code="),
        Late(r"""(?i)(?P<head>[?&;](?:key|auth|code)=)(?P<value>(?!\[secret\])[^\s&;#"'<>]{16,}+)"""),
        _unless_spelled,
    ),
)
