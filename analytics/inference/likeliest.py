"""The likeliest split of each row, and where a row's comparable values begin; rows may end in NaN (see `padded`)."""

from __future__ import annotations

import numpy as np

from chimera_metrics.analytics.inference.multiplicity import sidak_each
from chimera_metrics.analytics.inference.padded import cut, lengths, means, ranks_of, scored, zero_filled
from chimera_metrics.analytics.inference.series import Flags, Floats, Indices
from chimera_metrics.analytics.inference.two_samples import NEEDED_A_SIDE, order_p_values, spread_p_values

SETTLED_WITHIN = 3
CLEAR = 2.0
"""Standard errors under which no split is significant, so that none needs to be judged."""
EQUAL = 1e-12
"""Sums of distances that differ by less than this share of them are equal."""


def splits_tried(p: Floats | float, first: Indices | int, last: Indices | int, n: Indices | int) -> Floats:
    """How many independent splits the best of all splits first, ..., last of n points is worth, at this p-value.

    Formula: 1 + z^2 log(last (n - first) / (first (n - last))) / 2 with z the normal quantile of p, at most as many as
    there are: the chance that the standardised difference of the two sides crosses z at some split.
    Source: Siegmund 1986, doi:10.1214/aos/1176349928.
    Example: p = 0.001 over splits 5 to 25 of 30 gives 16.4, over 5 to 10 of 15 gives 6.
    """
    from scipy.special import ndtri

    z = np.maximum(0.0, -ndtri(p))
    tried: Floats = np.minimum(
        last - first + 1.0, 1.0 + z * z * np.log(last * (n - first) / (first * (n - last))) / 2.0
    )
    return tried


def likeliest(y: Floats, first: Indices, last: Indices) -> Indices:
    """The split of each row, first to last, whose sides differ most towards larger, (m,). y: (m, w).

    Ranks find it; as they cannot tell a clear step from the highest value just before it, the values settle it.
    """
    return _settled(y, _largest_rise(y, first, last)[0], first, last)


def comparable_from(y: Floats, level: float) -> Indices:
    """Each row's first value after its last change to smaller with p < level, 0 without one, (m,). y: (m, w)."""
    n = lengths(y)
    start = np.zeros(len(y), dtype=np.intp)
    open_rows = np.flatnonzero(n >= 2 * NEEDED_A_SIDE)
    while len(open_rows):
        part = -cut(y[open_rows], start[open_rows], n[open_rows])
        improved, split = _rises(part, level)
        start[open_rows[improved]] += split
        open_rows = open_rows[improved]
        open_rows = open_rows[n[open_rows] - start[open_rows] >= 2 * NEEDED_A_SIDE]
    return start


def _rises(y: Floats, level: float) -> tuple[Flags, Indices]:
    """Which rows have a change to larger with p < level, and at which value each of these does."""
    last = lengths(y) - NEEDED_A_SIDE
    first = np.full(len(y), NEEDED_A_SIDE, dtype=np.intp)
    near, errors = _largest_rise(y, first, last)
    rises = errors >= CLEAR
    if not rises.any():
        return rises, near[rises]
    split = _settled(y[rises], near[rises], first[rises], last[rises])
    larger = _larger(y[rises], split, first[rises], last[rises], level)
    rises[rises] = larger
    return rises, split[larger]


def _larger(y: Floats, split: Indices, first: Indices, last: Indices, level: float) -> Flags:
    """Whether the values from `split` on are larger with p < level, corrected for the splits tried, (m,).

    The second test is run only where the first one passes: the larger of the two p-values counts, and where that of
    one test is too large after the correction (which grows with p, or is over p >= 0.09), both together are.
    """
    n = lengths(y)

    def passes(p: Floats, rows: Flags) -> Flags:
        return sidak_each(p, splits_tried(p, first[rows], last[rows], n[rows])) < level

    before, after = cut(y, np.zeros_like(split), split), cut(y, split, n)
    p = spread_p_values(before, after)
    larger = passes(p, np.ones(len(y), dtype=bool))
    if not larger.any():
        return larger
    both = np.maximum(p[larger], order_p_values(before[larger], after[larger]))
    larger[larger] = passes(both, larger)
    return larger


def _largest_rise(y: Floats, first: Indices, last: Indices) -> tuple[Indices, Floats]:
    """The split, first to last, whose sides differ most towards larger in normal scores, and by how many errors."""
    n = lengths(y)
    u = scored(ranks_of(y), n)
    u = np.where(np.isnan(y), 0.0, u - means(np.where(np.isnan(y), np.nan, u), n)[:, None])
    k = np.arange(1, y.shape[1] + 1)
    inside = (k >= first[:, None]) & (k <= last[:, None])
    error = np.sqrt(np.maximum(k * (n[:, None] - k), 1) / n[:, None])
    gain = np.where(inside, -np.cumsum(u, axis=1) / error, -np.inf)
    best = gain.argmax(axis=1)
    return best + 1, gain[np.arange(len(y)), best]


def _settled(y: Floats, near: Indices, first: Indices, last: Indices) -> Indices:
    """The split within 3 places of `near` with the smallest sum of distances to the medians of its two sides."""
    n = lengths(y)
    order, ordered = np.argsort(y, axis=1), zero_filled(np.sort(y, axis=1))
    settled, smallest = near.copy(), np.full(len(y), np.inf)
    for step in sorted(range(-SETTLED_WITHIN, SETTLED_WITHIN + 1), key=abs):
        at = np.clip(near + step, first, last)
        distances = _distances(ordered, order, at, n)
        closer = (at == near + step) & (distances < smallest * (1.0 - EQUAL))
        settled[closer], smallest[closer] = at[closer], distances[closer]
    return settled


def _distances(ordered: Floats, order: Indices, split: Indices, n: Indices) -> Floats:
    """The sum of distances of each row's values to the median of their side; the lower of two middle values will do.

    ordered: (m, w), the values sorted. order: their places in the row.
    """
    rows, place = np.arange(len(ordered)), np.arange(ordered.shape[1])
    is_before = order < split[:, None]
    seen = np.cumsum(is_before, axis=1, dtype=np.int32)
    middle = [
        ordered[rows, (count > ((of - 1) // 2)[:, None]).argmax(axis=1)]
        for count, of in ((seen, split), (place + 1 - seen, n - split))
    ]
    far = np.abs(ordered - np.where(is_before, middle[0][:, None], middle[1][:, None]))
    total: Floats = np.where(place < n[:, None], far, 0.0).sum(axis=1)
    return total
