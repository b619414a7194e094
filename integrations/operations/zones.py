"""Whether the engine and this program have the same rules for the zone of `MUSE_TIMEZONE`.

The tools' days and hours follow this program's rules alone, so they are right either way; SQL that names the zone
follows the engine's.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

from chimera_metrics.analytics import aggregate, window_of
from chimera_metrics.analytics.window import zone_data_version, zone_of
from chimera_metrics.integrations.clickhouse.executor import Executor
from chimera_metrics.integrations.clickhouse.literals import quote
from chimera_metrics.integrations.errors import StatementFailed
from chimera_metrics.integrations.operations.verify_scope import CheckScope, Line
from chimera_metrics.integrations.questions.freshness import check

_BACK, _AHEAD = timedelta(days=730), timedelta(days=366)
_DAY_S = 86_400


def time_zone(executor: Executor, zone: str, now: datetime) -> Line:
    """The zone's offset each day of the last two years and the next: the engine's against this program's."""
    if zone == "UTC":
        return check("time zone", "ok", "UTC")
    rules = f"tzdata {zone_data_version()}"
    advice = (
        f"Days and hours of the tools follow {rules} and are right; SQL of yours that names the zone follows the "
        "engine. Shift by hours there (ts - INTERVAL 6 HOUR), or update whichever is older."
    )
    moments = range(int((now - _BACK).timestamp()), int((now + _AHEAD).timestamp()), _DAY_S)
    try:
        theirs = _offsets(executor, zone, moments)
    except StatementFailed:
        return check("time zone", "warning", f"{zone} is none that the engine knows", advice)
    days = [datetime.fromtimestamp(moment, UTC) for moment in moments]
    ours = [_seconds(day.astimezone(zone_of(zone)).utcoffset()) for day in days]
    differ = [day.date() for day, own, other in zip(days, ours, theirs, strict=True) if own != other]
    if not differ:
        return check("time zone", "ok", f"{zone}, the engine's rules equal to {rules}")
    figure = f"{zone}: the engine's rules are not those of {rules} on {len(differ):,} days, the first {differ[0]}"
    return check("time zone", "warning", figure, advice)


def zone_of_the_store(scope: CheckScope) -> Iterator[Line]:
    """The line of `muse status`, once more among the data checks."""
    yield time_zone(scope.client.executor, scope.client.muse.timezone, scope.now)


def days(scope: CheckScope) -> Iterator[Line]:
    """Each row in exactly one day of the zone, of those that the zone's clocks give."""
    zone = scope.client.muse.timezone
    rows = counted = found = 0
    wrong: list[str] = []
    for table in scope.facts:
        if not (counts := scope.counts(table)):
            continue
        first = datetime.combine(min(counts), datetime.min.time(), UTC)
        window = window_of(now=scope.now, since=first, timezone=zone)
        by_day = aggregate([f"count({table})"], window=window, granularity="day", exact=True)
        starts = {bucket.start for bucket in by_day.buckets()}
        answer = scope.client.executor.read(by_day.select).mappings()
        whole = aggregate([f"count({table})"], window=window, exact=True).select
        expected = int(scope.client.executor.read(whole).rows[0][0])
        put = sum(int(row["count"]) for row in answer if row["ts"] in starts)
        rows, counted, found = rows + expected, counted + put, found + len(answer)
        if put != expected or len({row["ts"] for row in answer}) != len(answer):
            wrong.append(f"{expected - put:,} of {expected:,} rows of {table}")
    name = f"days of {zone}"
    if wrong:
        advice = "Days and hours of the tools are not to be relied on with this engine: report it with its version."
        yield check(name, "error", f"{', '.join(wrong)} are in no day of the zone", advice)
    else:
        yield check(name, "ok", f"{counted:,} of {rows:,} rows in {found:,} days")


def _offsets(executor: Executor, zone: str, moments: range) -> list[int]:
    span = f"range({moments.start}, {moments.stop}, {moments.step})"
    statement = f"SELECT arrayMap(x -> timeZoneOffset(toDateTime(x, {quote(zone)})), {span})"
    return [int(offset) for offset in executor.read(statement).rows[0][0]]


def _seconds(offset: timedelta | None) -> int:
    return int(offset.total_seconds()) if offset is not None else 0


ZONES = (zone_of_the_store, days)
