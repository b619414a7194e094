"""The bytes of an answer as clickhouse-connect's codec reads them, with texts as the engine stored them."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any, Self, cast

from clickhouse_connect.driver.ctypes import RespBuffCls


class _Source:
    """What the codec's buffer reads from."""

    def __init__(self, chunks: Iterable[bytes]) -> None:
        self.gen = iter(chunks)

    def close(self) -> None:
        """Nothing is held."""


class Buffer(RespBuffCls):
    """Text that is no UTF-8 is bytes. The codec would answer its hexadecimal digits, which may be a text too."""

    @classmethod
    def of(cls, native: bytes) -> Self:
        """A buffer that all bytes are in already."""
        return cls(_Source([native]))

    def read_str_col(self, num_rows: int, encoding: str | None, nullable: bool = False, null_obj: Any = None) -> Any:
        column: Any = super().read_str_col(num_rows, None, nullable, null_obj)
        return column if encoding is None else _texts(column)

    def read_fixed_str_col(self, size: int, num_rows: int, encoding: str) -> Any:
        whole = bytes(self.read_bytes(size * num_rows))
        padding = whole.count(b"\0")
        if padding == len(whole):  # none has a text, as most rows have no commit
            return [""] * num_rows
        values = cast(Sequence[bytes], Buffer.of(whole).read_bytes_col(size, num_rows))
        stripped = [value.rstrip(b"\0") for value in values] if padding else values
        return _decoded(stripped) or list(map(_text, stripped, values))


def _texts(column: Sequence[bytes | None]) -> Sequence[Any]:
    if None not in column and (texts := _decoded(cast(Sequence[bytes], column))):
        return texts
    return [None if value is None else _text(value, value) for value in column]


def _decoded(column: Sequence[bytes]) -> list[str] | None:
    """The whole column by one call, where it holds: a fourth of the time."""
    try:
        texts = b"\0".join(column).decode().split("\0")
    except UnicodeDecodeError:
        return None
    return texts if len(texts) == len(column) else None


def _text(value: bytes, otherwise: bytes) -> str | bytes:
    try:
        return value.decode()
    except UnicodeDecodeError:
        return otherwise
