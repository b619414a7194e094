"""Secrets that are known by the word that stands beside them: headers, cookies, settings, commands, sentences."""

from __future__ import annotations

import base64
import re

from chimera_metrics.integrations.masking.masks import BLANK, BLANKS, SECRET, Pattern, before
from chimera_metrics.integrations.masking.words import KEY_HINTS, KEYS, NOT_SECRET, OWNERS, is_credential, looks_secret


def _after(found: re.Match[str]) -> str:
    """`Bearer x`: the word stays, and prose such as 'bearer token' too."""
    value = found["value"]
    if value.startswith("[") or not is_credential(value):
        return found[0]
    return f"{found['head']}{SECRET}"


def _authorization(found: re.Match[str]) -> str:
    """The scheme stays, what follows goes; two words without a known scheme may be a scheme and a credential."""
    value, more = found["value"], found["more"] or ""
    if value.startswith("["):
        return found[0]
    kept = f"{found['head']}{found['scheme'] or ''}"
    first = len(value) >= 6 and is_credential(value)
    if found["scheme"]:
        return f"{kept}{SECRET}{more}" if first else found[0]
    word = more.lstrip()
    second = len(word) >= 6 and not word.startswith("[") and is_credential(word)
    if first:
        return f"{kept}{SECRET}{'' if second else more}"
    return f"{kept}{value}{more[: -len(word)]}{SECRET}" if second else found[0]


def _basic(found: re.Match[str]) -> str:
    """What follows `Basic` in a header says user:password in base64; what follows it in prose does not."""
    value = found["value"]
    try:
        said = base64.b64decode(value + "=" * (-len(value) % 4), validate=True).decode()
    except ValueError:
        return found[0]
    return f"{found['head']}{SECRET}" if ":" in said and said.isprintable() else found[0]


def _user(found: re.Match[str]) -> str:
    """`-u name:password` of curl; `-u 1000:1000` is who runs a container."""
    return found[0] if found["value"].replace(":", "").isdecimal() else f"{found['head']}{SECRET}"


def _assignment(found: re.Match[str]) -> str:
    """`password=x` and other assignments. After a colon stands prose as often as a secret: 'token: expired'."""
    head, quote, value = found["head"], found["quote"], found["value"]
    key, equals = found["key"].lower(), found["sign"] == "="
    if NOT_SECRET.fullmatch(value):
        return found[0]
    if (key == "token" or key.endswith("s")) and value.isdecimal() and len(value) < 9:
        return found[0]  # `max_token=512` counts tokens, `secrets: 3` secrets
    # 'access key: Alt+S': a name of two words needs more than a short value behind it.
    if not equals and not quote and (not is_credential(value) or (" " in key and len(value) < 8)):
        return found[0]
    return f"{head}{quote}{SECRET}"


_OWNED_PASS = re.compile(rf"(?i)(?<![a-z0-9]){OWNERS}[_.-]?$")


def _pass(found: re.Match[str]) -> str:
    """`DB_PASS=x`, `pass=x`; but `pass=12` counts passes, and `first_pass=done` tells how one ended."""
    value, ahead = found["value"], before(found)
    if NOT_SECRET.fullmatch(value) or not re.search(r"[A-Za-z]", value):
        return found[0]
    own = _OWNED_PASS.search(ahead) or ((found["key"] or "").isupper() and ahead.endswith("_"))
    return f"{found['head']}{SECRET}" if own or looks_secret(value, 6) else found[0]


def _look(found: re.Match[str]) -> str:
    return f"{found['head']}{SECRET}" if looks_secret(found["value"], 6) else found[0]


def _unless_masked(found: re.Match[str]) -> str:
    return found[0] if NOT_SECRET.fullmatch(found["value"]) else f"{found['head']}{SECRET}"


def _quoted(found: re.Match[str]) -> str:
    """`PASSWORD 'x'` of SQL and `password("x")`; 'password "expired"' of a sentence is a word."""
    value = found["value"]
    sql = re.search(r"(?i)identified|(?:with|encrypted|set|role|user|alter)\s+password", found["head"])
    return _unless_masked(found) if sql or is_credential(value) else found[0]


_SCHEMES = (
    r"basic|bearer|token|digest|bot|api[_-]?key|negotiate|ntlm|hmac(?:-[a-z0-9-]{1,20})?|aws4?(?:-[a-z0-9-]{1,30})?"
    r"|oauth|hawk|key|dpop|sharedkey(?:lite)?|signature|ssws|jwt|genie_?key|splunk|private-?token"
)
_PARAMETER = r"""[\w-]{1,40}=(?:\\?"[^"\\\r\n]{0,500}+\\?"|[^\s"',\\]{1,2000}+)"""
_NO_PROSE = r"""(?P<value>[^\s"'`,;]{6,200}+)"""


