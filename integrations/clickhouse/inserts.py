"""An INSERT whose values are all parameters, taken apart, so that they travel as whole columns and not as text."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

_NAME = r'(?:"(?:[^"\\]|\\.|"")*"|`(?:[^`\\]|\\.|``)*`|\w+)'
_BOUND = r"%\([^()]+\)s"
_ROW = rf"\(\s*{_BOUND}(?:\s*,\s*{_BOUND})*\s*\)"
_INSERT = re.compile(
    rf"\s*INSERT\s+INTO\s+(?:TABLE\s+)?(?:(?P<database>{_NAME})\s*\.\s*)?(?P<table>{_NAME})\s*"
    rf"\(\s*(?P<names>{_NAME}(?:\s*,\s*{_NAME})*)\s*\)\s*VALUES\s*(?P<rows>{_ROW}(?:\s*,\s*{_ROW})*)?\s*;?\s*",
    re.IGNORECASE | re.DOTALL,
)
_NAMES = re.compile(_NAME)
_ROWS = re.compile(_ROW)
_PARAMETERS = re.compile(r"%\(([^()]+)\)s")


@dataclass(frozen=True, slots=True)
class Insert:
    """`INSERT INTO database.table (names) VALUES`, and which parameter each value of each row is."""

    database: str | None
    table: str
    names: list[str]
    rows: list[list[str]]

    def columns(self, parameters: Sequence[Mapping[str, Any]]) -> list[list[Any]]:
        """The values column by column: of each row in the text, for each set of parameters."""
        rows = self.rows or [self.names]
        return [[given[row[at]] for given in parameters for row in rows] for at in range(len(self.names))]


def parse(statement: str) -> Insert | None:
    """The insert that `statement` is, or None if it is anything else, such as one with an expression for a value."""
    match = _INSERT.fullmatch(statement)
    if match is None:
        return None
    names = [_bare(name) for name in _NAMES.findall(match["names"])]
    rows = [_PARAMETERS.findall(row) for row in _ROWS.findall(match["rows"] or "")]
    if any(len(row) != len(names) for row in rows):
        return None
    database = _bare(match["database"]) if match["database"] else None
    return Insert(database, _bare(match["table"]), names, rows)


def _bare(name: str) -> str:
    if name[0] not in '"`':
        return name
    mark = name[0]
    return re.sub(rf"\\(.)|{mark}{mark}", lambda found: found[1] or mark, name[1:-1]).replace("%%", "%")
