"""Where the rows of a question come from: an hourly rollup when it can answer, else the table.

A benchmark run counts once, whatever day it carries: questions about `bench_runs` read each run's last received row.
They say so themselves rather than leave it to the session's `final = 1`, which merges the whole table for every window
(eight times as long at 375,000 runs and 7 days). Under `final = 1` the answer is the same; the Selects ask for
`final = 0` in their `settings` option so as not to pay for both.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import ColumnElement, FromClause, Select, Table, func, select, text

from chimera_metrics.analytics import row_counts
from chimera_metrics.analytics.expressions import constant
from chimera_metrics.analytics.metrics.clock import without_clock
from chimera_metrics.analytics.metrics.filters import Filter
from chimera_metrics.analytics.metrics.language import Metric
from chimera_metrics.analytics.row_counts import UNSIZED, Sizes
from chimera_metrics.analytics.sql.buckets import MAX_POINTS, Granularity, on_whole_hours
from chimera_metrics.analytics.sql.clock import clock_part, holds_by_hour
from chimera_metrics.analytics.sql.rollups import Rollup, rollup_for
from chimera_metrics.analytics.tables import LARGE, time_column
from chimera_metrics.analytics.window import FIRST, Window
from chimera_metrics.models import FACT_TABLES, RUN_IDENTITY

SETTINGS = {"final": 0}
"""Statement settings of every Select here; without them it answers the same, more slowly."""


@dataclass(frozen=True, slots=True)
class Source:
    """`rows` to select from, narrowed to the window and filters by `where`.

    `exactly`: where to read instead when `is_few` holds of the window, so that a percentile of five values is what
    NumPy says and not the nearest of the five. Both are None when nothing is approximate.
    """

    name: str
    rows: FromClause
    time: ColumnElement[Any]
    where: tuple[ColumnElement[bool], ...]
    rollup: Rollup | None
    exact: bool
    window: Window
    exactly: Source | None = None
    is_few: ColumnElement[bool] | None = None

    def column(self, name: str) -> ColumnElement[Any]:
        """The column, or what stands for a part of the clock that no column holds."""
        return self.rows.c[name] if name in self.rows.c else clock_part(name, self.time, self.window)

    def value(self, metric: Metric) -> ColumnElement[Any]:
        if self.rollup is not None:
            return self.rollup.value(metric, self.rows)
        return metric.value(self.rows, self.exact)

    def count(self, metric: Metric) -> ColumnElement[Any]:
        return self.rollup.count(metric, self.rows) if self.rollup is not None else metric.count(self.rows)

    def select(self, *columns: ColumnElement[Any]) -> Select[Any]:
        return select(*columns).select_from(self.rows).where(*self.where)


def source_of(
    metrics: Sequence[Metric],
    window: Window,
    *,
    granularity: Granularity = "none",
    columns: Iterable[str] = (),
    filters: Sequence[Filter] = (),
    exact: bool = False,
    max_points: int = MAX_POINTS,
    sizes: Sizes = UNSIZED,
) -> Source:
    """The source that answers `metrics` (of one table) grouped by `columns`.

    The rollup, when every metric can be put together again from it, `columns` and filters are among its keys, and
    window and buckets begin and end on full hours in UTC. A window up to now may end within an hour: rows dated later
    in that hour then count, which the table would leave out. Hour of day and day of week come from it where the zone's
    offset is one of whole hours. `exact` asks for the rows.
    """
    table = FACT_TABLES[metrics[0].table]
    asked = {*columns, *(one.column for one in filters)}
    named = without_clock(table, asked)
    needed = named.union(*(metric.columns for metric in metrics))
    rollup = None if exact or (asked != named and not holds_by_hour(window)) else rollup_for(metrics, named)
    source = rows_of(table, window, filters, needed, exact)
    if rollup is not None and on_whole_hours(window, granularity, max_points):
        rows: FromClause = rollup.table
        clauses = _clauses(rows, rows.c.hour, window, filters)
        source = Source(rollup.table.name, rows, rows.c.hour, clauses, rollup, exact, window)
    few = sizes.few(table.name, window)
    if few is False or not any(metric.approximate(exact) for metric in metrics):
        return source
    exactly = rows_of(table, window, filters, needed, exact=True)
    return exactly if few else replace(source, exactly=exactly, is_few=_is_few(table, window))


def sizes(window: Window, tables: Iterable[str]) -> Select[Any]:
    """One row with a column for each of the tables: whether the window holds so few of its rows (at most 100,000) that
    percentiles and distinct counts are computed exactly.

    As `Sizes.of(window, row)` it spares every question of that window the two counts with which its Select decides this
    itself.
    """
    # Rows, not runs: under `final = 1` the count would merge all of bench_runs.
    counts = (_is_few(FACT_TABLES[name], window).label(name) for name in tables)
    return select(*counts).execution_options(settings=SETTINGS)


def rows_of(
    table: Table, window: Window, filters: Sequence[Filter] = (), columns: Iterable[str] = (), exact: bool = False
) -> Source:
    """The rows of `table` in the window that meet the filters; of `bench_runs` each run once.

    columns: those that the question will use; only `bench_runs` needs to know.
    """
    rows: FromClause = table
    if table.name == "bench_runs":
        rows = _current_runs(table, window, filters, columns)
    time = rows.c[time_column(table)]
    is_exact = exact or table.name not in LARGE
    return Source(table.name, rows, time, _clauses(rows, time, window, filters), None, is_exact, window)


def inside(time: ColumnElement[Any], window: Window) -> tuple[ColumnElement[bool], ...]:
    """The condition that `time`, of milliseconds at most, lies in the window."""
    return (time >= _whole_ms(window.since), time < _whole_ms(window.until))


def _whole_ms(moment: datetime) -> datetime:
    """The next whole millisecond: the same times of whole milliseconds lie before it."""
    return moment + timedelta(microseconds=-moment.microsecond % 1000)


def _is_few(table: Table, window: Window) -> ColumnElement[bool]:
    """Whether the window has few rows: a scalar that the engine computes first, mostly from the parts' records."""
    count = select(func.count()).where(*inside(table.c[time_column(table)], window))
    # Without `correlate` SQLAlchemy takes the table from around it.
    return count.correlate(None).scalar_subquery() <= constant(row_counts.FEW)


def _clauses(
    rows: FromClause, time: ColumnElement[Any], window: Window, filters: Sequence[Filter]
) -> tuple[ColumnElement[bool], ...]:
    on = (rows.c[one.column] if one.column in rows.c else clock_part(one.column, time, window) for one in filters)
    return (*inside(time, window), *(one.on(column) for one, column in zip(filters, on, strict=True)))


def _current_runs(table: Table, window: Window, filters: Sequence[Filter], columns: Iterable[str]) -> FromClause:
    """The last received row of every run that has any row in the window, whatever day the last one carries."""
    needed = ["ts", *sorted(without_clock(table, {*columns, *(one.column for one in filters)}) - {"ts"})]
    rows = select(*(table.c[name] for name in needed))
    if window.since > FIRST or filters:  # a window that has no beginning has them all
        rows = rows.where(
            table.c.run_id.in_(select(table.c.run_id).where(*_clauses(table, table.c.ts, window, filters)))
        )
    return (
        rows
        # Two copies in one batch have one time of reception; the later day wins, as it does under FINAL.
        .order_by(table.c.received_at.desc(), table.c.ts.desc())
        .suffix_with(text(f"LIMIT 1 BY {', '.join(RUN_IDENTITY)}"))
        .subquery("bench_runs")
    )
