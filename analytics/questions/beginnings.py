"""From when on a table, or a group of it, has rows at all: a day before that is no day with nothing."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from sqlalchemy import ColumnElement, Select, Table, and_, case, func, or_, select

from chimera_metrics.analytics.expressions import ZERO
from chimera_metrics.analytics.metrics.filters import Filter
from chimera_metrics.analytics.sql.rollups import ROLLUPS
from chimera_metrics.analytics.sql.source import SETTINGS
from chimera_metrics.analytics.tables import time_column
from chimera_metrics.analytics.window import Window
from chimera_metrics.models import FACT_TABLES


def first_rows(tables: Iterable[str]) -> Select[Any]:
    """One row with a column for each of the tables: the time of its first row, None without rows.

    From the partitions' own records: no row is read.
    """
    firsts = []
    for name in tables:
        table = FACT_TABLES[name]
        # As scalars, and without OrNull: a join or that combinator has the engine read every row.
        first = case((func.count() > ZERO, func.min(table.c[time_column(table)])))
        firsts.append(select(first).select_from(table).scalar_subquery().label(name))
    return select(*firsts).execution_options(settings=SETTINGS)


def first_rows_of_groups(
    table: str, source: str, columns: Sequence[str], groups: Sequence[tuple[Any, ...]], window: Window
) -> Select[Any]:
    """A row for each of the groups: `columns`, and `first`, the time of its first row before the window's end.

    source: what the question reads; the hours of a rollup are enough where the question is by hours or longer.
    groups: the values of `columns`. Filters of the question do not count: they choose among rows that there are.
    """
    rollup = ROLLUPS.get(table)
    rows: Table = rollup.table if rollup is not None and rollup.table.name == source else FACT_TABLES[table]
    time = rows.c[time_column(rows)]
    keys = [rows.c[name] for name in columns]
    wanted = or_(*(_group(rows, columns, group) for group in groups))
    return (
        select(*(key.label(key.name) for key in keys), func.min(time).label("first"))
        .where(time < window.until, wanted)
        .group_by(*keys)
        .execution_options(settings=SETTINGS)
    )


def _group(rows: Table, columns: Sequence[str], values: tuple[Any, ...]) -> ColumnElement[bool]:
    same = zip(columns, values, strict=True)
    return and_(*(rows.c[n].is_(None) if v is None else Filter(n, "=", (v,)).clause(rows) for n, v in same))
