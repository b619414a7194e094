"""Phone numbers: by a country's code, North America's forms, an area in brackets, or the word before them."""

from __future__ import annotations

import re
from collections.abc import Iterator

from chimera_metrics.integrations.masking.masks import Late, Pattern

PHONE = "[phone]"


def _phone(found: re.Match[str]) -> str:
    digits = re.sub(r"\D", "", found[0])
    return PHONE if 8 <= len(digits) <= 15 and (len(digits) >= 10 or re.search(r"[ ().-]", found[0])) else found[0]


def _abroad(found: re.Match[str]) -> str:
    """`0049 30 901820`; but groups of one length are a dump or an id."""
    groups = re.findall(r"\d+", found[0])
    alike = len({len(group) for group in groups}) == 1
    return PHONE if not alike and 10 <= sum(map(len, groups)) <= 17 else found[0]


def _in_brackets(found: re.Match[str]) -> str:
    """`(030) 901820`, `8 (495) 123-45-67`; but a year in brackets is followed by pages."""
    return PHONE if 9 <= sum(map(str.isdigit, found[0])) <= 13 else found[0]


def _named(found: re.Match[str]) -> str:
    count = sum(map(str.isdigit, found["value"]))
    return f"{found['head']}{PHONE}" if 7 <= count <= 15 else found[0]


def _called(found: re.Match[str]) -> str:
    """`call 020 7946 0958`: nine digits in groups, or a number that begins as one does."""
    count = sum(map(str.isdigit, found["value"]))
    return f"{found['head']}{PHONE}" if 9 <= count <= 15 else found[0]


_WORDS = (
    r"(?:t[eé]l[eé])?(?:phone|f[oó]no?)|tel|mobile|mob|mobil|m[oó]vil|celular|cellphone|cell|handy|fax|whatsapp|msisdn"
    r"|landline|hotline|rufnummer"
)
_END = r"(?![\w]|[.,:]\d|%)"
_EXTENSION = r"(?:[ ,]{0,2}(?:x|ext\.?|#)[ ]?\d{1,6})?"

# Groups of digits as phone numbers have them, in a text's shape: a digit is a zero, a letter an `a`, all else a dash.
_SHAPES = bytes(ord("0" if chr(code).isdigit() else "a" if chr(code).isalpha() else "-") for code in range(128)).ljust(
    256
)
_GROUPED = re.compile("00(?:0-{1,3}00|-{1,3}(?:000|00-{1,3}00-{1,3}00))")
_DATE = re.compile(r"(?:19|20)[0-9]{2}-[0-9]{2}-[0-9]{2}")


class _GroupProbe:
    """Finds digits in groups, but not dates as programs write them."""

    def finditer(self, lowered: str, /) -> Iterator[re.Match[str]]:
        shape = lowered.encode("ascii", "replace").translate(_SHAPES).decode()
        return (found for found in _GROUPED.finditer(shape) if not _DATE.match(lowered, max(found.start() - 1, 0)))

    def search(self, lowered: str, /) -> re.Match[str] | None:
        return next(self.finditer(lowered), None)


_GROUPS = _GroupProbe()
# As RE2 reads it: what follows is looked at by the others.
_FAR_WORDS = r"(?:mob|vil|cel|handy|line|rufnummer)[^0-9\r\n]*[0-9]"
_FAR_CALLS = r"(?:(?:call|ring|dial|text|sms|reach|number is)[: ])[^0-9\r\n]*[0-9]"

_NAMED = Late(
    rf"""(?i)(?P<head>(?:\b|_)(?:{_WORDS})(?:[ _-]?(?:number|no\.?|nr\.?))?"""
    r"""\\?["']?"""
    r"""(?:\.?\s{0,3}[:=]\s{0,3}|\.\s{0,2}|\s{1,3}(?:me |us )?(?:is|at|on|to)?\s{0,2})\\?["']?)"""
    r"(?!\d{4}-\d\d-\d\d)(?P<value>[+(]{0,2}0?\d{1,5}(?:[ ()./-]{1,3}\d{2,8}){1,5}|[+]?\d{9,13})"
    rf"{_END}"
)

PHONES: tuple[Pattern, ...] = (
    Pattern(
        "phone",
        "phone numbers with the code of a country",
        ("+",),
        Late(rf"(?<![\w.+])\+\(?[1-9]\d{{0,2}}\)?(?:[ ().\xa0/-]{{0,3}}\d){{7,13}}{_EXTENSION}(?![\w]|\.\d)"),
        _phone,
        near=r"\(?[1-9]",
    ),
    Pattern(
        "phone",
        "phone numbers with the prefix of calls abroad",
        ("00", "011"),
        Late(
            r"(?<![\w.,:+/-])(?<!\d )(?:00|011)[ ]?[1-9]\d{0,2}(?:[ ./-]?\(0\))?[ ./-][1-9]\d{0,4}"
            r"(?:[ /-]\d{2,8}){1,4}(?![\w]|[.,:]\d)"
        ),
        _abroad,
        probe=_GROUPS,
        far=r"(?:^|[^a-z0-9.])0(?:0|11) ?[1-9][0-9]{0,2}[ ./(-][ 0-9()./-]*[0-9]{3}",
    ),
    Pattern(
        "phone",
        "phone numbers of North America",
        ("-", ".", ")"),
        Late(
            r"(?<![\w.+-])(?:\(\d{3}\)[ \xa0]?|(?:1[-. ])?[2-9]\d{2}([-.]))[2-9]\d{2}(?(1)\1|[-. ])\d{4}(?![\w-]|\.\d)"
        ),
        PHONE,
        near=r"[ \xa0]?[2-9][0-9]{2}[-. ][0-9]{4}",
    ),
    Pattern(
        "phone",
        "phone numbers whose area stands in brackets",
        (")",),
        Late(
            r"(?<![\w.+-])(?<!\w )(?:[178] ?)?\((?:0\d{1,4}|(?!19|20)[1-9]\d{1,3})\) ?(?!\d{4}-\d\d-\d\d)"
            r"(?:\d{3,5}[ -]\d{2,4}(?:[ -]\d{2,4})?|(?<=\) )\d{5,8})(?![\w-]|[.,:]\d)"
        ),
        _in_brackets,
        near=r" ?[0-9]{3}",
    ),
    Pattern(
        "phone",
        "phone numbers that are named",
        ("phone", "tel", "mobile", "fax", "whatsapp", "msisdn"),
        _NAMED,
        _named,
    ),
    Pattern(
        "phone",
        "phone numbers in groups of digits that are named in other words",
        ("mob", "movil", "móvil", "celular", "cell", "handy", "line", "rufnummer"),
        _NAMED,
        _named,
        probe=_GROUPS,
        far=_FAR_WORDS,
    ),
    Pattern(
        "phone",
        "phone numbers that somebody is asked to call",
        ("call ", "ring ", "dial ", "text ", "sms ", "reach ", "number is ", "sms:"),
        Late(
            r"(?i)(?P<head>\b(?:(?:call|ring|dial|text|sms|reach) (?:me |us |him |her |them )?"
            r"(?:at |on |back at |back on )?|sms:|number is:? )"
            r"\(?)(?P<value>0\d{1,4}\)?(?:[ /-]{1,3}\d{2,8}){1,5}|[2-9]\d{2}[ -]\d{3}[ -]\d{4})"
            rf"{_END}"
        ),
        _called,
        probe=_GROUPS,
        far=_FAR_CALLS,
    ),
)
