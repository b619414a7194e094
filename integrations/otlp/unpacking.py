"""Bodies of requests, unpacked as far as they may be."""

from __future__ import annotations

import zlib

from chimera_metrics.integrations.otlp.spans import TooManySpans, UnreadableSpans

_WINDOWS = {"gzip": 31, "deflate": 15}
_MOST_MEMBERS = 100
ENCODINGS = ("", "identity", *_WINDOWS)


def unpacked(data: bytes, encoding: str, most: int) -> bytes:
    """The body without its Content-Encoding, at most `most` bytes of it. Several gzip members are one body."""
    if encoding not in _WINDOWS:
        if len(data) > most:
            raise _too_large(most)
        return data
    found, rest = bytearray(), data
    try:
        for _ in range(_MOST_MEMBERS):
            if not rest:
                break
            stream = zlib.decompressobj(_WINDOWS[encoding])
            found += stream.decompress(rest, most - len(found) + 1)
            if len(found) > most:
                raise _too_large(most)
            if not stream.eof:
                raise UnreadableSpans(f"The body ends within its {encoding} data; send it whole.")
            rest = stream.unused_data  # a copy, so a million empty members would take minutes
    except zlib.error:
        raise UnreadableSpans(f"The body is not {encoding}, as its Content-Encoding says.") from None
    if rest:
        raise UnreadableSpans(f"The body has more than {_MOST_MEMBERS} {encoding} members; send it as one.")
    return bytes(found)


def _too_large(most: int) -> TooManySpans:
    return TooManySpans(
        f"The body is larger than {most:,} bytes when unpacked (MUSE_MAX_REQUEST_BYTES); export smaller batches."
    )
