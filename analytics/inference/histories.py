"""A measure's whole history: whether its newest runs are worse than the comparable runs before them, and since when."""

from __future__ import annotations

from collections.abc import Hashable, Sequence
from dataclasses import dataclass, replace
from math import log

import numpy as np

from chimera_metrics.analytics.inference import reasons
from chimera_metrics.analytics.inference.multiplicity import sidak
from chimera_metrics.analytics.inference.regressions import LEVEL, Comparison, compare_sides, with_interval
from chimera_metrics.analytics.inference.series import Floats, floats, normal_scores, times, unit_scale
from chimera_metrics.analytics.inference.two_samples import NEEDED_A_SIDE, larger_p_values

SETTLED_WITHIN = 3
CLEAR = 2.0
"""Standard errors under which no split is significant, so that none needs to be judged."""
LIKELY = 0.05
"""From this p-value on an earlier change to better is likely enough to look at the runs since then alone, too."""


@dataclass(frozen=True, slots=True)
class History:
    """All comparable runs of one group and measure, in any order, each with its time (days or seconds)."""

    key: Hashable
    values: Sequence[float | None]
    times: Sequence[float]
    higher_is_worse: bool = True


def compare_history(
    values: Sequence[float | None],
    at: Sequence[float],
    *,
    earliest: float | None = None,
    higher_is_worse: bool = True,
) -> Comparison:
    """Whether the newest runs of a measure are worse than the comparable runs before them, and since which run.

    values: the measure of every run there is, any unit, gaps allowed. at: their times, days or seconds, in any order.
    earliest: a step before this time is old news and not looked for; None looks at all times. higher_is_worse: as in
    `compare`.
    Returns: the comparison of the runs since the likeliest step to worse with those before it: step_index (the first
    run since, an index of the given values), step_time, from_index (the first run of the side before).
    Undefined when: fewer than 5 runs since `earliest`, fewer than 5 before them, or all values equal; `reason` says
    how many more runs are needed, and so does `more_needed`.
    Formula: the split of the normal scores, 5 runs and more a side, that explains most, judged by `compare`; p is
    corrected for the splits tried. If the runs since it became better again, only the runs since then are compared,
    and p is the larger of both. Runs before an earlier change to better are not comparable and left out; where such a
    change is only likely, both ways are tried and p is corrected for it.
    Source: Hinkley 1970, doi:10.1093/biomet/57.1.1; Siegmund 1986, doi:10.1214/aos/1176349928 (splits tried).
    Example: daily runs 431, 432, 389, 433, 412, 415, 422, 447, 538, 542, 525, 491, 519, 545, 550 give step_index 8,
    shift 108, p = 0.001.
    """
    found = _compare_history(History(None, values, at, higher_is_worse), earliest)
    return with_interval(found)


def compare_histories(histories: Sequence[History], *, earliest: float | None = None) -> dict[Hashable, Comparison]:
    """What `compare_history` finds of each, by its key, without intervals; for `regressions`, which adds them."""
    return {one.key: _compare_history(one, earliest) for one in histories}


def splits_tried(p: float, first: int, last: int, n: int) -> float:
    """How many independent splits the best of all splits first, ..., last of n points is worth, at this p-value.

    Formula: 1 + z^2 log(last (n - first) / (first (n - last))) / 2 with z the normal quantile of p, at most as many as
    there are: the chance that the standardised difference of the two sides crosses z at some split.
    Source: Siegmund 1986, doi:10.1214/aos/1176349928.
    Example: p = 0.001 over splits 5 to 25 of 30 gives 16.4, over 5 to 10 of 15 gives 6.
    """
    from scipy.special import ndtri

    z = max(0.0, -float(ndtri(p)))
    return min(last - first + 1.0, 1.0 + z * z * log(last * (n - first) / (first * (n - last))) / 2.0)


