"""How far the later of two samples lies above the earlier: the Hodges-Lehmann shift and its interval."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from math import isnan

import numpy as np

from chimera_metrics.analytics.inference.padded import of_like_length, padded
from chimera_metrics.analytics.inference.series import Flags, Floats, Indices, unit_scale
from chimera_metrics.analytics.inference.two_samples import Spread, order_p_values

QUANTILES_A_SIDE = 1000
WIDENED = 8
HALVED = 17
"""How often a search is halved: a bound is known to 1 / 131,072 of the range of the values."""
Sides = tuple[Floats, Floats]


@dataclass(frozen=True, slots=True)
class Shift:
    """How far the later values lie above the earlier, and the interval; no bounds where one is out of reach."""

    shift: float
    low: float | None
    high: float | None


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
    [found] = shifts([(before, after)], level)
    return None if found.low is None or found.high is None else (found.low, found.high)


def shifts(pairs: Sequence[Sides], level: float = 0.05) -> list[Shift]:
    """`hodges_lehmann` and `shift_interval` of each pair of samples, all in one pass; of any size of number."""
    scales = [unit_scale(np.concatenate(pair)) for pair in pairs]
    scaled = [(before / scale, after / scale) for (before, after), scale in zip(pairs, scales, strict=True)]
    middle = [hodges_lehmann(*pair) for pair in scaled]
    both = [*scaled, *((-before, -after) for before, after in scaled)]
    high = np.array([*middle, *(-one for one in middle)])
    bounds = np.empty(len(both))
    for places in of_like_length([len(a) + len(b) for a, b in both], range(len(both))):
        bounds[places] = _bounds([both[place] for place in places], high[places], level / 2.0)
    low, up = bounds[: len(pairs)], -bounds[len(pairs) :]
    found = []
    for shift, first, last, scale in zip(middle, low.tolist(), up.tolist(), scales, strict=True):
        ends = (None, None) if isnan(first) or isnan(last) else (first * scale, last * scale)
        found.append(Shift(shift * scale, *ends))
    return found


def shift_alone(pair: Sides) -> Shift:
    """`hodges_lehmann` of two samples of any size of number, of which nothing else can be said."""
    scale = unit_scale(np.concatenate(pair))
    return Shift(hodges_lehmann(pair[0] / scale, pair[1] / scale) * scale, None, None)


def _bounds(pairs: Sequence[Sides], high: Floats, level: float) -> Floats:
    """Of each pair the largest d at which the later values less d are still judged larger, NaN where out of reach.

    high: the shift, at which they are not; (m,).
    """
    before, after = (padded([pair[side] for pair in pairs]) for side in (0, 1))

    spread = Spread.of(before, after)

    def rank_higher(d: Floats, rows: Indices) -> Flags:
        """Whether the rows' later values less d: (k,) rank higher than the earlier."""
        return order_p_values(before[rows], after[rows] - d[:, None]) < level

    unreached = np.arange(len(pairs))
    reach = np.maximum(high - np.array([after.min() - before.max() for before, after in pairs]), 1e-12)
    for _ in range(WIDENED):
        at = high - reach
        larger = rank_higher(at[unreached], unreached) & (spread.p_values(at) < level)[unreached]
        unreached = unreached[~larger]
        if not len(unreached):
            break
        reach[unreached] *= 2.0
    # By the spread alone first, which takes no sorting; where the ranks agree there, they need no search.
    low: Floats = high - reach
    first = _halved(low, high, lambda d: spread.p_values(d) < level)
    agree = rank_higher(first, np.arange(len(pairs)))
    rows = np.flatnonzero(~agree)
    low = np.where(agree, first, low)
    if len(rows):
        low[rows] = _halved(low[rows], first[rows], lambda d: rank_higher(d, rows))
    low[unreached] = np.nan
    return low


def _halved(low: Floats, high: Floats, holds: Callable[[Floats], Flags]) -> Floats:
    """The largest place where it still holds, between low, where it does, and high, where it does not; (m,)."""
    for _ in range(HALVED):
        middle = (low + high) / 2.0
        there = holds(middle)
        low, high = np.where(there, middle, low), np.where(there, high, middle)
    return low


def _thinned(side: Floats) -> Floats:
    if len(side) <= QUANTILES_A_SIDE:
        return side
    return np.asarray(np.quantile(side, (np.arange(QUANTILES_A_SIDE) + 0.5) / QUANTILES_A_SIDE))
