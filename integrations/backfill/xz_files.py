"""xz files within bounded memory: one states in four bytes how much is needed to unpack it, up to 4 GB."""

from __future__ import annotations

import io
import lzma
from typing import IO, Any

MOST_MEMORY = 256_000_000
"""Bytes; the strongest preset of xz takes 65 MB."""
_AT_ONCE = 16_384


class XzFile(io.RawIOBase):
    """The bytes that an xz or lzma file holds. Raises lzma.LZMAError, also for one that would take more memory."""

    def __init__(self, packed: IO[bytes]) -> None:
        self._packed = packed
        self._stream: lzma.LZMADecompressor | None = None

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        found = self._next(len(buffer))
        buffer[: len(found)] = found
        return len(found)

    def _next(self, most: int) -> bytes:
        while True:
            given = b""
            if self._stream is None or self._stream.eof:
                given = self._beginning(self._stream.unused_data if self._stream is not None else b"")
                if not given:
                    return b""
                self._stream = lzma.LZMADecompressor(memlimit=MOST_MEMORY)
            elif self._stream.needs_input:
                given = self._packed.read(_AT_ONCE)
                if not given:
                    raise EOFError("it ends within its xz data")
            if found := self._stream.decompress(given, most):
                return found

    def _beginning(self, rest: bytes) -> bytes:
        """The first bytes of the next stream, between which there may be zeros; nothing at the end."""
        while not (rest := rest.lstrip(b"\0")):
            rest = self._packed.read(_AT_ONCE)
            if not rest:
                return b""
        return rest


def xz(packed: IO[bytes]) -> IO[bytes]:
    return io.BufferedReader(XzFile(packed), _AT_ONCE)
