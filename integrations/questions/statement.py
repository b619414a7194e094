"""A Select as text with `{name:Type}` parameters, so that `query` runs it again; and what it would read."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from sqlalchemy import Select
from sqlalchemy.sql import visitors

from chimera_metrics import analytics
from chimera_metrics.analytics import Question
from chimera_metrics.integrations.answers.shaping import Shaper
from chimera_metrics.integrations.clickhouse.literals import quote

if TYPE_CHECKING:
    from chimera_metrics.integrations.clickhouse.executor import Executor
    from chimera_metrics.integrations.questions.asking import Asking


def parametrised(asking: Asking, select: Select[Any]) -> tuple[str, dict[str, Any]]:
    """The statement and its parameters, as the tool `query` takes them."""
    engine = asking.client.executor.engine
    compiled = select.compile(engine, compile_kwargs={"render_postcompile": True})
    values: Mapping[str, Any] = compiled.construct_params()
    places = {name: f"{{{name}:{_type(value)}}}" for name, value in values.items()}
    return str(compiled) % places, {name: _text(value) for name, value in values.items()}


def estimate(asking: Asking, question: Question) -> dict[str, int]:
    """What the engine says that the question would read at most: `rows`, `bytes` (uncompressed) and `parts`."""
    explained = asking.client.executor.read(analytics.estimate(question), cancellation=asking.cancellation).mappings()
    tables: dict[str, dict[str, int]] = {}
    for row in explained:
        one = tables.setdefault(str(row["table"]), {"rows": 0, "parts": 0})
        one["rows"] += int(row["rows"])
        one["parts"] += int(row["parts"])
    widths = _bytes_a_row(asking, question.select, tables)
    return {
        "rows": sum(one["rows"] for one in tables.values()),
        "bytes": round(sum(one["rows"] * widths.get(name, 0.0) for name, one in tables.items())),
        "parts": sum(one["parts"] for one in tables.values()),
    }


def _bytes_a_row(asking: Asking, select: Select[Any], tables: Mapping[str, Any]) -> dict[str, float]:
    """The mean width of the columns that the statement names, by table."""
    named: dict[str, set[str]] = {}
    for node in visitors.iterate(select):
        table = getattr(getattr(node, "table", None), "name", None)
        if table in tables:
            named.setdefault(str(table), set()).add(str(getattr(node, "name", "")))
    executor, database = asking.client.executor, asking.client.settings.database
    return {table: bytes_a_row(executor, database, table, columns) for table, columns in named.items()}


def bytes_a_row(executor: Executor, database: str, table: str, columns: Collection[str]) -> float:
    """The mean width of some columns of a table, uncompressed, from the store's own records.

    Small parts keep no size by column: there the whole row counts, which is an upper bound too.
    """
    if not columns:
        return 0.0
    of_table = f"database = {quote(database)} AND table = {quote(table)}"
    found = executor.scalar(
        "SELECT if(named > 0, named, all_columns) / rows FROM ("
        f"SELECT sumIf(data_uncompressed_bytes, name IN ({', '.join(map(quote, sorted(columns)))})) AS named "
        f"FROM system.columns WHERE {of_table}) AS c, "
        "(SELECT sum(data_uncompressed_bytes) AS all_columns, sum(rows) AS rows FROM system.parts "
        f"WHERE active AND {of_table}) AS p WHERE rows > 0"
    )
    return float(found or 0.0)


def _type(value: Any) -> str:
    if isinstance(value, bool):
        return "Bool"
    if isinstance(value, int):
        return "UInt64" if value >= 0 else "Int64"
    if isinstance(value, float):
        return "Float64"
    if isinstance(value, Decimal):
        return f"Decimal(38, {max(0, -int(value.as_tuple().exponent))})"
    if isinstance(value, datetime):
        return "DateTime64(6, 'UTC')"
    return "Date" if isinstance(value, date) else "String"


def _text(value: Any) -> Any:
    if isinstance(value, datetime):
        moment = value.replace(tzinfo=UTC) if value.tzinfo is None else value.astimezone(UTC)
        return f"{moment:%Y-%m-%d %H:%M:%S.%f}"
    return Shaper().value(value)