def _assigned(names: tuple[str, ...], plural: str) -> Pattern:
    return Pattern(
        "secret",
        "what is assigned to a name that says secret",
        names,
        re.compile(
            rf"""(?i)(?P<head>(?P<key>{KEYS})(?:\s{{1,3}}(?:provided|supplied|given|used|sent))?\\?["']?\s{{0,8}}"""
            r"""(?P<sign>[=:])[>=]?\s{0,8})"""
            r"""(?P<quote>\\?["']?)(?P<value>(?:(?<=["'])[^"'\\]++|[^\s"',;&\\)}]++))"""
        ),
        _assignment,
        # A name in quotes is looked at wherever it stands: in JSON its value may be an array, or stand in front of it.
        near=rf"""{plural}(?:\\?["']|(?:{BLANK}{{1,3}}(?:provided|supplied|given|used|sent))?{BLANK}*[=:])""",
    )


CREDENTIALS: tuple[Pattern, ...] = (
    Pattern(
        "secret",
        "the header that carries credentials",
        ("authorization",),
        re.compile(
            rf"""(?i)(?P<head>authorization\\?["']?\s{{0,8}}[=:]\s{{0,8}}\\?["']?)(?P<scheme>(?:{_SCHEMES})\s{{1,8}})?+"""
            rf"""(?P<value>{_PARAMETER}(?:(?:,[ \t]{{0,3}}|[ \t]{{1,3}}){_PARAMETER}){{0,20}}+|[^\s"',;\\]{{3,}}+)"""
            r"""(?P<more>[ \t]{1,3}[^\s"',;\\]{6,400}+)?"""
        ),
        _authorization,
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
        "user and password as a header spells them",
        ("basic",),
        re.compile(
            r"(?i)(?P<head>\bbasic\s{1,3})(?P<value>[A-Za-z0-9+/]{8,400}+={0,2}+)(?![A-Za-z0-9+/=])",
        ),
        _basic,
        near=rf"{BLANK}{{1,3}}[a-z0-9+/]{{8}}",
    ),
    Pattern(
        "secret",
        "user and password on curl's command line",
        ("curl",),
        re.compile(
            r"""(?P<head>(?<!\S)(?:-u[ =]{0,3}|--(?:proxy-)?user[ =]{1,3})["']?)"""
            r"""(?P<value>(?<=["'])[^"'\r\n:]{1,100}+:[^"'\r\n]{1,200}+|[^\s"':]{1,100}+:[^\s"']{1,200}+)"""
        ),
        _user,
    ),
    Pattern(
        "secret",
        "cookies",
        ("cookie",),
        re.compile(
            r"""(?i)(cookies?\\?["']?\s{0,8}:\s{0,8}\\?["']?[\w.-]{1,100}+=)(?!\[secret\])[^\r\n"'\\]++""",
        ),
        rf"\1{SECRET}",
        near=rf"""s?(?:\\?["']|{BLANK}{{0,8}}:)""",
    ),
    _assigned(tuple(hint for hint in KEY_HINTS if hint != "token"), "s?"),
    _assigned(("token",), ""),  # tokens are counted far more often than given away
    Pattern(
        "secret",
        "what is assigned to a pass",
        ("pass",),
        re.compile(
            r"""(?P<head>(?:(?<![A-Za-z])(?P<key>(?i:pass))|(?<=[a-z])Pass)\s{0,3}=\s{0,3}["']?)"""
            r"""(?P<value>[^\s"',;&\\)}]{3,200}+)"""
        ),
        _pass,
        near=rf"{BLANK}{{0,3}}=",
    ),
    Pattern(
        "secret",
        "what stands in JSON under auth or pass",
        ("auth", "pass"),
        re.compile(r"""(?i)(?P<head>["'](?:auth|pass)\\?["']\s{0,8}:\s{0,8}\\?["'])(?P<value>[^\s"'\\]{6,}+)"""),
        _look,
        near=r"""\\?["']""",
    ),
    Pattern(
        "secret",
        "passwords on the command lines of databases and their like",
        (
            "mysql",
            "mariadb",
            "sshpass",
            "redis-cli",
            "docker login",
            "podman login",
            "helm",
            "smbclient",
            "ldap",
            "mongo",
        ),
        re.compile(
            r"""(?P<head>(?:\b(?:mysql|mariadb)(?:[a-z-]{0,12})\b[^\r\n|;&]{0,200}?\s-p"""
            r"""|\bsshpass\s{1,3}(?:-[a-z]\s{1,3}){0,2}-p\s{0,3}|\bredis-cli\b[^\r\n|;&]{0,200}?\s-a\s{1,3}"""
            r"""|\b(?:docker|podman|helm registry)\s{1,3}login\b[^\r\n|;&]{0,200}?\s-p\s{1,3}"""
            r"""|\bldap[a-z]{2,12}\b[^\r\n|;&]{0,200}?\s-w\s{1,3}|\bmongo[a-z]{0,8}\b[^\r\n|;&]{0,200}?\s-p\s{1,3})["']?)"""
            r"""(?P<value>[^\s"'-][^\s"']{0,200}+)"""
        ),
        _unless_masked,
        probe=re.compile(rf"-(?<={BLANK}-)[paw]"),
    ),
    Pattern(
        "secret",
        "a password in .netrc",
        ("login", "machine"),
        re.compile(
            r"(?P<head>\b(?:machine|login)\s{1,8}\S{1,200}\s{1,8}(?:account\s{1,8}\S{1,100}\s{1,8})?password\s{1,8})(?P<value>\S{1,200}+)"
        ),
        _unless_masked,
        near=rf"{BLANK}+[^{BLANKS}]+{BLANK}",
        probe=re.compile("password"),
    ),
    Pattern(
        "secret",
        "what stands in an element of XML that says secret",
        ("<",),
        re.compile(
            rf"""(?i)(?P<head><(?:[\w-]{{1,40}}:)?[\w.-]{{0,40}}?{KEYS}(?:\s[^<>]{{0,200}})?>(?:\s{{0,8}}<!\[CDATA\[)?\s{{0,8}})"""
            r"""(?P<value>[^<>\s\]][^<>\]\r\n]{0,500}+)"""
        ),
        _unless_masked,
        near="[a-z]",
    ),
    Pattern(
        "secret",
        "passwords in SQL",
        ("identified", "password"),
        re.compile(
            r"""(?i)(?P<head>\b(?:identified\s{1,8}(?:with\s{1,8}\w{1,40}\s{1,8})?(?:by|as)(?:\s{1,8}password)?"""
            r"""|(?:with|encrypted|set|valid\s{1,8}until|role|user|alter)\s{1,8}password(?:\s{1,8}for\s{1,8}\S{1,80})?|(?<![\w-])password)"""
            r"""(?:\s{0,8}[=(]\s{0,8}|\s{1,8})\\?(?P<quote>["'`]))(?P<value>(?:(?!(?P=quote))[^\\\r\n]){1,200}+)"""
        ),
        _quoted,
    ),
    Pattern(
        "secret",
        "what follows an option that says secret",
        ("-password", "-passwd", "-passphrase", "-pwd", "-pass", "-token", "-secret", "-key"),
        re.compile(
            r"""(?i)(?P<head>(?<![\w-])--(?:[a-z0-9]{1,20}-){0,3}"""
            r"""(?:password|passwd|passphrase|pwd|pass|token|secret|(?:api|access|secret|private|auth|account)-key)"""
            r"""\s{1,3}["']?)(?P<value>[^\s"'-][^\s"']{3,200}+)"""
        ),
        _after,
        near=rf"{BLANK}{{1,3}}[!-~]{{4}}",
        probe=re.compile("--"),
    ),
    Pattern(
        "secret",
        "a password that a sentence tells",
        ("password", "passwd", "passphrase", "pwd", "secret"),
        re.compile(
            r"(?i)(?P<head>(?:password|passwd|passphrase|pwd|secret)s?\s{1,3}(?:is|was|are|were)\s{1,3}"
            rf"""["'`]?){_NO_PROSE}"""
        ),
        _look,
        near=rf"s?{BLANK}{{1,3}}(?:is|was|are|were){BLANK}",
    ),
    Pattern(
        "secret",
        "a long random text beside a word that says secret",
        KEY_HINTS,
        re.compile(
            rf"""(?i)(?P<head>(?:{KEYS}|tokens)(?:\s{{1,3}}(?:is|was|of))?\s{{1,3}}["'`(]?)"""
            r"(?P<value>[A-Za-z0-9+/_=]{32,}+)"
        ),
        _after,
        near=rf"""s?(?:{BLANK}{{1,3}}(?:is|was|of))?{BLANK}{{1,3}}["'`(]?[a-z0-9+/_=]{{32}}""",
    ),
)
