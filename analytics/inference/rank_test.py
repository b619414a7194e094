"""The rank test of two small samples, taken for independent: exact, or from the exact distribution without ties."""

from __future__ import annotations

from functools import lru_cache
from math import exp, lgamma

import numpy as np

from chimera_metrics.analytics.inference.series import Floats, ranks

EXACT_UP_TO = 60
"""Values in both samples up to which ties are counted exactly; beyond, the distribution is rescaled for them."""


def rank_p_value(before: Floats, after: Floats) -> float:
    """The share of all arrangements of the values in which `after` ranks at least this high, 0 to 1; ties allowed.

    before: (n1,), after: (n2,), any unit, no gaps.
    Formula: P(W >= w) with W the sum of midranks of as many values drawn without replacement.
    Source: Wilcoxon 1945, doi:10.2307/3001968; Streitberg and Roehmel 1986 (the recursion).
    Example: before 1, 2, 3, 4, 5 and after 6, 7, 8, 9, 10 gives 1/252 = 0.00397.
    """
    # Midranks are halves: doubled, sums are whole numbers. The smaller side has the shorter recursion.
    doubled = np.rint(2.0 * ranks(np.concatenate([before, after])[None])[0]).astype(np.intp)
    of_before, of_after = doubled[: len(before)], doubled[len(before) :]
    small, high = (of_before, False) if len(before) < len(after) else (of_after, True)
    observed = int(small.sum())
    sums = _sums(doubled, len(small))
    return float((sums[observed:] if high else sums[: observed + 1]).sum() / sums.sum())


def rank_p_values(before: Floats, after: Floats) -> Floats:
    """`rank_p_value` of each row, (m,). before: (m, n1), after: (m, n2).

    Formula: exact up to 60 values with under 10 on a side; beyond, the sum of midranks is moved to the spread it would
    have without ties, and looked up in the exact distribution (under 10 values on a side) or the normal one.
    Example: rows 1, 2, 3, 4, 5 and 6, 7, 8, 9, 10 give 1/252.
    """
    n1, n2 = before.shape[1], after.shape[1]
    p = _untied_p_values(before, after)
    if n1 + n2 <= EXACT_UP_TO and min(n1, n2) < 10:
        ordered = np.sort(np.concatenate([before, after], axis=1), axis=1)
        for row in np.flatnonzero((ordered[:, 1:] == ordered[:, :-1]).any(axis=1)):
            p[row] = rank_p_value(before[row], after[row])
    return p


def smallest_share(n1: int, n2: int) -> float:
    """1 / C(n1 + n2, n1): the share of one arrangement, the smallest p-value that two samples allow; may be 0."""
    return exp(lgamma(n1 + 1.0) + lgamma(n2 + 1.0) - lgamma(n1 + n2 + 1.0))


def _untied_p_values(before: Floats, after: Floats) -> Floats:
    from scipy.special import ndtr

    n1, n2 = before.shape[1], after.shape[1]
    n = n1 + n2
    rank = ranks(np.concatenate([before, after], axis=1))
    middle = n2 * (n + 1.0) / 2.0
    spread = np.sqrt(n1 * n2 / (n * (n - 1.0)) * ((rank - (n + 1.0) / 2.0) ** 2).sum(axis=1))
    untied = float(np.sqrt(n1 * n2 * (n + 1.0) / 12.0))
    off = (rank[:, n1:].sum(axis=1) - middle) * np.divide(untied, spread, out=np.zeros(len(rank)), where=spread > 0.0)
    if min(n1, n2) >= 10:
        p: Floats = ndtr(-(off - 0.5) / untied)
    else:
        upper = _upper_shares(n1, n2)
        p = upper[np.clip(np.ceil(off + n1 * n2 / 2.0 - 1e-9), 0, n1 * n2).astype(np.intp)]
    return np.clip(p, smallest_share(n1, n2), 1.0)


@lru_cache(maxsize=256)
def _upper_shares(n1: int, n2: int) -> Floats:
    """P(U >= u) for u = 0, 1, ... n1 n2, U the pairs in which the second sample is larger, without ties."""
    small = min(n1, n2)
    sums = _sums(np.arange(1, n1 + n2 + 1, dtype=np.intp), small)[small * (small + 1) // 2 :]
    shares: Floats = np.cumsum(sums[::-1])[::-1] / sums.sum()
    return shares


def _sums(rank: np.ndarray[tuple[int], np.dtype[np.intp]], draws: int) -> Floats:
    """In how many ways `draws` of the whole numbers have each sum, from 0 to the largest sum."""
    ways = np.zeros((draws + 1, int(np.sort(rank)[-draws:].sum()) + 1))
    ways[0, 0] = 1.0
    for one in rank:
        ways[1:, one:] += ways[:-1, : ways.shape[1] - one]
    return np.asarray(ways[-1])
