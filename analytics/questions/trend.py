"""A metric's trend, and the commits behind its changes."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Select, func, literal_column

from chimera_metrics.analytics.arguments import one_or_two
from chimera_metrics.analytics.metrics.clock import own_name
from chimera_metrics.analytics.metrics.filters import filters_of
from chimera_metrics.analytics.metrics.language import Metric, metric_of
from chimera_metrics.analytics.questions.asked import Columns, Filters, TrendArguments
from chimera_metrics.analytics.questions.by_name import by_name
from chimera_metrics.analytics.questions.question import Question
from chimera_metrics.analytics.questions.series import series
from chimera_metrics.analytics.row_counts import UNSIZED, Sizes
from chimera_metrics.analytics.sql.buckets import MAX_POINTS, Bucket
from chimera_metrics.analytics.sql.source import SETTINGS, rows_of
from chimera_metrics.analytics.window import Window
from chimera_metrics.models import FACT_TABLES


@dataclass(frozen=True, slots=True)
class Trend:
    """The series to judge and, for a benchmark, the commits that ran: see `commits` and `first_commit`."""

    series: Question
    commits: Select[Any] | None

    @property
    def group_by(self) -> list[str]:
        """The columns that it is split by."""
        return self.series.names("group")


@by_name(TrendArguments)
def trend(
    asked: TrendArguments,
    *,
    window: Window,
    exact: bool = False,
    max_points: int = MAX_POINTS,
    sizes: Sizes = UNSIZED,
) -> Trend:
    """What `series` gives, and for metrics of bench_runs the commits. Those are worth asking for at a change only."""
    metric = metric_of(asked.metric)
    points = series(
        metric,
        window=window,
        granularity=asked.granularity,
        group_by=asked.group_by,
        filters=asked.filters,
        exact=exact,
        max_points=max_points,
        sizes=sizes,
    )
    behind = None
    if metric.table == "bench_runs":
        behind = commits(metric, window=window, group_by=asked.group_by, filters=asked.filters)
    return Trend(points, behind)


def commits(
    metric: str | Metric,
    *,
    window: Window,
    group_by: Columns | None = None,
    filters: Filters = (),
) -> Select[Any]:
    """The commits that ran in the window, in the order of their first run: the groups asked for, `commit_sha`,
    `first_seen`, the metric's `value` over the commit's runs, and their `n`. Runs without a commit stay out.
    """
    asked = metric_of(metric)
    table = FACT_TABLES[asked.table]
    named = (own_name(table, name) for name in one_or_two("group_by", group_by))
    groups = [name for name in named if name != "commit_sha"]
    source = rows_of(table, window, filters_of(table, filters), {*asked.columns, *groups, "commit_sha"})
    keys = [source.column(name).label(name) for name in (*groups, "commit_sha")]
    return (
        source.select(
            *keys,
            func.min(source.time).label("first_seen"),
            func.toFloat64(source.value(asked)).label("value"),
            source.count(asked).label("n"),
        )
        .where(source.rows.c.commit_sha.is_not(None))
        .group_by(*(key.element for key in keys))
        .order_by(*map(literal_column, (*groups, "first_seen", "commit_sha")))
        .execution_options(settings=SETTINGS)
    )


def first_commit(
    rows: Iterable[Mapping[str, Any]], buckets: Sequence[Bucket], changed: datetime, before: float, after: float
) -> str | None:
    """The commit whose runs first show the level `after`: 40 hex digits.

    rows: of `commits`, of the group in question. changed: start of the first bucket at the new level.
    Returns: the earliest commit whose first run lies in that bucket or the one before it (late in a bucket it hardly
    moves that bucket) and whose value is nearer to `after` than to `before`.
    Undefined when: there is no such commit; then None.
    """
    place = next((i for i, bucket in enumerate(buckets) if bucket.start == changed), None)
    if place is None:
        return None
    begin, end = buckets[max(0, place - 1)].start, buckets[place].end
    for row in sorted(rows, key=lambda row: row["first_seen"]):
        value = row["value"]
        if value is not None and begin <= row["first_seen"] < end and abs(value - after) < abs(value - before):
            return str(row["commit_sha"])
    return None
