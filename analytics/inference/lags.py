"""At which lag two series move together, judged by ranks and without what the calendar gives both."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

import numpy as np

from chimera_metrics.analytics.inference.adjustment import Effects, effects, left_over
from chimera_metrics.analytics.inference.coefficients import EXACT_UP_TO, Method, coefficient_of, p_value_of
from chimera_metrics.analytics.inference.multiplicity import sidak
from chimera_metrics.analytics.inference.pairs import LEVEL, NEEDED, Places, and_, pairs_at, worth
from chimera_metrics.analytics.inference.series import Floats, Indices, is_constant, ranks, unit_scale

SHUFFLES = 4000
SHUFFLED_UP_TO = 60
SHUFFLED_UNDER = 0.02
"""With up to 60 pairs, p-values under 0.02 are checked against 4,000 shuffles, always the same."""


@dataclass(frozen=True, slots=True)
class LagCorrelation:
    """The correlation at one lag; a positive `lag` means that y follows x by that many buckets.

    p_value and adjusted_p_value are those of ranks, as the series are and with cycle and trend taken out.
    """

    lag: int
    coefficient: float | None
    p_value: float | None
    n: int
    adjusted_p_value: float | None = None


@dataclass(frozen=True, slots=True)
class Lags:
    """All lags, the one that stands out if any, and its p-value corrected for all that were tried."""

    every: tuple[LagCorrelation, ...]
    best: int | None
    best_p_adjusted: float | None
    cautions: tuple[str, ...]


def lags(method: Method, x: Floats, y: Floats, places: Places, max_lag: int, period: int | None) -> Lags:
    """The correlation at each lag from -max_lag to max_lag, and the best.

    x, y: (n,), NaN where there is no value. Ranks judge, because one lag's product of two far values would make the
    others look like noise: with Pearson, 180 of 1,000 pairs of independent lognormal series had a best lag.
    Formula: Spearman's rank correlation of what is left without cycle and trend, t with n_effective less what these
    cost; Sidak over all lags.
    """
    without = _left(x, places, period), _left(y, places, period)
    every: list[LagCorrelation] = []
    judged: list[tuple[float | None, float | None, int]] = []
    names: tuple[str, ...] = ("the trend",)
    for lag in range(-max_lag, max_lag + 1):
        a, b, _ = pairs_at(x, y, places, lag)
        if len(a) < NEEDED or is_constant(a) or is_constant(b):
            every.append(LagCorrelation(lag, None, None, len(a)))
            continue
        adjusted = None
        if without[0] is not None and without[1] is not None:
            left_x, left_y, _ = pairs_at(without[0][0], without[1][0], places, lag)
            names = max(without[0][1].names, without[1][1].names, key=len)
            adjusted = _rank_p(left_x, left_y, max(one[1].cost for one in without if one is not None))
        p = _rank_p(a, b, 0)
        every.append(LagCorrelation(lag, coefficient_of(method, a, b), p, len(a), adjusted))
        judged.append((p, adjusted, lag))
    return _with_best(tuple(every), judged, names)


def _left(x: Floats, places: Places, period: int | None) -> tuple[Floats, Effects] | None:
    """The series without cycle and trend, gaps in their places, and what was taken out."""
    known = ~np.isnan(x)
    out = effects(places[known], period) if known.any() else None
    left = None if out is None else left_over(x[known] / unit_scale(x[known]), out)
    if left is None or out is None:
        return None
    result = np.full(len(x), np.nan)
    result[known] = left
    return result, out


def _rank_p(a: Floats, b: Floats, cost: int) -> float | None:
    """The p-value of Spearman's coefficient when `cost` values were spent; None where it cannot be judged."""
    n = len(a)
    if n - cost < NEEDED or is_constant(a) or is_constant(b):
        return None
    r = coefficient_of("spearman", a, b)
    pairs = worth("spearman", a, b) * (1.0 - cost / n)
    p = p_value_of("spearman", r, a, b, pairs)
    if p is None or p >= SHUFFLED_UNDER or not EXACT_UP_TO < n <= SHUFFLED_UP_TO:
        return p
    return max(p, _shuffled_p(ranks(a[None])[0], ranks(b[None])[0], abs(r) * (pairs / n) ** 0.5))


def _shuffled_p(a: Floats, b: Floats, r: float) -> float:
    """The share of shuffles of b whose |r| with a is as large: few different ranks have longer tails than t."""
    a, b = a - a.mean(), b - b.mean()
    reached = np.abs(b[_orders(len(a))] @ a) >= r * float(np.sqrt((a @ a) * (b @ b))) - 1e-9
    return (1.0 + float(reached.sum())) / (1.0 + SHUFFLES)


@lru_cache(maxsize=16)
def _orders(n: int) -> Indices:
    return np.argsort(np.random.default_rng(n).random((SHUFFLES, n)), axis=1)


def _with_best(
    every: tuple[LagCorrelation, ...],
    judged: list[tuple[float | None, float | None, int]],
    names: tuple[str, ...],
) -> Lags:
    left, raw = (sorted((p, abs(lag), lag) for *ps, lag in judged if (p := ps[which]) is not None) for which in (1, 0))
    raw_p = sidak(raw[0][0], len(raw)) if raw else None
    if not left:
        if raw_p is None or raw_p >= LEVEL:
            return Lags(every, None, raw_p, _none_stands_out(raw[0][2], raw_p, len(raw)) if raw_p is not None else ())
        text = f"Lag {raw[0][2]} cannot be told from what the two share by the trend: too little is left without it."
        return Lags(every, None, None, (text,))
    p, _, lag = left[0]
    p = sidak(p, len(left))
    if p < LEVEL:
        return Lags(every, lag, p, ())
    if raw_p is not None and raw_p < LEVEL:
        text = f"Without {and_(names)} no lag stands out: the strongest, {lag}, has p = {p:.2g} after correcting for"
        return Lags(every, None, p, (f"{text} {len(left)} lags tried.",))
    return Lags(every, None, p, _none_stands_out(lag, p, len(left)))


def _none_stands_out(lag: int, p: float, tried: int) -> tuple[str, ...]:
    return (
        f"No lag stands out: the strongest, {lag}, has p = {p:.2g} after correcting for {tried} "
        f"lag{'' if tried == 1 else 's'} tried.",
    )
