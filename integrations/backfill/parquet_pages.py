"""How large the pages of a Parquet file are before anything of it is read.

A page is unpacked as a whole, and 60 kB may hold one of 1.6 GB. Its size stands only in its own header, in Thrift's
compact form, of which this reads as much as headers and footers use. What pyarrow itself says of a column's chunk ends
the process where the footer lies about it, so that is read here too.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from enum import IntEnum
from os import SEEK_END
from typing import IO, Any

_HEADER = 65_536
_LONGEST_HEADER = 16 << 20
_DICTIONARY = 2
_DEEPEST = 32
_LARGEST = 1 << 60
_END = len(b"size") + len(b"PAR1")
# Numbers of encodings: DELTA_BINARY_PACKED, DELTA_LENGTH_BYTE_ARRAY, DELTA_BYTE_ARRAY.
_BY_DIFFERENCE, _BY_PREFIX = (5, 6, 7), 7


class Thrift(IntEnum):
    """Types of Thrift's compact protocol."""

    TRUE = 1
    FALSE = 2
    BYTE = 3
    I16 = 4
    I32 = 5
    I64 = 6
    DOUBLE = 7
    BINARY = 8
    LIST = 9
    SET = 10
    STRUCT = 12


@dataclass(frozen=True, slots=True)
class Page:
    """One page, as its header states it."""

    unpacked: int
    packed: int
    is_dictionary: bool
    values: int


@dataclass(frozen=True, slots=True)
class Chunk:
    """A column of a group of rows, as the footer states it."""

    path: str
    encodings: frozenset[int]
    values: int
    start: int
    """Where its first page begins."""
    packed: int

    @property
    def is_spelled(self) -> bool:
        """Whether values are spelled by differences; those of such a chunk have no dictionary."""
        return not self.encodings.isdisjoint(_BY_DIFFERENCE)

    @property
    def has_prefixes(self) -> bool:
        """Whether a text is spelled by as much of the one before as it likes."""
        return _BY_PREFIX in self.encodings


@dataclass(frozen=True, slots=True)
class Group:
    """A group of rows."""

    rows: int
    chunks: list[Chunk]


def groups(file: IO[bytes]) -> list[Group]:
    """The groups of a file's rows. Raises ValueError for a footer that does not say what they are."""
    size = file.seek(0, SEEK_END)
    file.seek(max(0, size - _END))
    length = int.from_bytes(file.read(_END)[:4], "little")
    file.seek(max(0, size - _END - length))
    try:
        footer = _Thrift(file.read(length)).struct()
        return [Group(_size(group[3]), [_chunk(column[3]) for column in group[1]]) for group in footer[4]]
    except (IndexError, KeyError, TypeError, AttributeError):
        raise ValueError("a footer that does not say where its columns are") from None


def _chunk(facts: dict[int, Any]) -> Chunk:
    path = ".".join(name.decode("utf-8", "replace") for name in facts[3])
    values, packed, first = _size(facts[5]), _size(facts[7]), _size(facts[9])
    return Chunk(path, frozenset(facts[2]), values, min(first, _size(facts.get(11) or first)), packed)


def _size(number: int) -> int:
    if not 0 <= number < _LARGEST:
        raise ValueError("a footer of sizes that no file has")
    return number


def pages(file: IO[bytes], chunk: Chunk) -> Iterator[Page]:
    """The pages of a column's chunk. Raises ValueError for what is no page."""
    at, end = chunk.start, chunk.start + chunk.packed
    while at < end:
        header, length = _header(file, at)
        page = _page(header)
        yield page
        at += length + page.packed


def _page(header: dict[int, Any]) -> Page:
    kind, unpacked, packed = (header.get(field) for field in (1, 2, 3))
    counted = header.get(5) or header.get(7) or header.get(8) or {}
    values = counted.get(1, 0) if isinstance(counted, dict) else 0
    if not all(isinstance(number, int) and number >= 0 for number in (unpacked, packed, values)):
        raise ValueError("a page without its size")
    return Page(unpacked, packed, kind == _DICTIONARY, values)  # type: ignore[arg-type]  # they are numbers


def _header(file: IO[bytes], at: int) -> tuple[dict[int, Any], int]:
    """A page's header, and how many bytes it takes."""
    size = _HEADER
    while True:
        file.seek(at)
        data = file.read(size)
        reader = _Thrift(data)
        try:
            return reader.struct(), reader.place
        except IndexError:
            if len(data) < size or size >= _LONGEST_HEADER:
                raise ValueError("a page whose header has no end") from None
            size *= 8


class _Thrift:
    """Reads one value after the other; IndexError where the data ends."""

    def __init__(self, data: bytes) -> None:
        self._data = data
        self.place = 0

    def struct(self, depth: int = 0) -> dict[int, Any]:
        found: dict[int, Any] = {}
        field = 0
        while (head := self._byte()) != 0:
            field = field + (head >> 4) if head >> 4 else self._signed()
            found[field] = self._value(head & 15, depth)
        return found

    def _byte(self) -> int:
        value = self._data[self.place]
        self.place += 1
        return value

    def _unsigned(self) -> int:
        result = shift = 0
        while (byte := self._byte()) & 128:
            result |= (byte & 127) << shift
            shift += 7
            if shift > 70:
                raise ValueError("a number without end")
        return result | byte << shift

    def _signed(self) -> int:
        value = self._unsigned()
        return (value >> 1) ^ -(value & 1)

    def _bytes(self, count: int) -> bytes:
        start, self.place = self.place, self.place + count
        if self.place > len(self._data):
            raise IndexError
        return self._data[start : self.place]

    def _value(self, kind: int, depth: int) -> Any:
        if depth > _DEEPEST:
            raise ValueError("a header without end")
        match kind:
            case Thrift.TRUE | Thrift.FALSE:
                return kind == Thrift.TRUE
            case Thrift.BYTE:
                return self._byte()
            case Thrift.I16 | Thrift.I32 | Thrift.I64:
                return self._signed()
            case Thrift.DOUBLE:
                return self._bytes(8)
            case Thrift.BINARY:
                return self._bytes(self._unsigned())
            case Thrift.LIST | Thrift.SET:
                head = self._byte()
                count = head >> 4 if head >> 4 != 15 else self._unsigned()
                # A field of its own says in its head whether it is true; in a list that takes a byte.
                kind = head & 15 if head & 15 not in (Thrift.TRUE, Thrift.FALSE) else Thrift.BYTE
                return [self._value(kind, depth + 1) for _ in range(count)]
            case Thrift.STRUCT:
                return self.struct(depth + 1)
            case _:
                raise ValueError("a header of another form")
