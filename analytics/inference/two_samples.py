"""Tests of two samples in the order of time, before and after, and the shift between them.

Three questions are asked, and a change must pass all that apply: do the later values rank higher (held whatever the
tails); are they higher by more than two sides of unequal spread show by chance (held whatever the sizes and spreads);
and, since the middle is what an answer shows, do the medians differ. Values of 1e150 and more overflow here: callers
divide by `unit_scale` first.
"""

from __future__ import annotations

import numpy as np

from chimera_metrics.analytics.inference.critical_values import p_value
from chimera_metrics.analytics.inference.rank_test import rank_p_values, smallest_share
from chimera_metrics.analytics.inference.series import Floats, normal_scores, ranks

NEEDED_A_SIDE = 5
ENOUGH_A_SIDE = 10
"""Values a side from which the rank test allows for autocorrelation; fewer do not show it."""
ENOUGH_IN_ALL = 20
"""Values in both samples from which the test of unequal spread allows for autocorrelation."""
FARTHEST = 4.0
"""Robust standard deviations from a side's median beyond which a value is pulled in."""
FAR_APART = 0.95
"""Share of pairs in which the later value is larger, from which the ranks cannot tell how far apart the sides are."""
QUANTILES_A_SIDE = 1000


def hodges_lehmann(before: Floats, after: Floats) -> float:
    """How far the later values lie above the earlier: the median of all differences, in the measure's unit.

    before: (n1,), after: (n2,), no gaps. A side of over 1,000 values is represented by 1,000 of its quantiles.
    Source: Hodges and Lehmann 1963, doi:10.1214/aoms/1177704172.
    Example: before 1, 2, 4 and after 3, 9 gives 3.5, the middle of -1, 1, 2, 5, 7, 8.
    """
    return float(np.median(_thinned(after)[None, :] - _thinned(before)[:, None]))


def larger_p_values(before: Floats, after: Floats) -> Floats:
    """One-sided p-values (m,) of "the later values are larger". before: (m, n1), after: (m, n2), 5 and more a side.

    Formula: the larger of the p-values of `rank_p_values` (under 10 values on a side) or `step_p_values` (from 10 on)
    and of `spread_p_values`; when at least 95 % of the pairs rise, ranks are read as independent, because they can no
    longer show how far apart the sides are.
    Example: 20 and 20 normal values one standard deviation apart give under 0.005 in 54 of 100.
    """
    by_spread = spread_p_values(before, after)
    if min(before.shape[1], after.shape[1]) < ENOUGH_A_SIDE:
        return np.maximum(by_spread, rank_p_values(before, after))
    far = share_rising(before, after) >= FAR_APART
    by_rank = step_p_values(before, after)
    if far.any():
        by_rank[far] = rank_p_values(before[far], after[far])
    return np.maximum(by_spread, by_rank)


def spread_p_values(before: Floats, after: Floats) -> Floats:
    """One-sided p-values (m,) of "the later mean is larger", each side with a spread of its own.

    Formula: Welch's t of the values, pulled in to 4 robust standard deviations from their side's median; from 20
    values on over sqrt((1 + rho) / (1 - rho)) as in `step_statistic`. Where the sides tell about equally much, the
    simulated values of that test are used, else Student's t with Welch's degrees of freedom.
    Source: Welch 1947, doi:10.1093/biomet/34.1-2.28.
    """
    from scipy.special import stdtr

    n1, n2 = before.shape[1], after.shape[1]
    n = n1 + n2
    a, b = _unit_sides(pulled_in(before), pulled_in(after))
    va, vb = a.var(axis=1, ddof=1), b.var(axis=1, ddof=1)
    difference = b.mean(axis=1) - a.mean(axis=1)
    variance = va / n1 + vb / n2
    of_a, of_b = (v / np.maximum(variance, 1e-300) for v in (va / n1, vb / n2))
    freedom = 1.0 / np.maximum(of_a**2 / (n1 - 1.0) + of_b**2 / (n2 - 1.0), 1.0 / (n - 2.0))
    if n < ENOUGH_IN_ALL:
        p: Floats = stdtr(freedom, -_over_its_error(difference, variance))
        return p
    sd = [np.sqrt(np.where(v > 0.0, v, 1.0))[:, None] for v in (va, vb)]
    rho = lag1_of_sides(a / sd[0], b / sd[1])
    t = _over_its_error(difference, variance * (1.0 + rho) / (1.0 - rho))
    p = stdtr(freedom, -t)
    even = freedom >= 0.8 * (n - 2.0)
    for side in np.unique(np.floor(freedom[even] / 2.0 + 1.0)):
        rows = even & (np.floor(freedom / 2.0 + 1.0) == side)
        two_sided = p_value("step", t[rows], rho[rows], max(NEEDED_A_SIDE, int(side)))
        p[rows] = np.where(t[rows] > 0.0, two_sided / 2.0, 1.0 - two_sided / 2.0)
    return p


