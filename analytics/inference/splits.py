"""Splitting series in two: the arithmetic that the tests for changes of level share; arrays are (series, points)."""

from __future__ import annotations

import numpy as np

from chimera_metrics.analytics.inference.series import Floats, Indices


def cumulated(u: Floats) -> Floats:
    """Sums of the first 0, 1, ..., n points of each row, (m, n + 1)."""
    return np.concatenate([np.zeros((len(u), 1)), np.cumsum(u, axis=1)], axis=1)


def best_split(sums: Floats, start: Indices, end: Indices, shortest: int) -> tuple[Indices, Floats]:
    """The split of each row's points start to end that explains most, and the sum of squares it explains (m,).

    sums: as `cumulated` gives them. Both sides have at least `shortest` points; where that leaves no room: `start`
    and 0.
    """
    n = sums.shape[1] - 1
    rows = np.arange(len(sums))
    k = np.arange(n + 1)
    before, after = k - start[:, None], end[:, None] - k
    length = (end - start)[:, None]
    base = sums[rows, start][:, None]
    whole = sums[rows, end][:, None] - base
    excess = sums - base - whole * before / np.maximum(length, 1)
    room = (before >= shortest) & (after >= shortest)
    explained = np.where(room, excess * excess * length / np.where(room, before * after, 1), -1.0)
    best = explained.argmax(axis=1)
    gain = explained[rows, best]
    return np.where(gain >= 0.0, best, start), np.maximum(gain, 0.0)


def left_of_pieces(u: Floats, bounds: Indices) -> Floats:
    """What is left of u: (m, n) after the means of the pieces between bounds: (m, k + 1), 0 first and n last."""
    means = np.diff(np.take_along_axis(cumulated(u), bounds, axis=1), axis=1)
    means = means / np.maximum(np.diff(bounds, axis=1), 1)
    piece = (np.arange(u.shape[1]) >= bounds[:, 1:-1, None]).sum(axis=1)
    left: Floats = u - np.take_along_axis(means, piece, axis=1)
    return left
