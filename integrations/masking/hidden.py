"""Texts as a reader takes them: entities, percent signs and other escapes resolved, invisible characters left out.

What is found there is replaced where it stands in the text itself: `bob&#64;example.com` as much as `password%3Dx`.
"""

from __future__ import annotations

import html
import re
from bisect import bisect_right
from collections.abc import Sequence

from chimera_metrics.integrations.masking.masks import Pattern

UNSEEN = (
    "\u00ad\u034f\u061c\u115f\u1160\u17b4\u17b5\u180b-\u180f\u200b-\u200f\u2028-\u202e\u2060-\u206f\u3164"
    "\ufe00-\ufe0f\ufeff\uffa0\U000e0000-\U000e007f"
)
WIDE = "\uff01-\uff5e\ufe50-\ufe6b\u3002\uff61\u2024"
# What stands in a text that hides anything: a beginning, and what follows. Python and RE2 read it alike.
_AT = r" ?(?:at|dot) ?[)\]}]"
SIGNS: tuple[tuple[str, str], ...] = (
    ("%", "[0-7][0-9a-f]"),
    ("&#", "[0-9x]"),
    ("&", "[a-z]{2,10};"),
    ("\\", "[ux][0-9a-f{]"),
    *((bracket, _AT) for bracket in "([{"),
)
UNASCII = f"[{UNSEEN}{WIDE}]"
ANY_SIGN = "|".join([*(re.sub(r"([^A-Za-z0-9])", r"\\\1", sign) + rest for sign, rest in SIGNS), UNASCII])
_ANY_SIGN = re.compile(ANY_SIGN, re.IGNORECASE)
_HIDDEN = re.compile(
    rf"(?P<unseen>[{UNSEEN}]+)|(?P<wide>[{WIDE}])|%(?P<percent>(?:25)*[0-9a-fA-F]{{2}})"
    r"|&(?P<entity>#[0-9]{1,7};?|#[xX][0-9a-fA-F]{1,6};?|[a-zA-Z]{2,10};)"
    r"|\\u\{?(?P<u>[0-9a-fA-F]{4}|(?<=\{)[0-9a-fA-F]{1,6})\}?|\\x(?P<x>[0-9a-fA-F]{2})"
    r"| ?[(\[{] ?(?P<word>(?i:at|dot)) ?[)\]}] ?"
)


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
            return {"\u3002": ".", "\uff61": ".", "\u2024": ".", "\ufe52": ".", "\ufe6b": "@"}.get(value) or (
                chr(ord(value) - 0xFEE0) if value >= "\uff01" else None
            )
        case "entity":
            shown = html.unescape(found[0] if found[0].endswith(";") else f"{found[0]};")
        case "word":
            return "@" if value.lower() == "at" else "."
        case _:
            shown = chr(min(int(value[-2:] if kind == "percent" else value, 16), 0x10FFFF))
    return shown if len(shown) == 1 and (" " <= shown <= "~" or shown == "\n") else None


def is_hidden(text: str) -> bool:
    return _ANY_SIGN.search(text) is not None


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
