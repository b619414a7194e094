"""Secrets that are known by the word that stands beside them: headers, cookies, settings, commands, sentences."""

from __future__ import annotations

import base64
import re

from chimera_metrics.integrations.masking.masks import BLANK, BLANKS, SECRET, Gate, Late, Pattern, before
from chimera_metrics.integrations.masking.words import (
    KEY_HINTS,
    KEYS,
    NOT_SECRET,
    NUMBERED,
    OWNERS,
    PASSWORD_HINTS,
    PASSWORDS,
    TAG,
    TAIL,
    is_credential,
    is_method,
    is_parted,
    looks_secret,
)


def after_word(found: re.Match[str]) -> str:
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


_ITEM = re.compile(r"""(?m)(?P<head>-[ \t]{1,3}["']?)(?P<value>[^\s"']{1,200}+)(?=["']?[ \t]*\r?$)""")


def _item(found: re.Match[str]) -> str:
    return f"{found['head']}{SECRET}" if is_credential(found["value"]) and found["value"] != SECRET else found[0]


def _assignment(found: re.Match[str]) -> str:
    """`password=x` and other assignments, a list of YAML among them."""
    first = found[0][: len(found[0]) - len(found["more"] or "")]
    if _assigns(found):
        first = f"{found['head']}{found['quote']}{SECRET}"
    return first + _ITEM.sub(_item, found["more"] or "")


def _assigns(found: re.Match[str]) -> bool:
    """Whether a secret is assigned. After a colon stands prose as often as one: 'token: expired'."""
    quote, value = found["quote"], found["value"]
    key, equals = found["key"].lower(), found["sign"] == "="
    if NOT_SECRET.fullmatch(value):
        return False
    if found["tail"] and (is_method(value) or (value.isdecimal() and len(value) < 4)):
        return False  # `password_hash: bcrypt`, `password_2=1`
    if (key == "token" or key.endswith("s")) and value.isdecimal() and len(value) < 9:
        return False  # `max_token=512` counts tokens, `secrets: 3` secrets
    # 'access key: Alt+S': a name of two words needs more than a short value behind it.
    short = " " in key and "passe" not in key and len(value) < 8
    return equals or bool(quote) or (is_credential(value) and not short)


_OWNED_PASS = Late(rf"(?i)(?<![a-z0-9]){OWNERS}[_.-]?$")


def _pass(found: re.Match[str]) -> str:
    """`DB_PASS=x`, `pass=x`; but `pass=12` counts passes, and `first_pass=done` tells how one ended."""
    value, ahead = found["value"], before(found)
    if NOT_SECRET.fullmatch(value) or not re.search(r"[A-Za-z]", value):
        return found[0]
    own = _OWNED_PASS.search(ahead) is not None
    if found["sign"] == ":":  # 'test pass: step2', but `/pass:x` of a command
        return f"{found['head']}{SECRET}" if own or ahead.endswith(" /") else found[0]
    own |= (found["key"] or "").isupper() and ahead.endswith("_")
    return f"{found['head']}{SECRET}" if own or looks_secret(value, 6) else found[0]


def _look(found: re.Match[str]) -> str:
    return f"{found['head']}{SECRET}" if looks_secret(found["value"], 6) else found[0]


def _told(found: re.Match[str]) -> str:
    value = found["value"]
    told = looks_secret(value, 7) and not is_parted(value) and not re.match(r"(?i)utf|sha|md5", value)
    return f"{found['head']}{SECRET}" if told else found[0]


def unless_masked(found: re.Match[str]) -> str:
    return found[0] if NOT_SECRET.fullmatch(found["value"]) else f"{found['head']}{SECRET}"


def _quoted(found: re.Match[str]) -> str:
    """`PASSWORD 'x'` of SQL and `password("x")`; 'password "expired"' of a sentence is a word."""
    value = found["value"]
    sql = re.search(r"(?i)identified|(?:with|encrypted|set|role|user|alter)\s+password", found["head"])
    return unless_masked(found) if sql or is_credential(value) else found[0]


_SCHEMES = (
    r"basic|bearer|token|digest|bot|api[_-]?key|negotiate|ntlm|hmac(?:-[a-z0-9-]{1,20})?|aws4?(?:-[a-z0-9-]{1,30})?"
    r"|oauth|hawk|key|dpop|sharedkey(?:lite)?|signature|ssws|jwt|genie_?key|splunk|private-?token"
)
_PARAMETER = r"""[\w-]{1,40}=(?:\\?"[^"\\\r\n]{0,500}+\\?"|[^\s"',\\]{1,2000}+)"""
_NO_PROSE = r"""(?P<value>[^\s"'`,;]{6,200}+)"""


# What stands between a colon and an @, which most texts with an @ have not.
_BEFORE_HOST = Gate("@", Late(r""":[^\s:@/"'\[\]<>(){},;]{6,100}@"""))


