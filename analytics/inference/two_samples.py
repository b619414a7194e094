"""Tests of two samples in the order of time, before and after.

Three questions are asked, and a change must pass all that apply: do the later values rank higher (held whatever the
tails); are they higher by more than two sides of unequal spread show by chance (held whatever the sizes and spreads);
and, since the middle is what an answer shows, do the medians differ. Values of 1e150 and more overflow here: callers
divide by `unit_scale` first. Many pairs of samples are judged in one pass: (m, n1) and (m, n2), where rows that have
fewer values end in NaN.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

import numpy as np

from chimera_metrics.analytics.inference.critical_values import p_value
from chimera_metrics.analytics.inference.padded import lengths, means, medians, ranks_of, scored, zero_filled
from chimera_metrics.analytics.inference.rank_test import rank_p_values, smallest_shares
from chimera_metrics.analytics.inference.series import Floats, Indices

NEEDED_A_SIDE = 5
ENOUGH_A_SIDE = 10
"""Values a side from which the rank test allows for autocorrelation; fewer do not show it."""
ENOUGH_IN_ALL = 20
"""Values in both samples from which the test of unequal spread allows for autocorrelation."""
FARTHEST = 4.0
"""Robust standard deviations from a side's median beyond which a value is pulled in."""
FAR_APART = 0.95
"""Share of pairs in which the later value is larger, from which the ranks cannot tell how far apart the sides are."""


def larger_p_values(before: Floats, after: Floats) -> Floats:
    """One-sided p-values (m,) of "the later values are larger". before: (m, n1), after: (m, n2), 5 and more a side.

    Formula: the larger of the p-values of `order_p_values` and of `spread_p_values`.
    Example: 20 and 20 normal values one standard deviation apart give under 0.005 in 54 of 100.
    """
    return np.maximum(spread_p_values(before, after), order_p_values(before, after))


def order_p_values(before: Floats, after: Floats) -> Floats:
    """One-sided p-values (m,) of "the later values rank higher".

    Formula: those of `rank_p_values` (under 10 values on a side) or `step_p_values` (from 10 on); when at least 95 % of
    the pairs rise, ranks are read as independent, because they can no longer show how far apart the sides are.
    """
    n1, n2 = lengths(before), lengths(after)
    rank = ranks_of(np.concatenate([before, after], axis=1))
    a, b = rank[:, : before.shape[1]], rank[:, before.shape[1] :]
    independent = (np.minimum(n1, n2) < ENOUGH_A_SIDE) | (share_rising(b, n1, n2) >= FAR_APART)
    p = np.empty(len(before))
    if independent.any():
        p[independent] = rank_p_values(a[independent], b[independent], ranked=True)
    if not independent.all():
        p[~independent] = step_p_values(a[~independent], b[~independent], ranked=True)
    return p


def spread_p_values(before: Floats, after: Floats) -> Floats:
    """One-sided p-values (m,) of "the later mean is larger", each side with a spread of its own.

    Formula: Welch's t of the values, pulled in to 4 robust standard deviations from their side's median; from 20
    values on over sqrt((1 + rho) / (1 - rho)) as in `step_statistic`. Where the sides tell about equally much, the
    simulated values of that test are used, else Student's t with Welch's degrees of freedom.
    Source: Welch 1947, doi:10.1093/biomet/34.1-2.28.
    """
    return Spread.of(before, after).p_values()


