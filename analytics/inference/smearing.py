"""The mean of what a method forecasts on logarithms, which are medians there, from how its backtests came out."""

from __future__ import annotations

import numpy as np

from chimera_metrics.analytics.inference.series import Floats

NOT_YET, IN_FULL = 1.0, 1.5
"""The standard errors up to which backtests say nothing of a bias, and those from which it counts in full."""
FEWEST_BLOCKS = 2.0


def mean_total(now: Floats, came: Floats, guessed: Floats, blocks: float) -> float:
    """The mean of the sum of the next values: that of `now` and what the sums of backtests came out above theirs.

    now: (horizon,), not negative. came, guessed: (backtests, horizon) in the same unit, `came` NaN where nothing is
    known. blocks: how many of the backtests are independent.
    Returns: the sum of `now` where the bias is within a standard error, as it is of symmetric errors, and where one
    step among the backtests made it: such a step is one standard error, however large.
    Formula: smearing, the ratio of the sums of 1 + y, counted from a standard error on, in full from 1.5. It is
    taken of the geometric mean of the level now and that of the backtests, since errors grow with the level in some
    series and not in others.
    Source: Duan 1983, doi:10.1080/01621459.1983.10478017; Cochran 1977, Sampling Techniques, 6.4; docs/statistics.md.
    Example: 9 and 9 after many backtests that said 9 where 9 and 14 came in turn gives 23, twice the mean.
    """
    is_known = ~np.isnan(came)
    weights = is_known / np.maximum(is_known.sum(axis=0), 1)  # each bucket ahead weighs the same
    sums, expected = (np.where(is_known, weights * (1.0 + y), 0.0).sum(axis=1) for y in (came, guessed))
    level, cases = float(expected.sum()), int(is_known.any(axis=1).sum())
    if cases < 2:
        return float(now.sum())
    ratio = float(sums.sum()) / level
    off = (sums - ratio * expected) / level
    independent = max(FEWEST_BLOCKS, min(cases, blocks))
    error = float(np.sqrt((off * off).sum() * cases / (cases - 1.0) * cases / independent))
    beyond = abs(ratio - 1.0) / max(error, 1e-12)
    counted = min(1.0, max(0.0, (beyond - NOT_YET) / (IN_FULL - NOT_YET)))
    here = float((1.0 + now).sum())
    return float(now.sum()) + counted * (ratio - 1.0) * float(np.sqrt(level) * np.sqrt(here))