def _assigned(names: tuple[str, ...], plural: str, numbered: str) -> Pattern:
    return Pattern(
        "secret",
        "what is assigned to a name that says secret",
        names,
        Late(
            rf"""(?i)(?P<head>(?P<key>{KEYS})(?P<tail>{numbered}{TAIL})(?:\s{{1,3}}(?:provided|supplied|given|used|sent))?\\?["']?\s{{0,8}}"""
            r"""(?P<sign>[=:])[>=]?\s{0,8}"""
            rf"""(?:(?<=\s){TAG}\s{{1,20}})?"""
            r"""(?:[|>][+-]?[ \t]{0,3}\r?\n[ \t]{1,20})?(?P<item>(?<=\s)-[ \t]{1,3})?)"""
            r"""(?P<quote>\\?["']?)(?P<value>(?:(?<=["'])(?<!\\.)(?:[^"'\\]|\\[^\r\n])++|(?<=["'])[^"'\\]++"""
            r"""|(?<==)\{[^{}"'\r\n]{1,100}\}|[^\s"',;&\\)}]++))"""
            r"""(?P<more>(?(item)["']?(?:[ \t]{0,3}\r?\n[ \t]{0,20}-[ \t]{1,3}[^\r\n]{1,200}){1,100}+))?"""
        ),
        _assignment,
        # A name in quotes is looked at wherever it stands: in JSON its value may be an array, or stand in front of it.
        near=rf"""{plural}{numbered}{TAIL}(?:\\?["']|(?:{BLANK}{{1,3}}(?:provided|supplied|given|used|sent))?{BLANK}*[=:])""",
    )