@dataclass(frozen=True, slots=True)
class Spread:
    """What `spread_p_values` compares, (m,): the difference of the means in units of `unit`, and its variance."""

    difference: Floats
    variance: Floats
    freedom: Floats
    rho: Floats
    n: Indices
    unit: Floats

    @classmethod
    def of(cls, before: Floats, after: Floats) -> Spread:
        """The comparison of two sides, (m, n1) and (m, n2)."""
        n1, n2 = lengths(before), lengths(after)
        n = n1 + n2
        a, b, unit = _unit_sides(pulled_in(before), pulled_in(after))
        va, vb = variances(a, n1), variances(b, n2)
        variance = va / n1 + vb / n2
        of_a, of_b = (v / np.maximum(variance, 1e-300) for v in (va / n1, vb / n2))
        freedom = 1.0 / np.maximum(of_a**2 / (n1 - 1.0) + of_b**2 / (n2 - 1.0), 1.0 / (n - 2.0))
        sd_a, sd_b = (np.sqrt(np.where(v > 0.0, v, 1.0))[:, None] for v in (va, vb))
        rho = np.where(n >= ENOUGH_IN_ALL, lag1_of_sides(a / sd_a, b / sd_b), 0.0)
        difference = means(b, n2) - means(a, n1)
        return cls(difference, variance * (1.0 + rho) / (1.0 - rho), freedom, rho, n, unit)

    def p_values(self, less: Floats | float = 0.0) -> Floats:
        """The p-values if all later values were `less` smaller: only the difference is another one then."""
        from scipy.special import stdtr

        t = _over_its_error(self.difference - less / self.unit, self.variance)
        p: Floats = stdtr(self.freedom, -t)
        even = (self.n >= ENOUGH_IN_ALL) & (self.freedom >= 0.8 * (self.n - 2.0))
        side = np.maximum(NEEDED_A_SIDE, np.floor(self.freedom[even] / 2.0 + 1.0).astype(np.intp))
        two_sided = p_value("step", t[even], self.rho[even], side)
        p[even] = np.where(t[even] > 0.0, two_sided / 2.0, 1.0 - two_sided / 2.0)
        return p


def median_p_values(before: Floats, after: Floats) -> Floats:
    """One-sided p-values (m,) of "the later median is larger", whatever the shapes of the two sides.

    Formula: difference of the medians over the root of their variances, each ((y(n - c + 1) - y(c)) / 2z)^2 with
    c = (n + 1) / 2 - sqrt(n) and z the normal quantile of P(Binomial(n, 1/2) < c).
    Source: Price and Bonett 2002, doi:10.1080/00949650212140.
    """
    from scipy.special import ndtr

    a, b, n1, n2 = np.sort(before, axis=1), np.sort(after, axis=1), lengths(before), lengths(after)
    difference = medians(b, n2) - medians(a, n1)
    variance = _median_variance(a, n1) + _median_variance(b, n2)
    p: Floats = ndtr(-_over_its_error(difference, variance))
    return p


def medians_must_differ_at(n1: Indices, n2: Indices) -> Floats:
    """The level that `median_p_values` must reach: 0.1 with few values, 0.01 from about 90 a side on.

    With few values the medians add little to the other tests and would only hide steps. With many, a side that is
    only more skewed passes the others; there the medians must show it too.
    """
    return np.clip(8.0 * effective_side(n1, n2) ** -1.5, 0.01, 0.1)


def step_p_values(before: Floats, after: Floats, higher_is_worse: bool = True, ranked: bool = False) -> Floats:
    """One-sided p-values (m,) of "after is worse". before: (m, n1), after: (m, n2), each in the order of time.

    ranked: whether they are the ranks among both already.
    """
    n1, n2 = lengths(before), lengths(after)
    statistic, rho = step_statistic(before, after, ranked)
    two_sided = p_value("step", statistic, rho, effective_side(n1, n2))
    is_worse = (statistic > 0.0) == higher_is_worse
    p = np.where(is_worse, two_sided / 2.0, 1.0 - two_sided / 2.0)
    return np.maximum(p, smallest_shares(n1, n2))


def effective_side(n1: Indices, n2: Indices) -> Indices:
    """The points a side of two equal samples that tell as much as n1 and n2 do, (m,)."""
    return np.maximum(NEEDED_A_SIDE, np.rint(2 * n1 * n2 / (n1 + n2)).astype(np.intp))


def step_statistic(before: Floats, after: Floats, ranked: bool = False) -> tuple[Floats, Floats]:
    """The t statistic (m,) of after minus before in normal scores, its error widened for the autocorrelation (m,)."""
    n1, n2 = lengths(before), lengths(after)
    n = n1 + n2
    width = before.shape[1]
    both = np.concatenate([before, after], axis=1)
    u = scored(both if ranked else ranks_of(both), n)
    old, new = (np.where(np.isnan(y), np.nan, side) for y, side in ((before, u[:, :width]), (after, u[:, width:])))
    rho = lag1_of_sides(old, new)
    power = variances(old, n1) * (n1 - 1.0) + variances(new, n2) * (n2 - 1.0)
    difference = means(new, n2) - means(old, n1)
    variance = power / (n - 2.0) * (1.0 / n1 + 1.0 / n2) * (1.0 + rho) / (1.0 - rho)
    return _over_its_error(difference, variance), rho


