"""Cycles: how many buckets a weekly, daily or yearly one has, and what is said of series without theirs."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import timedelta, tzinfo
from typing import TYPE_CHECKING, Any

from chimera_metrics.analytics import Window
from chimera_metrics.integrations.questions.asking import Row
from chimera_metrics.integrations.questions.figures import figure, reason_of

if TYPE_CHECKING:
    from chimera_metrics.analytics.inference.correlation import Correlation
    from chimera_metrics.analytics.inference.cycles import Cycle


def period_of(granularity: str) -> int | None:
    """Buckets of the cycle that a granularity may show: a day of hours, a week of days, a year of months."""
    from chimera_metrics.analytics.inference.cycles import PERIOD_OF

    return PERIOD_OF.get(granularity)


def by_the_clock(rows: Sequence[Row], granularity: str, zone: tzinfo) -> Iterator[Row]:
    """Hours so that each has its place on the clocks of the zone: without the second of one that comes twice, and with
    one without values where clocks leave it out. All rows of another granularity."""
    before = None
    for row in rows:
        if granularity == "hour":
            clock = row["ts"].astimezone(zone).replace(tzinfo=None)
            if before is not None and clock <= before:
                continue
            if before is not None and clock - before == timedelta(hours=2):
                yield dict.fromkeys(row) | {"ts": row["ts"]}
            before = clock
        yield row


def clock_note(window: Window, granularity: str) -> list[str]:
    """What is said of hours whose cycle moves, for the clocks change in the window."""
    since, until = (moment.astimezone(window.zone).utcoffset() for moment in (window.since, window.until))
    if granularity != "hour" or since == until:
        return []
    return [
        "The clocks change in this window: a daily cycle is judged by hours that pass, so that hours after the change "
        "may look odd; ask for the time before or since then."
    ]


def cycle_of(cycle: Cycle | None) -> dict[str, Any] | None:
    """The result field `cycle`: what was taken out before trend, change points and anomalies; None for nothing."""
    if cycle is None or not cycle.found:
        return None
    return {"period": cycle.period, "share_of_variance": figure(cycle.share_of_variance, 3)}


def cycle_in(period: int | None, *series: Sequence[float | None]) -> dict[str, Any] | None:
    """The result field `cycle` of a correlation: of the series that have one, the cycle that explains the most."""
    if period is None:
        return None
    from chimera_metrics.analytics.inference import cycle

    found = [one for one in (cycle(values, period) for values in series) if one.found]
    return cycle_of(max(found, key=lambda one: one.share_of_variance or 0.0, default=None))


def cycle_note(cycle: Cycle | None) -> list[str]:
    """The sentence beside `cycle`."""
    if cycle is None or not cycle.found or cycle.share_of_variance is None:
        return []
    from chimera_metrics.analytics.inference.cycles import NAMES

    return [
        f"A {NAMES[cycle.period]} cycle explains {100 * cycle.share_of_variance:.0f} % of the variation; trend, change "
        "points and anomalies are those of the series without it, the points are as measured."
    ]


def adjusted_of(found: Correlation) -> dict[str, Any] | None:
    """The result field `adjusted`: the correlation of what is left when cycle and trend are taken out."""
    adjusted = found.adjusted
    if adjusted is None:
        return None
    return {
        "coefficient": figure(adjusted.coefficient),
        "p_value": figure(adjusted.p_value),
        "removed": list(adjusted.removed),
        "reason": reason_of(adjusted.reason),
    }
