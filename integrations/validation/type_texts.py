"""A column's type as the engine spells it, taken apart: `Map(String, Array(Int8))` is a name with two arguments."""

from __future__ import annotations

import re
from dataclasses import dataclass

_NAMED = re.compile(r"(?:`((?:[^`\\]|\\.)*)`|(\w+))\s+(?=[A-Za-z])")
_WORD = re.compile(r"\s*'((?:[^'\\]|\\.|'')*)'\s*(?:=\s*-?\d+\s*)?")
_PIECE = re.compile(r"'(?:[^'\\]|\\.|'')*'|`(?:[^`\\]|\\.)*`|[(),]|[^'`(),]+", re.DOTALL)
_ESCAPE = re.compile(r"\\(.)|''")


@dataclass(frozen=True, slots=True)
class TypeText:
    """A type's name, and the texts of its arguments."""

    name: str
    arguments: tuple[str, ...] = ()

    @property
    def words(self) -> tuple[str, ...]:
        """The words of an Enum."""
        found = [match for argument in self.arguments if (match := _WORD.fullmatch(argument))]
        return tuple(_ESCAPE.sub(lambda escape: escape[1] or "'", match[1]) for match in found)

    @property
    def elements(self) -> tuple[tuple[str, str], ...]:
        """Name and type of a Tuple's elements; those without a name are called 1, 2 and so on, as by the engine."""
        found = []
        for place, argument in enumerate(self.arguments, 1):
            named = _NAMED.match(argument)
            name = (named[1] or named[2]) if named else str(place)
            found.append((name, argument[named.end() :] if named else argument))
        return tuple(found)


def parse_type(text: str) -> TypeText:
    """`text` taken apart; the arguments stay texts."""
    name, _, rest = text.strip().partition("(")
    inner = rest[:-1]
    return TypeText(name.strip(), tuple(split(inner)) if inner.strip() else ())


def split(inner: str) -> list[str]:
    """What stands between commas, brackets and quotes kept together."""
    found, depth = [""], 0
    for piece in _PIECE.findall(inner):
        depth += (piece == "(") - (piece == ")")
        if piece == "," and depth == 0:
            found.append("")
        else:
            found[-1] += piece
    return [one.strip() for one in found]
