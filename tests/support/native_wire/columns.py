"""How long a column is.

A Native block says how many rows it has but not how many bytes, so whoever wants the block whole must know the
types. The walk finds the end of a column and leaves its bytes as they are: fast, and exact for every value.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import lru_cache

from tests.support.native_wire.primitives import Reader

FIXED_SIZES = {
    **{f"{sign}Int{bits}": bits // 8 for sign in ("", "U") for bits in (8, 16, 32, 64, 128, 256)},
    "Float32": 4,
    "Float64": 8,
    "BFloat16": 2,
    "Bool": 1,
    "Nothing": 1,
    "Date": 2,
    "Date32": 4,
    "DateTime": 4,
    "DateTime32": 4,
    "DateTime64": 8,
    "Time": 4,
    "Time64": 8,
    "Decimal32": 4,
    "Decimal64": 8,
    "Decimal128": 16,
    "Decimal256": 32,
    "UUID": 16,
    "IPv4": 4,
    "IPv6": 16,
    "Enum8": 1,
    "Enum16": 2,
}
NAMED_ELEMENT = re.compile(r"^(?:`(?:[^`\\]|\\.)*`|\w+)\s+(?=[A-Za-z])")
HAS_ADDITIONAL_KEYS = 1 << 9


class UnreadableTypeError(ValueError):
    """A type whose length on the wire the walk does not know, such as an aggregation state."""


@dataclass(frozen=True)
class Type:
    name: str
    args: tuple[str, ...] = ()

    @property
    def inner(self) -> Type:
        return parse_type(self.args[-1])

    @property
    def elements(self) -> list[Type]:
        """Types of a tuple's elements, their names dropped."""
        return [parse_type(NAMED_ELEMENT.sub("", arg)) for arg in self.args]

    @property
    def fixed_size(self) -> int | None:
        """Bytes of one value, or None when values differ in length."""
        if self.name == "FixedString":
            return int(self.args[0])
        if self.name == "Decimal":
            precision = int(self.args[0])
            return next(size for limit, size in ((9, 4), (18, 8), (38, 16), (76, 32)) if precision <= limit)
        if self.name.startswith("Interval"):
            return 8
        return FIXED_SIZES.get(self.name)


@lru_cache(maxsize=1024)
def parse_type(text: str) -> Type:
    """`Map(String, Array(UInt8))` as a name and the texts of its arguments."""
    name, bracket, rest = text.strip().partition("(")
    return Type(name, tuple(_split(rest[:-1]))) if bracket else Type(name)


def _split(text: str) -> list[str]:
    """Split at commas outside brackets and quotes."""
    parts, depth, start, quote, i = [], 0, 0, "", 0
    while i < len(text):
        char = text[i]
        if quote:
            if char == "\\":
                i += 1
            elif char == quote:
                quote = ""
        elif char in "'`":
            quote = char
        elif char in "()":
            depth += 1 if char == "(" else -1
        elif char == "," and not depth:
            parts.append(text[start:i].strip())
            start = i + 1
        i += 1
    last = text[start:].strip()
    return [*parts, last] if last else parts


def skip_column(reader: Reader, type_text: str, rows: int) -> None:
    """Walk over one column of `rows` rows. Nothing is written for a column without rows."""
    if rows:
        kind = parse_type(type_text)
        _skip_prefix(reader, kind)
        _skip_data(reader, kind, rows)


def _skip_prefix(reader: Reader, kind: Type) -> None:
    """Serialization versions, which stand before the data of the whole column."""
    match kind.name:
        case "LowCardinality" | "JSON":
            reader.skip(8)
        case "Array" | "Nullable" | "SimpleAggregateFunction":
            _skip_prefix(reader, kind.inner)
        case "Map" | "Tuple" | "Nested":
            for element in kind.elements:
                _skip_prefix(reader, element)


def _skip_data(reader: Reader, kind: Type, rows: int) -> None:
    size = kind.fixed_size
    if size is not None:
        reader.skip(size * rows)
        return
    match kind.name:
        case "String" | "JSON":  # JSON comes as text, which is the only form of it that the walk knows
            reader.skip_strings(rows)
        case "Nullable":
            reader.skip(rows)
            _skip_data(reader, kind.inner, rows)
        case "SimpleAggregateFunction":
            _skip_data(reader, kind.inner, rows)
        case "LowCardinality":
            _skip_low_cardinality(reader, kind.inner, rows)
        case "Tuple":
            _skip_tuple(reader, kind, rows)
        case "Array":
            _skip_data(reader, kind.inner, _skip_offsets(reader, rows))
        case "Map" | "Nested":
            _skip_tuple(reader, kind, _skip_offsets(reader, rows))
        case _:
            raise UnreadableTypeError(f"The test wire cannot carry the type {kind.name}({', '.join(kind.args)})")


def _skip_offsets(reader: Reader, rows: int) -> int:
    """The offsets of arrays end with the number of all their elements."""
    if not rows:
        return 0
    reader.skip(8 * (rows - 1))
    return reader.uint(8)


def _skip_tuple(reader: Reader, kind: Type, rows: int) -> None:
    if not kind.args:
        reader.skip(rows)  # an empty tuple is one byte
    for element in kind.elements:
        _skip_data(reader, element, rows)


def _skip_low_cardinality(reader: Reader, kind: Type, rows: int) -> None:
    """A dictionary, then one index a row. Null is the dictionary's first entry, so there is no null map."""
    if not rows:
        return
    flags = reader.uint(8)
    if flags & HAS_ADDITIONAL_KEYS:
        _skip_data(reader, kind.inner if kind.name == "Nullable" else kind, reader.uint(8))
    reader.skip(8)
    reader.skip(rows << (flags & 0xF))
