"""Numbers that belong to people and machines: cards and accounts by their checksums, others by their form."""

from __future__ import annotations

import re
from collections.abc import Iterator

from chimera_metrics.integrations.masking.masks import Late, Pattern

CARD, IBAN, SSN, MAC = "[card]", "[iban]", "[ssn]", "[mac]"

# The beginnings of cards by which they are told from ids and times that pass the checksum by chance.
_ISSUER = re.compile(
    r"4(?:\d{12}|\d{15}|\d{18})|(?:5[1-5]|222[1-9]|22[3-9]|2[3-6]|27[01]|2720)\d{12,14}|220[0-4]\d{12}|3[47]\d{13}"
    r"|(?:6011|65|64[4-9])\d{12,14}|3(?:6|8|9|0[0-59])\d{11,12}|35(?:2[89]|[3-8])\d{12,13}|62\d{14,17}"
    r"|(?:50|5[6-8]|6[37])\d{14}"
)
_LENGTHS = frozenset({13, 14, 15, 16, 17, 18, 19})


def is_card(digits: str) -> bool:
    """Whether digits are a card's: an issuer's beginning, a length that it has, and Luhn's checksum."""
    if len(digits) not in _LENGTHS or not _ISSUER.fullmatch(digits) or len(set(digits)) < 2:
        return False
    doubled = [int(digit) * 2 for digit in digits[-2::-2]]
    return (sum(map(int, digits[-1::-2])) + sum(value - 9 * (value > 9) for value in doubled)) % 10 == 0


def _card(found: re.Match[str]) -> str:
    """The card; a short number behind it, such as the one on its back, is none of its digits."""
    text, tail = found[0], found["tail"] or ""
    if is_card(re.sub(r"\D", "", text)):
        return CARD
    return CARD + tail if tail and is_card(re.sub(r"\D", "", text[: -len(tail)])) else text


def _named_card(found: re.Match[str]) -> str:
    return f"{found['head']}{CARD}" if is_card(re.sub(r"\D", "", found["value"])) else found[0]


_IBAN_LENGTHS = {
    country: int(length)
    for length, countries in {
        "15": "NO", "16": "BE", "18": "DK FI FO GL NL SD", "19": "MK SI", "20": "AT BA EE KZ LT LU MN XK",
        "21": "CH HR LI LV", "22": "BG BH CR DE GB GE IE ME RS VA", "23": "AE GI IL IQ OM SO TL",
        "24": "AD CZ ES MD PK RO SA SE SK TN VG", "25": "LY PT ST", "26": "IS TR", "27": "BI DJ FR GR IT MC MR SM",
        "28": "AL AZ BY CY DO GT HU LB NI PL SV", "29": "BR EG PS QA UA", "30": "JO KW MU YE", "31": "MT SC",
        "32": "LC", "33": "RU",
    }.items()
    for country in countries.split()
}  # fmt: skip


def _iban(found: re.Match[str]) -> str:
    """The account, and what stands behind it in the match stays."""
    text = found[0]
    places = [place for place, char in enumerate(text) if char.isalnum()]
    length = _IBAN_LENGTHS.get(text[:2].upper(), 0)
    if not length or len(places) < length:
        return text
    compact = "".join(text[place] for place in places[:length]).upper()
    if sum(map(str.isdigit, compact)) < 10:  # words of a sentence behind `at 10`
        return text
    turned = "".join(str(int(char, 36)) for char in compact[4:] + compact[:4])
    rest = text[places[length - 1] + 1 :]
    return f"{IBAN}{rest}" if int(turned) % 97 == 1 and not rest[:1].isalnum() else text


def _mac(found: re.Match[str]) -> str:
    text = found[0]
    # Six numbers with dashes or three with dots are dates and versions too.
    return text if ":" not in text and text.replace("-", "").replace(".", "").isdecimal() else MAC


