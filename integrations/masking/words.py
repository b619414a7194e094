"""Which words are secrets: the names that say so, and the values that look so."""

from __future__ import annotations

import re
from functools import lru_cache
from typing import Literal

from chimera_metrics.integrations.masking.masks import SECRET, Late

# `password` in other languages. A word in ASCII costs each text a search, unless `pass` is a part of it.
_ABROAD = (
    "passwort",
    "kennwort",
    "senha",
    "contrase[nñ]a",
    "mots? de passe",
    "motdepasse",
    "пароль",
    "密码",
    "密碼",
    "パスワード",
    "비밀번호",
    "암호",
)
_ABROAD_HINTS = (
    "passwort",
    "kennwort",
    "senha",
    "contrasena",
    "contraseña",
    "mot de passe",
    "mots de passe",
    "motdepasse",
    *_ABROAD[-6:],
)
PASSWORDS = rf"(?:pass[_-]?word|passwd|passphrase|passcode|pwd|requirepass|{'|'.join(_ABROAD)})"
KEYS = (
    rf"(?:(?:{PASSWORDS}|secret|credential"
    r"|(?:api|app|access|pre-?shared|private|account|secret|auth|encryption|signing|subscription|master|service"
    r"|webhook)[ ._-]?key)s?"
    r"|(?<![a-z0-9])(?:pw|(?:wpa_?)?psk)|token)"
)
TAIL = (
    r"(?:[._-]?(?:hash(?:ed)?|salt|plain(?:[_-]?text)?|confirm(?:ation|ed)?|repeat|again|raw|value|key[_-]?base)"
    r"|[_-](?:base|old|new|text|v?[0-9]{1,3})|v[0-9]{1,2}){0,2}"
)
"""What may stand behind such a name: `password_hash`, `apiKeyValue`, `secret_key_base`."""
NUMBERED = r"[0-9]{0,2}"
"""`pwd1`: of passwords only, for `token2` is a word that a model reads."""
PASSWORD_HINTS = (
    "password",
    "pass_word",
    "pass-word",
    "passwd",
    "passphrase",
    "passcode",
    "pwd",
    "requirepass",
    *_ABROAD_HINTS,
)
KEY_HINTS = (*PASSWORD_HINTS, "pw", "psk", "secret", "token", "credential", "key")

TAG = "!{1,2}(?:vault|secret|str|binary|ref|sub|getatt|importvalue|env|env_var|reference|encrypted/[a-z-]{1,40})"
"""A tag of YAML: the value stands behind it."""

_WORD = r"(?:[A-Z]?[a-z]+|[A-Z]+)"
_PROSE = Late(rf"{_WORD}(?:[-_'./]{_WORD})*[.:!?)]*")
# `404NotFoundErrorPage`, `internal-server-error-500`: words run together, numbers only around them.
_SPELLED = Late(r"[0-9]{0,4}(?:[-_.]?(?:[A-Z][a-z]++|[a-z]{2,}+|[A-Z]{2,}+))*+[-_.]?[0-9]{0,4}")
# `oauth2`, `base64-encoded`: the name of a method has a number too.
_METHOD = Late(
    r"(?i)(?:o?auth|open-?id|saml|ntlm|kerberos|krb|m?tls|ssl|md|sha|base|utf|aes|rsa|bcrypt|pbkdf|argon|v)"
    r"[-_]?v?[0-9][0-9.]*(?:id|i|d)?(?:[-_][a-z0-9]+)*"
)
# `policy-v2.1`, `2026-05-31`, `gpt-4o-mini`: words and numbers, each for itself; and names of files and hosts.
_PARTED = Late(r"(?:[A-Za-z]+|v?[0-9]+[a-z]{0,3})(?:[-_.]+(?:[A-Za-z]+|v?[0-9]+[a-z]{0,3}))+|.*\w\.[a-z]{2,5}")
_UUID = Late(r"(?i)[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}")
# What programs write where a secret would stand.
NOT_SECRET = Late(
    r"(?i)null|none|nil|true|false|undefined|\*+|-+|x{3,}|\.{3}|…|\)+|"
    rf"|{TAG}"
    # placeholders: [secret], <password>, {password}, {{ … }}, ${PASS}, $PASS, $(pass), %PASS%, %s, %(pass)s
    r"|[\[<].*|\{[\w\s.$:!()\[\]'\"|{}-]*|\$[{(].*|\$\w*|%\w*%|%\w?|%\(.*"
)
_PLAIN = re.compile(r"[!-~]+")
_LETTER, _DIGIT = re.compile(r"[A-Za-z]"), re.compile(r"[0-9]")


def is_credential(value: str) -> bool:
    """Whether a word looks like a credential rather than like prose: a digit, a mark, or great length."""
    return len(value) >= 24 or not _PROSE.fullmatch(value)


def is_spelled(value: str) -> bool:
    """Whether a word is made of words."""
    return _SPELLED.fullmatch(value) is not None


def is_parted(value: str) -> bool:
    """Whether a word is words and numbers with marks between them, or a UUID."""
    return (_PARTED.fullmatch(value) or _UUID.fullmatch(value)) is not None


