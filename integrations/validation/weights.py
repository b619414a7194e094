"""What JSON takes in memory once it is read: three bytes of it, such as `{},`, become a hundred."""

from __future__ import annotations

import re

# About what Python needs for what these begin.
_BYTES_OF = {",": 50, "[": 40, "{": 150, ":": 100}
_SIGNS = {sign.encode(): size for sign, size in _BYTES_OF.items()}
_STRING = r'"[^"\\]*(?:\\.[^"\\]*)*"'
_TEXT_STRINGS, _BYTE_STRINGS = re.compile(_STRING), re.compile(_STRING.encode())


def weight(text: str) -> int:
    """About how many bytes the values of `text` take, beside their texts; those in strings are counted too."""
    return sum(size * text.count(sign) for sign, size in _BYTES_OF.items())


def is_heavier(text: str | bytes | bytearray, most: int) -> bool:
    """Whether the values of `text` take more than `most` bytes, strings left out."""
    if isinstance(text, str):
        return weight(text) > most and weight(_TEXT_STRINGS.sub("", text)) > most
    if len(text) * max(_SIGNS.values()) <= most:
        return False
    return _weight(text) > most and _weight(_BYTE_STRINGS.sub(b"", text)) > most


def _weight(data: bytes | bytearray) -> int:
    return sum(size * data.count(sign) for sign, size in _SIGNS.items())