_BLANK = "[ \\t\xa0\u2007\u202f]"
# What people put between the groups of a number: a mark, a line's end, or a mark between blanks.
_BETWEEN = f"(?:{_BLANK}{{1,2}}|[-._/]|--| - |\\r?\\n)"
# Any account and any card has ten digits in a row, or groups of them. A text is looked at by its shape: a digit is a
# zero, a letter an `a`, a blank and what is not ASCII a blank, all else a dash.
_SHAPES = bytes(
    ord("0" if chr(code).isdigit() else "a" if chr(code).isalpha() else " " if chr(code) in " \t?" else "-")
    for code in range(128)
).ljust(256)
_ROW = "0" * 10
_ANY = "[ -]{1,3}"
_GROUPED = re.compile(f"0000(?:000000| {{1,2}}0000|{_ANY}0000{_ANY}0000|{_ANY}000000{_ANY})")
# A card begins so where its digits are in a row; the fraction of a number is none, nor is a time in milliseconds.
_FIRST = frozenset("23456")
# RE2 has an automaton for it that stays small: each of its threads counts the digits of one row.
_SEPARATOR = f"{_BLANK[:-1]}._/\\r\\n-]{{1,3}}"
_FAR = (
    f"(?:[a-z]{{3}}|[a-z0-9]{_BLANK}[a-z]{{0,2}})[0-9]{{10}}|[a-z][0-9]{{12}}|(?:^|[^0-9.])[2-6][0-9]{{11}}"
    r"|[a-z0-9][_/-][0-9]{10}"
    f"|[0-9]{{4}}(?:{_BLANK}{{1,2}}[0-9]{{4}}|{_SEPARATOR}[0-9]{{4}}{_SEPARATOR}[0-9]{{4}}|{_SEPARATOR}[0-9]{{6}}{_SEPARATOR})"
)


class _DigitProbe:
    """Finds digits in rows and groups that long."""

    def finditer(self, lowered: str, /) -> Iterator[re.Match[str]]:
        shape = lowered.encode("ascii", "replace").translate(_SHAPES).decode()
        return (found for found in _GROUPED.finditer(shape) if _may_begin(found, shape, lowered))

    def search(self, lowered: str, /) -> re.Match[str] | None:
        return next(self.finditer(lowered), None)


def _may_begin(found: re.Match[str], shape: str, lowered: str) -> bool:
    """Whether an account or a card may begin or go on with these digits."""
    if found[0] != _ROW:
        return True
    place = found.start()
    if place and lowered[place - 1] == ".":
        return False
    parted = place and lowered[place - 1] in " \t?-_/" and shape[place - 2 : place - 1] in "a0"
    goes_on = place and (shape[place - 1] == "a" or parted)
    return bool(goes_on) or lowered[place] in _FIRST


_DIGITS = _DigitProbe()
_PAIR = "[0-9A-Fa-f]{2}"

