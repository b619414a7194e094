"""Correlation of two short series, judged with the autocorrelation that they have."""

from __future__ import annotations

from collections.abc import Hashable, Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from chimera_metrics.analytics.inference import reasons
from chimera_metrics.analytics.inference.coefficients import (
    coefficient_of,
    effective_n,
    fisher_interval,
    influential,
    p_value_of,
    pearson,
)
from chimera_metrics.analytics.inference.multiplicity import sidak
from chimera_metrics.analytics.inference.reasons import Reason
from chimera_metrics.analytics.inference.series import Floats, floats, is_constant

Method = Literal["pearson", "spearman", "kendall"]

LEVEL = 0.05
NEEDED = 4
TOO_SHORT_FOR_AUTOCORRELATION = 8


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
    """How closely two series move together, -1 to 1, and at which lag.

    x, y: values of the same buckets in the order of time, any units, gaps allowed; a pair needs both. method: pearson
    (linear), spearman (ranks), kendall (tau-b, pairs in the same order). max_lag: buckets to shift either way.
    positions: bucket numbers, rising, where buckets without a row were left out (default 0, 1, 2, ...).
    Returns: coefficient, p-value (0 to 1), 95 % interval, pairs n, n_effective (independent pairs that tell as much),
    all at lag 0; lags -max_lag to max_lag, positive when y follows x; best_lag, the one with the smallest p if that,
    corrected for the lags tried (Sidak), is under 0.05, else None; best_lag_p_adjusted.
    Undefined when: fewer than 4 pairs, a series constant in the pairs, no common bucket (all); n_effective of 3 or
    less (p and interval); up to 8 pairs n_effective is n, and a caution says so.
    Formula: n_effective = 1 / (1/n + 2/n sum (1 - k/n) rx(k) ry(k)), k to n/5; t = r sqrt(df / (1 - r^2)) with
    df = n_effective - 2; exact permutations for ranks up to 8 pairs; interval tanh(atanh r +- 1.96 se).
    Source: Pyper and Peterman 1998, doi:10.1139/f98-104; Kendall 1945, doi:10.1093/biomet/33.3.239.
    Example: x = 1, 2, 3, 4, 5 and y = 2, 1, 4, 3, 5 gives 0.8, p = 0.10.
    """
    a, b = floats(x), floats(y)
    if len(a) != len(b):
        raise ValueError(f"{len(a)} values of x and {len(b)} of y: give both for the same buckets.")
    if max_lag < 0:
        raise ValueError(f"max_lag is {max_lag}; it takes 0 or more buckets.")
    places = np.arange(len(a)) if positions is None else np.asarray(positions, dtype=np.int64)
    if len(places) != len(a) or (np.diff(places) <= 0).any():
        raise ValueError("positions takes one rising bucket number per value.")
    found = _at_lag(a, b, places, 0, method)
    if max_lag == 0:
        return found
    tried = [_at_lag(a, b, places, lag, method) for lag in range(-max_lag, max_lag + 1)]
    lags = tuple(
        LagCorrelation(lag, one.coefficient, one.p_value, one.n)
        for lag, one in zip(range(-max_lag, max_lag + 1), tried, strict=True)
    )
    return _with_best_lag(found, lags)


