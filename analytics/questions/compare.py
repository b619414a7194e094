"""Metrics of one table on two sides, by day: what `inference.difference` judges."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from sqlalchemy import Select, func, literal_column, select

from chimera_metrics.analytics import arguments
from chimera_metrics.analytics.errors import QuestionError
from chimera_metrics.analytics.expressions import constant
from chimera_metrics.analytics.metrics.clock import meaning_of
from chimera_metrics.analytics.metrics.filters import Filter, filters_of
from chimera_metrics.analytics.metrics.language import Metric, approximations, metrics_of
from chimera_metrics.analytics.questions.aggregate import aggregate, keep_groups
from chimera_metrics.analytics.questions.both_windows import both_windows
from chimera_metrics.analytics.questions.question import Question, ResultColumn, clock_filters
from chimera_metrics.analytics.questions.series import few_valued, numeric_metric, value_columns, values_of
from chimera_metrics.analytics.questions.sides import check_order, days_apart, is_whole, two_windows, whole_days
from chimera_metrics.analytics.row_counts import UNSIZED, Sizes
from chimera_metrics.analytics.sql.blocks import Keys, block
from chimera_metrics.analytics.sql.source import SETTINGS, inside, source_of
from chimera_metrics.analytics.tables import time_column
from chimera_metrics.analytics.window import Window
from chimera_metrics.models import FACT_TABLES

MAX_COMPARED = 50
"""Groups of a comparison: the largest on each side."""
MAX_METRICS = 20
_ALL_GROUPS = 1_000

Filters = Sequence[Mapping[str, Any] | Filter]


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


def compare(
    metrics: str | Metric | Sequence[str | Metric],
    *,
    window: Window,
    baseline: Window | None = None,
    a_filters: Filters | None = None,
    b_filters: Filters | None = None,
    filters: Filters = (),
    group_by: str | Sequence[str] = (),
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
    asked = metrics_of(metrics, reserved=("ts", "partial"), suffixes=("n",))
    if len(asked) > MAX_METRICS:
        raise QuestionError(f"{len(asked)} metrics are more than {MAX_METRICS}; ask for fewer at a time.")
    for metric in asked:
        numeric_metric(metric)
    groups = arguments.names("group_by", group_by)
    for name in groups:
        few_valued(asked[0].table, name, clock=True)
    table = FACT_TABLES[asked[0].table]
    common = filters_of(table, filters)
    if a_filters is not None and b_filters is not None:
        now = whole_days(window)
        own = [(*common, *filters_of(table, one)) for one in (a_filters, b_filters)]
        first, second = (_side(asked, now, groups, one, exact, sizes) for one in own)
        return Compare(asked, groups, first, second, apart=0)
    before, now = (baseline, window) if cut and baseline is not None else two_windows(window, baseline)
    check_order(before, now)
    first, second = (_side(asked, one, groups, common, exact, sizes) for one in (before, now))
    together = None
    if is_whole(before) and is_whole(now) and not any(metric.per_session for metric in asked):
        rest = not all(map(adds_up, asked))
        together = both_windows(
            asked, before, now, groups, common, exact=exact, with_whole=rest, limit=MAX_COMPARED, sizes=sizes
        )
    return Compare(asked, groups, first, second, None if cut else days_apart(before, now), together)


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


def _side(
    metrics: Sequence[Metric],
    window: Window,
    groups: tuple[str, ...],
    filters: tuple[Filter, ...],
    exact: bool,
    sizes: Sizes,
) -> Side:
    rest = [metric for metric in metrics if not adds_up(metric)]
    whole = None
    if rest:
        whole = aggregate(
            rest, window=window, group_by=groups, filters=filters, limit=_ALL_GROUPS, exact=exact, sizes=sizes
        )
    return Side(window, filters, _by_day(metrics, window, groups, filters, exact, sizes), whole)


def _by_day(
    metrics: Sequence[Metric],
    window: Window,
    groups: tuple[str, ...],
    filters: tuple[Filter, ...],
    exact: bool,
    sizes: Sizes,
) -> Question:
    source = source_of(metrics, window, granularity="day", columns=groups, filters=filters, exact=exact, sizes=sizes)
    keys = Keys(window, "day", groups)
    values = [value for metric in metrics for value in values_of(metric, metric.label, f"{metric.label}_n")]
    statement = block(source, keys, values)
    if groups:
        kept = keep_groups(statement, groups, f"{metrics[0].label}_n", True, MAX_COMPARED, additive=True)
        names = (*keys.names, *(value.label for value in values))
        statement = kept.with_only_columns(*(kept.selected_columns[name] for name in names))
    table = FACT_TABLES[metrics[0].table]
    return Question(
        select=statement.order_by(*map(literal_column, keys.names)).execution_options(settings=SETTINGS),
        source=source.name,
        columns=(
            ResultColumn("ts", "time", None, "Start of the day, UTC."),
            *(ResultColumn(name, "group", None, meaning_of(table, name)) for name in groups),
            *(column for metric in metrics for column in value_columns(metric, metric.label, f"{metric.label}_n")),
        ),
        window=window,
        granularity="day",
        approximations=approximations(metrics, exact, window, sizes),
        limit=MAX_COMPARED if groups else None,
        clock=clock_filters(filters),
        metrics=tuple(metrics),
    )