NUMBERS: tuple[Pattern, ...] = (
    Pattern(
        "iban",
        "IBANs, by their checksum",
        ("",),
        Late(
            rf"(?<![A-Za-z0-9])(?:[A-Z]{{2}}{_BLANK}?|[A-Za-z][a-z])[0-9]{{2}}(?:{_BETWEEN}?[A-Za-z0-9]{{1,4}}){{3,8}}+"
        ),
        _iban,
        probe=_DIGITS,
        far=_FAR,
    ),
    Pattern(
        "card",
        "numbers of cards, by their issuer and Luhn's checksum",
        ("",),
        Late(
            # A fraction's digits are none, be it a German one; in a list by commas it may stand.
            r"(?<![\d.])(?<!(?<!\d)0,)(?:[2-6]\d{12,18}"
            rf"|(?<!\d[ -])[2-6]\d{{3}}(?:{_BETWEEN}?\d{{4}}){{2}}{_BETWEEN}?\d{{3,4}}(?P<tail>{_BETWEEN}?\d{{1,4}})?"
            rf"|(?<!\d[ -])[2-6]\d{{3}}{_BETWEEN}?\d{{6}}{_BETWEEN}?\d{{4,5}})(?!\d|\.\d)"
        ),
        _card,
        probe=_DIGITS,
        far=_FAR,
    ),
    Pattern(
        "card",
        "numbers of cards that are named, however their digits are parted",
        ("card",),
        Late(
            r"""(?i)(?P<head>card[^0-9\r\n]{0,24})"""
            r"(?P<value>[2-6](?:[^A-Za-z0-9\r\n]{0,3}[0-9]){12,18}+)(?![0-9])"
        ),
        _named_card,
        near=r"[^0-9\r\n]{0,24}[2-6][^a-z0-9\r\n]{0,3}[0-9]",
        far=r"card[^0-9\r\n]*[2-6][^a-z0-9\r\n]*[0-9]",
    ),
    Pattern(
        "card",
        "the number on a card's back",
        ("cv", "code"),
        Late(
            r"""(?i)(?P<head>(?:(?<![a-z])cv[vc]2?|card (?:security|verification) code)\\?["']?\s{0,3}(?:is|[:=#])?"""
            r"""\s{0,3}\\?["']?)"""
            r"[0-9]{3,4}(?![0-9]|\.[0-9])"
        ),
        rf"\g<head>{CARD}",
        near=rf"""[vc]?2?\\?["']?{_BLANK}{{0,3}}(?:is|[:=#])?{_BLANK}{{0,3}}\\?["']?[0-9]{{3}}""",
        far=r"(?:cv[vc]2?|code)[^0-9a-hj-rt-z]*[0-9]{3}",
    ),
    Pattern(
        "ssn",
        "social security numbers",
        ("-",),
        Late(r"(?<![\w-])(?<!\d\.)(?!000|666|9)\d{3}-(?!00)\d{2}-(?!0000)\d{4}(?![\w-]|\.\d)"),
        SSN,
        near=r"[0-9]{2}-[0-9]{4}",
    ),
    Pattern(
        "ssn",
        "social security numbers that are named",
        ("ssn", "social"),
        Late(
            r"""(?i)(?P<head>(?:\bssn|_ssn|social[ _-]?security)"""
            r"""(?:[ _-]?(?:number|no\.?))?\\?["']?\s{0,3}(?:(?:is|was)?[:=#]?)\s{0,3}\\?["'(]?)"""
            r"(?P<value>\d{3}[ ./-]?\d{2}[ ./-]?\d{4})(?!\d)"
        ),
        rf"\g<head>{SSN}",
    ),
    Pattern(
        "mac",
        "addresses of network cards",
        (":", "-", "."),
        Late(
            rf"(?<![\w:.-])(?:{_PAIR}(?::{_PAIR}){{5}}|{_PAIR}(?:-{_PAIR}){{5}}|[0-9A-Fa-f]{{4}}(?:\.[0-9A-Fa-f]{{4}}){{2}})(?![\w:-]|\.\w)"
        ),
        _mac,
        near=r"(?:[0-9a-f]{2}[:-][0-9a-f]{2}[:-][0-9a-f]{2}[:-]|[0-9a-f]{4}\.[0-9a-f]{4})",
        far=r"[:-][0-9a-f]{2}[:-][0-9a-f]{2}[:-]|\.[0-9a-f]{4}\.",
    ),
    Pattern(
        "mac",
        "addresses of network cards that are named",
        ("mac",),
        Late(
            r"""(?i)(?P<head>(?<![a-z])mac(?:[ _-]?addr(?:ess)?)?\\?["']?(?:\s{0,3}(?:is|[:=])\s{0,3}|\s{1,3})"""
            r"""\\?["']?)"""
            r"[0-9A-F]{2}(?:[ ._]?[0-9A-F]{2}){5}(?![0-9A-Za-z])"
        ),
        rf"\g<head>{MAC}",
        near=r"[^\r\n]{0,20}[0-9a-f]{2}",
        far="[^a-z]mac[^g-z]|^mac[^g-z]",
    ),
)
