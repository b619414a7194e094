"""What a series does between its steps: one slope for all pieces, each at its own level."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np

from chimera_metrics.analytics.inference.series import Floats

LARGEST_RHO = 0.9


@dataclass(frozen=True, slots=True)
class BetweenSteps:
    """The slope that is left between steps (unit per day), and its two-sided p-value."""

    slope_per_day: float
    p_value: float


def slope_between_steps(y: Floats, t: Floats, cuts: Sequence[int]) -> BetweenSteps | None:
    """The common slope of the pieces of a series between its steps, and whether it is chance.

    y: (n,) values, any unit. t: (n,) times in days, rising. cuts: the first places of all pieces but the first.
    Returns: slope (unit per day), two-sided p-value (0 to 1).
    Undefined when: fewer than 4 points more than pieces, or every piece has one time (None).
    Formula: each piece's mean is taken off values and times; t = least-squares slope over its error, widened by
    sqrt((1 + rho) / (1 - rho)), rho = (n r1 + k + 1) / (n - k - 2) of what is left, 0 to 0.9, k pieces; Student's t
    with n - k - 1 degrees of freedom.
    Source: analysis of covariance, Fisher 1932; docs/statistics.md.
    Example: 1, 2, 3, 4, 11, 12, 13, 14 with a step at place 4 gives slope 1.
    """
    from scipy.special import stdtr

    n, k = len(y), len(cuts) + 1
    x, u = t.astype(np.float64).copy(), y.copy()
    for a, b in pairwise([0, *cuts, n]):
        x[a:b] -= x[a:b].mean()
        u[a:b] -= u[a:b].mean()
    spread = float(x @ x)
    if n < k + 4 or spread <= 0.0:
        return None
    slope = float(x @ u) / spread
    left = u - slope * x
    power = float(left @ left)
    if power <= 1e-24 * max(float(u @ u), 1e-300):
        return BetweenSteps(slope, 0.0 if slope else 1.0)
    r1 = float(left[1:] @ left[:-1]) / power
    rho = min(max((n * r1 + k + 1) / (n - k - 2), 0.0), LARGEST_RHO)
    freedom = n - k - 1
    error = (power / freedom / spread * (1.0 + rho) / (1.0 - rho)) ** 0.5
    return BetweenSteps(slope, float(2.0 * stdtr(freedom, -abs(slope / error))))
