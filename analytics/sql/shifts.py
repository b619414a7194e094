"""The SQL that puts a row into the bucket of its zone, by offsets from UTC that Python looked up.

Rules of zones change every year, and the engine's copy of them is seldom of the same age as Python's. The engine is
therefore never asked about a zone: it floors in UTC, after a shift that Python has made from the very edges that
`buckets` lists. A window without a change of clocks has a single shift; one is added for each side of a change.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, time, timedelta
from itertools import pairwise
from typing import Any

from sqlalchemy import ColumnElement, func

from chimera_metrics.analytics.expressions import UTC as UTC_ZONE
from chimera_metrics.analytics.expressions import constant, utc_time
from chimera_metrics.analytics.sql.buckets import Granularity, dated_starts
from chimera_metrics.analytics.window import Window

_HOUR_S = 3_600
_AHEAD = timedelta(days=366)
"""How far beyond now changes of clocks are looked up, for rows that are dated ahead."""


@dataclass(frozen=True, slots=True)
class Shift:
    """From `since` on, a bucket starts at floor(moment + `there`) - `back`, in UTC; both in seconds.

    They are the zone's offset, except in the hour by which a day is longer than its date: `there` leads that hour to
    the same date.
    """

    since: datetime
    there: int
    back: int


def bucket_start(moment: ColumnElement[Any], granularity: Granularity, window: Window) -> ColumnElement[Any]:
    """The start of the bucket that `moment`, a time of the window, falls into, as a DateTime in UTC."""
    # Offsets are whole minutes, so minutes are the same everywhere.
    needed = [] if window.timezone == "UTC" or granularity == "minute" else shifts(window, granularity)
    if not any(shift.there or shift.back for shift in needed):
        return _floor(moment, granularity)
    # Whole seconds: half the time of fractions.
    seconds = func.toDateTime(moment, UTC_ZONE)
    there = by_time(seconds, [(shift.since, shift.there) for shift in needed])
    back = by_time(seconds, [(shift.since, shift.back) for shift in needed])
    return func.subtractSeconds(_floor(func.addSeconds(seconds, there), granularity), back)


def shifts(window: Window, granularity: Granularity) -> list[Shift]:
    """The shifts of the window's hours, days, weeks or months, each from its `since` on; the first holds before too.

    Example: October 2026 in Berlin by the day has +2 h, for the 25th hour of the 25th -22 h there, then +1 h.
    """
    found: list[Shift] = []
    for shift in _each(window, granularity):
        if not found or (found[-1].there, found[-1].back) != (shift.there, shift.back):
            found.append(shift)
    return found


def _each(window: Window, granularity: Granularity) -> Iterator[Shift]:
    end = min(window.until, window.now + _AHEAD)
    for (day, start), (next_day, following) in pairwise(dated_starts(window.since, granularity, window.zone)):
        if granularity == "hour":
            offset = int(-start.timestamp() % _HOUR_S)
            yield Shift(start, offset, offset)
        elif start < following:
            offset = _seconds(datetime.combine(day, time(), UTC) - start)
            yield Shift(start, offset, offset)
            nominal = next_day - day
            if following - start > nominal:
                yield Shift(start + nominal, offset - _seconds(nominal), offset)
        if following > end:
            return


def _seconds(length: timedelta) -> int:
    return int(length.total_seconds())


def _floor(moment: ColumnElement[Any], granularity: Granularity) -> ColumnElement[Any]:
    if granularity == "minute":
        return func.toStartOfMinute(moment, UTC_ZONE)
    if granularity == "hour":
        return func.toStartOfHour(moment, UTC_ZONE)
    if granularity == "day":
        return func.toStartOfDay(moment, UTC_ZONE)
    # These two give a Date.
    first_day = func.toMonday(moment, UTC_ZONE) if granularity == "week" else func.toStartOfMonth(moment, UTC_ZONE)
    return func.toDateTime(first_day, UTC_ZONE)


def by_time(moment: ColumnElement[Any], values: Sequence[tuple[datetime, int]]) -> ColumnElement[Any]:
    """The value whose time has come, as the first and the changes since: quicker than `multiIf` by a tenth."""
    total = constant(values[0][1])
    for (_, before), (since, value) in pairwise(values):
        if value != before:
            total = func.plus(total, func.multiply(constant(value - before), moment >= utc_time(since)))
    return total
