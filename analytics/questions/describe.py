"""What the store holds: rows, stretch of time, and the words in use."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from clickhouse_sqlalchemy import types as ch
from sqlalchemy import Label, Select, Table, case, cast, func, literal_column, null, select, union_all

from chimera_metrics.analytics.expressions import ZERO, Parametric, constant, type_name
from chimera_metrics.analytics.sql.source import SETTINGS
from chimera_metrics.analytics.tables import columns_of, table_of, time_column
from chimera_metrics.models import FACT_TABLES, RUN_IDENTITY

_TIME = ch.Nullable(ch.DateTime64(3, "UTC"))


def overview(tables: Sequence[str] = ()) -> Select[Any]:
    """For each table: `table`, `rows`, `oldest` and `newest`; all seven by default.

    Read from the partitions' own records, except for the number of benchmark runs, each of which counts once.
    Undefined when: a table has no rows; `oldest` and `newest` are None.
    """
    parts = [_extent(table_of(name)) for name in tables or FACT_TABLES]
    both = union_all(*parts).subquery("extents") if len(parts) > 1 else parts[0].subquery("extents")
    return select(*both.c).order_by(literal_column("name")).execution_options(settings=SETTINGS)


def words_of(table: str) -> list[str]:
    """The columns of few values whose words `top_words` gives."""
    columns = columns_of(table_of(table)).values()
    return [c.name for c in columns if isinstance(c.type, ch.LowCardinality) and type_name(c.type) == "text"]


def top_words(table: str, *, since: datetime | None = None, limit: int = 10) -> Select[Any] | None:
    """The most frequent values of the table's word columns: one row, an array of at most `limit` for each column.

    since: leaves older rows out; without it every row is read, which takes seconds at 100 million.
    Undefined when: the table has no word columns; then None. Approximate: topK, exact while values are few.
    """
    owner = table_of(table)
    names = words_of(table)
    if not names:
        return None
    statement = select(*(Parametric("topK", (limit,), owner.c[name]).label(name) for name in names))
    if since is not None:
        statement = statement.where(owner.c[time_column(owner)] >= since)
    return statement.execution_options(settings=SETTINGS)


def _extent(table: Table) -> Select[Any]:
    time = table.c[time_column(table)]
    rows: Any = func.count()
    if table.name == "bench_runs":
        rows = func.uniqExact(*(table.c[name] for name in RUN_IDENTITY))
    return select(
        constant(table.name).label("name"),
        rows.label("rows"),
        _if_any(func.min(time), "oldest"),
        _if_any(func.max(time), "newest"),
    ).select_from(table)


def _if_any(moment: Any, label: str) -> Label[Any]:
    # `minOrNull` would read the rows; `min` is on record.
    return case((func.count() > ZERO, cast(moment, _TIME)), else_=null()).label(label)