CREDENTIALS: tuple[Pattern, ...] = (
    Pattern(
        "secret",
        "the header that carries credentials",
        ("authorization",),
        Late(
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
        Late(r"""(?i)(?P<head>\bbearer[\s:=]{1,8})(?P<value>[A-Za-z0-9._~+/=-]{8,}+)"""),
        after_word,
        near=rf"[{BLANKS}:=]",
    ),
    Pattern(
        "secret",
        "user and password as a header spells them",
        ("basic",),
        Late(
            r"(?i)(?P<head>\bbasic\s{1,3})(?P<value>[A-Za-z0-9+/]{8,400}+={0,2}+)(?![A-Za-z0-9+/=])",
        ),
        _basic,
        near=rf"{BLANK}{{1,3}}[a-z0-9+/]{{8}}",
    ),
    Pattern(
        "secret",
        "cookies",
        ("cookie",),
        Late(
            r"""(?i)(cookies?\\?["']?\s{0,8}:\s{0,8}\\?["']?[\w.-]{1,100}+=)(?!\[secret\])[^\r\n"'\\]++""",
        ),
        rf"\1{SECRET}",
        near=rf"""s?(?:\\?["']|{BLANK}{{0,8}}:)""",
    ),
    Pattern(
        "secret",
        "the sessions of web frameworks",
        ("sess",),
        Late(
            r"(?i)(?P<head>(?:phpsessid|jsessionid|aspsessionid[a-z]{0,8}|asp\.net_sessionid|laravel_session)=)"
            r"""(?!\[secret\])[^\s;&,"'<>]{8,}+"""
        ),
        rf"\g<head>{SECRET}",
        near=r"(?:id|ion(?:id[a-z]{0,8})?)=",
    ),
    Pattern(
        "secret",
        "codes that are used once",
        ("otp", "code", "pin"),
        Late(
            r"(?i)(?P<head>(?<![a-z0-9])(?:t?otp|pin|one[- _]time[ _](?:pass)?code"
            r"|(?:verification|2fa|mfa|security|auth)[ _]code|passcode)"
            r"""(?: is:?|\\?["']?\s{0,3}[:=])\s{0,3}\\?["']?)(?P<value>[0-9]{3}[ -]?[0-9]{3}|[0-9]{4,8})(?![\w.])"""
        ),
        rf"\g<head>{SECRET}",
        near=rf"""(?: is|\\?["']?{BLANK}{{0,3}}[:=])""",
    ),
    _assigned(tuple(hint for hint in KEY_HINTS if hint != "token"), "s?", NUMBERED),
    _assigned(("token",), "", ""),  # tokens are counted far more often than given away
    Pattern(
        "secret",
        "what is assigned to a pass",
        ("pass",),
        Late(
            r"""(?P<head>(?:(?<![A-Za-z])(?P<key>(?i:pass))|(?<=[a-z])Pass)\s{0,3}(?P<sign>[=:])\s{0,3}["']?)"""
            r"""(?P<value>[^\s"',;&\\)}]{3,200}+)"""
        ),
        _pass,
        near=rf"{BLANK}{{0,3}}[=:]",
    ),
    Pattern(
        "secret",
        "what stands in JSON under auth, pass and their like",
        ("auth", "pass", "jwt", "bearer", "csrf", "xsrf"),
        Late(
            r"""(?i)(?P<head>["'](?:auth|pass|jwt|bearer|csrf|xsrf)\\?["']\s{0,8}:\s{0,8}\\?["'])(?P<value>[^\s"'\\]{6,}+)"""
        ),
        _look,
        near=r"""\\?["']""",
    ),
    Pattern(
        "secret",
        "what stands in an element of XML that says secret",
        ("<",),
        Late(
            rf"""(?i)(?P<head><(?:[\w-]{{1,40}}:)?[\w.-]{{0,40}}?{KEYS}(?:\s[^<>]{{0,200}})?>(?:\s{{0,8}}<!\[CDATA\[)?\s{{0,8}})"""
            r"""(?P<value>[^<>\s\]][^<>\]\r\n]{0,500}+)"""
        ),
        unless_masked,
        near="[a-z]",
    ),
    Pattern(
        "secret",
        "passwords in SQL",
        ("identified", "password"),
        Late(
            r"""(?i)(?P<head>\b(?:identified\s{1,8}(?:with\s{1,8}\w{1,40}\s{1,8})?(?:by|as)(?:\s{1,8}password)?"""
            r"""|(?:with|encrypted|set|valid\s{1,8}until|role|user|alter)\s{1,8}password(?:\s{1,8}for\s{1,8}\S{1,80})?|(?<![\w-])password)"""
            r"""(?:\s{0,8}[=(]\s{0,8}|\s{1,8})\\?(?P<quote>["'`]))(?P<value>(?:(?!(?P=quote))[^\\\r\n]){1,200}+)"""
        ),
        _quoted,
    ),
    Pattern(
        "secret",
        "a password that a sentence tells",
        (*PASSWORD_HINTS, "secret"),
        Late(
            rf"(?i)(?P<head>(?:{PASSWORDS}|secret)s?(?:\s{{1,3}}(?:is|was|are|were)\s{{0,3}}:?\s{{1,3}}|\s{{0,3}}(?:[=-]>|→|\||-(?=\s))\s{{0,3}})"
            rf"""["'`]?){_NO_PROSE}"""
        ),
        _look,
        near=rf"s?(?:{BLANK}{{1,3}}(?:is|was|are|were)[:\t-\r ]|{BLANK}{{0,3}}(?:[=-]>|→|\||-{BLANK}))",
    ),
    Pattern(
        "secret",
        "a password behind its word, with nothing between them",
        PASSWORD_HINTS,
        Late(
            rf"""(?i)(?P<head>(?<![a-z]){PASSWORDS}\s{{1,8}}["'`]?)"""
            r"""(?P<value>[A-Za-z0-9!@#$%^&*+?~_-]{1,64}+(?:\.[A-Za-z0-9!@#$%^&*+?~_-]{1,64}+){0,4}+)(?![^\s,;.)\]}"'`])"""
        ),
        _told,
        near=rf"{BLANK}{{1,8}}[^{BLANKS}]{{7}}",
    ),
    Pattern(
        "secret",
        "user and password with a sign between them",
        ("cred", "user/pass"),
        Late(
            r"(?i)(?P<head>(?:\bcred(?:ential)?s|\buser/pass(?:word)?)\s{0,3}[:=]\s{0,3}[\w.@+-]{1,60}\s?[:/]\s?)(?P<value>[^\s\"'/:@]{6,100}+)"
        ),
        _look,
        near=rf"(?:word|s|entials)?{BLANK}{{0,3}}[:=]",
    ),
    Pattern(
        "secret",
        "user and password before a host, but not an image before its digest",
        ("@",),
        Late(
            r"(?<![\w/:@.%+-])(?P<head>(?!(?:npm|file|pkg|git|jar|docker|image|workspace|link|portal|patch):)[\w.%+-]{1,60}:)"
            r"""(?P<value>[^\s:@/"'\[\]<>(){},;]{6,100}+)(?=@(?!sha256|sha512|md5|[0-9])[\w-])"""
        ),
        _look,
        probe=_BEFORE_HOST,
        far=r":[^\x00-\x20:@/]{6}[^\x00-\x20:@/]*@",
    ),
    Pattern(
        "secret",
        "a long random text beside a word that says secret",
        KEY_HINTS,
        Late(
            rf"""(?i)(?P<head>(?:{KEYS}|tokens)(?:\s{{1,3}}(?:is|was|of))?\s{{1,3}}["'`(]?)"""
            r"(?P<value>[A-Za-z0-9+/_=]{32,}+)"
        ),
        after_word,
        near=rf"""s?(?:{BLANK}{{1,3}}(?:is|was|of))?{BLANK}{{1,3}}["'`(]?[a-z0-9+/_=]{{32}}""",
    ),
)
