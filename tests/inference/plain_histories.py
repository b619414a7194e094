"""One history at a time, split by split: what `compare_histories` does for all of them in one pass."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from chimera_metrics.analytics.inference import History, sidak
from chimera_metrics.analytics.inference.histories import LIKELY
from chimera_metrics.analytics.inference.likeliest import CLEAR, EQUAL, SETTLED_WITHIN, splits_tried
from chimera_metrics.analytics.inference.regressions import LEVEL, NEEDED_A_SIDE, worse_p_values
from chimera_metrics.analytics.inference.series import Floats, floats, is_constant, normal_scores, unit_scale
from chimera_metrics.analytics.inference.two_samples import larger_p_values


@dataclass(frozen=True)
class Plain:
    """The place of the first run compared, of the step, how many runs are after it, and the p-value."""

    from_index: int
    step_index: int
    n_after: int
    p_value: float | None


def plain_history(one: History, earliest: float | None) -> Plain | None:
    """The likeliest step of one history, None where there are too few runs."""
    y, t = floats(one.values), np.asarray(one.times)
    order = np.argsort(t, kind="stable")
    order = order[~np.isnan(y[order])]
    y, n = y[order], len(order)
    new = n if earliest is None else int((t[order] >= earliest).sum())
    if n < 2 * NEEDED_A_SIDE or new < NEEDED_A_SIDE:
        return None
    up = (1.0 if one.higher_is_worse else -1.0) * y / unit_scale(y)
    better_from = comparable_from(up, LIKELY)
    starts = [0, better_from] if 0 < better_from <= n - 2 * NEEDED_A_SIDE else [0]
    judged = [since_step(up, start, max(n - new, start), len(starts)) for start in starts]
    found = min(judged, key=lambda each: 1.0 if each.p_value is None else each.p_value)
    return Plain(int(order[found.from_index]), int(order[found.step_index]), found.n_after, found.p_value)


def since_step(up: Floats, start: int, earliest: int, ways: int) -> Plain:
    """The likeliest step at or after `earliest` of the values from `start` on, one of so many ways."""
    n = len(up)
    first, last = max(NEEDED_A_SIDE, earliest - start), n - start - NEEDED_A_SIDE
    split = start + likeliest(up[start:], first, last)[0]
    start += comparable_from(up[start:split], LEVEL)
    p = p_value(up[start:split], up[split:])
    if p is None:
        return Plain(start, split, n - split, None)
    p = sidak(p, ways * float(splits_tried(p, first, last, last + NEEDED_A_SIDE)))
    since = split + comparable_from(up[split:], LEVEL)
    if since > split:
        now = p_value(up[start:split], up[since:])
        p = max(p, 1.0 if now is None else now)
    return Plain(start, split, n - since, p)


def p_value(before: Floats, after: Floats) -> float | None:
    """`worse_p_values` of one pair of sides, None where all values are equal."""
    both = np.concatenate([before, after])
    if is_constant(both):
        return None
    return float(worse_p_values(before[None] / unit_scale(both), after[None] / unit_scale(both))[0])


def comparable_from(y: Floats, level: float) -> int:
    """The first value after the last change to smaller with p < level."""
    start = 0
    while len(y) - start >= 2 * NEEDED_A_SIDE:
        part = -y[start:]
        last = len(part) - NEEDED_A_SIDE
        split, errors = likeliest(part, NEEDED_A_SIDE, last)
        if errors < CLEAR:
            break
        p = float(larger_p_values(part[None, :split], part[None, split:])[0])
        if sidak(p, float(splits_tried(p, NEEDED_A_SIDE, last, len(part)))) >= level:
            break
        start += split
    return start


def likeliest(y: Floats, first: int, last: int) -> tuple[int, float]:
    """The split whose sides differ most towards larger, settled on the values, and by how many errors they differ."""
    u, n = normal_scores(y[None])[0], len(y)
    k = np.arange(first, last + 1)
    gain = -np.cumsum(u - u.mean())[k - 1] / np.sqrt(k * (n - k) / n)
    settled = near = int(k[gain.argmax()])
    smallest = np.inf
    for at in sorted(range(near - SETTLED_WITHIN, near + SETTLED_WITHIN + 1), key=lambda one: abs(one - near)):
        if first <= at <= last and (distances := to_median(y[:at]) + to_median(y[at:])) < smallest * (1.0 - EQUAL):
            settled, smallest = at, distances
    return settled, float(gain.max())


def to_median(side: Floats) -> float:
    """The sum of distances to the median."""
    return float(np.abs(side - np.median(side)).sum())
