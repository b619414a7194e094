"""What each bucket was expected to be from those before it, many series at a time, and how rare its distance is."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from chimera_metrics.analytics.inference.series import Flags, Floats
from chimera_metrics.analytics.inference.smoothing import LEVEL_POINTS, LONGEST_BY_MEDIAN, MEDIAN_VARIANCE

SMOOTHING = np.array([0.05, 0.15, 0.35, 0.7])
FIRST_SHARE, FIRST = 4, 8
"""Errors count from a quarter of the history on, the eighth value at least: before, the level is hardly known."""
ROUNDING = 1e-12
CLIPPED = 4.0
"""Robust standard deviations by which one value moves the level at most."""
MAD_TO_SD = 1.482602218505602
TAIL_SHARE, TAIL_LEAST = 8, 6
"""An eighth of the errors, at least six, show how the tail falls."""
HEAVIER = 0.7
"""Standard errors by which the tail is taken to be heavier than it looks."""
LIGHTEST = 0.15
"""The tail falls no faster than this power's inverse: normal errors do about so at 3 standard deviations."""
CYCLE_COST = 0.2
"""How much of the noise the effects of the cycle take up in the history: simulated."""


@dataclass(frozen=True, slots=True)
class OneStep:
    """`expected` (m, n) from the values before each; `errors` (m, n), less their median in the history; `reference`
    (m, n): which errors of the history count; `widen` (m,): how much farther than those the newest lie by chance."""

    expected: Floats
    errors: Floats
    reference: Flags
    widen: Floats


def one_step(z: Floats, known: Flags, last: int, period: int) -> OneStep:
    """The expectations of each row of z: (m, n), gaps filled, `known` where measured; the newest `last` are judged.

    Formula: exponential smoothing of what is left without the cycle, at the speed of the smallest mean error in the
    history; the cycle is the mean of the middle half by place in the history, shrunk. One value moves the level by 4
    robust standard deviations at most, so that an outlier does not make the next look like one.
    """
    m, n = z.shape
    history = n - last
    effects, kept = _effects(z[:, :history], period)
    level_only = z - effects[:, np.arange(n) % period]
    paths = _paths(level_only, history)  # (m, n, speeds)
    errors = level_only[:, :, None] - paths
    counts = np.zeros((m, n), dtype=np.bool_)
    counts[:, max(FIRST, history // FIRST_SHARE) : history] = True
    counts &= known
    size = np.where(counts[:, :, None], np.abs(errors), 0.0).sum(axis=1)
    best = size.argmin(axis=1)[:, None, None]
    chosen = np.take_along_axis(errors, best, axis=2)[:, :, 0]
    # What is left of equal values by rounding is no error.
    chosen[np.abs(chosen) <= ROUNDING * np.abs(z).max(axis=1, keepdims=True)] = 0.0
    centre = np.nanmedian(np.where(counts, chosen, np.nan), axis=1, keepdims=True)
    share = kept * kept * CYCLE_COST * period / history if period > 1 else np.zeros(m)
    widen = np.sqrt((1.0 + share) / np.maximum(1.0 - share, 0.25))
    return OneStep(z - chosen + centre, chosen - centre, counts, widen)


def tail_p_values(errors: Floats, reference: Floats) -> Floats:
    """How rare each of the |errors| (m, k) is among the |reference| errors of its row (m, r), NaN left out: (m, k).

    Formula: conformal, (1 + number at least as large) / (r + 1), within the reference; beyond its largest eighth the
    tail goes on as a power of the distance, by Hill's estimate, taken 0.7 standard errors heavier and never too light.
    Source: Vovk et al. 2005; Hill 1975, doi:10.1214/aos/1176343247; docs/statistics.md.
    Undefined when: the eighth is 0; then NaN.
    """
    ordered = -np.sort(-reference, axis=1)  # from large to small, NaN last
    count = (~np.isnan(ordered)).sum(axis=1)
    place = np.minimum(np.maximum(TAIL_LEAST, count // TAIL_SHARE), np.maximum(count - 1, 1))
    rows = np.arange(len(ordered))
    start = ordered[rows, place]
    usable = start > 0.0
    base = np.where(usable, start, 1.0)
    is_tail = np.arange(ordered.shape[1]) < place[:, None]
    logs = np.log(np.maximum(np.where(is_tail, ordered, base[:, None]), base[:, None]) / base[:, None])
    power = np.maximum(logs.sum(axis=1) / place * (1.0 + HEAVIER / np.sqrt(place)), LIGHTEST)
    larger = (ordered[:, None, :] >= errors[:, :, None]).sum(axis=2)
    ranked = (1.0 + larger) / (count[:, None] + 1.0)
    beyond = np.maximum(errors / base[:, None], 1.0) ** (-1.0 / power[:, None])
    p = np.where(errors > base[:, None], (place[:, None] + 1.0) / (count[:, None] + 1.0) * beyond, ranked)
    found: Floats = np.where(usable[:, None], np.minimum(p, 1.0), np.nan)
    return found


def _paths(x: Floats, history: int) -> Floats:
    """The level before each value at each speed: (m, n, speeds)."""
    m, n = x.shape
    begun = np.median(x[:, : min(LEVEL_POINTS, history)], axis=1)
    spread = MAD_TO_SD * np.median(np.abs(np.diff(x[:, :history], axis=1)), axis=1)
    largest = np.abs(np.diff(x[:, :history], axis=1)).max(axis=1)
    # Where most steps are 0 they say nothing of how far one may go.
    limit = np.where(spread > 0.0, CLIPPED * spread, np.maximum(largest, 1e-300))[:, None]
    level = np.repeat(begun[:, None], len(SMOOTHING), axis=1)
    paths = np.empty((m, n, len(SMOOTHING)))
    for i in range(n):
        paths[:, i] = level
        level = level + SMOOTHING * np.clip(x[:, i, None] - level, -limit, limit)
    return paths


def _effects(z: Floats, period: int) -> tuple[Floats, Floats]:
    """The cycle of each row of z (m, h): effects (m, period), and how much of them is kept (m,), 0 to 1."""
    m, n = z.shape
    if period < 2:
        return np.zeros((m, 1)), np.zeros(m)
    padded = np.pad(z, ((0, 0), (period // 2, period - 1 - period // 2)), mode="edge")
    windows = np.lib.stride_tricks.sliding_window_view(padded, period, axis=1)
    level = np.median(windows, axis=2) if period <= LONGEST_BY_MEDIAN else windows.mean(axis=2)
    away = z - level
    effects = np.stack([_middle_mean(away[:, place::period]) for place in range(period)], axis=1)
    effects -= effects.mean(axis=1, keepdims=True)
    left = away - effects[:, np.arange(n) % period]
    mad = np.median(np.abs(left - np.median(left, axis=1, keepdims=True)), axis=1)
    noise = MEDIAN_VARIANCE * mad**2 * period / n
    kept = np.maximum(0.0, 1.0 - noise / np.maximum((effects * effects).mean(axis=1), 1e-300))
    return effects * kept[:, None], kept


def _middle_mean(x: Floats) -> Floats:
    """The mean of the middle half of each row of x: (m, k), (m,); from 3 values on without the largest and smallest."""
    k = x.shape[1]
    cut = max(k // 4, 1) if k > 2 else 0
    found: Floats = np.sort(x, axis=1)[:, cut : k - cut].mean(axis=1)
    return found
