"""Lines of a text file, none longer than memory is worth: a few packed bytes may stand for a line without end.

Nor may a row be of too many values: three characters, such as `{},`, become a hundred bytes when they are read.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import IO

from chimera_metrics.integrations.errors import InvalidInput
from chimera_metrics.integrations.validation.weights import is_heavier, weight

# All texts of a row at their longest, with an escape for each character of some.
LONGEST_ROW = 20_000_000
HEAVIEST_ROW = 64_000_000
"""Bytes that a row may take in memory beside its texts: several columns full of the smallest values there are."""
MOST_NAMES = 1_000
"""Columns that a file may name."""
_A_FIELD = 100


class BoundedLines:
    """Iterates over lines. Raises InvalidInput where those of one row are too long together."""

    def __init__(self, text: IO[str], path: Path) -> None:
        self._text = text
        self._path = path
        self.read = 0
        """Characters so far."""
        self.weight = 0
        """About how many bytes the values of the rows so far take in memory, beside their texts."""
        self._number = self._row = 0

    def row_ends(self) -> None:
        """Says that what was read belongs to rows that are complete."""
        self._row = 0

    def weigh_json(self, line: str) -> None:
        """Adds a line of JSON to `weight`. Raises InvalidInput where it is of too many values."""
        found = weight(line)
        if found > HEAVIEST_ROW and is_heavier(line, HEAVIEST_ROW):
            raise InvalidInput(
                f"{self._path}, line {self._number}, is a row of millions of values; write long lists into a file of "
                "their own, and where that is in the row."
            )
        self.weight += found

    def weigh_fields(self, count: int) -> None:
        """Adds a row of so many fields to `weight`."""
        self.weight += _A_FIELD * count

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
