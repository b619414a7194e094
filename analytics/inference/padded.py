"""Rows of different lengths in one array, so that all are computed in one pass: values first, then NaN to the end."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from functools import lru_cache

import numpy as np

from chimera_metrics.analytics.inference.series import Flags, Floats, Indices, ranks

TOGETHER = 131_072
"""Values that are judged in one pass: few enough that the arrays stay in a processor's cache."""


def padded(rows: Sequence[Floats]) -> Floats:
    """The rows as one array (m, w), w the longest of them."""
    result = np.full((len(rows), max(map(len, rows), default=0)), np.nan)
    for place, row in enumerate(rows):
        result[place, : len(row)] = row
    return result


def of_like_length(sizes: Sequence[int], places: Iterable[int], together: int = TOGETHER) -> Iterator[list[int]]:
    """The places in parts of at most `together` values, short rows first, so that little of an array is empty.

    sizes: the number of values of the row at each place.
    """
    part: list[int] = []
    for place in sorted(places, key=lambda one: sizes[one]):
        if part and (len(part) + 1) * sizes[place] > together:
            yield part
            part = []
        part.append(place)
    if part:
        yield part


def lengths(y: Floats) -> Indices:
    """How many values each row has, (m,)."""
    return np.asarray((~np.isnan(y)).sum(axis=1), dtype=np.intp)


def cut(y: Floats, start: Indices, stop: Indices) -> Floats:
    """Each row's values start to stop, moved to the front. y: (m, w), start and stop: (m,)."""
    width = int((stop - start).max(initial=0))
    place = start[:, None] + np.arange(width)
    values = np.take_along_axis(y, np.minimum(place, y.shape[1] - 1), axis=1)
    return np.where(place < stop[:, None], values, np.nan)


def zero_filled(y: Floats) -> Floats:
    """The rows with 0 for NaN, to be summed up."""
    return np.where(np.isnan(y), 0.0, y)


def means(y: Floats, n: Indices) -> Floats:
    """The mean of each row's n values, (m,)."""
    mean: Floats = zero_filled(y).sum(axis=1) / n
    return mean


def medians(ordered: Floats, n: Indices) -> Floats:
    """The median of each row's n values, (m,). ordered: (m, w), each row sorted upwards."""
    rows = np.arange(len(ordered))
    middle: Floats = (ordered[rows, (n - 1) // 2] + ordered[rows, n // 2]) / 2.0
    return middle


def unit_scales(y: Floats) -> Floats:
    """`unit_scale` of each row, (m, 1)."""
    largest = np.abs(zero_filled(y)).max(axis=1, keepdims=True)
    return np.where(largest > 0.0, np.exp2(np.floor(np.log2(np.where(largest > 0.0, largest, 1.0)))), 1.0)


def constant(y: Floats) -> Flags:
    """Which rows differ by no more than rounding, (m,)."""
    largest = np.abs(zero_filled(y)).max(axis=1, initial=0.0)
    scaled = y / np.where(largest > 0.0, largest, 1.0)[:, None]
    return np.asarray(np.fmax.reduce(scaled, axis=1) - np.fmin.reduce(scaled, axis=1) <= 1e-13)


def scored(rank: Floats, n: Indices) -> Floats:
    """`normal_scores` of ranks among each row's n values; 0 beyond n. rank: (m, w), NaN for none."""
    sizes, which = np.unique(n, return_inverse=True)
    table = np.zeros((len(sizes), 2 * int(sizes.max(initial=1))))
    for place, size in enumerate(sizes):
        table[place, 1 : 2 * size] = _scores(int(size))
    half_ranks = np.where(np.isnan(rank), 0.0, 2.0 * rank - 1.0).astype(np.intp)
    scores: Floats = table[which[:, None], half_ranks]
    return scores


def ranks_of(y: Floats) -> Floats:
    """`ranks` of each row's values; NaN where there is none. y: (m, w), gaps anywhere."""
    return np.where(np.isnan(y), np.nan, ranks(y))


@lru_cache(maxsize=1024)
def _scores(n: int) -> Floats:
    """The normal scores of the ranks 1, 1.5, 2, ... n."""
    from scipy.special import ndtri

    scores: Floats = ndtri((np.arange(1, 2 * n) / 2.0) / n)
    return scores