def looks_secret(value: str, least: int = 8) -> bool:
    """Whether a word looks like a credential even under a name that often means something else.

    A word that a model wrote, the name of a method or the state of a thing does not: it takes letters and digits.
    """
    if len(value) < least or not _PLAIN.fullmatch(value) or NOT_SECRET.fullmatch(value) or _METHOD.fullmatch(value):
        return False
    return bool(_LETTER.search(value) and _DIGIT.search(value)) or (len(value) >= 24 and not is_spelled(value))


# The state of a pass (of a test, of a compiler) is no password, that of these is.
OWNERS = (
    r"(?:db|database|sql|my ?sql|pg|postgres|redis|mongo|smtp|imap|mail|email|ftp|ldap|http|proxy|user|admin|root"
    r"|login|account|wifi|ssh|sudo|become|vault)"
)

_OF_MODELS = (
    r"(?:next|prev|page|eos|bos|pad|unk|sep|cls|mask|first|last|stop|start|end|special|top|max|min"
    r"|input|output|prompt|completion|generated|sampled)"
)
NameKind = Literal["password", "secret", "token", "pass", "cookie", "version", "derived", "code", "ssn", "phone"]
_NAMES: tuple[tuple[NameKind, Late], ...] = (
    ("password", Late(rf"(?i)(?:{PASSWORDS}|secret|(?<![a-z0-9])pw)$")),
    # A token that a model reads or writes is a word, and so is one that names a page.
    (
        "token",
        Late(rf"(?i)^(?:{_OF_MODELS}[ _-]?)?token{TAIL}$|(?:^|[_-])(?:auth|jwt|bearer|csrf|xsrf)$"),
    ),
    ("secret", Late(rf"(?i)(?:{KEYS}|authorization|(?:^|[_-]){OWNERS}[_-]?pass)$")),
    ("pass", Late(r"(?:^|[_-])(?i:pass)$|[a-z]Pass$")),
    ("cookie", Late(r"(?i)(?:^|[_-])cookies?$")),
    ("derived", Late(rf"(?i)(?:{PASSWORDS}|secret|(?<![a-z0-9])pw)s?{NUMBERED}{TAIL}$")),
    ("derived", Late(rf"(?i){KEYS}{TAIL}$")),
    (
        "code",
        Late(
            r"(?i)(?:^|[_-])(?:t?otp|pin|cv[vc]2?)(?:[_-]?code)?$"
            r"|(?:^|[_-])(?:one[_-]?time|verification|2fa|mfa|security|auth)[_-]?(?:pass)?code$"
        ),
    ),
    ("ssn", Late(r"(?i)(?:^|[_-])(?:ssn|social[_-]?security(?:[_-]?(?:number|no))?)$")),
    (
        "phone",
        Late(r"(?i)(?:^|[_-])(?:(?:tele)?phone|mobile|fax|tel|whatsapp|msisdn)(?:[_-]?(?:number|no|nr))?$"),
    ),
    ("version", Late(r"(?i)(?:versions?|(?:^|[_-])ver)$")),
)
_VERSION = re.compile(r"v?[0-9]+(?:\.[0-9]+)+(?:[-+_.][\w.+-]*)?")


@lru_cache(4_096)
def kind_of(name: str) -> NameKind | None:
    """What a name in JSON says about its value."""
    return next((kind for kind, pattern in _NAMES if pattern.search(name)), None)


_ALGORITHM = Late(r"(?i)b?crypt|scrypt|argon|pbkdf|plain|sha|md|hmac|aes|none|yes|no|on|off|required|optional")
_CODE = Late(r"[0-9]{3}[ -]?[0-9]{3}|[0-9]{3,8}")


def is_method(text: str) -> bool:
    """Whether a word says how a secret is kept, or whether there is one."""
    return (_METHOD.fullmatch(text) or _ALGORITHM.fullmatch(text)) is not None


def hides(kind: NameKind, text: str) -> bool:
    """Whether a text under a name of that kind is a secret."""
    match kind:
        case "derived":
            return not (NOT_SECRET.fullmatch(text) or is_method(text))
        case "code":
            return _CODE.fullmatch(text) is not None
        case "ssn" | "phone":
            return False
        case "password" | "secret":
            return text not in {"", SECRET}
        case "token" | "pass":
            return looks_secret(text, 6 if kind == "pass" else 8)
        case "cookie":
            return "=" in text or looks_secret(text)
        case "version":
            return False


def hides_number(kind: NameKind, digits: str) -> bool:
    """Whether a number under a name of that kind is a secret; `token` numbers words, as a rule."""
    match kind:
        case "password":
            return True
        case "code":
            return digits.isdecimal() and 3 < len(digits) <= 8
        case "derived":
            return digits.isdecimal() and len(digits) >= 4
        case "secret" | "token":
            return len(digits) >= 9
        case _:
            return False


_OPTION = re.compile(r"--?([a-z0-9-]{2,60})", re.IGNORECASE)


def option_kind(text: str) -> NameKind | None:
    """What an option such as `--password` says about the word behind it."""
    found = _OPTION.fullmatch(text) if text.startswith("-") else None
    kind = kind_of(found[1]) if found else None
    return kind if kind in {"password", "secret", "token", "pass"} else None


def is_version(text: str) -> bool:
    return _VERSION.fullmatch(text) is not None
