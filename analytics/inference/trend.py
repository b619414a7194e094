"""Trend of a short series: Theil-Sen slope, its interval, and a p-value that holds under autocorrelation."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from analytics.inference.reasons import Reason

Direction = Literal["rising", "falling", "steady", "unclear"]


@dataclass(frozen=True, slots=True)
class Trend:
    """The answer of `trend`; slopes are in the series' unit per day, `change_pct` over the window."""

    n: int
    slope_per_day: float | None
    slope_low: float | None
    slope_high: float | None
    p_value: float | None
    p_adjusted: float | None
    direction: Direction
    change_pct: float | None
    autocorrelation: float | None
    reason: Reason | None = None


def trend(values: Sequence[float | None], times_days: Sequence[float] | None = None) -> Trend:
    """The trend of one series; `times_days` are its times in days (default 0, 1, 2, ...)."""
    raise NotImplementedError


def trends(
    series: Sequence[Sequence[float | None]], times_days: Sequence[Sequence[float]] | None = None
) -> list[Trend]:
    """The trend of several groups; `p_adjusted` and `direction` account for their number."""
    raise NotImplementedError
