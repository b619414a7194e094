"""Single points far from where the series was."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from chimera_metrics.analytics.inference import reasons
from chimera_metrics.analytics.inference.change_points import ChangePoints, change_points
from chimera_metrics.analytics.inference.critical_values import anomaly_rule
from chimera_metrics.analytics.inference.reasons import Reason
from chimera_metrics.analytics.inference.series import Floats, Indices, floats, is_constant, times, unit_scale
from chimera_metrics.analytics.inference.trend import Trend, trend

NEEDED = 10
TABULATED_TOGETHER = 3
SMALLEST_SCORE = 4.0
MAD_TO_SD = 1.482602218505602


@dataclass(frozen=True, slots=True)
class Anomaly:
    """`index` is the place in the given values; `score` is in robust standard deviations, signed."""

    index: int
    value: float
    score: float


@dataclass(frozen=True, slots=True)
class Anomalies:
    """The answer of `anomalies`: the points in order; empty with a reason when none could be looked for."""

    points: tuple[Anomaly, ...]
    n: int
    reason: Reason | None = None


def anomalies(
    values: Sequence[float | None],
    times_days: Sequence[float] | None = None,
    *,
    line: Trend | None = None,
    steps: ChangePoints | None = None,
) -> Anomalies:
    """The points that lie far from the series' own level, trend and steps.

    values: the series in the order of time, any unit, gaps allowed. times_days: as for `trend`. line, steps: what
    `trend` and `change_points` said of the same values, if known.
    Returns: points in order, with score = (value - expected) / robust sd; expected is the level between change points,
    else the line if it rises or falls, else the median. At most 1 under 20 points, 2 under 30, then 3 or a twentieth.
    Undefined when: fewer than 10 values, all equal, or more than half of them exactly as expected: a reason.
    Formula: robust sd = 1.4826 median |value - expected|. A score counts above a bound that the other points set:
    log bound = a + b1 log(next farthest score) + b2 |skew| + b3 skew towards the point + b4 log(sd / robust sd),
    with coefficients simulated by n so that noise with normal, t3 and lognormal tails is called in at most 1 series
    of 22; never under 4.
    Source: Hampel 1974, doi:10.1080/01621459.1974.10482962; outward testing after Rosner 1983,
    doi:10.1080/00401706.1983.10487848; docs/statistics.md.
    Example: 30 points of normal noise with one at 10 sd: that point, in nine series of ten.
    """
    y = floats(values)
    t = times(times_days, len(y))
    present = np.flatnonzero(~np.isnan(y))
    n = len(present)
    if n == 0:
        return Anomalies((), n, reasons.no_data("the series"))
    if n < NEEDED:
        return Anomalies((), n, reasons.too_few("Finding anomalies", n, NEEDED))
    if is_constant(y[present]):
        return Anomalies((), n, reasons.constant("the series"))
    scale = unit_scale(y[present])
    line = line or trend(values, times_days)
    steps = steps or change_points(values)
    e = (y[present] - _expected(y, t, present, line, steps)) / scale
    if np.median(np.abs(e)) <= 1e-12 * np.abs(e).max():
        text = "More than half of the values are the same, so there is no spread to measure from."
        return Anomalies((), n, reasons.not_estimated(text))
    scores, together = judge(e[None])
    farthest = np.argsort(-np.abs(scores[0]), kind="stable")[: together[0]]
    points = (Anomaly(int(present[i]), float(y[present[i]]), float(scores[0, i])) for i in np.sort(farthest))
    return Anomalies(tuple(points), n)


def judge(e: Floats) -> tuple[Floats, Indices]:
    """Scores (m, n) of residuals e: (m, n), and how many of each row's farthest points are anomalies (m,)."""
    n = e.shape[1]
    scores = scores_of(e)
    rule = anomaly_rule(n)
    ordered = farthest_first(scores)
    together = np.zeros(len(e), dtype=np.intp)
    for j in range(max(min(TABULATED_TOGETHER, n // 10), n // 20), 0, -1):
        score, described = features(ordered, j)
        # More than three need what three need: noise meets that ever more seldom.
        bound = np.maximum(np.exp(described @ rule[min(j, TABULATED_TOGETHER) - 1]), SMALLEST_SCORE)
        together = np.where((together == 0) & (score > bound), j, together)
    return scores, together


def scores_of(e: Floats) -> Floats:
    """Residuals e: (m, n) over 1.4826 times their median absolute deviation, from their median."""
    centred = e - np.median(e, axis=1, keepdims=True)
    scores: Floats = centred / (MAD_TO_SD * np.median(np.abs(centred), axis=1, keepdims=True))
    return scores


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


def _expected(y: Floats, t: Floats, present: Indices, line: Trend, steps: ChangePoints) -> Floats:
    """The level, line or median that each present value is measured from."""
    known = y[present]
    if steps.changes:
        firsts = np.array([change.index for change in steps.changes])
        levels = np.array([steps.changes[0].before, *(change.after for change in steps.changes)])
        expected: Floats = levels[np.searchsorted(firsts, present, side="right")]
        return expected
    if line.direction in ("rising", "falling") and line.slope_per_day is not None:
        climb = line.slope_per_day * (t[present] - t[present][0])
        fitted: Floats = climb + float(np.median(known - climb))
        return fitted
    return np.full(len(known), float(np.median(known)))