def correlate_within(
    x: Sequence[float | None], y: Sequence[float | None], groups: Sequence[Hashable]
) -> WithinCorrelation:
    """How closely x and y move together inside groups, -1 to 1: Pearson's r with each group's means taken away.

    x, y: any units, gaps allowed. groups: the group of each pair, such as (model, quant, dataset).
    Returns: the pooled r, p-value and 95 % interval (pairs taken for independent), pairs n (of groups with at least
    two), number of those groups.
    Undefined when: fewer than 4 pairs beyond one a group, or no spread inside the groups.
    Formula: r of x - mean(x | group) and y - mean(y | group), df = n - groups - 1.
    Source: Bland and Altman 1995, doi:10.1136/bmj.310.6977.446.
    Example: group 1: (1, 1), (2, 2), (3, 3); group 2: (1, 11), (2, 12), (3, 13) gives r = 1 within, 0.16 overall.
    """
    a, b = floats(x), floats(y)
    if not len(a) == len(b) == len(groups):
        raise ValueError("Give x, y and groups the same length.")
    keep = ~np.isnan(a) & ~np.isnan(b)
    numbers = {group: number for number, group in enumerate(dict.fromkeys(groups))}
    labels = np.array([numbers[group] for group in groups], dtype=np.intp)
    a, b, labels = a[keep], b[keep], labels[keep]
    sizes = np.bincount(labels) if len(labels) else np.zeros(0, dtype=np.intp)
    usable = sizes[labels] >= 2 if len(labels) else np.zeros(0, dtype=bool)
    a, b, labels = a[usable], b[usable], labels[usable]
    n, count = len(a), len(np.unique(labels))
    if n - count + 1 < NEEDED:
        reason = reasons.too_few("A correlation within groups", n, count + NEEDED - 1)
        return WithinCorrelation(None, None, None, None, n, count, reason)
    inside = [v - (np.bincount(labels, v) / np.maximum(np.bincount(labels), 1))[labels] for v in (a, b)]
    flat = [float(np.abs(v).max()) <= 1e-13 * float(np.abs(w).max()) for v, w in zip(inside, (a, b), strict=True)]
    if any(flat):
        return WithinCorrelation(None, None, None, None, n, count, reasons.constant("a series within groups"))
    r = float(pearson(inside[0][None], inside[1][None])[0])
    pairs = float(n - count + 1)
    p = p_value_of("pearson", r, inside[0], inside[1], pairs)
    low, high = fisher_interval("pearson", r, pairs) or (None, None)
    return WithinCorrelation(r, p, low, high, n, count)


def _at_lag(x: Floats, y: Floats, places: NDArray[np.int64], lag: int, method: Method) -> Correlation:
    """The correlation of x at each bucket with y `lag` buckets later."""
    a, b = _pairs(x, y, places, lag)
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
    is_short = n <= TOO_SHORT_FOR_AUTOCORRELATION
    pairs = float(n) if is_short else float(effective_n(method, a[None], b[None])[0])
    p = p_value_of(method, r, a, b, pairs)
    if lag != 0:
        return Correlation(r, p, None, None, n, pairs, method)
    low, high = fisher_interval(method, r, pairs) or (None, None)
    if p is None:
        reason = reasons.not_estimated(
            f"Both series move so slowly that {n} pairs tell no more than {pairs:.1f} independent ones would."
        )
    elif low is None:
        reason = reasons.not_estimated(f"An interval needs more than {n} pairs with this method.")
    cautions = _cautions(method, r, p, a, b, pairs)
    return Correlation(r, p, low, high, n, pairs, method, reason=reason, cautions=cautions)


def _pairs(x: Floats, y: Floats, places: NDArray[np.int64], lag: int) -> tuple[Floats, Floats]:
    """x of the buckets, and y `lag` buckets later, where both have a value."""
    n = len(x)
    if n and places[-1] - places[0] == n - 1:
        a, b = x[max(0, -lag) : max(0, n - lag)], y[max(0, lag) : max(0, n + lag)]
    else:
        _, at_x, at_y = np.intersect1d(places, places - lag, assume_unique=True, return_indices=True)
        a, b = x[at_x], y[at_y]
    keep = ~(np.isnan(a) | np.isnan(b))
    return a[keep], b[keep]


def _with_best_lag(found: Correlation, lags: tuple[LagCorrelation, ...]) -> Correlation:
    judged = [(one.p_value, one.lag) for one in lags if one.p_value is not None]
    best, adjusted, cautions = None, None, found.cautions
    if judged:
        p, lag = min(judged, key=lambda one: (one[0], abs(one[1])))
        adjusted = sidak(p, len(judged))
        best = lag if adjusted < LEVEL else None
        if best is None:
            cautions = (
                *cautions,
                f"No lag stands out: the strongest, {lag}, has p = {adjusted:.2g} after correcting for "
                f"{len(judged)} lags tried.",
            )
    return Correlation(
        found.coefficient, found.p_value, found.ci_low, found.ci_high, found.n, found.n_effective, found.method,
        lags, best, adjusted, found.reason, cautions,
    )  # fmt: skip


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
