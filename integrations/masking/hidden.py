"""Texts as a reader takes them: entities, percent signs and other escapes resolved, invisible characters left out.

What is found there is replaced where it stands in the text itself: `bob&#64;example.com` as much as `password%3Dx`.
"""

from __future__ import annotations

import html
import re
import unicodedata
from bisect import bisect_right
from collections.abc import Sequence

from chimera_metrics.integrations.masking.masks import Pattern

UNSEEN = (
    "\u00ad\u034f\u061c\u115f\u1160\u17b4\u17b5\u180b-\u180f\u200b-\u200f\u2028-\u202e\u2060-\u206f\u3164"
    "\ufe00-\ufe0f\ufeff\uffa0\U000e0000-\U000e007f"
)
# Letters, digits and marks in another dress: full width, small, mathematical, Arabic and Indian digits.
WIDE = "\uff01-\uff5e\ufe50-\ufe6b\u3002\uff61\u2024\u0660-\u0669\u06f0-\u06f9\u0966-\u096f\U0001d400-\U0001d7ff"
# Dashes and blanks of typesetters, which people and programs put between digits.
_DASHES, _BLANKS = "\u2010-\u2015\u2212", "\xa0\u2000-\u200a\u202f\u205f\u3000"
# What stands in a text that hides anything: a beginning, and what follows. Python and RE2 read it alike.
_AT = r" ?(?:at|dot|@|\.) ?[)\]}>]"
SIGNS: tuple[tuple[str, str], ...] = (
    ("%", "(?:[0-7][0-9a-f]|u[0-9a-f]{4}|e[2f]%|c2%)"),
    ("&#", "[0-9x]"),
    ("&", "[a-z]{2,20};"),
    ("\\", "(?:[ux][0-9a-f{]|[01][0-7]{2})"),
    *((bracket, _AT) for bracket in "([{<"),
)
UNASCII = f"[{UNSEEN}{WIDE}]|[0-9)][{_DASHES}{_BLANKS}]"
_ASCII_SIGN = "|".join(re.sub(r"([^A-Za-z0-9])", r"\\\1", sign) + rest for sign, rest in SIGNS)
ANY_SIGN = f"{_ASCII_SIGN}|{UNASCII}"
# Most texts have none of the characters that a sign begins with.
_BEGINS = re.compile(r"[%&\\(\[{<]")
_SIGN, _UNASCII = re.compile(_ASCII_SIGN, re.IGNORECASE), re.compile(UNASCII)
_HIDDEN = re.compile(
    rf"(?P<unseen>[{UNSEEN}]+)|(?P<wide>[{WIDE}{_DASHES}{_BLANKS}])"
    r"|(?P<bytes>%(?:25)*(?:[cC]2|[eE][2fF]%(?:25)*[89abAB][0-9a-fA-F])%(?:25)*[89abAB][0-9a-fA-F])"
    r"|%(?P<percent>(?:25)*[0-9a-fA-F]{2})|%(?:25)*u(?P<percent_u>[0-9a-fA-F]{4})"
    r"|&(?:amp;)*(?P<entity>#[0-9]{1,7};?|#[xX][0-9a-fA-F]{1,6};?|[a-zA-Z]{2,20};)"
    r"|\\u\{?(?P<u>[0-9a-fA-F]{4}|(?<=\{)[0-9a-fA-F]{1,6})\}?|\\x(?P<x>[0-9a-fA-F]{2})"
    r"|\\U(?P<long>[0-9a-fA-F]{8})|\\(?P<octal>[01][0-7]{2})"
    r"| ?[(\[{<] ?(?P<word>(?i:at|dot)|[@.]) ?[)\]}>] ?"
)
_IS_UNSEEN, _IS_DASH, _IS_BLANK = (re.compile(f"[{codes}]") for codes in (UNSEEN, _DASHES, _BLANKS))
_STOPS = dict.fromkeys("\u3002\uff61\u2024\ufe52", ".")


