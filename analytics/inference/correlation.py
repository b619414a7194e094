"""Correlation of two short series, judged with the autocorrelation that they have."""

from __future__ import annotations

from collections.abc import Hashable, Sequence
from dataclasses import dataclass
from typing import Literal

from analytics.inference.reasons import Reason

Method = Literal["pearson", "spearman", "kendall"]


@dataclass(frozen=True, slots=True)
class LagCorrelation:
    """The correlation at one lag; a positive `lag` means that y follows x by that many buckets."""

    lag: int
    coefficient: float | None
    p_value: float | None
    n: int


@dataclass(frozen=True, slots=True)
class Correlation:
    """The answer of `correlate`; `reason` says why fields are None, `cautions` what to keep in mind."""

    coefficient: float | None
    p_value: float | None
    ci_low: float | None
    ci_high: float | None
    n: int
    n_effective: float | None
    method: Method
    lags: tuple[LagCorrelation, ...] = ()
    best_lag: int | None = None
    best_lag_p_adjusted: float | None = None
    reason: Reason | None = None
    cautions: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class WithinCorrelation:
    """The answer of `correlate_within`: the pooled correlation inside groups."""

    coefficient: float | None
    p_value: float | None
    ci_low: float | None
    ci_high: float | None
    n: int
    groups: int
    reason: Reason | None = None


def correlate(
    x: Sequence[float | None],
    y: Sequence[float | None],
    *,
    method: Method = "pearson",
    max_lag: int = 0,
    positions: Sequence[int] | None = None,
) -> Correlation:
    """Correlation of x and y at lag 0 and, with `max_lag`, at lags -max_lag to max_lag."""
    raise NotImplementedError


def correlate_within(
    x: Sequence[float | None], y: Sequence[float | None], groups: Sequence[Hashable]
) -> WithinCorrelation:
    """Pearson's r of x and y after taking each group's own means away."""
    raise NotImplementedError
