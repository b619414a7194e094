"""Files that a person writes by hand, read no further than such a file can be: a device has no end."""

from __future__ import annotations

import errno
from pathlib import Path

MOST = 1_000_000
"""Bytes of a file written by hand."""


def small_bytes(file: Path) -> bytes:
    """What is in the file, which may be a pipe. Raises OSError, with words, for one that is longer."""
    with file.open("rb") as opened:
        data = opened.read(MOST + 1)
    if len(data) > MOST:
        raise OSError(errno.EFBIG, f"it is longer than {MOST:,} bytes", str(file))
    return data


def small_text(file: Path) -> str:
    """The same as text in UTF-8."""
    return small_bytes(file).decode("utf-8")
