"""Series in which nothing happens, as the tests see them: noise, or noise whose cycle was estimated and taken out."""

from __future__ import annotations

import numpy as np

from bench.noise import SHAPES
from chimera_metrics.analytics.inference.cycles import remove_cycles
from chimera_metrics.analytics.inference.series import Floats

RESIDUALS = (0.05, 0.15)
"""The noise's share of the level, drawn between these for each series."""


def as_tested(rng: np.random.Generator, y: Floats, period: int | None) -> Floats:
    """y: (m, n); with a period: a cycle is laid over each row, estimated and taken out. Rows in which it is overlooked
    are left out: they are judged by the tables without a cycle."""
    if period is None:
        return y
    m, n = y.shape
    first = rng.integers(0, period, size=(m, 1))
    residual = rng.uniform(*RESIDUALS, size=(m, 1))
    without = remove_cycles(y + SHAPES[period][(np.arange(n) + first) % period] / residual, period)
    kept: Floats = without.values[without.found]
    return kept
