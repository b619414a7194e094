"""`describe`: what the store holds, for agents that have never seen it."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

from sqlalchemy import Column

from chimera_metrics.analytics.metrics.catalog import DIMENSIONS, METRICS
from chimera_metrics.analytics.metrics.language import metric_of
from chimera_metrics.analytics.questions.describe import overview, top_words, words_of
from chimera_metrics.integrations.access import Access
from chimera_metrics.integrations.answers.shaping import Shaper, marks
from chimera_metrics.integrations.clickhouse.literals import quote
from chimera_metrics.integrations.clickhouse.shards import stored_in
from chimera_metrics.integrations.results import DescribeResult
from chimera_metrics.integrations.validation.rules import known_table
from chimera_metrics.models import FACT_TABLES, insertable

# Sample words come from this many days before the newest row: enough to see them, little to read.
_WORD_DAYS = 90
_LONGEST_WORD = 200


def describe(client: Access, table: str | None = None) -> DescribeResult:
    """All tables in short, or one in full; fields as in the contract's `describe`."""
    names = list(FACT_TABLES)
    if table is not None and not str(table).strip():
        table = None  # from a host that cannot leave an argument out
    if table is not None:
        names = [known_table(str(table).strip().removeprefix(f"{client.settings.database}.")).name]
    shaper = Shaper()
    extents = {row["name"]: row for row in client.executor.read(overview(names)).mappings()}
    tables = []
    words: list[str] = []
    for name in names:
        extent = extents.get(name, {})
        tables.append(
            {
                "name": name,
                "meaning": FACT_TABLES[name].comment,
                "rows": extent.get("rows", 0),
                "oldest": shaper.value(extent.get("oldest")),
                "newest": shaper.value(extent.get("newest")),
                **(_storage(client, name) if table is not None else {}),
                "columns": _columns(client, name)
                if table is None
                else _full_columns(client, name, extent.get("newest"), words),
            }
        )
    return DescribeResult.of(
        {
            "tables": tables,
            "metrics": [
                {"name": name, "unit": metric_of(name).unit, "meaning": named.meaning}
                for name, named in METRICS.items()
                if table is None or metric_of(name).table == table
            ],
            "dimensions": [
                f"{dimension.table}.{dimension.column}"
                for dimension in DIMENSIONS.values()
                if dimension.few and (table is None or dimension.table == table)
            ],
            "schema_revision": str(client.executor.scalar("SELECT version_num FROM alembic_version")),
            "note": "More: describe with a table's name."
            if table is None
            else " ".join(marks({"values": words})) or None,
        }
    )


def _storage(client: Access, table: str) -> dict[str, str]:
    """How the table lies on disk, by which a reader of SQL knows what is fast."""
    [row] = client.executor.read(
        "SELECT engine, sorting_key AS order_by, partition_key AS partition_by FROM system.tables "
        f"WHERE database = {quote(client.settings.database)} AND name = {quote(stored_in(table, client.settings))}"
    ).mappings()
    return row


def _columns(client: Access, table: str) -> list[dict[str, Any]]:
    return [
        {"name": column.name, "type": _type(client, column), "unit": column.info["unit"]}
        for column in insertable(FACT_TABLES[table])
    ]


def _full_columns(client: Access, table: str, newest: datetime | None, stored: list[str]) -> list[dict[str, Any]]:
    """The columns with all that is known of them; words from rows are added to `stored`."""
    words = _words(client, table, newest)
    stored += [word for values in words.values() for word in values]
    return [
        {
            "name": column.name,
            "type": _type(client, column),
            "unit": column.info["unit"],
            "meaning": column.info["meaning"],
            "nullable": bool(column.nullable),
            "values": words.get(column.name) or list(column.info["words"]) or None,
        }
        for column in insertable(FACT_TABLES[table])
    ]


def _words(client: Access, table: str, newest: datetime | None) -> dict[str, list[str]]:
    statement = top_words(table, since=(newest or datetime.now(UTC)) - timedelta(days=_WORD_DAYS))
    if statement is None or newest is None:
        return {}
    [row] = client.executor.read(statement).mappings()
    return {name: [word[:_LONGEST_WORD] for word in row[name] if word is not None] for name in words_of(table)}


def _type(client: Access, column: Column[Any]) -> str:
    return str(client.executor.engine.dialect.type_compiler_instance.process(column.type))
