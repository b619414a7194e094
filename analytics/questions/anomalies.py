"""Many metrics by bucket, and by group if asked, one statement a table: what is looked through for odd buckets."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Select, Table, literal_column

from chimera_metrics.analytics.arguments import conditions, one_name, whole
from chimera_metrics.analytics.errors import QuestionError
from chimera_metrics.analytics.metrics.clock import own_name, without_clock
from chimera_metrics.analytics.metrics.filter_texts import checked_text, filter_in
from chimera_metrics.analytics.metrics.filters import Filter, filters_of
from chimera_metrics.analytics.metrics.language import Metric, approximations, each_metric, metric_of, metrics_of
from chimera_metrics.analytics.questions.aggregate import keep_groups
from chimera_metrics.analytics.questions.asked import AnomaliesArguments, Filters, Metrics
from chimera_metrics.analytics.questions.by_name import by_name
from chimera_metrics.analytics.questions.question import Question, ResultColumn
from chimera_metrics.analytics.questions.series import (
    MAX_SERIES,
    few_valued,
    numeric_metric,
    value_columns,
    values_of,
)
from chimera_metrics.analytics.row_counts import UNSIZED, Sizes
from chimera_metrics.analytics.sql.blocks import Keys, Value, block
from chimera_metrics.analytics.sql.buckets import MAX_POINTS, Granularity, buckets, granularity_of
from chimera_metrics.analytics.sql.source import SETTINGS, source_of
from chimera_metrics.analytics.tables import column_of, columns_of
from chimera_metrics.analytics.window import Window
from chimera_metrics.models import FACT_TABLES

LEADING = (
    "llm.calls", "llm.error_rate", "llm.latency_p95_ms", "llm.cost_usd",
    "ui.events", "ui.error_rate", "ui.latency_p95_ms",
    "bench.latency_p95_ms", "bench.tokens_per_sec",
    "deploy.success_rate", "pipeline.valid_rate", "pipeline.lag_max_seconds",
)  # fmt: skip
"""What is looked at where no metric is named."""
MAX_METRICS = 40
DEFAULT_LAST = {"minute": 60, "hour": 24}
"""Newest buckets judged where it is not said: a day of hours, an hour of minutes, else one."""


@dataclass(frozen=True, slots=True)
class Watching:
    """One question a table, whose columns are `<label>` and `<label>_n` of each of its metrics; `last`: how many of the
    newest buckets are judged."""

    questions: tuple[Question, ...]
    last: int


@by_name(AnomaliesArguments)
def anomalies(
    asked: AnomaliesArguments,
    *,
    window: Window,
    max_points: int = MAX_POINTS,
    limit: int = MAX_SERIES,
    sizes: Sizes = UNSIZED,
) -> Watching:
    """The series of all metrics: of the leading ones that have the columns asked for, where none is named.

    Undefined when: there are more than 40 metrics, or `last` is no whole number from 1 on; then a QuestionError.
    """
    by = granularity_of(asked.granularity, bucketed=True)
    buckets(window, by, max_points)
    group = one_name("group_by", asked.group_by)
    tables = _asked(asked.metrics, [*([group] if group else []), *_columns(asked.filters)])
    last = DEFAULT_LAST.get(by, 1) if asked.last is None else whole("last", asked.last)
    if not 1 <= last <= max_points:
        raise QuestionError(f"`last` is {last}; it takes 1 to {max_points:,} of the newest buckets.")
    questions = [
        _question(part, window, by, group, asked.filters, max_points, limit, sizes)
        for table in tables
        for part in _parts(table)
    ]
    return Watching(tuple(questions), last)


def _asked(metrics: Metrics, columns: Sequence[str]) -> list[tuple[Metric, ...]]:
    """The metrics by table."""
    named = each_metric(metrics) if metrics else ()
    if len(named) > MAX_METRICS:
        raise QuestionError(f"{len(named)} metrics are asked for; at most {MAX_METRICS} are looked at in one question.")
    found = [numeric_metric(one) for one in named or map(metric_of, LEADING)]
    if not named:
        found = [one for one in found if _has(FACT_TABLES[one.table], columns)]
        if not found:
            raise QuestionError(f"None of the leading metrics has {', '.join(columns)}; name the metrics to look at.")
    tables = dict.fromkeys(one.table for one in found)
    return [metrics_of([one for one in found if one.table == table], ("ts",), ("n",)) for table in tables]


def _has(table: Table, columns: Sequence[str]) -> bool:
    """Whether all of these are columns of the table, which some may name before a dot."""
    return without_clock(table, {own_name(table, name) for name in columns}) <= set(columns_of(table))


def _columns(filters: Filters) -> list[str]:
    found: list[str] = []
    for one in [listed] if (listed := filter_in(filters)) is not None else conditions(filters):
        if isinstance(one, Filter):
            found.append(one.column)
        elif isinstance(one, str):
            found += [str(stated["column"]) for stated in checked_text(one)]
        else:
            found += [str(one["column"])] if "column" in one else map(str, one)
    return found


def _parts(metrics: tuple[Metric, ...]) -> Iterator[tuple[Metric, ...]]:
    """Sessions are judged by their rows, the others by a rollup if one answers."""
    by_session = tuple(one for one in metrics if one.per_session)
    by_row = tuple(one for one in metrics if not one.per_session)
    yield from (part for part in (by_row, by_session) if part)


def _question(
    metrics: tuple[Metric, ...],
    window: Window,
    by: Granularity,
    group: str | None,
    filters: Filters,
    max_points: int,
    limit: int,
    sizes: Sizes,
) -> Question:
    table = FACT_TABLES[metrics[0].table]
    groups = (few_valued(table.name, group),) if group else ()
    chosen = filters_of(table, filters)
    source = source_of(
        metrics, window, granularity=by, columns=groups, filters=chosen, max_points=max_points, sizes=sizes
    )
    values = [value for one in metrics for value in values_of(one, one.label, f"{one.label}_n")]
    statement = _in_order(source, Keys(window, by, groups), values, limit)
    return Question(
        select=statement.execution_options(settings=SETTINGS),
        source=source.name,
        columns=(
            ResultColumn("ts", "time", None, "Start of the bucket, UTC."),
            *(ResultColumn(name, "group", None, column_of(table, name).info["meaning"]) for name in groups),
            *(column for one in metrics for column in value_columns(one, one.label, f"{one.label}_n")),
        ),
        window=window,
        granularity=by,
        approximations=approximations(metrics, False, window, sizes),
        limit=limit if groups else None,
        max_points=max_points,
        metrics=metrics,
    )


def _in_order(source: Any, keys: Keys, values: list[Value], limit: int) -> Select[Any]:
    if not keys.columns:
        return block(source, keys, values).order_by(literal_column("ts"))
    label = values[1].label  # the n of the first metric ranks the groups
    kept = keep_groups(block(source, keys, values), keys.columns, label, True, limit, additive=True)
    names = (*keys.names, *(value.label for value in values))
    columns = [kept.selected_columns[name] for name in names]
    return kept.with_only_columns(*columns).order_by(*map(literal_column, (*keys.columns, "ts")))
