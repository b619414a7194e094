"""One metric over time: what trends, change points and pictures are made from."""

from __future__ import annotations

from typing import Any

from sqlalchemy import Select, literal_column

from chimera_metrics.analytics.arguments import one_or_two
from chimera_metrics.analytics.errors import QuestionError, unknown
from chimera_metrics.analytics.expressions import is_time
from chimera_metrics.analytics.metrics.catalog import DIMENSIONS
from chimera_metrics.analytics.metrics.clock import CLOCK, meaning_of, own_name
from chimera_metrics.analytics.metrics.filters import filters_of
from chimera_metrics.analytics.metrics.language import Metric, approximations, metric_of
from chimera_metrics.analytics.questions.aggregate import keep_groups
from chimera_metrics.analytics.questions.asked import Columns, Filters
from chimera_metrics.analytics.questions.question import Question, ResultColumn, clock_filters
from chimera_metrics.analytics.row_counts import UNSIZED, Sizes
from chimera_metrics.analytics.sql.blocks import Keys, Value, block
from chimera_metrics.analytics.sql.buckets import MAX_POINTS, buckets, granularity_of
from chimera_metrics.analytics.sql.source import SETTINGS, source_of
from chimera_metrics.analytics.tables import column_of
from chimera_metrics.analytics.window import Window
from chimera_metrics.models import FACT_TABLES

MAX_SERIES = 50
"""Groups of a trend: more than a reader can take in, and each costs a test."""


def series(
    metric: str | Metric,
    *,
    window: Window,
    granularity: str = "day",
    group_by: Columns | None = None,
    filters: Filters = (),
    exact: bool = False,
    max_points: int = MAX_POINTS,
    limit: int = MAX_SERIES,
    sizes: Sizes = UNSIZED,
) -> Question:
    """A metric by bucket: columns `ts`, the groups if any are asked for, `value`, and the `n` that it rests on.

    group_by: one column with few values, or two, `hour_of_day` and `day_of_week` too; the `limit` groups with the
    largest n are kept.
    `Question.fill` adds the empty buckets and marks those that are partial.
    Undefined when: a bucket has nothing to compute from; its value is None (0 for count, sum and uniq).
    Example: series("ui.latency_p95_ms", window=w) reads ui_events_hourly, a row a day.
    """
    asked = numeric_metric(metric)
    by = granularity_of(granularity, bucketed=True)
    buckets(window, by, max_points)
    table = FACT_TABLES[asked.table]
    groups = tuple(few_valued(asked.table, name, clock=True) for name in one_or_two("group_by", group_by))
    narrowed = filters_of(table, filters)
    source = source_of(
        [asked],
        window,
        granularity=by,
        columns=groups,
        filters=narrowed,
        exact=exact,
        max_points=max_points,
        sizes=sizes,
    )
    statement = block(source, Keys(window, by, groups), values_of(asked, "value", "n"))
    meanings = {name: meaning_of(table, name) for name in groups}
    return Question(
        select=_in_order(statement, groups, limit).execution_options(settings=SETTINGS),
        source=source.name,
        columns=(
            ResultColumn("ts", "time", None, "Start of the bucket, UTC."),
            *(ResultColumn(name, "group", None, meaning) for name, meaning in meanings.items()),
            *value_columns(asked, "value", "n"),
        ),
        window=window,
        granularity=by,
        approximations=approximations([asked], exact, window, sizes),
        limit=limit if groups else None,
        max_points=max_points,
        clock=clock_filters(narrowed),
        metrics=(asked,),
    )


def numeric_metric(metric: str | Metric) -> Metric:
    """The metric, which must be a number: a time has no trend and no correlation."""
    asked = metric_of(metric)
    if asked.column and asked.empty == "gap" and is_time(column_of(FACT_TABLES[asked.table], asked.column).type):
        raise QuestionError(f"'{asked.text}' is a time; ask for a number, such as count({asked.table}).")
    return asked


def values_of(metric: Metric, value: str, n: str) -> list[Value]:
    """The metric as a float, and what it rests on, under these labels."""
    return [Value(value, metric, as_float=True), Value(n, metric, counted=True)]


def value_columns(metric: Metric, value: str, n: str) -> tuple[ResultColumn, ResultColumn]:
    return (
        ResultColumn(value, "metric", metric.unit, metric.meaning, metric.empty, metric.table),
        ResultColumn(n, "count", None, f"What {value} rests on.", "zero", metric.table),
    )


def _in_order(statement: Select[Any], groups: tuple[str, ...], limit: int) -> Select[Any]:
    if not groups:
        return statement.order_by(literal_column("ts"))
    kept = keep_groups(statement, groups, "n", True, limit, additive=True)
    columns = [kept.selected_columns[name] for name in ("ts", *groups, "value", "n")]
    return kept.with_only_columns(*columns).order_by(*map(literal_column, (*groups, "ts")))


def few_valued(table: str, name: str, *, clock: bool = False) -> str:
    """The column of the table, which must have few values; else a QuestionError names those that have.

    clock: hour and day of the week are taken, too.
    """
    few = [column for (owner, column), dimension in DIMENSIONS.items() if owner == table and dimension.few]
    few += [part for part in CLOCK if clock and part not in few]
    name = own_name(FACT_TABLES[table], name)
    if name not in few:
        raise unknown("column to split a series by", name, few, f"Series of {table} can be split by")
    return name
