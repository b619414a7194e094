"""Metrics of one table on two sides, by day: what `inference.difference` judges."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any, Literal

from sqlalchemy import Select, func, literal_column, select

from chimera_metrics.analytics.arguments import names
from chimera_metrics.analytics.errors import QuestionError
from chimera_metrics.analytics.expressions import constant
from chimera_metrics.analytics.metrics.clock import meaning_of
from chimera_metrics.analytics.metrics.filters import Filter, filters_of
from chimera_metrics.analytics.metrics.language import Metric, approximations, metrics_of
from chimera_metrics.analytics.questions.aggregate import aggregate
from chimera_metrics.analytics.questions.asked import AggregateArguments, CompareArguments
from chimera_metrics.analytics.questions.both_windows import both_windows
from chimera_metrics.analytics.questions.by_name import by_name
from chimera_metrics.analytics.questions.daily import Daily
from chimera_metrics.analytics.questions.question import Question, ResultColumn, clock_filters
from chimera_metrics.analytics.questions.series import few_valued, numeric_metric, value_columns
from chimera_metrics.analytics.questions.sides import check_order, days_apart, is_whole, two_windows, whole_days
from chimera_metrics.analytics.row_counts import UNSIZED, Sizes
from chimera_metrics.analytics.sql.blocks import Keys, block
from chimera_metrics.analytics.sql.source import SETTINGS, inside
from chimera_metrics.analytics.tables import time_column
from chimera_metrics.analytics.window import Window
from chimera_metrics.models import FACT_TABLES

MAX_COMPARED = 50
"""Groups of a comparison: the largest on each side."""
MAX_METRICS = 20
_ALL_GROUPS = 1_000


@dataclass(frozen=True, slots=True)
class Side:
    """`by_day`: columns `ts`, the groups, and `<label>`, `<label>_n` of each metric. `whole`: the metrics that the days
    do not add up to, over all days, by group; None where there is none. `filters` are all that hold on this side."""

    window: Window
    filters: tuple[Filter, ...]
    by_day: Question
    whole: Question | None


@dataclass(frozen=True, slots=True)
class Compare:
    """`apart`: days between the two days of a pair (0 for groups), None where the sides do not pair. `together`: both
    windows in one statement (see `both_windows`); None for groups, and where sessions are judged or a day is cut."""

    metrics: tuple[Metric, ...]
    group_by: tuple[str, ...]
    first: Side
    second: Side
    apart: int | None
    together: Select[Any] | None = None


@by_name(CompareArguments)
def compare(
    asked: CompareArguments,
    *,
    window: Window,
    baseline: Window | None = None,
    exact: bool = False,
    cut: bool = False,
    sizes: Sizes = UNSIZED,
) -> Compare:
    """Metrics of one table over the whole days of `window`, beside the same of another side.

    The other side is `baseline`, by default the same weekdays whole weeks earlier; or, with `a_filters` and
    `b_filters`, the first are those rows of the window that meet the one and the second those that meet the other.
    cut: the sides meet within a day, and are taken as they are.
    Undefined when: a day has nothing to compute from; its value is None (0 for count, sum and uniq).
    Example: compare(["llm.calls"], window=w) has 7 rows a side, reading llm_events_hourly.
    """
    daily = _daily(asked, exact, sizes)
    table = FACT_TABLES[daily.metrics[0].table]
    groups = [filters_of(table, one) for one in (asked.a_filters, asked.b_filters)]
    if any(groups):
        now = whole_days(window)
        first, second = (_side(replace(daily, filters=(*daily.filters, *own)), now) for own in groups)
        return Compare(daily.metrics, daily.groups, first, second, apart=0)
    before, now = (baseline, window) if cut and baseline is not None else two_windows(window, baseline)
    check_order(before, now)
    first, second = (_side(daily, one) for one in (before, now))
    together = None
    if is_whole(before) and is_whole(now) and not any(metric.per_session for metric in daily.metrics):
        rest = not all(map(adds_up, daily.metrics))
        together = both_windows(daily, before, now, with_whole=rest, limit=MAX_COMPARED)
    return Compare(daily.metrics, daily.groups, first, second, None if cut else days_apart(before, now), together)


def _daily(asked: CompareArguments, exact: bool, sizes: Sizes) -> Daily:
    """What is read of either side, checked."""
    metrics = metrics_of(asked.metrics, reserved=("ts", "partial"), suffixes=("n",))
    if len(metrics) > MAX_METRICS:
        raise QuestionError(f"{len(metrics)} metrics are more than {MAX_METRICS}; ask for fewer at a time.")
    for metric in metrics:
        numeric_metric(metric)
    groups = tuple(few_valued(metrics[0].table, name, clock=True) for name in names("group_by", asked.group_by))
    return Daily(metrics, groups, filters_of(FACT_TABLES[metrics[0].table], asked.filters), exact, sizes)


def kind_of_difference(metric: Metric) -> Literal["total", "level"] | None:
    """How the metric differs by days: as a total, as a level, or not at all (lowest and highest values)."""
    if metric.aggregate.name in ("count", "sum", "uniq"):
        return "total"
    return None if metric.aggregate.name in ("min", "max") else "level"


def adds_up(metric: Metric) -> bool:
    """Whether the days' values and n give the value of all days: counts, sums, means and rates of rows."""
    return metric.aggregate.name in ("count", "sum", "avg", "rate") and not metric.per_session


def first_row_of_commit(table: str, commit: str, window: Window) -> Select[Any]:
    """One row: `first`, the time of the table's first row of the commit in the window, and `n`, how many there are.

    commit: its hex digits, or the first of them.
    """
    rows = FACT_TABLES[table]
    time = rows.c[time_column(rows)]
    is_commit = func.startsWith(func.ifNull(func.toString(rows.c.commit_sha), constant("")), commit)
    return (
        select(func.min(time).label("first"), func.count().label("n"))
        .where(*inside(time, window), is_commit)
        .execution_options(settings=SETTINGS)
    )


def _side(daily: Daily, window: Window) -> Side:
    rest = [metric for metric in daily.metrics if not adds_up(metric)]
    whole = None
    if rest:
        asked = AggregateArguments(rest, daily.groups, filters=daily.filters, limit=_ALL_GROUPS, exact=daily.exact)
        whole = aggregate(asked, window=window, sizes=daily.sizes)
    return Side(window, daily.filters, _by_day(daily, window), whole)


def _by_day(daily: Daily, window: Window) -> Question:
    source, keys, values = daily.source(window), Keys(window, "day", daily.groups), daily.values
    columns = (*keys.names, *(value.label for value in values))
    statement = daily.largest(block(source, keys, values), columns, MAX_COMPARED)
    table = FACT_TABLES[daily.metrics[0].table]
    return Question(
        select=statement.order_by(*map(literal_column, keys.names)).execution_options(settings=SETTINGS),
        source=source.name,
        columns=(
            ResultColumn("ts", "time", None, "Start of the day, UTC."),
            *(ResultColumn(name, "group", None, meaning_of(table, name)) for name in daily.groups),
            *(column for one in daily.metrics for column in value_columns(one, one.label, f"{one.label}_n")),
        ),
        window=window,
        granularity="day",
        approximations=approximations(daily.metrics, daily.exact, window, daily.sizes),
        limit=MAX_COMPARED if daily.groups else None,
        clock=clock_filters(daily.filters),
        metrics=daily.metrics,
    )