def median_p_values(before: Floats, after: Floats) -> Floats:
    """One-sided p-values (m,) of "the later median is larger", whatever the shapes of the two sides.

    Formula: difference of the medians over the root of their variances, each ((y(n - c + 1) - y(c)) / 2z)^2 with
    c = (n + 1) / 2 - sqrt(n) and z the normal quantile of P(Binomial(n, 1/2) < c).
    Source: Price and Bonett 2002, doi:10.1080/00949650212140.
    """
    from scipy.special import ndtr

    difference = np.median(after, axis=1) - np.median(before, axis=1)
    variance = _median_variance(before) + _median_variance(after)
    p: Floats = ndtr(-_over_its_error(difference, variance))
    return p


def medians_must_differ_at(n1: int, n2: int) -> float:
    """The level that `median_p_values` must reach: 0.1 with few values, 0.01 from about 90 a side on.

    With few values the medians add little to the other tests and would only hide steps. With many, a side that is
    only more skewed passes the others; there the medians must show it too.
    """
    return float(np.clip(8.0 * effective_side(n1, n2) ** -1.5, 0.01, 0.1))


def shift_interval(before: Floats, after: Floats, level: float = 0.05) -> tuple[float, float] | None:
    """The shifts (low, high), in the measure's unit, that `larger_p_values` does not reject on either side.

    before: (n1,), after: (n2,), no gaps, 5 and more a side. level: two-sided, 0.05 for a 95 % interval.
    Undefined when: a bound is not reached within the range of numbers (None).
    Formula: low is the largest shift d so that the later values less d, still judged larger, have p < level / 2.
    Example: before 10, 14, 11, 13, 12, 15 and after 20, 24, 21, 23, 22, 25 gives 7 to 13.
    """
    low = _bound(before, after, level / 2.0)
    high = _bound(-before, -after, level / 2.0)
    return None if low is None or high is None else (low, -high)


def step_p_values(before: Floats, after: Floats, higher_is_worse: bool = True) -> Floats:
    """One-sided p-values (m,) of "after is worse". before: (m, n1), after: (m, n2), each in the order of time."""
    n1, n2 = before.shape[1], after.shape[1]
    statistic, rho = step_statistic(before, after)
    two_sided = p_value("step", statistic, rho, effective_side(n1, n2))
    is_worse = (statistic > 0.0) == higher_is_worse
    p = np.where(is_worse, two_sided / 2.0, 1.0 - two_sided / 2.0)
    return np.maximum(p, smallest_share(n1, n2))


def effective_side(n1: int, n2: int) -> int:
    """The points a side of two equal samples that tell as much as n1 and n2 do."""
    return max(NEEDED_A_SIDE, round(2 * n1 * n2 / (n1 + n2)))


def step_statistic(before: Floats, after: Floats) -> tuple[Floats, Floats]:
    """The t statistic (m,) of after minus before in normal scores, its error widened for the autocorrelation (m,)."""
    n1, n2 = before.shape[1], after.shape[1]
    n = n1 + n2
    u = normal_scores(np.concatenate([before, after], axis=1))
    rho = lag1_of_sides(u[:, :n1], u[:, n1:])
    old, new = u[:, :n1].mean(axis=1), u[:, n1:].mean(axis=1)
    power = u[:, :n1].var(axis=1) * n1 + u[:, n1:].var(axis=1) * n2
    difference = new - old
    variance = power / (n - 2.0) * (1.0 / n1 + 1.0 / n2) * (1.0 + rho) / (1.0 - rho)
    return _over_its_error(difference, variance), rho


