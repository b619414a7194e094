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
    corrected for the splits tried. If the runs since it became better again, only the runs since then are compared, and
    p is the larger of both. Runs before an earlier change to better are not comparable and left out.
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
    sign = (1.0 if one.higher_is_worse else -1.0) / unit_scale(y)
    first, last = max(NEEDED_A_SIDE, n - since), n - NEEDED_A_SIDE
    split = _likeliest(sign * y, first, last)
    start = _comparable_from(sign * y[:split])
    found = compare_sides(y[start:split], y[split:], one.higher_is_worse)
    tried = 1.0
    if found.p_value is not None:
        tried = splits_tried(found.p_value, first, last, n)
        found = replace(found, p_value=min(1.0, sidak(found.p_value, tried)))
        recovered = split + _comparable_from(sign * y[split:])
        if recovered > split:
            newest = compare_sides(y[start:split], y[recovered:], one.higher_is_worse)
            found = replace(newest, p_value=max(found.p_value or 0.0, newest.p_value or 0.0))
    return replace(
        found,
        from_index=int(order[start]),
        step_index=int(order[split]),
        step_time=float(t[split]),
        splits_tried=tried,
    )


def _likeliest(y: Floats, first: int, last: int) -> int:
    """The split, first to last, whose sides differ most towards larger.

    Ranks find it; as they cannot tell a clear step from the highest value just before it, the values settle it
    within 3 places: the smallest sum of distances to the medians of the two sides.
    """
    u = normal_scores(y[None])[0]
    n = len(y)
    k = np.arange(first, last + 1)
    rise = -np.cumsum(u - u.mean())[k - 1]
    near = int(k[(rise / np.sqrt(k * (n - k))).argmax()])
    around = range(max(first, near - SETTLED_WITHIN), min(last, near + SETTLED_WITHIN) + 1)
    return min(around, key=lambda at: (sum(_distances(side) for side in (y[:at], y[at:])), abs(at - near)))


def _distances(side: Floats) -> float:
    return float(np.abs(side - np.median(side)).sum())


def _comparable_from(y: Floats) -> int:
    """The first value after the last clear change to smaller, 0 without one. y: (n,), larger is worse."""
    start = 0
    while len(y) - start >= 2 * NEEDED_A_SIDE:
        part = -y[start:]
        first, last = NEEDED_A_SIDE, len(part) - NEEDED_A_SIDE
        split = _likeliest(part, first, last)
        p = float(larger_p_values(part[None, :split], part[None, split:])[0])
        if sidak(p, splits_tried(p, first, last, len(part))) >= LEVEL:
            break
        start += split
    return start


def _too_few(y: Floats, n: int, since: int, missing: int) -> Comparison:
    new = y[n - since :]
    old = y[: n - since]
    before, after = (float(np.median(side)) if len(side) else None for side in (old, new))
    reason = reasons.no_data("the measure") if n == 0 else reasons.too_few_runs(n, since, NEEDED_A_SIDE, missing)
    return Comparison(before, after, None, None, len(old), len(new), reason, more_needed=missing)