def _compare_history(one: History, earliest: float | None) -> Comparison:
    y, t = floats(one.values), times(one.times, len(one.values))
    order = np.argsort(t, kind="stable")
    order = order[~np.isnan(y[order])]
    y, t = y[order], t[order]
    n = len(y)
    since = n if earliest is None else int((t >= earliest).sum())
    missing = max(2 * NEEDED_A_SIDE - n, NEEDED_A_SIDE - since, 0)
    if missing:
        return _too_few(y, n, since, missing)
    better_from = _comparable_from(_worse_up(y, one.higher_is_worse), LIKELY)
    starts = [0, better_from] if 0 < better_from <= n - 2 * NEEDED_A_SIDE else [0]
    judged = [_since_step(y, start, max(n - since, start), one.higher_is_worse, len(starts)) for start in starts]
    found = min(judged, key=lambda each: 1.0 if each.p_value is None else each.p_value)
    if found.step_index is None or found.from_index is None:
        return found
    first, split = found.from_index, found.step_index
    return replace(found, from_index=int(order[first]), step_index=int(order[split]), step_time=float(t[split]))


def _since_step(y: Floats, start: int, earliest: int, higher_is_worse: bool, ways: int) -> Comparison:
    """The runs since the likeliest step at or after `earliest` beside those from `start` on, one of so many ways."""
    n = len(y)
    up = _worse_up(y, higher_is_worse)
    first, last = max(NEEDED_A_SIDE, earliest - start), n - start - NEEDED_A_SIDE
    split = start + _likeliest(up[start:], first, last)[0]
    start += _comparable_from(up[start:split], LEVEL)
    found = compare_sides(y[start:split], y[split:], higher_is_worse)
    found = replace(found, from_index=start, step_index=split)
    if found.p_value is None:
        return found
    tried = ways * splits_tried(found.p_value, first, last, last + NEEDED_A_SIDE)
    p = sidak(found.p_value, tried)
    recovered = split + _comparable_from(up[split:], LEVEL)
    if recovered > split:
        found = compare_sides(y[start:split], y[recovered:], higher_is_worse)
        p = max(p, found.p_value or 0.0)
    return replace(found, p_value=p, splits_tried=tried, from_index=start, step_index=split)


def _worse_up(y: Floats, higher_is_worse: bool) -> Floats:
    """The values so that worse is larger, near 1."""
    return (1.0 if higher_is_worse else -1.0) * y / unit_scale(y)


def _likeliest(y: Floats, first: int, last: int) -> tuple[int, float]:
    """The split, first to last, whose sides differ most towards larger, and by how many standard errors of the ranks.

    Ranks find it; as they cannot tell a clear step from the highest value just before it, the values settle it
    within 3 places: the smallest sum of distances to the medians of the two sides.
    """
    u = normal_scores(y[None])[0]
    n = len(y)
    k = np.arange(first, last + 1)
    rise = -np.cumsum(u - u.mean())[k - 1]
    gain = rise / np.sqrt(k * (n - k) / n)
    near = int(k[gain.argmax()])
    around = range(max(first, near - SETTLED_WITHIN), min(last, near + SETTLED_WITHIN) + 1)
    settled = min(around, key=lambda at: (_distances(y[:at]) + _distances(y[at:]), abs(at - near)))
    return settled, float(gain.max())


def _distances(side: Floats) -> float:
    """The sum of distances to the median; the lower of two middle values gives the same sum."""
    middle = (len(side) - 1) // 2
    return float(np.abs(side - np.partition(side, middle)[middle]).sum())


def _comparable_from(y: Floats, level: float) -> int:
    """The first value after the last change to smaller with p < level, 0 without one. y: (n,), larger is worse."""
    start = 0
    while len(y) - start >= 2 * NEEDED_A_SIDE:
        part = -y[start:]
        first, last = NEEDED_A_SIDE, len(part) - NEEDED_A_SIDE
        split, errors = _likeliest(part, first, last)
        if errors < CLEAR:
            break
        p = float(larger_p_values(part[None, :split], part[None, split:])[0])
        if sidak(p, splits_tried(p, first, last, len(part))) >= level:
            break
        start += split
    return start


def _too_few(y: Floats, n: int, since: int, missing: int) -> Comparison:
    new = y[n - since :]
    old = y[: n - since]
    before, after = (float(np.median(side)) if len(side) else None for side in (old, new))
    reason = reasons.no_data("the measure") if n == 0 else reasons.too_few_runs(n, since, NEEDED_A_SIDE, missing)
    return Comparison(before, after, None, None, len(old), len(new), reason, more_needed=missing)
