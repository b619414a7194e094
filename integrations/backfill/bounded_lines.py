"""Lines of a text file, none longer than memory is worth: a few packed bytes may stand for a line without end."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import IO

from chimera_metrics.integrations.errors import InvalidInput

# All texts of a row at their longest, with an escape for each character of some.
LONGEST_ROW = 20_000_000


class BoundedLines:
    """Iterates over lines. Raises InvalidInput where those of one row are too long together."""

    def __init__(self, text: IO[str], path: Path) -> None:
        self._text = text
        self._path = path
        self.read = 0
        """Characters so far."""
        self._number = self._row = 0

    def row_ends(self) -> None:
        """Says that what was read belongs to rows that are complete."""
        self._row = 0

    def __iter__(self) -> Iterator[str]:
        return self

    def __next__(self) -> str:
        line = self._text.readline(LONGEST_ROW + 1)
        if not line:
            raise StopIteration
        self._number += 1
        self.read += len(line)
        self._row += len(line)
        if self._row > LONGEST_ROW:
            raise InvalidInput(
                f"{self._path}, line {self._number}, belongs to a row of more than {LONGEST_ROW:,} characters; look "
                "there for a line end that is missing, or a quote that is never closed."
            )
        return line
