"""The rank test of two small samples, taken for independent: exact, or from the exact distribution without ties."""

from __future__ import annotations

from functools import lru_cache
from math import comb

import numpy as np

from chimera_metrics.analytics.inference.padded import lengths, ranks_of, zero_filled
from chimera_metrics.analytics.inference.series import Flags, Floats, Indices, ranks

Ranks = np.ndarray[tuple[int], np.dtype[np.intp]]
EXACT_UP_TO = 60
"""Values in both samples up to which ties are counted exactly; beyond, the distribution is rescaled for them."""


def rank_p_value(before: Floats, after: Floats) -> float:
    """The share of all arrangements of the values in which `after` ranks at least this high, 0 to 1; ties allowed.

    before: (n1,), after: (n2,), any unit, no gaps.
    Formula: P(W >= w) with W the sum of midranks of as many values drawn without replacement.
    Source: Wilcoxon 1945, doi:10.2307/3001968; Streitberg and Roehmel 1986 (the recursion).
    Example: before 1, 2, 3, 4, 5 and after 6, 7, 8, 9, 10 gives 1/252 = 0.00397.
    """
    n = len(before) + len(after)
    # Midranks are halves: doubled, sums are whole numbers. The smaller side has the shorter recursion.
    doubled = np.rint(2.0 * ranks(np.concatenate([before, after])[None])[0]).astype(np.intp)
    of_before, of_after = doubled[: len(before)], doubled[len(before) :]
    small, is_after = (of_before, False) if len(before) < len(after) else (of_after, True)
    draws, top = len(small), 2 * n + 2
    # Counted from the end of the ranks at which the observed sum lies; the order of the ranks turned gives the other.
    most = int((top - small if is_after else small).sum())
    from_below = most <= draws * (n + 1)
    turned = is_after == from_below
    counted = _ways_up_to(top - doubled if turned else doubled, draws, most if from_below else draws * top - most - 1)
    share = counted / comb(n, draws)
    return share if from_below else 1.0 - share


def rank_p_values(before: Floats, after: Floats, ranked: bool = False) -> Floats:
    """`rank_p_value` of each row, (m,). before: (m, n1), after: (m, n2); rows may end in NaN.

    ranked: whether they are the ranks among both already.
    Formula: exact up to 60 values with under 10 on a side; beyond, the sum of midranks is moved to the spread it would
    have without ties, and looked up in the exact distribution (under 10 values on a side) or the normal one.
    Example: rows 1, 2, 3, 4, 5 and 6, 7, 8, 9, 10 give 1/252.
    """
    n1, n2 = lengths(before), lengths(after)
    both = np.concatenate([before, after], axis=1)
    rank = both if ranked else ranks_of(both)
    p = _untied_p_values(rank, before.shape[1], n1, n2)
    few = (n1 + n2 <= EXACT_UP_TO) & (np.minimum(n1, n2) < 10)
    for row in np.flatnonzero(few & _tied(rank, n1 + n2)):
        p[row] = rank_p_value(before[row, : n1[row]], after[row, : n2[row]])
    return p


def smallest_share(n1: int, n2: int) -> float:
    """1 / C(n1 + n2, n1): the share of one arrangement, the smallest p-value that two samples allow; may be 0."""
    return float(smallest_shares(np.array([n1]), np.array([n2]))[0])


def smallest_shares(n1: Indices, n2: Indices) -> Floats:
    """`smallest_share` of each pair of sizes, (m,)."""
    from scipy.special import gammaln

    shares: Floats = np.exp(gammaln(n1 + 1.0) + gammaln(n2 + 1.0) - gammaln(n1 + n2 + 1.0))
    return shares


def _tied(rank: Floats, n: Indices) -> Flags:
    """Which rows have equal values: the squares of their ranks sum up to less than those of 1, ... n."""
    return np.asarray(zero_filled(rank**2).sum(axis=1) < n * (n + 1.0) * (2.0 * n + 1.0) / 6.0 - 0.25)


def _untied_p_values(rank: Floats, width: int, n1: Indices, n2: Indices) -> Floats:
    """The p-values with the spread rescaled for ties. rank: (m, width + w), those of the first sample first."""
    from scipy.special import ndtr

    n = n1 + n2
    middle = n2 * (n + 1.0) / 2.0
    squares = zero_filled((rank - (n + 1.0)[:, None] / 2.0) ** 2).sum(axis=1)
    spread = np.sqrt(n1 * n2 / (n * (n - 1.0)) * squares)
    untied = np.sqrt(n1 * n2 * (n + 1.0) / 12.0)
    over = np.divide(untied, spread, out=np.zeros(len(rank)), where=spread > 0.0)
    off = (zero_filled(rank[:, width:]).sum(axis=1) - middle) * over
    p: Floats = ndtr(-(off - 0.5) / untied)
    small, large = np.minimum(n1, n2), np.maximum(n1, n2)
    pairs_won = np.clip(np.ceil(off + n1 * n2 / 2.0 - 1e-9), 0, n1 * n2).astype(np.intp)
    for pair in {(int(a), int(b)) for a, b in zip(small, large, strict=True) if a < 10}:
        rows = (small == pair[0]) & (large == pair[1])
        p[rows] = _upper_shares(*pair)[pairs_won[rows]]
    return np.clip(p, smallest_shares(n1, n2), 1.0)


@lru_cache(maxsize=1024)
def _upper_shares(small: int, large: int) -> Floats:
    """P(U >= u) for u = 0, 1, ... small large, U the pairs in which one sample is the larger, without ties.

    Formula: the Gaussian binomial, product of (1 - q^(large + i)) / (1 - q^i) for i = 1, ... small, whose coefficients
    count the arrangements by U. As long as these are whole numbers under 2^53, each step is exact; else by counting.
    """
    ways = np.zeros(small * large + 1)
    ways[0] = 1.0
    for i in range(1, small + 1):
        ways[large + i :] -= ways[: -(large + i)].copy()
        for first in range(i):
            ways[first::i] = np.cumsum(ways[first::i])
    if ways.max() >= 2.0**52:
        ways = _sums(np.arange(1, small + large + 1, dtype=np.intp), small, small * (small + 1) // 2 + small * large)
        ways = ways[small * (small + 1) // 2 :]
    shares: Floats = np.cumsum(ways[::-1])[::-1] / ways.sum()
    return shares


def _ways_up_to(rank: Ranks, draws: int, most: int) -> float:
    """In how many ways `draws` of the whole numbers have a sum of at most `most`."""
    ordered = np.sort(rank)
    spare = most - int(ordered[: draws - 1].sum())
    return float(_sums(ordered[ordered <= spare], draws, most).sum()) if most >= 0 else 0.0


def _sums(rank: Ranks, draws: int, most: int) -> Floats:
    """In how many ways `draws` of the whole numbers, each at most `most`, have each sum from 0 to `most`."""
    ways = np.zeros((draws + 1, most + 1))
    ways[0, 0] = 1.0
    for one in rank:
        ways[1:, one:] += ways[:-1, : most + 1 - one]
    return np.asarray(ways[-1])
