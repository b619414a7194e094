"""Cycles: how many buckets a weekly, daily or yearly one has, and what is said of series without theirs."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from chimera_metrics.integrations.questions.figures import figure, reason_of

if TYPE_CHECKING:
    from chimera_metrics.analytics.inference.correlation import Correlation
    from chimera_metrics.analytics.inference.cycles import Cycle


def period_of(granularity: str) -> int | None:
    """Buckets of the cycle that a granularity may show: a day of hours, a week of days, a year of months."""
    from chimera_metrics.analytics.inference.cycles import PERIOD_OF

    return PERIOD_OF.get(granularity)


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