def lag1_of_sides(before: Floats, after: Floats) -> Floats:
    """The first autocorrelation within the sides (m,), corrected for their length, 0 to 0.95."""
    n = lengths(before) + lengths(after)
    sides = [_deviations(side, lengths(side)) for side in (before, after)]
    power = sum(((e * e).sum(axis=1) for e in sides), np.zeros(len(n)))
    products = sum(((e[:, 1:] * e[:, :-1]).sum(axis=1) for e in sides), np.zeros(len(n)))
    r1 = np.divide(products, power, out=np.zeros(len(n)), where=power > 0.0)
    rho: Floats = np.clip((n * r1 + 2.0) / (n - 4.0), 0.0, 0.95)
    return rho


def variances(y: Floats, n: Indices) -> Floats:
    """The variance of each row's n values, over n - 1, (m,)."""
    variance: Floats = (_deviations(y, n) ** 2).sum(axis=1) / (n - 1.0)
    return variance


def share_rising(rank: Floats, n1: Indices, n2: Indices) -> Floats:
    """The share (m,) of pairs in which the later value is the larger, ties half: 0.5 where nothing changed.

    rank: (m, n2), those of the later values among both. n1, n2: (m,), how many there are.
    """
    share: Floats = (zero_filled(rank).sum(axis=1) - n2 * (n2 + 1.0) / 2.0) / (n1 * n2)
    return share


def pulled_in(x: Floats) -> Floats:
    """Each row with values farther than 4 robust standard deviations from its median pulled in to 4; (m, n)."""
    n = lengths(x)
    middle = medians(np.sort(x, axis=1), n)[:, None]
    mad = medians(np.sort(np.abs(x - middle), axis=1), n)[:, None]
    reach = np.where(mad > 0.0, FARTHEST * 1.4826 * mad, np.inf)
    return np.clip(x, middle - reach, middle + reach)


def _deviations(y: Floats, n: Indices) -> Floats:
    """The values less their row's mean, 0 for NaN."""
    return zero_filled(y - means(y, n)[:, None])


def _over_its_error(difference: Floats, variance: Floats) -> Floats:
    """difference / sqrt(variance), at most 1e12 where there is no variance."""
    t: Floats = difference / np.sqrt(np.maximum(np.maximum(variance, 1e-24 * difference**2), 1e-300))
    return t


def _unit_sides(before: Floats, after: Floats) -> tuple[Floats, Floats, Floats]:
    """Both sides less their common median, over the farthest value from it; and that, (m,)."""
    n1 = before.shape[1]
    both = np.concatenate([before, after], axis=1)
    both = both - medians(np.sort(both, axis=1), lengths(both))[:, None]
    largest = np.abs(zero_filled(both)).max(axis=1, keepdims=True)
    unit = np.where(largest > 1e-290, largest, 1.0)
    both = both / unit
    return both[:, :n1], both[:, n1:], unit[:, 0]


def _median_variance(ordered: Floats, n: Indices) -> Floats:
    sizes, which = np.unique(n, return_inverse=True)
    places, errors = (np.array(one)[which] for one in zip(*map(_median_bounds, map(int, sizes)), strict=True))
    rows = np.arange(len(ordered))
    variance: Floats = ((ordered[rows, n - places] - ordered[rows, places - 1]) / (2.0 * errors)) ** 2
    return variance


@lru_cache(maxsize=1024)
def _median_bounds(n: int) -> tuple[int, float]:
    """Which values from either end bound the median of n, and how many standard errors lie between it and each."""
    from scipy.special import bdtr, ndtri

    c = max(1, round((n + 1) / 2 - n**0.5))
    return c, -float(ndtri(float(bdtr(c - 1, n, 0.5))))