class Plain:
    """A text with what it hides resolved, and where each character of that stands in it."""

    __slots__ = ("_shifts", "_starts", "text")

    def __init__(self, text: str) -> None:
        pieces: list[str] = []
        # Where a piece of the resolved text begins, and where it begins in the other.
        self._starts, self._shifts = [0], [0]
        done = length = 0
        for found in _HIDDEN.finditer(text):
            shown = _resolved(found)
            if shown is None:
                continue
            pieces += text[done : found.start()], shown
            length += found.start() - done
            self._starts += length, length + len(shown)
            self._shifts += found.start(), found.end()
            length += len(shown)
            done = found.end()
        self.text = "".join([*pieces, text[done:]])

    def place(self, at: int) -> int:
        """Where in the text itself the character `at` of the resolved one begins."""
        piece = bisect_right(self._starts, at) - 1
        return self._shifts[piece] + at - self._starts[piece]


def _resolved(found: re.Match[str]) -> str | None:
    kind, value = found.lastgroup, found[found.lastgroup or 0]
    match kind:
        case "unseen":
            return ""
        case "wide":
            shown = value
        case "bytes":
            shown = bytes.fromhex(value.replace("%25", "%").replace("25", "").replace("%", "")).decode(errors="replace")
        case "entity":
            shown = html.unescape(f"&{value}" if value.endswith(";") else f"&{value};")
        case "word":
            return "@" if value.lower() in ("at", "@") else "."
        case "octal":
            shown = chr(int(value, 8))
        case _:
            shown = chr(min(int(value[-2:] if kind == "percent" else value, 16), 0x10FFFF))
    return _plain(shown) if len(shown) == 1 else None


def _plain(character: str) -> str | None:
    """The ASCII character that a reader takes it for; None where there is none."""
    if " " <= character <= "~" or character == "\n":
        return character
    if _IS_UNSEEN.match(character):
        return ""
    if _IS_DASH.match(character):
        return "-"
    if _IS_BLANK.match(character):
        return " "
    shown = _STOPS.get(character) or unicodedata.normalize("NFKC", character)
    if len(shown) == 1 and not shown.isascii() and shown.isdecimal():
        shown = str(int(shown))
    return shown if len(shown) == 1 and " " <= shown <= "~" else None


def is_hidden(text: str) -> bool:
    if _BEGINS.search(text) and _SIGN.search(text):
        return True
    return not text.isascii() and _UNASCII.search(text) is not None


def sub_hidden(text: str, patterns: Sequence[Pattern]) -> tuple[str, dict[str, int]]:
    """`text` without what the patterns find once it is resolved, and how many of each rule there were."""
    counts: dict[str, int] = {}
    plain = Plain(text)
    for pattern in patterns:
        edits = []
        for found in pattern.regex.finditer(plain.text):
            new = found.expand(pattern.replace) if isinstance(pattern.replace, str) else pattern.replace(found)
            if new != found[0]:
                edits.append(_edit(plain, found, new))
        for start, stop, new in reversed(edits):
            text = text[:start] + new + text[stop:]
        if edits:
            plain = Plain(text)
            counts[pattern.rule] = counts.get(pattern.rule, 0) + len(edits)
    return text, counts


def _edit(plain: Plain, found: re.Match[str], new: str) -> tuple[int, int, str]:
    """What to put where in the text itself, which keeps what the replacement has in common with the match."""
    old = found[0]
    ahead = next((at for at, (a, b) in enumerate(zip(old, new, strict=False)) if a != b), min(len(old), len(new)))
    rest = min(len(old), len(new)) - ahead
    behind = next((at for at in range(rest) if old[-1 - at] != new[-1 - at]), rest)
    start, stop = found.start() + ahead, found.end() - behind
    return plain.place(start), plain.place(stop), new[ahead : len(new) - behind]
