"""The places that `anomalies` calls in many series at once: the same answers in a twentieth of the time."""

from __future__ import annotations

import numpy as np

from chimera_metrics.analytics.inference import anomalies
from chimera_metrics.analytics.inference.anomalies import RARE_SHARE, called
from chimera_metrics.analytics.inference.change_points import LEVEL as STEP_LEVEL
from chimera_metrics.analytics.inference.change_points import by_cycle
from chimera_metrics.analytics.inference.cycles import most_are_expected
from chimera_metrics.analytics.inference.far_steps import far_steps
from chimera_metrics.analytics.inference.near_steps import near_steps
from chimera_metrics.analytics.inference.point_scores import scores_of, without_rest_of_cycle
from chimera_metrics.analytics.inference.series import Flags, Floats
from chimera_metrics.analytics.inference.trend import LEVEL as TREND_LEVEL
from chimera_metrics.analytics.inference.trend import trend_p_values

AT_ONCE, COMPARED = 500, 20
"""Series in one pass; of each call so many are judged by `anomalies` itself, too, and have to agree."""


def places_of(y: Floats, period: int | None = None) -> list[list[int]]:
    """The places of the anomalies of each series of y: (m, n).

    Series without a step and without a trend, most of those in which nothing happens, are measured from their median:
    those are judged together. All others are judged one by one by `anomalies`.
    """
    found: list[list[int]] = [[]] * len(y)
    for begin in range(0, len(y), AT_ONCE):
        for rows, part, removed in by_cycle(y[begin : begin + AT_ONCE], period):
            flat = _are_flat(part, removed)
            judged = iter(_of_flat(part[flat], removed))
            for row, is_flat in zip(rows + begin, flat, strict=True):
                found[row] = next(judged) if is_flat else one_by_one(y[row], period)
    for row in range(min(COMPARED, len(y))):
        if found[row] != one_by_one(y[row], period):
            raise RuntimeError(f"Series {row} has anomalies at {one_by_one(y[row], period)}, not {found[row]}.")
    return found


def one_by_one(values: Floats, period: int | None) -> list[int]:
    """The places of the anomalies of one series, as the product finds them."""
    return [one.index for one in anomalies(list(values), period=period).points]


def _are_flat(part: Floats, removed: int | None) -> Flags:
    """Which of the series without their cycle (m, n) have neither steps nor a trend, (m,)."""
    far, near = far_steps(part, STEP_LEVEL, removed), near_steps(part, removed)
    steps = np.minimum(far.p_value, np.where(near.beats_line, near.p_value, 1.0))
    trend = trend_p_values(part, np.arange(part.shape[1], dtype=np.float64), removed)[0]
    return np.asarray((steps >= STEP_LEVEL) & (trend >= TREND_LEVEL))


def _of_flat(part: Floats, removed: int | None) -> list[list[int]]:
    """The places of the anomalies of series that are measured from their median."""
    e = part - np.median(part, axis=1, keepdims=True)
    left = without_rest_of_cycle(e, removed) if removed else e
    away = np.abs(e)
    no_spread = np.median(away, axis=1) <= 1e-12 * away.max(axis=1)
    if removed:
        rest = np.abs(left - np.median(left, axis=1, keepdims=True))
        no_spread |= most_are_expected(away, RARE_SHARE) | most_are_expected(rest, RARE_SHARE)
    scores = scores_of(left, removed)
    return [[] if bad else called(row, removed).tolist() for row, bad in zip(scores, no_spread, strict=True)]
