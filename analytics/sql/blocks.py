"""Grouped Selects, from which all questions are put together: side by side, or under each other in time."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import (
    ColumnElement,
    Label,
    Select,
    and_,
    cast,
    func,
    literal_column,
    not_,
    null,
    or_,
    select,
    union_all,
)

from chimera_metrics.analytics.expressions import FLOAT, ONE, ZERO, constant
from chimera_metrics.analytics.metrics.language import Metric
from chimera_metrics.analytics.sql.buckets import Granularity
from chimera_metrics.analytics.sql.shifts import bucket_start
from chimera_metrics.analytics.sql.source import Source
from chimera_metrics.analytics.window import Window


@dataclass(frozen=True, slots=True)
class Keys:
    """What rows are grouped by: the bucket `ts`, if any, and columns."""

    window: Window
    granularity: Granularity = "none"
    columns: tuple[str, ...] = ()

    @property
    def names(self) -> tuple[str, ...]:
        return self.columns if self.granularity == "none" else ("ts", *self.columns)

    def of(self, source: Source) -> list[Label[Any]]:
        keys: list[Label[Any]] = []
        if self.granularity != "none":
            keys.append(bucket_start(source.time, self.granularity, self.window).label("ts"))
        return [*keys, *(source.column(name).label(name) for name in self.columns)]


@dataclass(frozen=True, slots=True)
class Value:
    """One labelled value of a block: a metric (`as_float` for inference), or the count that it rests on."""

    label: str
    metric: Metric
    counted: bool = False
    as_float: bool = False

    def of(self, source: Source) -> Label[Any]:
        return self.labelled(source.count(self.metric) if self.counted else source.value(self.metric))

    def of_sessions(self, abandoned: ColumnElement[Any]) -> Label[Any]:
        return self.labelled(func.count() if self.counted else func.avgOrNull(abandoned))

    def labelled(self, value: ColumnElement[Any]) -> Label[Any]:
        return (func.toFloat64(value) if self.as_float else value).label(self.label)


def block(source: Source, keys: Keys, values: Sequence[Value]) -> Select[Any]:
    """`SELECT keys, values FROM source GROUP BY keys`, sessions judged where a value asks for them.

    source: of one table; for values that judge sessions its rows, never a rollup.
    """
    by_row = [value for value in values if not value.metric.per_session]
    by_session = [value for value in values if value.metric.per_session]
    if not by_session:
        return _by_row(source, keys, by_row)
    if not by_row:
        return _by_session(source, keys, by_session)
    return join_blocks(
        [_by_row(source, keys, by_row), _by_session(source, keys, by_session)], keys.names, [v.label for v in values]
    )


def join_blocks(blocks: Sequence[Select[Any]], keys: Sequence[str], labels: Sequence[str]) -> Select[Any]:
    """Blocks over the same keys side by side: `keys`, then `labels` in their order.

    Every block must have every key that the first has; without keys each is one row.
    """
    if not keys:
        blocks = [one.add_columns(ONE.label("one")) for one in blocks]
    first, *others = [one.subquery(f"block_{number}") for number, one in enumerate(blocks, 1)]
    joined: Any = first
    for other in others:
        # `<=>` also joins null with null.
        same = [first.c[key].op("<=>", is_comparison=True)(other.c[key]) for key in keys]
        joined = joined.join(other, and_(*same) if same else first.c.one == other.c.one)
    found = {column.name: column for one in (*others, first) for column in one.c}
    return select(*(found[name].label(name) for name in (*keys, *labels))).select_from(joined)


def align(blocks: Sequence[Select[Any]], values: Sequence[Value]) -> Select[Any]:
    """Blocks by bucket, of any tables, under each other in time: `ts`, then every value where some block has it.

    What no block has in a bucket is NULL, a count 0. UNION ALL and one small GROUP BY: unlike a FULL JOIN it keeps a
    bucket that only one side has, without inventing zeros for the other.
    """
    parts = []
    for one in blocks:
        own = one.selected_columns
        columns = [own[v.label] if v.label in own else _missing(v) for v in values]
        parts.append(one.with_only_columns(own.ts, *columns))
    both = union_all(*parts).subquery("aligned")
    merged = (func.max(both.c[value.label]).label(value.label) for value in values)
    return select(both.c.ts.label("ts"), *merged).group_by(both.c.ts).order_by(literal_column("ts"))


def _missing(value: Value) -> Label[Any]:
    return (ZERO if value.counted else cast(null(), FLOAT)).label(value.label)


def _by_row(source: Source, keys: Keys, values: Sequence[Value]) -> Select[Any]:
    """From the source or, when the window has few rows, exactly from those: the engine skips the other branch."""
    if source.exactly is None or source.is_few is None:
        return _grouped(source, keys, values)
    branches = [
        _grouped(source.exactly, keys, values, source.is_few),
        _grouped(source, keys, values, not_(source.is_few)),
    ]
    either = union_all(*branches).subquery("few_or_many")
    return select(*either.c)


def _grouped(
    source: Source, keys: Keys, values: Sequence[Value], condition: ColumnElement[bool] | None = None
) -> Select[Any]:
    labels = keys.of(source)
    grouped = source.select(*labels, *(value.of(source) for value in values))
    grouped = grouped.group_by(*(label.element for label in labels))
    if condition is None:
        return grouped
    # Without keys there is a row even of nothing, so that one is left out after the fact.
    return grouped.where(condition) if keys.names else grouped.where(condition).having(condition)


def _by_session(source: Source, keys: Keys, values: Sequence[Value]) -> Select[Any]:
    """Sessions by the events that they have within a bucket and group; the last event is an error also when it ties."""
    labels = keys.of(source)
    if "session_id" not in keys.columns:
        labels.append(source.rows.c.session_id.label("session_id"))
    last_error = func.maxIf(source.time, source.rows.c.event_type == constant("error"))
    abandoned = or_(func.count() == ONE, last_error == func.max(source.time)).label("abandoned")
    sessions = source.select(*labels, abandoned).group_by(*(label.element for label in labels)).subquery("sessions")
    names = [sessions.c[name] for name in keys.names]
    return select(*names, *(value.of_sessions(sessions.c.abandoned) for value in values)).group_by(*names)
