"""One cube of a metric, by day and dimensions: what `inference.drivers` explains a change from."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, timedelta
from functools import partial
from typing import Any

from clickhouse_sqlalchemy import types as ch
from sqlalchemy import ColumnElement, Label, Select, bindparam, func, literal_column, or_, select, text, tuple_

from chimera_metrics.analytics import arguments
from chimera_metrics.analytics.errors import QuestionError, unknown
from chimera_metrics.analytics.expressions import ZERO, constant
from chimera_metrics.analytics.metrics.catalog import DIMENSIONS
from chimera_metrics.analytics.metrics.clock import DAY_OF_WEEK, HOUR_OF_DAY, own_name
from chimera_metrics.analytics.metrics.filters import Filter, filters_of
from chimera_metrics.analytics.metrics.language import Metric, metric_of
from chimera_metrics.analytics.questions.aggregate import aggregate
from chimera_metrics.analytics.questions.asked import AggregateArguments, DriversArguments, Filters
from chimera_metrics.analytics.questions.by_name import by_name
from chimera_metrics.analytics.questions.question import Question
from chimera_metrics.analytics.questions.series import numeric_metric
from chimera_metrics.analytics.questions.sides import day_count, is_whole, stretch, two_windows
from chimera_metrics.analytics.row_counts import UNSIZED, Sizes
from chimera_metrics.analytics.sql.blocks import Keys
from chimera_metrics.analytics.sql.source import SETTINGS, Source, rows_of, source_of
from chimera_metrics.analytics.window import FIRST, Window
from chimera_metrics.models import FACT_TABLES
from chimera_metrics.models.ddl import FixedString

MAX_CELLS = 200_000
MAX_DIMENSIONS = 8
MAX_WORDS = 100
"""Words of a dimension that may be named, the most frequent ones; the others count together."""
OTHERS = "(other)"
# An answer of more cells is not used, so the engine need not finish it.
_STOP = {"max_rows_to_group_by": MAX_CELLS + 1, "group_by_overflow_mode": "break"}
HISTORY_DAYS = 35
"""Days before the window that are read at least, the baseline among them: what chance does is learned from them."""
EXPLAINED = ("count", "sum", "avg", "rate")


@dataclass(frozen=True, slots=True)
class DriverQuestion:
    """`cells`: `ts` (the day), each of `dimensions`, `n`, `value` and, of sums and means of rows, `squares`. From a
    rollup, `spread` has one row: the `ratio` by which squares exceed n times the square of the mean.
    `commits`: `commit_sha`, `first` of those that began in the window; None for tables that know none. Where there are
    more than `MAX_CELLS` cells, `words` has the rows of each word in both windows, `n`, of the dimension whose column
    `not_by_<dimension>` is 0 (of all together where none is), and `folded` gives the cells in which only the words
    given by dimension stand for themselves, all others for `OTHERS`. `narrower` is the question of fewer dimensions."""

    metric: Metric
    dimensions: tuple[str, ...]
    window: Window
    baseline: Window
    history: Window
    cells: Select[Any]
    spread: Select[Any] | None
    commits: Select[Any] | None
    source: str
    words: Select[Any]
    folded: Callable[[Mapping[str, Sequence[Any]]], Select[Any]]
    narrower: Callable[[Sequence[str]], DriverQuestion]


@by_name(DriversArguments)
def drivers(asked: DriversArguments, *, window: Window, baseline: Window | None = None) -> DriverQuestion:
    """The cube of a count, sum, mean or rate over the window's whole days, its baseline and five weeks before.

    baseline: the same weekdays whole weeks earlier unless given. dimensions: columns of few values, by default all that
    neither the metric nor a filter names.
    Undefined when: the metric is of another kind, or no whole day is over: a QuestionError says what to ask.
    Example: drivers("llm.error_rate", window=w) reads llm_events_hourly, a row a day, source, model and operation.
    """
    metric = numeric_metric(asked.metric)
    if metric.ratio is not None:
        first, second = metric.ratio
        raise QuestionError(
            f"'{metric.text}' does not add up from parts, so nothing can be said to drive it; ask what drives "
            f"{first.text} or {second.text}{_mean_of(first, second)}."
        )
    if metric.aggregate.name not in EXPLAINED or metric.per_session:
        raise QuestionError(
            f"'{metric.text}' does not add up from parts, so nothing can be said to drive it; ask for a count, sum, "
            "mean, rate or percentile."
        )
    table = FACT_TABLES[metric.table]
    narrowed = filters_of(table, asked.filters)
    names = _dimensions(metric, narrowed, asked.dimensions)
    before, now = two_windows(window, baseline)
    for name, side in (("this window", now), ("the baseline", before)):
        if not is_whole(side):
            raise QuestionError(
                f"No whole day is over in {name}, and whole days are explained; take a longer one, or ask "
                "query.aggregate what there is by hour."
            )
    history = _history(now, before)
    source = source_of([metric], history, granularity="day", columns=names, filters=narrowed)
    has_squares = metric.aggregate.name in ("sum", "avg")
    return DriverQuestion(
        metric=metric,
        dimensions=names,
        window=now,
        baseline=before,
        history=history,
        cells=_cells(metric, history, names, source, has_squares and source.rollup is None, {}),
        spread=_spread(metric, now, names, narrowed) if has_squares and source.rollup is not None else None,
        commits=_commits(metric.table, history, narrowed) if "commit_sha" in table.columns else None,
        source=source.name,
        words=_words(metric, stretch(before, now), names, narrowed),
        folded=partial(_cells, metric, history, names, source, has_squares and source.rollup is None),
        narrower=lambda fewer: drivers(replace(asked, dimensions=fewer), window=now, baseline=before),
    )


def baseline_quantile(metric: Metric, baseline: Window, filters: Filters, sizes: Sizes = UNSIZED) -> Question:
    """The percentile in the baseline: drivers of a percentile are those of the share of values above it."""
    return aggregate(AggregateArguments(metric, filters=filters), window=baseline, sizes=sizes)


def _mean_of(first: Metric, second: Metric) -> str:
    """The mean that says the same as a sum divided by the count of rows."""
    is_mean = first.aggregate.name == "sum" and second.aggregate.name == "count" and second.column is None
    return f", or the mean avg({first.table}.{first.column})" if is_mean else ""


def share_above(metric: Metric, bound: float) -> Metric:
    """The share of values above the bound, as a metric."""
    return replace(metric_of(f"rate({metric.table}.{metric.column} > {bound!r})"), better=metric.better)


def _dimensions(metric: Metric, filters: Sequence[Filter], given: str | Sequence[str]) -> tuple[str, ...]:
    few = [
        column
        for (table, column), dimension in DIMENSIONS.items()
        if table == metric.table
        and dimension.few
        and not isinstance(FACT_TABLES[table].c[column].type, FixedString)
        and column != "commit_sha"
    ]
    names = tuple(own_name(FACT_TABLES[metric.table], name) for name in arguments.names("dimensions", given))
    if DAY_OF_WEEK.name in names and DAY_OF_WEEK.name not in few:
        raise QuestionError(
            "Drivers are judged day by day, each against the same weekdays, so day_of_week can drive nothing; "
            "compare with group_by day_of_week, or name hour_of_day."
        )
    few += [HOUR_OF_DAY.name] if HOUR_OF_DAY.name in names else []
    for name in names:
        if name not in few:
            raise unknown("dimension", name, few, f"Drivers of {metric.table} can be looked for by")
    pinned = {one.column for one in filters if one.op in ("=", "is null")}
    names = names or tuple(name for name in few if name not in metric.columns and name not in pinned)
    if len(names) > MAX_DIMENSIONS:
        raise QuestionError(f"{len(names)} dimensions are more than {MAX_DIMENSIONS}; name fewer in `dimensions`.")
    return tuple(dict.fromkeys(names))


def _history(window: Window, baseline: Window) -> Window:
    days = max(HISTORY_DAYS, day_count(window) + HISTORY_DAYS - 7)
    since = (window.since.astimezone(window.zone) - timedelta(days=days)).astimezone(UTC)
    return replace(window, since=max(FIRST, min(since, baseline.since)))


def _cells(
    metric: Metric,
    window: Window,
    names: tuple[str, ...],
    source: Source,
    squared: bool,
    kept: Mapping[str, Sequence[Any]],
) -> Select[Any]:
    ts, *words = Keys(window, "day", names).of(source)
    keys = [ts, *(_with_others(word, kept[word.name]) if word.name in kept else word for word in words)]
    columns: list[ColumnElement[Any]] = [
        source.count(metric).label("n"),
        func.toFloat64(source.value(metric)).label("value"),
    ]
    if squared:
        columns.append(_squares(source, metric).label("squares"))
    return (
        source.select(*keys, *columns)
        .group_by(*(key.element for key in keys))
        .order_by(*map(literal_column, ("ts", *names)))
        .execution_options(settings=SETTINGS | _STOP)
    )


def _with_others(word: Label[Any], kept: Sequence[Any]) -> Label[Any]:
    """The word if it is one of `kept`, which are text or None."""
    column = word.element
    texts = [bindparam(word.name, one, ch.String(), unique=True) for one in kept if one is not None]
    own: ColumnElement[bool] = column.in_(texts)
    if None in kept:
        own = or_(own, column.is_(None))
    return func.if_(func.ifNull(own, ZERO), column, constant(OTHERS)).label(word.name)


def _words(metric: Metric, window: Window, names: tuple[str, ...], filters: Sequence[Filter]) -> Select[Any]:
    """By GROUPING SETS over the combinations of words, which are counted once."""
    source = source_of([metric], window, granularity="day", columns=names, filters=filters)
    keys = [source.column(name).label(name) for name in names]
    # Before 26.7 grouping() does not know a key that GROUPING SETS make Nullable; these are Nullable before.
    told = [func.toNullable(key.element).label(key.name) for key in keys]
    cube = (
        source.select(*told, source.count(metric).label("n")).group_by(*(key.element for key in keys)).subquery("cube")
    )
    words = [cube.c[name] for name in names]
    marks = [func.grouping(word).label(f"not_by_{word.name}") for word in words]
    rows = func.sum(cube.c.n).label("n")
    return (
        select(*words, *marks, rows)
        .group_by(func.grouping_sets(tuple_(), *(tuple_(word) for word in words)))
        .order_by(literal_column("n").desc(), *map(literal_column, names))
        .suffix_with(text(f"LIMIT {MAX_WORDS + 1} BY {', '.join(mark.name for mark in marks)}"))
        .execution_options(settings=SETTINGS)
    )


def _squares(source: Source, metric: Metric) -> ColumnElement[Any]:
    value = func.toFloat64(source.rows.c[str(metric.column)])
    return func.sum(func.multiply(value, value))


def _spread(metric: Metric, window: Window, names: tuple[str, ...], filters: Sequence[Filter]) -> Select[Any]:
    """Of the rows of the window's last day, within their words."""
    since = (window.until.astimezone(window.zone) - timedelta(days=1)).astimezone(UTC)
    day = replace(window, since=max(since, window.since))
    source = rows_of(FACT_TABLES[metric.table], day, filters, {*metric.columns, *names})
    column = func.toFloat64(source.rows.c[str(metric.column)])
    total = func.sum(column)
    words = source.select(
        _squares(source, metric).label("squares"),
        func.divide(func.multiply(total, total), func.count(source.rows.c[str(metric.column)])).label("level"),
    )
    within = words.where(source.rows.c[str(metric.column)].is_not(None))
    cells = within.group_by(*(source.column(name) for name in names)).subquery("within")
    ratio = func.divide(func.sum(cells.c.squares), func.sum(cells.c.level))
    return select(ratio.label("ratio")).execution_options(settings=SETTINGS)


def _commits(table: str, window: Window, filters: Sequence[Filter]) -> Select[Any]:
    source = rows_of(FACT_TABLES[table], window, filters, {"commit_sha"})
    commit = source.rows.c.commit_sha
    return (
        source.select(commit.label("commit_sha"), func.min(source.time).label("first"))
        .where(commit.is_not(None))
        .group_by(commit)
        .order_by(literal_column("first"))
        .execution_options(settings=SETTINGS)
    )
