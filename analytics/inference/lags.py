"""At which lag two series move together, judged by ranks and without what the calendar gives both."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

import numpy as np

from chimera_metrics.analytics.inference.adjustment import Effects, effects, without
from chimera_metrics.analytics.inference.coefficients import Method, coefficient_of, p_value_of
from chimera_metrics.analytics.inference.multiplicity import sidak
from chimera_metrics.analytics.inference.pairs import LEVEL, NEEDED, Places, and_, pairs_at, worth
from chimera_metrics.analytics.inference.series import Floats, Indices, is_constant, ranks

ENOUGH_OF_ALL = 0.75
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
    Formula: Pearson's correlation of the ranks less what cycle and trend explain of them, t with n_effective less what
    these cost; under p = 0.02 and with up to 60 pairs checked against shuffles; Sidak over all lags.
    """
    ranked = [_ranked(one) for one in (x, y)]
    left = [_left(one, places, period) for one in ranked]
    names: tuple[str, ...] = ("the trend",)
    cost = 0
    apart = [one for one in left if one is not None]
    if len(apart) == 2:
        names = max((out.names for _, out in apart), key=len)
        cost = max(out.cost for _, out in apart)
    raw = _Judge(ranked[0], ranked[1], places)
    rest = _Judge(apart[0][0], apart[1][0], places, cost) if len(apart) == 2 else None
    every: list[LagCorrelation] = []
    judged: list[tuple[float | None, float | None, int]] = []
    for lag in range(-max_lag, max_lag + 1):
        a, b, _ = pairs_at(x, y, places, lag)
        if len(a) < NEEDED or is_constant(a) or is_constant(b):
            every.append(LagCorrelation(lag, None, None, len(a)))
            continue
        p, adjusted = raw.p_value(lag), None if rest is None else rest.p_value(lag)
        every.append(LagCorrelation(lag, coefficient_of(method, a, b), p, len(a), adjusted))
        judged.append((p, adjusted, lag))
    return _with_best(tuple(every), judged, names)


def _ranked(x: Floats) -> Floats:
    """The ranks of the values, gaps in their places."""
    result = np.full(len(x), np.nan)
    known = ~np.isnan(x)
    result[known] = ranks(x[known][None])[0]
    return result


def _left(ranked: Floats, places: Places, period: int | None) -> tuple[Floats, Effects] | None:
    """The ranks less what cycle and trend explain of them, gaps in their places, and what was taken out."""
    known = ~np.isnan(ranked)
    out = effects(places[known], period) if known.any() else None
    left = None if out is None else without(ranked[known], out)
    if left is None or out is None:
        return None
    result = np.full(len(ranked), np.nan)
    result[known] = left
    return result, out


class _Judge:
    """Two series of ranks, of which cycle and trend cost `cost` values, judged at one lag after the other."""

    def __init__(self, x: Floats, y: Floats, places: Places, cost: int = 0) -> None:
        self.x, self.y, self.places, self.cost = x, y, places, cost
        a, b, _ = pairs_at(x, y, places, 0)
        self.n = len(a)
        self.worth = worth("pearson", a, b) if self.n >= NEEDED and not is_constant(a) and not is_constant(b) else 0.0

    def p_value(self, lag: int) -> float | None:
        """The p-value at this lag; None where it cannot be judged."""
        a, b, _ = pairs_at(self.x, self.y, self.places, lag)
        n = len(a)
        if n - self.cost < NEEDED or is_constant(a) or is_constant(b):
            return None
        r = coefficient_of("pearson", a, b)
        # What a pair is worth hardly depends on the lag: it is estimated once, where enough pairs are left.
        known = self.worth and ENOUGH_OF_ALL * self.n <= n <= self.n
        all_of_them = n * self.worth / self.n if known else worth("pearson", a, b)
        return _judged(r, a, b, max(2.1, all_of_them * (1.0 - self.cost / n)))


def _judged(r: float, a: Floats, b: Floats, pairs: float) -> float | None:
    n = len(a)
    p = p_value_of("pearson", r, a, b, pairs)
    if p is None or p >= SHUFFLED_UNDER or n > SHUFFLED_UP_TO:
        return p
    return max(p, _shuffled_share(a, b, abs(r) * (pairs / n) ** 0.5))


def _shuffled_share(a: Floats, b: Floats, r: float) -> float:
    """The share of shuffles of b whose |r| with a is as large: few different ranks have longer tails than t.

    It is 0 where none reaches it: of what is rarer than one in 4,000, t is the better judge.
    """
    a, b = a - a.mean(), b - b.mean()
    reached = np.abs(b[_orders(len(a))] @ a) >= r * float(np.sqrt((a @ a) * (b @ b))) - 1e-9
    return float(reached.mean())


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
