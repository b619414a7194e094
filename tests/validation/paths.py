"""One comparison for all tests of the two paths: the same data by rows and by columns."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

import pyarrow as pa

from chimera_metrics.integrations.validation.arrow_layouts import map_reader
from chimera_metrics.integrations.validation.column_path import ArrowBatch, validate_table
from chimera_metrics.integrations.validation.row_arrays import RowArrays
from chimera_metrics.integrations.validation.row_path import Batch, validate_rows
from chimera_metrics.integrations.writing import bulk

NOW = datetime(2026, 6, 1, 12, 30, 15, 123_000, tzinfo=UTC)
ID = "123e4567-e89b-12d3-a456-426614174000"

REQUIRED: dict[str, dict[str, Any]] = {
    "bench_runs": {"run_id": ID, "model": "llama", "quant": "q4", "dataset": "chat"},
    "llm_events": {"source": "council", "model": "llama", "operation": "write", "status": "success"},
    "ui_events": {"session_id": ID, "event_type": "error"},
    "episodes": {"series": "dawn", "episode_num": 3, "title": "A title"},
    "deployments": {"status": "ready"},
    "watcher_runs": {"status": "valid"},
    "session_stats": {
        "hour": "2026-06-01T12:00:00Z",
        "session_id": ID,
        "error_rate": 0.5,
        "abandonment_rate": 0,
        "events_count": 2,
        "duration_seconds": 1.5,
    },
}
"""The least row of each table."""


def row(table: str, **values: Any) -> dict[str, Any]:
    """The least row of `table`, with `values`."""
    return REQUIRED[table] | values


def by_rows(table: str, *rows: Mapping[str, Any], mask: bool = True) -> Batch:
    return validate_rows(table, rows, mask=mask, now=NOW)


def by_columns(table: str, columns: Mapping[str, Any], mask: bool = True) -> ArrowBatch:
    return validate_table(table, pa.table(dict(columns)), mask=mask, now=NOW)


def only(batch: Batch, column: str) -> Any:
    """The value of `column` in a batch of one row, which must have been kept."""
    assert batch.rejected == []
    return batch.data[batch.columns.index(column)][0]


def refusal(batch: Batch) -> str:
    """The sentence of a batch's only refusal."""
    (rejected,) = batch.rejected
    return rejected.error


def values(batch: Batch | ArrowBatch) -> dict[str, list[Any]]:
    """A batch's columns as Python values, without the ids that were made up."""
    if isinstance(batch, Batch):
        columns: dict[str, list[Any]] = dict(zip(batch.columns, batch.data, strict=True))
    else:
        columns = dict(zip(batch.data.column_names, bulk.columns(batch.table, batch.data), strict=True))
    return columns


def python_rows(arrow: Any) -> list[dict[str, Any]]:
    """The rows of a table, its maps as dicts."""
    columns = {}
    for name in arrow.column_names:
        column = arrow.column(name)
        read = map_reader(column.type)
        columns[name] = [value if read is None or value is None else read(value) for value in column.to_pylist()]
    return [dict(zip(columns, row, strict=True)) for row in zip(*columns.values(), strict=True)]


def assert_agree(table: str, columns: Mapping[str, Any], made_up: Sequence[str] = ()) -> Batch:
    """Asserts that both paths make the same of `columns`; answers what the row path made."""
    arrow = pa.table(dict(columns))
    given = python_rows(arrow)
    rows = validate_rows(table, given, now=NOW)
    assert_same(validate_table(table, arrow, now=NOW), rows, made_up)
    assert_same(in_stretches(table, given), rows, made_up)
    return rows


def in_stretches(table: str, rows: Sequence[Mapping[str, Any]], size: int = 4) -> ArrowBatch:
    """The rows by the way of many, in stretches of `size`."""
    many = RowArrays(table)
    for start in range(0, len(rows), size):
        many.add(rows[start : start + size])
    return many.validated(now=NOW)


def assert_same(batch: ArrowBatch, rows: Batch, made_up: Sequence[str] = ()) -> None:
    """Asserts that a batch of arrays is the one that the row path made."""
    assert batch.rejected == rows.rejected
    assert batch.rounded == rows.rounded
    assert batch.masked == rows.masked
    assert batch.days.to_pylist() == rows.days
    assert batch.data.column_names == rows.columns
    left, right = values(rows), values(batch)
    for name in left:
        if name not in made_up:
            assert right[name] == left[name], name
