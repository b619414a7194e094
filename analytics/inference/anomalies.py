"""Single points far from where the series was."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from analytics.inference.reasons import Reason


@dataclass(frozen=True, slots=True)
class Anomaly:
    """`index` is the place in the given values; `score` is in robust standard deviations, signed."""

    index: int
    value: float
    score: float


@dataclass(frozen=True, slots=True)
class Anomalies:
    """The answer of `anomalies`: the points in order; empty with a reason when none could be looked for."""

    points: tuple[Anomaly, ...]
    n: int
    reason: Reason | None = None


def anomalies(values: Sequence[float | None], times_days: Sequence[float] | None = None) -> Anomalies:
    """The points of `values` that lie far from the series' own level, trend and steps."""
    raise NotImplementedError
