"""How large the pages of a Parquet file are before anything of it is read.

A page is unpacked as a whole, and 60 kB may hold one of 1.6 GB. Its size stands only in its own header, in Thrift's
compact form, of which this reads as much as headers use.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from enum import IntEnum
from typing import IO, Any

_HEADER = 65_536
_LONGEST_HEADER = 16 << 20
_DICTIONARY = 2
_DEEPEST = 32


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


def pages(file: IO[bytes], chunk: Any) -> Iterator[Page]:
    """The pages of a column's chunk. Raises ValueError for what is no page."""
    start = chunk.dictionary_page_offset or chunk.data_page_offset
    at, end = min(start, chunk.data_page_offset), start + chunk.total_compressed_size
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
        if depth > _DEEPEST:
            raise ValueError("a header without end")
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

    def _skip(self, count: int) -> None:
        self.place += count
        if self.place > len(self._data):
            raise IndexError

    def _value(self, kind: int, depth: int) -> Any:
        match kind:
            case Thrift.TRUE | Thrift.FALSE:
                return kind == Thrift.TRUE
            case Thrift.BYTE:
                return self._byte()
            case Thrift.I16 | Thrift.I32 | Thrift.I64:
                return self._signed()
            case Thrift.DOUBLE:
                return self._skip(8)
            case Thrift.BINARY:
                return self._skip(self._unsigned())
            case Thrift.LIST | Thrift.SET:
                head = self._byte()
                count = head >> 4 if head >> 4 != 15 else self._unsigned()
                for _ in range(count):
                    self._value(head & 15, depth + 1)
                return None
            case Thrift.STRUCT:
                return self.struct(depth + 1)
            case _:
                raise ValueError("a header of another form")
