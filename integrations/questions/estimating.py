"""EXPLAIN ESTIMATE with what its reader wants to know: bytes, and the share of the table.

The engine answers parts, rows and marks. Which columns it would read is in its plan; how wide they are, in its records
of parts.
"""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Iterator, Mapping
from typing import Any

from chimera_metrics.integrations.access import Access
from chimera_metrics.integrations.clickhouse.literals import quote
from chimera_metrics.integrations.clickhouse.statements import Cancellation, Limits
from chimera_metrics.integrations.guard.verdicts import Verdict
from chimera_metrics.integrations.questions.statement import bytes_a_row
from chimera_metrics.integrations.results import QueryResult

_ESTIMATE = "EXPLAIN ESTIMATE "
_FOUND = ("database", "table", "parts", "rows", "marks")
_NOTHING = "No part of a table would be read: the tables named are empty, or their records alone answer."
_ON_SHARDS = "The rows lie on shards, and what those would read is not in it: explain `<table>_local` for this one's."
_LEFT_OUT = "Not in it is what subqueries of IN, and empty tables, have to read"
_AT_MOST = "rows and bytes (uncompressed) are what would be read at most; percent_of_table is of the table's rows."


def is_estimate(verdict: Verdict) -> bool:
    return verdict.kind == "explain" and verdict.statement.startswith(_ESTIMATE)


def add_bytes(
    client: Access,
    answer: QueryResult,
    verdict: Verdict,
    limits: Limits,
    session: Mapping[str, Any],
    cancellation: Cancellation | None = None,
) -> None:
    """Adds `bytes` and `percent_of_table` to each row of the answer, and a note on what they mean."""
    if tuple(column["name"] for column in answer["columns"]) != _FOUND:
        return
    plan = f"EXPLAIN json = 1, header = 1, actions = 1 {verdict.statement.removeprefix(_ESTIMATE)}"
    with client.executor.open(plan, limits, cancellation, session=session) as running:
        text = "".join(str(value) for block in running.blocks() for value in block[0])
    columns = columns_read(json.loads(text))
    for row in answer["rows"]:
        database, table, rows = str(row[0]), str(row[1]), int(row[3])
        width = bytes_a_row(client.executor, database, table, columns[f"{database}.{table}"])
        row += [round(rows * width), _percent(client, database, table, rows)]
    answer["columns"] += [{"name": "bytes", "type": "UInt64"}, {"name": "percent_of_table", "type": "Float64"}]
    nothing = _ON_SHARDS if client.settings.on_shards else _NOTHING
    answer["notes"].append(_AT_MOST if answer["rows"] else nothing)
    counted = {str(row[1]) for row in answer["rows"]}
    if answer["rows"] and (others := [name for name in verdict.tables if name.rpartition(".")[2] not in counted]):
        answer["notes"].append(f"{_LEFT_OUT}: {', '.join(others)}.")


def _percent(client: Access, database: str, table: str, rows: int) -> float:
    every = client.executor.scalar(
        f"SELECT sum(rows) FROM system.parts WHERE active AND database = {quote(database)} AND table = {quote(table)}"
    )
    return round(100 * rows / int(every), 2) if every else 0.0


def columns_read(plan: Any) -> dict[str, set[str]]:
    """The columns that a plan reads, by `database.table`; those that a filter reads first (PREWHERE) too."""
    found: dict[str, set[str]] = defaultdict(set)
    for step in _steps(plan):
        if step.get("Node Type") == "ReadFromMergeTree":
            names = {column["Name"] for column in step.get("Header", [])}
            inputs = {column["Name"] for node in _steps(step.get("Prewhere info")) for column in node.get("Inputs", [])}
            found[str(step.get("Description"))] |= names | inputs
    return found


def _steps(node: Any) -> Iterator[dict[str, Any]]:
    """Every object of a tree of JSON."""
    if isinstance(node, dict):
        yield node
        node = list(node.values())
    if isinstance(node, list):
        for part in node:
            yield from _steps(part)
