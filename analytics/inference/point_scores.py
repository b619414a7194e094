"""How far each point lies from the rest, in robust standard deviations, and what the rest looks like.

Arrays are (series, points). `anomalies` judges by these; `bench.tabulate_critical_values` simulates its bounds on them.
"""

from __future__ import annotations

import numpy as np

from chimera_metrics.analytics.inference.series import Floats, Indices

MAD_TO_SD = 1.482602218505602
NEARER_SHARE, NEARER_TO_SD = 0.8, 1.79
NEAR, ROUNDS = 3.0, 3
KEPT_SHARE, CLEARLY_BETTER = 0.9, 3.0


def without_rest_of_cycle(e: Floats, period: int, places: Indices | None = None) -> Floats:
    """Residuals e: (m, n) of series whose cycle was taken out by medians, less what is left of it: the mean, by place
    in the period, of those that are nearer than 3 sd; three times. A far point is not part of what it is measured from.

    places: (n,), the buckets of the points (default 0, 1, 2, ...). Medians of few values waver more than means, and
    share a far point's excess out to its neighbours in the cycle.
    """
    n = e.shape[1]
    at = (np.arange(n) if places is None else places) % period
    is_at = (at[:, None] == np.arange(period)).astype(np.float64)
    left: Floats = e - np.median(e, axis=1, keepdims=True)
    for _ in range(ROUNDS):
        is_near = np.abs(left) < NEAR * _nearer_sd(left)
        means = (left * is_near) @ is_at / np.maximum(is_near @ is_at, 1.0)
        left = left - (means - means.mean(axis=1, keepdims=True)) @ is_at.T
    return left


def scores_of(e: Floats, period: int | None = None) -> Floats:
    """Residuals e: (m, n) over 1.4826 times their median absolute deviation, from their median.

    period: that of the cycle that was taken out. Then over 1.79 times the mean of the nearer four fifths, widened for
    the points that the cycle costs: it leaves one residual in each place of the period next to 0, and their median too.
    """
    centred = e - np.median(e, axis=1, keepdims=True)
    away = np.abs(centred)
    if period:
        spread = _nearer_sd(centred) / (1.0 - period / e.shape[1]) ** 0.5
    else:
        spread = MAD_TO_SD * np.median(away, axis=1, keepdims=True)
    scores: Floats = centred / np.maximum(spread, 1e-12 * np.maximum(away.max(axis=1, keepdims=True), 1e-300))
    return scores


def wavers_with(e: Floats, level: Floats) -> bool:
    """Whether residuals e: (n,) are clearly likelier to grow with the level (n,), above 0, than to be alike everywhere:
    log-likelihood better by 3, of the nine tenths that are nearest beside the level (a few far points say nothing)."""
    relative = np.abs(e / level)
    kept = np.argsort(relative, kind="stable")[: int(np.ceil(KEPT_SHARE * len(e)))]
    alike, beside = float(np.abs(e[kept]).mean()), float(relative[kept].mean())
    if min(alike, beside) <= 0.0:
        return False
    return bool(len(kept) * np.log(alike / beside) - np.log(level[kept]).sum() > CLEARLY_BETTER)


def farthest_first(scores: Floats) -> Floats:
    """Each row of scores: (m, n) by falling distance from 0."""
    return np.take_along_axis(scores, np.argsort(-np.abs(scores), axis=1, kind="stable"), axis=1)


def features(ordered: Floats, j: int) -> tuple[Floats, Floats]:
    """The j-th largest |score| (m,), and what the points beyond the j farthest look like (m, 5).

    ordered: (m, n), the farthest first. The five: 1; log of the next |score|; size of the others' skew; their skew
    towards the j-th; log of their sd. Skew: their mean, as scores count from the median.
    """
    rest = ordered[:, j:]
    mean = rest.mean(axis=1)
    described = [
        np.ones(len(ordered)),
        np.log(np.maximum(np.abs(ordered[:, j]), 1e-3)),
        np.abs(mean),
        np.sign(ordered[:, j - 1]) * mean,
        np.log(np.maximum(rest.std(axis=1), 1e-3)),
    ]
    return np.abs(ordered[:, j - 1]), np.stack(described, axis=1)


def _nearer_sd(e: Floats) -> Floats:
    """The sd (m, 1) of residuals e: (m, n) around 0, by the mean of the nearer four fifths."""
    near = np.sort(np.abs(e), axis=1)[:, : int(np.ceil(NEARER_SHARE * e.shape[1]))]
    sd: Floats = NEARER_TO_SD * near.mean(axis=1, keepdims=True)
    return sd
