"""The tools, each its typed arguments and one call."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial
from typing import Any, Literal

from pydantic import Field

from chimera_metrics.integrations.answers.exporting import FileFormat
from chimera_metrics.integrations.clickhouse.statements import Cancellation
from chimera_metrics.integrations.clickhouse_client import DEFAULT_ROWS
from chimera_metrics.integrations.errors import InvalidInput
from chimera_metrics.integrations.questions.asked import EXPORT
from chimera_metrics.integrations.results import Result
from chimera_metrics.models import FACT_TABLES
from chimera_metrics.server.catalog.analytics_tools import analytics_tools
from chimera_metrics.server.catalog.arguments import Arguments
from chimera_metrics.server.catalog.tool import Call, MuseTool
from chimera_metrics.server.catalog.watch_tools import watch_tools
from chimera_metrics.server.catalog.words import TOOLS
from chimera_metrics.server.context import ServerContext

ROWS_PER_CALL = 10_000


class QueryArguments(Arguments):
    sql: str = Field(description="One statement")
    parameters: dict[str, Any] = Field(default_factory=dict, description="Values of {name:Type}")
    max_rows: int = Field(DEFAULT_ROWS, ge=1, description="Most rows")
    timeout_s: float | None = Field(None, description="Most seconds")
    max_bytes: int | None = Field(None, ge=1, description="Most bytes to read")
    export: FileFormat | None = Field(None, description=EXPORT.meaning)


def query(context: ServerContext, args: QueryArguments, cancellation: Cancellation) -> Result:
    run = partial(context.client.query, args.sql, args.parameters, args.max_rows, args.timeout_s, cancellation)
    return context.exports.whole(args.export, partial(run, max_bytes=args.max_bytes))


class DescribeArguments(Arguments):
    table: str | None = Field(None, description="One table")


def describe(context: ServerContext, args: DescribeArguments, _: Cancellation) -> Result:
    return context.client.describe(args.table)


class InsertArguments(Arguments):
    rows: list[dict[str, Any]] = Field(description=f"1 to {ROWS_PER_CALL:,}")
    idempotency_key: str | None = Field(None, min_length=1, max_length=200, description="Sent again: stored once")
    on_invalid: Literal["reject_batch", "skip"] = Field("reject_batch", description="For wrong rows")


def insert(table: str, context: ServerContext, args: InsertArguments, _: Cancellation) -> Result:
    if not 1 <= len(args.rows) <= ROWS_PER_CALL:
        raise InvalidInput(f"rows holds {len(args.rows)} rows; send 1 to {ROWS_PER_CALL} in one call.")
    return context.client.insert(table, args.rows, args.idempotency_key, args.on_invalid)


def all_tools() -> Iterator[MuseTool]:
    """Every tool, under its dotted name."""
    yield _tool("query", "query", QueryArguments, query)
    yield _tool("describe", "get", DescribeArguments, describe)
    yield from analytics_tools()
    yield from watch_tools()
    for table in FACT_TABLES:
        name = f"insert.{table}"
        words = TOOLS[name]
        yield MuseTool(
            name,
            "insert",
            words.title,
            words.description,
            lambda: InsertArguments,
            partial(insert, table),
            stores=True,
        )


def _tool(name: str, group: str, arguments: type[Arguments], call: Call) -> MuseTool:
    words = TOOLS[name]
    return MuseTool(name, group, words.title, words.description, lambda: arguments, call)
