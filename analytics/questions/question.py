"""A question ready to run: its Select, and what its answer means."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any, Literal

from sqlalchemy import Select

from chimera_metrics.analytics.expressions import Estimate
from chimera_metrics.analytics.metrics.aggregates import Empty
from chimera_metrics.analytics.metrics.clock import CLOCK, DAY_OF_WEEK
from chimera_metrics.analytics.metrics.filters import Filter, allows
from chimera_metrics.analytics.metrics.language import Metric
from chimera_metrics.analytics.sql.buckets import MAX_POINTS, Bucket, Granularity, buckets
from chimera_metrics.analytics.window import Window

Row = dict[str, Any]


@dataclass(frozen=True, slots=True)
class ResultColumn:
    """One column of the answer. `empty`: what a bucket without rows has in it, 0 or a gap (None).

    `table`: the one whose rows it is about; before the first of them it has no value, not even 0.
    """

    name: str
    role: Literal["time", "group", "metric", "count"]
    unit: str | None
    meaning: str
    empty: Empty = "gap"
    table: str = ""


@dataclass(frozen=True, slots=True)
class Beginnings:
    """When the first rows are of: by table, and by group where a group of the answer begins later than its table.

    What is not named here has always been.
    """

    tables: Mapping[str, datetime]
    groups: Mapping[tuple[Any, ...], datetime]

    def of(self, group: tuple[Any, ...], table: str) -> datetime | None:
        return self.groups.get(group, self.tables.get(table))


ALWAYS = Beginnings({}, {})
_DAY, _HOUR = timedelta(days=1), timedelta(hours=1)


@dataclass(frozen=True, slots=True)
class Question:
    """`source` is the table or rollup that is read, `limit` how many groups are kept at most.

    `clock` are the filters by hour and weekday, which leave out buckets. `groups` counts how many there are in all:
    worth asking when the answer holds `limit` of them. `metrics` are those asked for, `intervals` those of them with an
    interval. `bounds` is the Select of the values of the quantiles among those, in the same rows, at the levels given
    by label.
    """

    select: Select[Any]
    source: str
    columns: tuple[ResultColumn, ...]
    window: Window
    granularity: Granularity = "none"
    approximations: tuple[dict[str, str], ...] = ()
    limit: int | None = None
    groups: Select[Any] | None = None
    in_time_order: bool = True
    max_points: int = MAX_POINTS
    clock: tuple[Filter, ...] = ()
    metrics: tuple[Metric, ...] = ()
    intervals: tuple[Metric, ...] = ()
    bounds: Callable[[Mapping[str, Sequence[float]]], Select[Any]] | None = None

    @property
    def parameters(self) -> dict[str, Any]:
        """The values bound in the Select."""
        return dict(self.select.compile().params)

    def buckets(self) -> list[Bucket]:
        """The buckets of the window."""
        return buckets(self.window, self.granularity, self.max_points)

    def names(self, role: str) -> list[str]:
        return [column.name for column in self.columns if column.role == role]

    def group_of(self, row: Mapping[str, Any]) -> tuple[Any, ...]:
        return tuple(row[name] for name in self.names("group"))

    def fill(self, rows: Iterable[Mapping[str, Any]], begun: Beginnings = ALWAYS) -> list[Row]:
        """`rows` of the answer with `partial` beside each, and rows for the buckets that had none, group by group.

        rows: as the Select gives them, `ts` a datetime. Only an answer in the order of time is filled. Without
        granularity the rows come back as they are. begun: from when on an empty bucket is one; those before are left
        out or, while another table has begun, None.
        Undefined when: a group has no row in the whole window; it is then not in the answer at all.
        """
        found = [dict(row) for row in rows]
        if self.granularity == "none":
            return found
        known = {bucket.start: bucket for bucket in self.buckets()}
        zeros = {
            column.name: _zero(row[column.name] for row in found) for column in self.columns if column.empty == "zero"
        }
        for row in found:
            row["ts"] = utc(row["ts"])
            # Beside another series that has the bucket, an empty one is NULL.
            row.update({name: zero for name, zero in zeros.items() if row[name] is None})
            # A bucket that lies ahead is not over either.
            row["partial"] = known[row["ts"]].partial if row["ts"] in known else True
        if not self.in_time_order:
            return found
        return list(self._begun(self._with_gaps(found, known, zeros), known, begun))

    def _with_gaps(
        self, found: Sequence[Row], known: Mapping[datetime, Bucket], zeros: Mapping[str, Any]
    ) -> Iterator[Row]:
        names = self.names("group")
        by_key = {(row["ts"], *self.group_of(row)): row for row in found}
        groups = list(dict.fromkeys(key[1:] for key in by_key)) or ([()] if not names else [])
        empty = {c.name: zeros.get(c.name) for c in self.columns if c.role in ("metric", "count")}
        ahead = [ts for ts in dict.fromkeys(row["ts"] for row in found) if ts not in known]
        for start in (*known, *ahead):
            for group in groups:
                row = by_key.get((start, *group))
                if (
                    row is None
                    and start in known
                    and self._can_hold(known[start], dict(zip(names, group, strict=True)))
                ):
                    partial = known[start].partial
                    row = {"ts": start, **dict(zip(names, group, strict=True)), **empty, "partial": partial}
                if row is not None:
                    yield row

    def _can_hold(self, bucket: Bucket, group: Mapping[str, Any]) -> bool:
        """Whether the bucket's time is one of the group and the filters: a Tuesday is no day of the group Monday."""
        local = bucket.start.astimezone(self.window.zone)
        whole: list[str] = [DAY_OF_WEEK.name] if self.granularity == "day" else []
        if bucket.end - bucket.start <= _HOUR:
            whole = [*CLOCK]
        shown = {part: CLOCK[part].shown(local) for part in whole}
        return all(
            allows(self.clock, part, number) and group.get(part, number) == number for part, number in shown.items()
        )

    @property
    def spaced(self) -> bool:
        """Whether buckets are left out by the clock, so that neighbours are not one bucket apart."""
        within = {"day": {DAY_OF_WEEK.name}, "hour": set(CLOCK), "minute": set(CLOCK)}.get(self.granularity, set())
        return bool(within & {*self.names("group"), *(one.column for one in self.clock)})

    def _begun(self, rows: Iterable[Row], known: Mapping[datetime, Bucket], begun: Beginnings) -> Iterator[Row]:
        """The rows from the first that a table or group has; columns of tables that begin later None until then.

        The week or month within which one begins is partial.
        """
        measured = [column for column in self.columns if column.table]
        for row in rows:
            bucket, group = known.get(row["ts"]), self.group_of(row)
            firsts = {c.name: begun.of(group, c.table) for c in measured} if bucket is not None else {}
            before = [name for name, first in firsts.items() if bucket is not None and _ends_before(bucket, first)]
            if not before or len(before) < len(measured):
                cut = bucket is not None and any(_begins_within(bucket, first) for first in firsts.values())
                yield {**row, **dict.fromkeys(before), "partial": row["partial"] or cut}


