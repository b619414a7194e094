"""Points of a series as a table, which names its columns once: `{columns, rows}`."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any


def points(columns: Sequence[str], rows: Iterable[Mapping[str, Any]]) -> dict[str, Any]:
    """The rows as lists, in the order of `columns`; a column of marks (`partial`) is there if a row has one."""
    found = list(rows)
    named = [name for name in columns if name != "partial" or any(row[name] for row in found)]
    return {"columns": named, "rows": [[row[name] for name in named] for row in found]}


def records(table: Mapping[str, Any]) -> list[dict[str, Any]]:
    """The rows of a `{columns, rows}`, each by the names of its columns."""
    names = [column["name"] if isinstance(column, Mapping) else column for column in table["columns"]]
    return [dict(zip(names, row, strict=True)) for row in table["rows"]]
