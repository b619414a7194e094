"""The hour and weekday of a row in SQL, by the zone's offsets from UTC that Python looked up (see `shifts`)."""

from __future__ import annotations

from datetime import datetime, timedelta
from functools import lru_cache
from typing import Any

from clickhouse_sqlalchemy import types as ch
from sqlalchemy import ColumnElement, func, type_coerce

from chimera_metrics.analytics.expressions import UTC, constant
from chimera_metrics.analytics.sql.shifts import by_time
from chimera_metrics.analytics.window import Window, zone_of

_HOUR_S = 3_600
_DAY = timedelta(days=1)


def clock_part(name: str, moment: ColumnElement[Any], window: Window) -> ColumnElement[Any]:
    """What the clocks of the window's zone show at `moment`, a time of the window: the hour or the day of the week."""
    seconds: ColumnElement[Any] = func.toDateTime(moment, UTC)
    found = offsets(window.since, window.until, window.timezone)
    if any(offset for _, offset in found):
        seconds = func.addSeconds(seconds, by_time(seconds, found))
    if name == "hour_of_day":
        return type_coerce(func.toHour(seconds, UTC), ch.UInt8())
    return type_coerce(func.toDayOfWeek(seconds, constant(0), UTC), ch.UInt8())


def holds_by_hour(window: Window) -> bool:
    """Whether an hour in UTC is always one hour in the zone, so that hourly rollups can answer."""
    found = offsets(window.since, window.until, window.timezone)
    return all(offset % _HOUR_S == 0 and moment.timestamp() % _HOUR_S == 0 for moment, offset in found[1:]) and (
        found[0][1] % _HOUR_S == 0
    )


@lru_cache(maxsize=64)
def offsets(since: datetime, until: datetime, timezone: str) -> tuple[tuple[datetime, int], ...]:
    """The zone's offsets from UTC in seconds, each from its time on; the first from `since`."""
    zone = zone_of(timezone)

    def offset(moment: datetime) -> int:
        found = moment.astimezone(zone).utcoffset()
        return 0 if found is None else int(found.total_seconds())

    found = [(since, offset(since))]
    day = since
    while day < until:
        following = min(day + _DAY, until)
        if offset(following) != found[-1][1]:
            found.append(_change(day, following, offset))
        day = following
    return tuple(found)


def _change(before: datetime, after: datetime, offset: Any) -> tuple[datetime, int]:
    """The second from which on the offset is that of `after`."""
    old = offset(before)
    while after - before > timedelta(seconds=1):
        middle = before + timedelta(seconds=int((after - before).total_seconds()) // 2)
        before, after = (middle, after) if offset(middle) == old else (before, middle)
    return after.replace(microsecond=0), offset(after)
