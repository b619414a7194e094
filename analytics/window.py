"""The stretch of time that a question is about, in a time zone.

Zones come from the `tzdata` package, whose version the lock file pins, and not from the machine's own files: the same
release answers the same everywhere. Nothing else is asked what a zone's clock shows, the engine neither.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, time, timedelta
from functools import cache
from importlib.metadata import version
from importlib.resources import files
from zoneinfo import ZoneInfo

from chimera_metrics.analytics.arguments import whole
from chimera_metrics.analytics.errors import QuestionError, unknown
from chimera_metrics.analytics.moments import moment_of

# The engine's DateTime holds 1970 to 2106.
FIRST = datetime(1970, 1, 2, tzinfo=UTC)
_LAST = datetime(2105, 12, 31, tzinfo=UTC)
_WEEK = timedelta(weeks=1)


@dataclass(frozen=True, slots=True)
class Window:
    """`since` up to but not including `until`, both in UTC; `timezone` is that of days, weeks and months.

    `now` is when the question was asked: what ends later is not over yet.
    """

    since: datetime
    until: datetime
    timezone: str
    now: datetime

    @property
    def zone(self) -> ZoneInfo:
        return zone_of(self.timezone)

    @property
    def to_now(self) -> bool:
        return self.until == self.now

    @property
    def length(self) -> timedelta:
        return self.until - self.since

    def as_dict(self) -> dict[str, str]:
        """The result field `window`: times in UTC."""
        return {"since": _text(self.since), "until": _text(self.until), "timezone": self.timezone}


def window_of(
    *,
    now: datetime,
    days: int | None = None,
    since: str | date | None = None,
    until: str | date | None = None,
    timezone: str = "UTC",
    default_days: int = 7,
    hours: int | None = None,
) -> Window:
    """The window that a question states.

    `days` = N is N whole days and today so far, `hours` = N so many whole hours and this one so far, both by the clocks
    of `timezone`. `since` and `until` are ISO 8601,
    without an offset UTC, and a date its midnight; `until` defaults to `now`. Neither given: `default_days`.
    """
    zone = zone_of(timezone)
    now = _aware(now)
    if days is not None and hours is not None:
        raise QuestionError("Give either `days` or `hours`, not both.")
    if (days is not None or hours is not None) and (since is not None or until is not None):
        named = "days" if hours is None else "hours"
        raise QuestionError(f"Give either `{named}`, or `since` and `until`, not both.")
    if since is None and until is not None:
        raise QuestionError("`until` needs `since`; give both, or `days`.")
    if hours is not None:
        return Window(_hours_ago(now, hours, zone), now, timezone, now)
    if since is None:
        return Window(_days_ago(now, default_days if days is None else days, zone), now, timezone, now)
    begin = _moment("since", since, now, zone)
    window = Window(begin, now if until is None else _moment("until", until, now, zone), timezone, now)
    if window.since >= now:
        raise QuestionError(
            f"The window begins at {_text(window.since)}, which is not in the past (it is {_text(now)}); "
            "choose an earlier `since`."
        )
    if window.since >= window.until:
        raise QuestionError(
            f"The window runs backwards: `since` {_text(window.since)} is not before `until` {_text(window.until)}; "
            "exchange them."
        )
    return window


def previous(window: Window) -> Window:
    """The window before, which ends where this one begins: as long, or in whole weeks if this one has a week or more.

    Weeks are those of the zone's clocks. In whole weeks every weekday counts alike, however much of today is over.
    Example: 7 days and today so far has the 7 days before it; 10 days have 7, and 14 days have 14.
    """
    weeks = window.length // _WEEK
    since = (window.since.astimezone(window.zone) - weeks * _WEEK).astimezone(UTC)
    return replace(window, since=since if weeks else window.since - window.length, until=window.since)


@cache
def zone_of(name: str) -> ZoneInfo:
    """The IANA time zone `name`, or a QuestionError that names the nearest one."""
    if name not in zone_names():
        raise unknown("time zone", name, zone_names())
    with files("tzdata").joinpath("zoneinfo", *name.split("/")).open("rb") as file:
        return ZoneInfo.from_file(file, key=name)


@cache
def zone_names() -> frozenset[str]:
    """The IANA time zones that there are."""
    return frozenset(files("tzdata").joinpath("zones").read_text(encoding="utf-8").split())


def zone_data_version() -> str:
    """The version of the package that zones come from, such as 2026.6."""
    return version("tzdata")


def _days_ago(now: datetime, days: int, zone: ZoneInfo) -> datetime:
    days = whole("days", days)
    if days < 0:
        raise QuestionError(f"`days` is {days}; it must be 0 (today so far) or more.")
    try:
        first = now.astimezone(zone).date() - timedelta(days=days)
    except OverflowError:
        first = datetime.min.date()
    begin = datetime.combine(first, time(), zone)
    if first.year < FIRST.year or begin < FIRST:
        raise QuestionError(f"`days` = {days} reaches back before 1970; give fewer.")
    return begin.astimezone(UTC)


def _hours_ago(now: datetime, hours: int, zone: ZoneInfo) -> datetime:
    hours = whole("hours", hours)
    if hours < 0:
        raise QuestionError(f"`hours` is {hours}; it must be 0 (this hour so far) or more.")
    clock = now.astimezone(zone)
    begun = now - timedelta(minutes=clock.minute, seconds=clock.second, microseconds=clock.microsecond)
    if hours > (begun - FIRST) // timedelta(hours=1):
        raise QuestionError(f"`hours` = {hours} reaches back before 1970; give fewer.")
    return begun - timedelta(hours=hours)


def _moment(name: str, value: str | date, now: datetime, zone: ZoneInfo) -> datetime:
    value = moment_of(name, value, now, zone)
    try:
        moment = _aware(value)
    except OverflowError:
        moment = datetime.min.replace(tzinfo=UTC)
    if not FIRST <= moment <= _LAST:
        raise QuestionError(f"`{name}` is {value.isoformat()}; times from 1970-01-02 to 2105-12-31 can be asked for.")
    return moment


def _aware(moment: datetime) -> datetime:
    return moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment.astimezone(UTC)


def _text(moment: datetime) -> str:
    return moment.isoformat().replace("+00:00", "Z")
