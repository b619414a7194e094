"""Any metrics of a table, by any of its dimensions and by time."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy import ColumnElement, Select, Subquery, Table, func, literal_column, select

from chimera_metrics.analytics import arguments
from chimera_metrics.analytics.errors import QuestionError, unknown
from chimera_metrics.analytics.metrics.catalog import DIMENSIONS
from chimera_metrics.analytics.metrics.clock import CLOCK, meaning_of, own_name
from chimera_metrics.analytics.metrics.filters import filters_of
from chimera_metrics.analytics.metrics.language import Metric, approximations, metric_of, metrics_of
from chimera_metrics.analytics.questions.asked import AggregateArguments
from chimera_metrics.analytics.questions.by_name import by_name
from chimera_metrics.analytics.questions.intervals import (
    SUFFIXES,
    helpers,
    interval_columns,
    needs_rows,
    quantile_values,
    with_interval,
)
from chimera_metrics.analytics.questions.question import Question, ResultColumn, clock_filters, metric_columns
from chimera_metrics.analytics.row_counts import UNSIZED, Sizes
from chimera_metrics.analytics.sql.blocks import Keys, Value, block
from chimera_metrics.analytics.sql.buckets import GRANULARITIES, buckets, granularity_of
from chimera_metrics.analytics.sql.source import SETTINGS, Source, source_of
from chimera_metrics.analytics.tables import columns_of, time_column
from chimera_metrics.analytics.window import Window
from chimera_metrics.models import FACT_TABLES

MAX_GROUPS = 10_000
MAX_BUCKETS = 10_000
_TIME = ResultColumn("ts", "time", None, "Start of the bucket, UTC.")


@by_name(AggregateArguments)
def aggregate(
    asked: AggregateArguments, *, window: Window, max_points: int = MAX_BUCKETS, sizes: Sizes = UNSIZED
) -> Question:
    """Metrics of one table over a window, by group and bucket: columns `ts`, the groups, each metric's label.

    metrics: one, or several of the same table. group_by: columns; a single one may stand without a list around it.
    order_by: `ts`, a group or a metric. By default the order of time or, without buckets, the first metric downwards.
    limit: groups kept. Without buckets those that come first; with buckets those whose highest (downwards) or lowest
    value of the metric ordered by comes first, by default those with the most rows.
    exact: reads the rows and computes percentiles and distinct counts exactly.
    sizes: what is known of the window, else the Select finds out whether its rows are few.
    interval: also the n of rates, means and quantiles, and columns for the ends of their 95 % intervals, which are
    computed from the answer (`integrations.questions.intervals`). Quantiles are exact then.
    Undefined when: a group has nothing to compute from; its value is NULL, or 0 for count, sum and uniq.
    Example: aggregate(["llm.calls"], window=w, group_by=["model"]) gives `model`, `calls`, reading llm_events_hourly.
    """
    by = granularity_of(asked.granularity)
    group_by = arguments.names("group_by", asked.group_by)
    reserved, suffixes = ("ts", "partial", *group_by), SUFFIXES if asked.interval else ()
    metrics = metrics_of(asked.metrics, reserved=reserved, suffixes=suffixes)
    bounded = with_interval(metrics) if asked.interval else ()
    exact = asked.exact or needs_rows(bounded)
    table = FACT_TABLES[metrics[0].table]
    groups = _groups(table, group_by)
    limit = arguments.whole("limit", asked.limit)
    if not 1 <= limit <= MAX_GROUPS:
        raise QuestionError(f"`limit` is {limit}; it must be 1 to {MAX_GROUPS:,} groups.")
    buckets(window, by, max_points)
    narrowed = filters_of(table, asked.filters)
    shown = [Value(metric.label, metric) for metric in metrics]
    beside = [value for metric in bounded for value in helpers(metric)]
    source = source_of(
        [value.metric for value in (*shown, *beside)],
        window,
        granularity=by,
        columns=groups,
        filters=narrowed,
        exact=exact,
        max_points=max_points,
        sizes=sizes,
    )
    keys = Keys(window, by, groups)
    ordered = _order(asked.order_by, asked.descending, keys, metrics)

    def bounds(levels: Mapping[str, Sequence[float]]) -> Select[Any]:
        # Ordered and limited by the same value, so that the same rows come.
        leading = [value for value in shown if ordered and value.label == ordered[0][0]]
        return _ordered(source, keys, [*leading, *quantile_values(bounded, levels)], ordered, limit)

    return Question(
        select=_ordered(source, keys, [*shown, *beside], ordered, limit),
        source=source.name,
        columns=(
            *((_TIME,) if by != "none" else ()),
            *_group_columns(table, groups),
            *_metric_columns(metrics, bounded),
        ),
        window=window,
        granularity=by,
        approximations=approximations(metrics, exact, window, sizes),
        limit=limit if groups else None,
        groups=_count_groups(source, groups),
        in_time_order=ordered[:1] == [("ts", False)],
        max_points=max_points,
        clock=clock_filters(narrowed),
        metrics=metrics,
        intervals=bounded,
        bounds=bounds if needs_rows(bounded) else None,
    )


# What a bucket is called by those who would group by it.
_TIMES = frozenset({*GRANULARITIES[1:], "date", "time", "timestamp", "bucket", "created_at"})


def _groups(table: Table, names: Sequence[str]) -> tuple[str, ...]:
    known = [*(column for owner, column in DIMENSIONS if owner == table.name), *CLOCK]
    names = [own_name(table, name) for name in names]
    for name in names:
        if name == time_column(table) or (name not in known and name.lower() in _TIMES):
            raise QuestionError(f"'{name}' is the time of a row; choose a granularity instead of grouping by it.")
        if name not in known and name in columns_of(table):
            raise QuestionError(
                f"'{name}' may have any number of values; group by it in the SQL of `query`. {table.name} can be "
                f"grouped by: {', '.join(sorted(known))}."
            )
        if name not in known:
            raise unknown("dimension", name, known, f"{table.name} can be grouped by")
    if len(set(names)) < len(names):
        raise QuestionError(f"`group_by` names a column twice: {', '.join(names)}; leave one out.")
    return tuple(names)


def _group_columns(table: Table, names: Sequence[str]) -> tuple[ResultColumn, ...]:
    return tuple(ResultColumn(name, "group", None, meaning_of(table, name)) for name in names)


def _metric_columns(metrics: Sequence[Metric], bounded: Sequence[Metric]) -> list[ResultColumn]:
    columns: list[ResultColumn] = []
    for metric in metrics:
        columns += [*metric_columns([metric]), *(interval_columns(metric) if metric in bounded else ())]
    return columns


def _order(order_by: str | None, descending: bool, keys: Keys, metrics: Sequence[Metric]) -> list[tuple[str, bool]]:
    """The columns to order by, each with whether downwards; the keys settle ties."""
    if order_by is not None:
        labels = {name: name for name in keys.names} | {metric.text: metric.label for metric in metrics}
        labels |= {metric.label: metric.label for metric in metrics}
        if arguments.text("order_by", order_by, next(iter(labels))) not in labels:
            raise unknown("column to order by", order_by, labels, "The answer can be ordered by")
        first = (labels[order_by], descending)
    elif keys.granularity != "none":
        first = ("ts", descending)
    elif keys.columns:
        first = (metrics[0].label, True)
    else:
        return []
    return [first, *((name, False) for name in keys.names if name != first[0])]


def _ordered(
    source: Source, keys: Keys, values: Sequence[Value], ordered: list[tuple[str, bool]], limit: int
) -> Select[Any]:
    statement = _limited(source, keys, values, ordered, limit)
    return statement.execution_options(settings=SETTINGS)


def _limited(
    source: Source, keys: Keys, values: Sequence[Value], ordered: list[tuple[str, bool]], limit: int
) -> Select[Any]:
    by = [_direction(name, down) for name, down in ordered]
    if not keys.columns:
        return block(source, keys, values).order_by(*by)
    if keys.granularity == "none":
        return block(source, keys, values).order_by(*by).limit(limit)
    leading = next((value for value in values if value.label == ordered[0][0]), None)
    rank = leading or Value("rows_in_bucket", metric_of(f"count({values[0].metric.table})"))
    statement = block(source, keys, values if leading else [*values, rank])
    down = leading is None or ordered[0][1]
    kept = keep_groups(statement, keys.columns, rank.label, down, limit, additive=leading is None)
    names = (*keys.names, *(value.label for value in values))
    return kept.with_only_columns(*(kept.selected_columns[name] for name in names)).order_by(*by)


def keep_groups(
    statement: Select[Any],
    groups: Sequence[str],
    label: str,
    down: bool,
    limit: int,
    *,
    additive: bool,
    within: Sequence[str] = (),
) -> Select[Any]:
    """`statement`, a block by bucket and group, with only the first `limit` groups.

    Groups are ranked by the sum of `label` over their buckets (`additive`), else by its highest (`down`) or lowest.
    One pass over the rows: the ranking happens on the block. within: columns in each of whose values so many are kept.
    """
    by_bucket = statement.subquery("by_bucket")
    over = func.sum if additive else func.max if down else func.min
    same = [by_bucket.c[name] for name in (*within, *groups)]
    weighed = select(by_bucket, over(by_bucket.c[label]).over(partition_by=same).label("weight")).subquery("weighed")
    rank = func.dense_rank().over(
        partition_by=[weighed.c[name] for name in within] or None,
        order_by=[_arranged(weighed, "weight", down), *(weighed.c[name] for name in groups)],
    )
    ranked = select(weighed, rank.label("place")).subquery("ranked")
    return select(*ranked.c).where(ranked.c.place <= limit)


def _arranged(rows: Subquery, name: str, down: bool) -> ColumnElement[Any]:
    return rows.c[name].desc() if down else rows.c[name].asc()


def _direction(name: str, down: bool) -> ColumnElement[Any]:
    column: ColumnElement[Any] = literal_column(name)
    return column.desc() if down else column.asc()


def _count_groups(source: Source, groups: Sequence[str]) -> Select[Any] | None:
    if not groups:
        return None
    # A tuple, since uniqExact leaves out nulls.
    together = func.uniqExact(func.tuple(*(source.column(name) for name in groups)))
    return source.select(together.label("groups")).execution_options(settings=SETTINGS)