def lag1_of_sides(before: Floats, after: Floats) -> Floats:
    """The first autocorrelation within the sides (m,), corrected for their length, 0 to 0.95."""
    n1 = before.shape[1]
    e = np.concatenate([side - side.mean(axis=1, keepdims=True) for side in (before, after)], axis=1)
    n = e.shape[1]
    power = (e * e).sum(axis=1)
    products = (e[:, 1:] * e[:, :-1]).sum(axis=1) - e[:, n1] * e[:, n1 - 1]
    r1 = np.divide(products, power, out=np.zeros(len(e)), where=power > 0.0)
    rho: Floats = np.clip((n * r1 + 2.0) / (n - 4.0), 0.0, 0.95)
    return rho


def share_rising(before: Floats, after: Floats) -> Floats:
    """The share (m,) of pairs in which the later value is the larger, ties half: 0.5 where nothing changed."""
    n1, n2 = before.shape[1], after.shape[1]
    rank = ranks(np.concatenate([before, after], axis=1))[:, n1:].sum(axis=1)
    share: Floats = (rank - n2 * (n2 + 1.0) / 2.0) / (n1 * n2)
    return share


def pulled_in(x: Floats) -> Floats:
    """Each row with values farther than 4 robust standard deviations from its median pulled in to 4; (m, n)."""
    middle = np.median(x, axis=1, keepdims=True)
    mad = np.median(np.abs(x - middle), axis=1, keepdims=True)
    reach = np.where(mad > 0.0, FARTHEST * 1.4826 * mad, np.inf)
    return np.clip(x, middle - reach, middle + reach)


def _over_its_error(difference: Floats, variance: Floats) -> Floats:
    """difference / sqrt(variance), at most 1e12 where there is no variance."""
    t: Floats = difference / np.sqrt(np.maximum(np.maximum(variance, 1e-24 * difference**2), 1e-300))
    return t


def _unit_sides(before: Floats, after: Floats) -> tuple[Floats, Floats]:
    """Both sides less their common median, over the farthest value from it."""
    n1 = before.shape[1]
    both = np.concatenate([before, after], axis=1)
    both = both - np.median(both, axis=1, keepdims=True)
    largest = np.abs(both).max(axis=1, keepdims=True)
    both = both / np.where(largest > 1e-290, largest, 1.0)
    return both[:, :n1], both[:, n1:]


def _median_variance(x: Floats) -> Floats:
    from scipy.special import bdtr, ndtri

    n = x.shape[1]
    c = max(1, round((n + 1) / 2 - n**0.5))
    z = -float(ndtri(float(bdtr(c - 1, n, 0.5))))
    ordered = np.sort(x, axis=1)
    variance: Floats = ((ordered[:, n - c] - ordered[:, c - 1]) / (2.0 * z)) ** 2
    return variance


def _thinned(side: Floats) -> Floats:
    if len(side) <= QUANTILES_A_SIDE:
        return side
    return np.asarray(np.quantile(side, (np.arange(QUANTILES_A_SIDE) + 0.5) / QUANTILES_A_SIDE))


def _bound(before: Floats, after: Floats, level: float, tried: int = 16, rounds: int = 4) -> float | None:
    """The largest d at which the later values less d are still judged larger: a search, 16 places at a time."""
    high = hodges_lehmann(before, after)
    reach = max(high - float(after.min() - before.max()), 1e-12)
    for _ in range(8):
        if larger_p_values(before[None], (after - (high - reach))[None])[0] < level:
            break
        reach *= 2.0
    else:
        return None
    low = high - reach
    for _ in range(rounds):
        at = np.linspace(low, high, tried + 2)[1:-1]
        rejected = larger_p_values(np.repeat(before[None], tried, axis=0), after[None] - at[:, None]) < level
        first = int(np.argmin(rejected)) if not rejected.all() else tried
        edges = np.concatenate([[low], at, [high]])
        low, high = float(edges[first]), float(edges[first + 1])
    return low
