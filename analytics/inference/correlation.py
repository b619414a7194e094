"""Correlation of two short series, judged with the autocorrelation that they have."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from chimera_metrics.analytics.inference import reasons
from chimera_metrics.analytics.inference.adjustment import (
    AdjustedCorrelation,
    adjusted_correlation,
    covers_enough,
)
from chimera_metrics.analytics.inference.coefficients import (
    Method,
    coefficient_of,
    influential,
    interval_of,
    p_value_of,
)
from chimera_metrics.analytics.inference.cycles import name_of
from chimera_metrics.analytics.inference.lags import LagCorrelation, lags
from chimera_metrics.analytics.inference.pairs import (
    LEVEL,
    NEEDED,
    TOO_SHORT_FOR_AUTOCORRELATION,
    Places,
    and_,
    pairs_at,
    worth,
)
from chimera_metrics.analytics.inference.reasons import Reason
from chimera_metrics.analytics.inference.series import Floats, floats, is_constant

__all__ = ["AdjustedCorrelation", "Correlation", "LagCorrelation", "Method", "correlate"]


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
    adjusted: AdjustedCorrelation | None = None


def correlate(
    x: Sequence[float | None],
    y: Sequence[float | None],
    *,
    method: Method = "pearson",
    max_lag: int = 0,
    positions: Sequence[int] | None = None,
    period: int | None = None,
) -> Correlation:
    """How closely two series move together, -1 to 1, and at which lag.

    x, y: values of the same buckets in the order of time, any units, gaps allowed; a pair needs both. method: pearson
    (linear), spearman (ranks), kendall (tau-b, pairs in the same order). max_lag: buckets to shift either way.
    positions: bucket numbers, rising, where buckets without a row were left out (default 0, 1, 2, ...). period: buckets
    of the cycle that `adjusted` takes out: 7 for days, 24 for hours, 12 for months; None takes out the trend only.
    Returns: coefficient, p-value (0 to 1), 95 % interval, pairs n, n_effective (independent pairs that tell as much),
    all at lag 0; adjusted, the same without cycle and trend, with a caution when the two disagree; lags -max_lag to
    max_lag, positive when y follows x; best_lag, the one with the smallest p-value of ranks without cycle and trend
    if that, corrected for the lags tried (Sidak), is under 0.05, else None; best_lag_p_adjusted.
    Undefined when: fewer than 4 pairs, a series constant in the pairs, no common bucket (all); n_effective of 3 or
    less (p and interval); up to 8 pairs n_effective is n, and a caution says so.
    Formula: n_effective = 1 / (1/n + 2/n sum (1 - k/n) rx(k) ry(k)), k to n/5; t = r sqrt(df / (1 - r^2)) with
    df = n_effective - 2; exact permutations for ranks up to 8 pairs; never under 2 / n_effective!, the share of the two
    orders that follow x exactly; interval tanh(atanh r +- 1.96 se), of kendall with the variance that ties make.
    Source: Pyper and Peterman 1998, doi:10.1139/f98-104; Kendall 1945, doi:10.1093/biomet/33.3.239.
    Example: x = 1, 2, 3, 4, 5 and y = 2, 1, 4, 3, 5 gives 0.8, p = 0.10.
    """
    a, b = floats(x), floats(y)
    if len(a) != len(b):
        raise ValueError(f"{len(a)} values of x and {len(b)} of y: give both for the same buckets.")
    if max_lag < 0:
        raise ValueError(f"max_lag is {max_lag}; it takes 0 or more buckets.")
    if period is not None and period < 2:
        raise ValueError(f"period is {period}; a cycle has 2 or more buckets.")
    places = np.arange(len(a)) if positions is None else np.asarray(positions, dtype=np.int64)
    if len(places) != len(a) or (np.diff(places) <= 0).any():
        raise ValueError("positions takes one rising bucket number per value.")
    found = _at_lag(a, b, places, 0, method)
    if found.coefficient is not None:
        found = _with_adjusted(found, a, b, places, period)
    if max_lag == 0:
        return found
    at = lags(method, a, b, places, max_lag, period)
    cautions = (*found.cautions, *at.cautions)
    return replace(found, lags=at.every, best_lag=at.best, best_lag_p_adjusted=at.best_p_adjusted, cautions=cautions)


def _at_lag(x: Floats, y: Floats, places: Places, lag: int, method: Method) -> Correlation:
    """The correlation of x at each bucket with y `lag` buckets later."""
    a, b, _ = pairs_at(x, y, places, lag)
    n = len(a)
    reason: Reason | None = None
    if np.isnan(x).all() or np.isnan(y).all():
        reason = reasons.no_data("x" if np.isnan(x).all() else "y")
    elif n == 0:
        reason = reasons.no_overlap()
    elif n < NEEDED:
        reason = reasons.too_few("A correlation", n, NEEDED)
    elif is_constant(a) or is_constant(b):
        reason = reasons.constant("x" if is_constant(a) else "y")
    if reason is not None:
        return Correlation(None, None, None, None, n, None, method, reason=reason)
    r = coefficient_of(method, a, b)
    pairs = worth(method, a, b)
    p = p_value_of(method, r, a, b, pairs)
    low, high = interval_of(method, r, a, b, pairs, p) or (None, None)
    if p is None:
        reason = reasons.not_estimated(
            f"Both series move so slowly that {n} pairs tell no more than {pairs:.1f} independent ones would."
        )
    elif low is None:
        reason = reasons.not_estimated(f"An interval needs more than {n} pairs with this method.")
    cautions = _cautions(method, r, p, a, b, pairs)
    return Correlation(r, p, low, high, n, pairs, method, reason=reason, cautions=cautions)


def _with_adjusted(found: Correlation, x: Floats, y: Floats, places: Places, period: int | None) -> Correlation:
    a, b, at = pairs_at(x, y, places, 0)
    adjusted = adjusted_correlation(found.method, a, b, at, period)
    cautions = _disagreement(found, adjusted)
    if found.p_value is not None and found.p_value < LEVEL and period is not None and not covers_enough(at, period):
        name = name_of(period)
        cautions = (*cautions, f"{found.n} pairs are too few to take out {name}: that may be all that the two share.")
    return replace(found, adjusted=adjusted, cautions=(*found.cautions, *cautions))


def _disagreement(found: Correlation, adjusted: AdjustedCorrelation) -> tuple[str, ...]:
    """A caution when the correlation is significant with cycle and trend only, or without them only."""
    is_found = found.p_value is not None and found.p_value < LEVEL
    is_left = adjusted.p_value is not None and adjusted.p_value < LEVEL
    if is_found == is_left or not adjusted.removed:
        return ()
    names = and_(adjusted.removed)
    if adjusted.coefficient is None:
        return (f"{adjusted.reason.text if adjusted.reason else ''} The two may share no more than that.",)
    p = "unknown" if adjusted.p_value is None else f"{adjusted.p_value:.2g}"
    if is_found:
        return (
            f"Without {names} the coefficient is {adjusted.coefficient:.2f} (p = {p}): the two may share no more than "
            "that.",
        )
    without = f"without, the coefficient is {adjusted.coefficient:.2f} (p = {p})."
    return (f"{names[0].upper()}{names[1:]} may hide it: {without}",)


def _cautions(method: Method, r: float, p: float | None, x: Floats, y: Floats, pairs: float) -> tuple[str, ...]:
    n = len(x)
    cautions = []
    if n <= TOO_SHORT_FOR_AUTOCORRELATION:
        cautions.append(f"With {n} pairs autocorrelation could not be estimated: read the p-value as a lower bound.")
    elif pairs < n / 2.0:
        cautions.append(f"Both series move slowly: {n} pairs tell as much as {pairs:.0f} independent ones.")
    if abs(r) > 1.0 - 1e-12:
        cautions.append("The pairs follow one another exactly: the two may be one measure.")
    if method == "pearson" and p is not None and p < LEVEL and influential(x, y, pairs):
        cautions.append("One pair carries this: without it the correlation is not significant.")
    return tuple(cautions)
