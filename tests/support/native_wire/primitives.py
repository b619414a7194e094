"""Bytes of the protocol: little-endian integers, varints, strings."""

from __future__ import annotations

from collections.abc import Callable


class Reader:
    """Reads from a growing buffer, so that what was walked over can still be cut out of it as it came."""

    def __init__(self, more: Callable[[], bytes]) -> None:
        self._more = more
        self._buf = bytearray()
        self.pos = 0

    @classmethod
    def of(cls, data: bytes) -> Reader:
        """A reader of bytes that are all there."""
        reader = cls(lambda: b"")
        reader._buf += data
        return reader

    @property
    def buffered(self) -> int:
        """How many bytes can be read without asking for more."""
        return len(self._buf) - self.pos

    def at_end(self) -> bool:
        """Whether nothing more comes; waits until that is known."""
        if not self.buffered:
            self._buf += self._more()
        return not self.buffered

    def forget(self) -> None:
        """Drop what was read. Positions taken before are void afterwards."""
        del self._buf[: self.pos]
        self.pos = 0

    def since(self, start: int) -> bytes:
        """What was read since `start`, untouched."""
        return bytes(self._buf[start : self.pos])

    def _need(self, end: int) -> None:
        while len(self._buf) < end:
            chunk = self._more()
            if not chunk:
                raise EOFError("the stream ended inside a packet")
            self._buf += chunk

    def skip(self, size: int) -> None:
        self._need(self.pos + size)
        self.pos += size

    def read(self, size: int) -> bytes:
        start = self.pos
        self.skip(size)
        return self.since(start)

    def uint(self, size: int) -> int:
        return int.from_bytes(self.read(size), "little")

    def varint(self) -> int:
        value = shift = 0
        while True:
            self._need(self.pos + 1)
            byte = self._buf[self.pos]
            self.pos += 1
            value |= (byte & 0x7F) << shift
            if byte < 0x80:
                return value
            shift += 7

    def string(self) -> str:
        return self.read(self.varint()).decode("utf-8", "surrogateescape")

    def skip_strings(self, count: int) -> None:
        """Walk over `count` strings. One loop without calls: this is where wide text inserts spend their time."""
        buf, pos = self._buf, self.pos
        for _ in range(count):
            if pos >= len(buf):
                self._need(pos + 1)
            size = buf[pos]
            if size < 0x80:
                pos += 1 + size
            else:
                self.pos = pos
                size = self.varint()
                pos = self.pos + size
        self._need(pos)
        self.pos = pos


def uint(value: int, size: int) -> bytes:
    return value.to_bytes(size, "little")


def varint(value: int) -> bytes:
    out = bytearray()
    while value >= 0x80:
        out.append(value & 0x7F | 0x80)
        value >>= 7
    out.append(value)
    return bytes(out)


def string(value: str) -> bytes:
    data = value.encode("utf-8", "surrogateescape")
    return varint(len(data)) + data
