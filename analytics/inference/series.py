"""From what a query returns to arrays, and the small pieces that every method shares; arrays are (series, points)."""

from __future__ import annotations

from collections.abc import Sequence
from math import isfinite

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Indices = NDArray[np.intp]
Flags = NDArray[np.bool_]


def floats(values: Sequence[float | None]) -> Floats:
    """The values as an array in which None, NaN and infinities are NaN: a gap."""
    array = np.array([np.nan if value is None else float(value) for value in values], dtype=np.float64)
    array[~np.isfinite(array)] = np.nan
    return array


def times(times_days: Sequence[float] | None, n: int) -> Floats:
    """The times in days, or 0, 1, 2, ...; ValueError when they do not fit the values or are not finite."""
    if times_days is None:
        return np.arange(n, dtype=np.float64)
    if len(times_days) != n:
        raise ValueError(f"{len(times_days)} times for {n} values: give one time per value.")
    array = np.asarray(times_days, dtype=np.float64)
    if not np.isfinite(array).all():
        raise ValueError("Every value needs a finite time.")
    return array


def is_constant(x: Floats) -> bool:
    """Whether the values differ by no more than rounding (1e-13 of the largest)."""
    largest = float(np.abs(x).max())
    return bool((x / largest).max() - (x / largest).min() <= 1e-13) if largest else True


def unit_scale(x: Floats) -> float:
    """A power of two near the largest absolute value: dividing by it is exact and keeps squares finite."""
    largest = float(np.abs(x).max())
    return float(2.0 ** np.floor(np.log2(largest))) if largest > 0.0 else 1.0


def finite_or_none(value: float) -> float | None:
    """The value, or None where arithmetic left the range of numbers."""
    return float(value) if isfinite(value) else None


def ranks(x: Floats) -> Floats:
    """Ranks from 1 within each row, ties sharing their mean rank. x: (m, n). Example: 3, 1, 3 gives 2.5, 1, 2.5."""
    order, rank = sorted_ranks(x)
    result = np.empty(x.shape)
    np.put_along_axis(result, order, rank, axis=1)
    return result


def sorted_ranks(x: Floats) -> tuple[Indices, Floats]:
    """The order of each row's values upwards, and their ranks in this order; NaN comes last. x: (m, n)."""
    m, n = x.shape
    order, ordered = np.argsort(x, axis=1), np.sort(x, axis=1)
    starts = np.ones((m, n + 1), dtype=bool)
    np.not_equal(ordered[:, 1:], ordered[:, :-1], out=starts[:, 1:n])
    place = np.arange(n)
    rank = np.tile(place + 1.0, (m, 1))
    tied = ~starts.all(axis=1)
    if tied.any():
        first = np.maximum.accumulate(np.where(starts[tied, :n], place, 0), axis=1)
        last = np.minimum.accumulate(np.where(starts[tied, 1:], place, n)[:, ::-1], axis=1)[:, ::-1]
        rank[tied] = (first + last) / 2.0 + 1.0
    return order, rank


def running_median(y: Floats, width: int) -> Floats:
    """The medians of all `width` (odd) neighbouring points of each row. y: (m, n). Returns: (m, n - width + 1)."""
    windows = np.lib.stride_tricks.sliding_window_view(y, width, axis=1)
    medians: Floats = np.partition(windows, width // 2, axis=2)[..., width // 2]
    return medians


def normal_scores(x: Floats) -> Floats:
    """Each value's rank as a quantile of the normal distribution, so that no tail weighs more than a normal one.

    x: (m, n), any unit. Returns: (m, n), no unit, about -3 to 3.
    Formula: ndtri((rank - 1/2) / n), ties sharing their mean rank.
    Source: van der Waerden 1952; Conover 1999, Practical Nonparametric Statistics, 5.10.
    Example: 10, 20, 1000 gives -0.967, 0, 0.967.
    """
    from scipy.special import ndtri

    n = x.shape[1]
    scores: Floats = ndtri((np.arange(1, 2 * n) / 2.0) / n)  # ranks are halves: 1, 1.5, 2, ... n
    places = (2.0 * ranks(x) - 2.0).astype(np.intp)
    return scores[places]


def lag1(e: Floats) -> Floats:
    """The first autocorrelation of each row of residuals that sum to zero; 0 where all are zero. e: (m, n)."""
    power = (e * e).sum(axis=1)
    products = (e[:, 1:] * e[:, :-1]).sum(axis=1)
    result: Floats = np.divide(products, power, out=np.zeros(len(e)), where=power > 0.0)
    return result


def detrend(u: Floats, t: Floats) -> Floats:
    """What is left of each row after its least-squares line over t. u: (m, n), t: (n,)."""
    centred = t - t.mean()
    level = u - u.mean(axis=1, keepdims=True)
    result: Floats = level - ((level @ centred) / (centred @ centred))[:, None] * centred
    return result
