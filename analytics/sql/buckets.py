"""Buckets of time: which ones a window has. `analytics.sql.shifts` makes from them the SQL that puts a row into one.

They follow the clocks of the window's zone: a day has 23, 24 or 25 hours, hours are counted from midnight, weeks begin
on Monday. A bucket is named by the moment at which it begins, in UTC.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from typing import Literal, get_args
from zoneinfo import ZoneInfo

from chimera_metrics.analytics.errors import QuestionError, unknown
from chimera_metrics.analytics.window import Window

Granularity = Literal["none", "minute", "hour", "day", "week", "month"]
GRANULARITIES: tuple[Granularity, ...] = get_args(Granularity)
MAX_POINTS = 2_000

_SECONDS = {"minute": 60, "hour": 3_600, "day": 86_400, "week": 604_800, "month": 2_592_000}
_ALSO: dict[str, Granularity] = {
    **{f"{unit}s": unit for unit in GRANULARITIES[1:]},
    **{f"1 {unit}": unit for unit in GRANULARITIES[1:]},
    "minutely": "minute",
    "hourly": "hour",
    "daily": "day",
    "weekly": "week",
    "monthly": "month",
    "1h": "hour",
    "1d": "day",
    "1w": "week",
    "": "none",
}


@dataclass(frozen=True, slots=True)
class Bucket:
    """`partial`: not over yet, or cut by an end of the window. Such a bucket stays out of all inference."""

    start: datetime
    end: datetime
    partial: bool


def plain_granularity(word: object) -> object:
    """`word` as it is documented where it has one meaning: `Daily` and `days` are `day`. Others stay as they are."""
    plain = word.strip().lower() if isinstance(word, str) else word
    return _ALSO.get(plain, plain) if isinstance(plain, str) else word


def granularity_of(word: str, *, bucketed: bool = False) -> Granularity:
    """The granularity that `word` names; `bucketed` refuses `none`."""
    plain = plain_granularity(word)
    for granularity in GRANULARITIES:
        if granularity == plain and not (bucketed and plain == "none"):
            return granularity
    raise unknown("granularity", word, GRANULARITIES[1:] if bucketed else GRANULARITIES)


def buckets(window: Window, granularity: Granularity, max_points: int = MAX_POINTS) -> list[Bucket]:
    """The buckets that the window touches and that have begun, in order; none for `none`.

    Raises QuestionError when there would be more than `max_points`.
    """
    if granularity == "none":
        return []
    end = min(window.until, window.now)
    _check_count(window, granularity, end, max_points)
    found = []
    starts = _starts(window.since, end, granularity, window.zone)
    start = next(starts)
    for following in starts:
        # A date that the zone skipped, as Samoa did 30 December 2011, has no moment.
        if start < following > window.since and start < end:
            found.append(Bucket(start, following, start < window.since or following > end))
        start = following
    return found


def ahead(start: datetime, granularity: Granularity, zone: ZoneInfo, count: int) -> list[datetime]:
    """The starts of so many buckets from `start` on, which begins one itself."""
    found: list[datetime] = []
    for moment in _starts(start, datetime.max.replace(tzinfo=UTC), granularity, zone):
        if len(found) == count:
            break
        if moment >= start and moment not in found[-1:]:
            found.append(moment)
    return found


def on_whole_hours(window: Window, granularity: Granularity, max_points: int) -> bool:
    """Whether every edge of the window and its buckets is a full hour in UTC, as the hourly rollups need.

    A window up to now counts: the rollup's last hour holds what is stored so far.
    """
    if granularity == "minute":
        return False
    edges = [window.since, *(bucket.start for bucket in buckets(window, granularity, max_points))]
    if not window.to_now:
        edges.append(window.until)
    return all(edge.minute == edge.second == edge.microsecond == 0 for edge in edges)


def _check_count(window: Window, granularity: Granularity, end: datetime, max_points: int) -> None:
    count = _count(window.since, end, granularity)
    if count <= max_points:
        return
    coarser = [g for g in GRANULARITIES[1:] if _SECONDS[g] > _SECONDS[granularity]]
    fitting = next((g for g in coarser if _count(window.since, end, g) <= max_points), None)
    advice = f"use '{fitting}'" if fitting else "shorten the window"
    raise QuestionError(
        f"By the {granularity} this window has {count:,} points, more than {max_points:,}; {advice}"
        f"{' or shorten the window' if fitting else ''}."
    )


def _count(since: datetime, end: datetime, granularity: Granularity) -> int:
    return int((end - since).total_seconds() // _SECONDS[granularity]) + 1


def _starts(since: datetime, end: datetime, granularity: Granularity, zone: ZoneInfo) -> Iterator[datetime]:
    """Starts of buckets, from at or before `since` to the first after `end`."""
    if granularity == "minute":
        start = since.replace(second=0, microsecond=0)
        while start <= end:
            yield start
            start += timedelta(minutes=1)
        yield start
        return
    for day, start in dated_starts(since, granularity, zone):
        yield start
        if granularity == "hour":
            yield from _hours_after(start, _midnight(_unit_after(day, granularity), zone))
        if start > end:
            return


def dated_starts(since: datetime, granularity: Granularity, zone: ZoneInfo) -> Iterator[tuple[date, datetime]]:
    """Days, weeks or months (for hours, days) without end, from before `since`: first date, and moment of beginning."""
    # Two units early: at a clock change the date of `since` may begin after it.
    first = _unit_start(since.astimezone(zone).date(), granularity)
    for day in _days(_unit_before(first, granularity), granularity):
        yield day, _midnight(day, zone)


def _hours_after(midnight: datetime, following: datetime) -> Iterator[datetime]:
    start = midnight + timedelta(hours=1)
    while start < following:
        yield start
        start += timedelta(hours=1)


def _days(day: date, granularity: Granularity) -> Iterator[date]:
    while True:
        yield day
        day = _unit_after(day, granularity)


def _unit_start(day: date, granularity: Granularity) -> date:
    if granularity == "week":
        return day - timedelta(days=day.weekday())
    return day.replace(day=1) if granularity == "month" else day


def _unit_after(day: date, granularity: Granularity) -> date:
    if granularity == "month":
        return (day + timedelta(days=31)).replace(day=1)
    return day + timedelta(days=7 if granularity == "week" else 1)


def _unit_before(day: date, granularity: Granularity) -> date:
    return _unit_start(day - timedelta(days=1), granularity)


def _midnight(day: date, zone: ZoneInfo) -> datetime:
    # A midnight that the clocks skip becomes the moment of the change, one that comes twice the first of the two.
    return datetime.combine(day, time(), zone).astimezone(UTC)
