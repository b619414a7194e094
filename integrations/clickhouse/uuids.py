"""A column of UUIDs as the engine sent it, made into Python's objects or written as text only where that is asked for.

To make an object takes thrice as long as to write its text, and whoever shows rows needs the texts alone.
"""

from __future__ import annotations

from array import array
from collections.abc import Iterator, Sequence
from typing import Any, cast, overload
from uuid import UUID as Made

from clickhouse_connect.datatypes import special
from clickhouse_connect.driver.ctypes import data_conv

from chimera_metrics.integrations.clickhouse.native_buffer import Buffer

_BYTES = 16
_FORM = "00000000-0000-0000-0000-000000000000"
_DIGITS = [place for place, sign in enumerate(_FORM) if sign == "0"]


class UUIDColumn(Sequence[Made]):
    """UUIDs from their bytes in the Native format: two whole numbers each, of which the lowest byte is the first."""

    def __init__(self, native: bytes) -> None:
        self._native = native
        self._made: Sequence[Made] | None = None

    def texts(self) -> list[str]:
        """Each as `str` writes it, one digit of all of them at a time."""
        halves = array("Q", self._native)
        halves.byteswap()
        digits = halves.tobytes().hex().encode()
        text = bytearray(f"{_FORM},".encode()) * len(self)
        for number, place in enumerate(_DIGITS):
            text[place :: len(_FORM) + 1] = digits[number :: len(_DIGITS)]
        return text.decode().split(",")[:-1]

    def __len__(self) -> int:
        return len(self._native) // _BYTES

    @overload
    def __getitem__(self, place: int) -> Made: ...
    @overload
    def __getitem__(self, place: slice) -> Sequence[Made]: ...
    def __getitem__(self, place: int | slice) -> Made | Sequence[Made]:
        if isinstance(place, slice) and self._made is None:
            start, stop, step = place.indices(len(self))
            if step == 1:
                return UUIDColumn(self._native[start * _BYTES : stop * _BYTES])
        return self._objects()[place]

    def __iter__(self) -> Iterator[Made]:
        return iter(self._objects())

    def _objects(self) -> Sequence[Made]:
        if self._made is None:
            read = data_conv.read_uuid_col(Buffer.of(self._native), len(self)) if self._native else []
            self._made = cast(Sequence[Made], read)
        return self._made


class UUID(special.UUID):
    """Takes the place of the codec's own type, which is found by its name."""

    def read_column(self, source: Any, num_rows: int, ctx: Any) -> Sequence[Any]:
        """A whole column of an answer; what stands within other types is read as the codec does."""
        if self.wrappers or not isinstance(source, Buffer):
            return super().read_column(source, num_rows, ctx)
        return UUIDColumn(bytes(source.read_bytes(num_rows * _BYTES)))
