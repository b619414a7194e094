"""The exact rank test of two small samples."""

from __future__ import annotations

import numpy as np

from chimera_metrics.analytics.inference.series import Floats, ranks


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
    ways = np.zeros((len(small) + 1, int(np.sort(doubled)[-len(small) :].sum()) + 1))
    ways[0, 0] = 1.0
    for rank in doubled:
        ways[1:, rank:] += ways[:-1, : ways.shape[1] - rank]
    sums = ways[-1]
    return float((sums[observed:] if high else sums[: observed + 1]).sum() / sums.sum())