def _zero(values: Iterable[Any]) -> Any:
    """Nothing, in the type of the values beside it: a sum of money stays one with all its decimals."""
    found = next((value for value in values if isinstance(value, Decimal | float)), None)
    return 0.0 if isinstance(found, float) else found * 0 if found is not None else 0


def _begins_within(bucket: Bucket, first: datetime | None) -> bool:
    """Whether a day or more of the bucket was over at the first row. Of a day it cannot be said: nights are quiet."""
    return first is not None and bucket.start + _DAY <= first < bucket.end


def _ends_before(bucket: Bucket, first: datetime | None) -> bool:
    return first is not None and bucket.end <= first


def estimate(question: Question | Select[Any]) -> Estimate:
    """`EXPLAIN ESTIMATE` of the question: an executable whose rows are {database, table, parts, rows, marks}.

    What it says it would read is an upper bound; nothing is read, but the engine counts the window's rows first where
    few of them would be answered exactly.
    """
    return Estimate(question.select if isinstance(question, Question) else question)


def metric_columns(metrics: Iterable[Metric]) -> tuple[ResultColumn, ...]:
    """The result columns of metrics, under their labels."""
    return tuple(ResultColumn(m.label, "metric", m.unit, m.meaning, m.empty, m.table) for m in metrics)


def clock_filters(filters: Iterable[Filter]) -> tuple[Filter, ...]:
    """Those that leave out hours or days of the week."""
    return tuple(one for one in filters if one.column in CLOCK)


def utc(moment: datetime) -> datetime:
    """The moment in UTC, which the engine means when it names no zone."""
    return moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment.astimezone(UTC)
