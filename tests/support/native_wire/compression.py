"""Compressed frames: a checksum over a header and the compressed bytes, one or more frames a block."""

from __future__ import annotations

from typing import Any

from clickhouse_cityhash.cityhash import CityHash128
from clickhouse_driver.compression import get_compressor_cls, get_decompressor_cls

from tests.support.native_wire.primitives import Reader, uint

FRAME_BYTES = 1 << 20
NOT_COMPRESSED = 0x02


def compress(data: bytes, method: str) -> bytes:
    """Frames of `data`. `method`: lz4 or zstd."""
    compressor: Any = get_compressor_cls(method)()
    return b"".join(_frame(compressor, data[start : start + FRAME_BYTES]) for start in range(0, len(data), FRAME_BYTES))


def _frame(compressor: Any, data: bytes) -> bytes:
    body: bytes = compressor.compress_data(data)
    frame = uint(int(compressor.method_byte), 1) + uint(len(body) + 9, 4) + uint(len(data), 4) + body
    return _checksum(frame) + frame


def _checksum(frame: bytes) -> bytes:
    """Two halves, the high one first."""
    number: int = CityHash128(frame)
    return uint(number >> 64, 8) + uint(number & (1 << 64) - 1, 8)


def read_frame(reader: Reader) -> bytes:
    """The next frame, unpacked. What a wrong checksum means is the same as for a server: the stream is broken."""
    checksum = reader.read(16)
    start = reader.pos
    method, size, plain_size = reader.uint(1), reader.uint(4), reader.uint(4)
    body = reader.read(size - 9)
    if _checksum(reader.since(start)) != checksum:
        raise ValueError("Checksum doesn't match: corrupted data")
    if method == NOT_COMPRESSED:
        return body
    decompressor: Any = get_decompressor_cls(method)(None)
    plain: bytes = decompressor.decompress_data(body, plain_size)
    return plain
