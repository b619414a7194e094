"""How far the later of two samples lies above the earlier: the Hodges-Lehmann shift and its interval."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from chimera_metrics.analytics.inference.padded import of_like_length, padded
from chimera_metrics.analytics.inference.series import Floats, unit_scale
from chimera_metrics.analytics.inference.two_samples import larger_p_values

QUANTILES_A_SIDE = 1000
WIDENED = 8
TRIED = 16
ROUNDS = 4
Sides = tuple[Floats, Floats]


def hodges_lehmann(before: Floats, after: Floats) -> float:
    """How far the later values lie above the earlier: the median of all differences, in the measure's unit.

    before: (n1,), after: (n2,), no gaps. A side of over 1,000 values is represented by 1,000 of its quantiles.
    Source: Hodges and Lehmann 1963, doi:10.1214/aoms/1177704172.
    Example: before 1, 2, 4 and after 3, 9 gives 3.5, the middle of -1, 1, 2, 5, 7, 8.
    """
    return float(np.median(_thinned(after)[None, :] - _thinned(before)[:, None]))


def shift_interval(before: Floats, after: Floats, level: float = 0.05) -> tuple[float, float] | None:
    """The shifts (low, high), in the measure's unit, that `larger_p_values` does not reject on either side.

    before: (n1,), after: (n2,), no gaps, 5 and more a side. level: two-sided, 0.05 for a 95 % interval.
    Undefined when: a bound is not reached within the range of numbers (None).
    Formula: low is the largest shift d so that the later values less d, still judged larger, have p < level / 2.
    Example: before 10, 14, 11, 13, 12, 15 and after 20, 24, 21, 23, 22, 25 gives 7 to 13.
    """
    return shift_intervals([(before, after)], level)[0]


def shift_intervals(pairs: Sequence[Sides], level: float = 0.05) -> list[tuple[float, float] | None]:
    """`shift_interval` of each pair of samples, all in one pass."""
    scales = np.array([unit_scale(np.concatenate(pair)) for pair in pairs])
    scaled = [(before / scale, after / scale) for (before, after), scale in zip(pairs, scales, strict=True)]
    both = [*scaled, *((-before, -after) for before, after in scaled)]
    bounds = np.empty(len(both))
    for places in of_like_length([TRIED * (len(a) + len(b)) for a, b in both], range(len(both))):
        bounds[places] = _bounds([both[place] for place in places], level / 2.0)
    low, high = bounds[: len(pairs)] * scales, -bounds[len(pairs) :] * scales
    return [
        None if np.isnan(one) or np.isnan(other) else (float(one), float(other))
        for one, other in zip(low, high, strict=True)
    ]


def _bounds(pairs: Sequence[Sides], level: float) -> Floats:
    """Of each pair the largest d at which the later values less d are still judged larger, NaN where out of reach.

    A search, `TRIED` places at a time.
    """
    before, after = (padded([pair[side] for pair in pairs]) for side in (0, 1))
    high = np.array([hodges_lehmann(*pair) for pair in pairs])
    reach = np.maximum(high - np.array([a.min() - b.max() for b, a in pairs]), 1e-12)
    unreached = np.arange(len(pairs))
    for _ in range(WIDENED):
        at = (high - reach)[unreached]
        rejected = larger_p_values(before[unreached], after[unreached] - at[:, None]) < level
        unreached = unreached[~rejected]
        if not len(unreached):
            break
        reach[unreached] *= 2.0
    low: Floats = high - reach
    rows = np.arange(len(pairs))
    before = np.repeat(before, TRIED, axis=0)
    for _ in range(ROUNDS):
        edges = np.linspace(low, high, TRIED + 2, axis=1)
        later = (after[:, None, :] - edges[:, 1:-1, None]).reshape(len(before), -1)
        rejected = (larger_p_values(before, later) < level).reshape(-1, TRIED)
        first = np.where(rejected.all(axis=1), TRIED, rejected.argmin(axis=1))
        low, high = edges[rows, first], edges[rows, first + 1]
    low[unreached] = np.nan
    return low


def _thinned(side: Floats) -> Floats:
    if len(side) <= QUANTILES_A_SIDE:
        return side
    return np.asarray(np.quantile(side, (np.arange(QUANTILES_A_SIDE) + 0.5) / QUANTILES_A_SIDE))
