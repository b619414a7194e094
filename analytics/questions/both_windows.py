"""Both windows of a comparison in one statement: each day's values, and those of all days together."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from sqlalchemy import ColumnElement, Label, Select, func, literal_column, or_, select, tuple_, union_all

from chimera_metrics.analytics.expressions import ZERO
from chimera_metrics.analytics.questions.daily import Daily
from chimera_metrics.analytics.questions.sides import stretch
from chimera_metrics.analytics.sql.blocks import Keys, Value
from chimera_metrics.analytics.sql.source import SETTINGS, Source
from chimera_metrics.analytics.sql.states import in_two_steps
from chimera_metrics.analytics.window import Window

SIDE, WHOLE = "side", "whole"
"""0 in rows of the first window and 1 in those of the second; 1 in rows of all days of a window, 0 in those of one."""


def both_windows(daily: Daily, first: Window, second: Window, *, with_whole: bool, limit: int) -> Select[Any]:
    """Columns `side`, `whole`, `ts`, the groups, and `<label>`, `<label>_n` of each metric.

    The rows are read once: a day's sketches are put together, and those of the days are put together again.
    first, second: whole days, the first before the second. with_whole: also a row for all days of each window; its `ts`
    means nothing. limit: groups kept on each side.
    """
    both = stretch(first, second)
    values, keys = daily.values, Keys(both, "day", daily.groups)
    statement = _either(daily.source(both), first, second, keys, values, with_whole)
    names = (SIDE, WHOLE, *keys.names, *(value.label for value in values))
    kept = daily.largest(statement, names, limit, within=(SIDE,))
    return kept.order_by(*map(literal_column, names[: 2 + len(keys.names)])).execution_options(settings=SETTINGS)


def _either(
    source: Source, first: Window, second: Window, keys: Keys, values: Sequence[Value], with_whole: bool
) -> Select[Any]:
    if source.exactly is None or source.is_few is None:
        return _by_day_and_whole(source, first, second, keys, values, with_whole)
    branches = [
        _by_day_and_whole(one, first, second, keys, values, with_whole)
        for one in (
            replace(source.exactly, where=(*source.exactly.where, source.is_few)),
            replace(source, where=(*source.where, ~source.is_few)),
        )
    ]
    return select(*union_all(*branches).subquery("few_or_many").c)


def _by_day_and_whole(
    source: Source, first: Window, second: Window, keys: Keys, values: Sequence[Value], with_whole: bool
) -> Select[Any]:
    later = (source.time >= second.since).label(SIDE)
    own: list[Label[Any]] = [later, *keys.of(source)]
    gap = [] if first.until == second.since else [or_(source.time < first.until, later.element)]
    if not with_whole:
        columns: list[ColumnElement[Any]] = [later, ZERO.label(WHOLE), *own[1:], *(one.of(source) for one in values)]
        return source.select(*columns).where(*gap).group_by(*(key.element for key in own))
    states, rebuilt = in_two_steps([value.of(source) for value in values])
    # Before 26.7 grouping() does not know a key that GROUPING SETS make Nullable; this one is Nullable before.
    told = [later, func.toNullable(own[1].element).label(own[1].name), *own[2:]]
    days = source.select(*told, *states).where(*gap).group_by(*(key.element for key in own)).subquery("by_day")
    side, ts, *groups = (days.c[key.name] for key in own)
    return (
        select(side, func.grouping(ts).label(WHOLE), ts, *groups, *rebuilt(days))
        .select_from(days)
        .group_by(func.grouping_sets(tuple_(side, ts, *groups), tuple_(side, *groups)))
    )
