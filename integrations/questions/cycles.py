"""Cycles: how many buckets a weekly, daily or yearly one has, and what is said of series without theirs."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from chimera_metrics.integrations.questions.figures import figure, reason_of

if TYPE_CHECKING:
    from chimera_metrics.analytics.inference.correlation import Correlation

PERIODS = {"hour": 24, "day": 7, "month": 12}
"""Buckets of the cycle that each granularity may show: a day of hours, a week of days, a year of months."""


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
