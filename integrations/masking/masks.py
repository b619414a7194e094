"""What a pattern of masking is: where to look for it, and what to put in its place."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cache
from typing import Literal, Protocol

MaskRule = Literal["secret", "email", "ip", "card", "iban", "ssn", "phone", "mac", "user_agent"]
Replace = Callable[[re.Match[str]], str]

SECRET, EMAIL, IP = "[secret]", "[email]", "[ip]"

# RE2's \s lacks the vertical tab, and in ASCII both lack the blanks of Latin-1.
BLANKS = r"\t-\r\x1c-\x20\x85\xa0"
BLANK = f"[{BLANKS}]"


class Probe(Protocol):
    """Finds where in a text that is lower-case a match may be: a compiled expression, or what reads like one."""

    def finditer(self, lowered: str, /) -> Iterator[re.Match[str]]: ...

    def search(self, lowered: str, /) -> re.Match[str] | None: ...


class Late:
    """A regular expression that is compiled when it first reads a text. Most never do, and to compile all of them takes
    a tenth of a server's start."""

    __slots__ = ("_compiled", "_flags", "pattern")

    def __init__(self, pattern: str, flags: re.RegexFlag = re.NOFLAG) -> None:
        self.pattern, self._flags = pattern, flags
        self._compiled: re.Pattern[str] | None = None

    def _compile(self) -> re.Pattern[str]:
        self._compiled = re.compile(self.pattern, self._flags)
        return self._compiled

    def match(self, text: str, begin: int = 0, /) -> re.Match[str] | None:
        return (self._compiled or self._compile()).match(text, begin)

    def fullmatch(self, text: str, /) -> re.Match[str] | None:
        return (self._compiled or self._compile()).fullmatch(text)

    def finditer(self, text: str, /) -> Iterator[re.Match[str]]:
        return (self._compiled or self._compile()).finditer(text)

    def search(self, text: str, /) -> re.Match[str] | None:
        return (self._compiled or self._compile()).search(text)

    def subn(self, new: str | Replace, text: str, /) -> tuple[str, int]:
        return (self._compiled or self._compile()).subn(new, text)


@cache
def _probe(hint: str, near: str) -> Late:
    """One for all patterns that look for the same, so that a text is searched for it once."""
    return Late(re.escape(hint) + near, re.ASCII)


@dataclass(frozen=True, slots=True)
class Pattern:
    """One thing to look for.

    Any match holds one of `hints` (lower-case literals), followed by `near` once the text is lower-case. Both Python's
    `re` and RE2 read `near`, so that it spells out what the two take for different things, such as a blank.
    """

    rule: MaskRule
    what: str
    hints: tuple[str, ...]
    regex: Late
    replace: str | Replace
    near: str = ""
    probe: Probe | None = None
    """What finds any of very many hints in one pass."""
    far: str | None = None
    """What RE2 looks for, where hints and `near` would make its automaton large: it finds as much and a little more."""

    def probes(self) -> list[tuple[str, Probe]]:
        """Each hint with a pattern that begins with it: literal beginnings are what `re` finds fast."""
        if self.probe is not None:
            return [("", self.probe)]
        return [(hint, _probe(hint, self.near)) for hint in self.hints]

    def sub(self, text: str) -> tuple[str, int]:
        """`text` with the matches replaced, and how many truly were."""
        if self.regex.search(text) is None:
            return text, 0
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


@dataclass(frozen=True, eq=False)
class Gate:
    """A probe that looks at texts only where one of some characters is there at all, which is fast to see."""

    characters: str
    expression: Late

    def finditer(self, lowered: str, /) -> Iterator[re.Match[str]]:
        if any(map(lowered.__contains__, self.characters)):
            yield from self.expression.finditer(lowered)

    def search(self, lowered: str, /) -> re.Match[str] | None:
        return next(self.finditer(lowered), None)


def before(found: re.Match[str], length: int = 48) -> str:
    """What stands in front of a match, as far as it matters."""
    return found.string[max(0, found.start() - length) : found.start()]
