"""Two series as pairs: the buckets in which both have a value, at any lag, and how much the pairs are worth."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from chimera_metrics.analytics.inference.coefficients import Method, effective_n
from chimera_metrics.analytics.inference.series import Floats

Places = NDArray[np.int64]
NEEDED = 4
TOO_SHORT_FOR_AUTOCORRELATION = 8
LEVEL = 0.05


def pairs_at(x: Floats, y: Floats, places: Places, lag: int) -> tuple[Floats, Floats, Places]:
    """x of the buckets, y `lag` buckets later, where both have a value, and the bucket numbers of x."""
    n = len(x)
    if n and places[-1] - places[0] == n - 1:
        at_x = np.arange(max(0, -lag), max(0, n - max(0, lag), max(0, -lag)))
        at_y = at_x + lag
    else:
        _, at_x, at_y = np.intersect1d(places, places - lag, assume_unique=True, return_indices=True)
    a, b = x[at_x], y[at_y]
    keep = ~(np.isnan(a) | np.isnan(b))
    return a[keep], b[keep], places[at_x][keep]


def worth(method: Method, a: Floats, b: Floats) -> float:
    """How many independent pairs tell as much: `effective_n`, or all of up to 8, in which it cannot be estimated."""
    if len(a) <= TOO_SHORT_FOR_AUTOCORRELATION:
        return float(len(a))
    return float(effective_n(method, a[None], b[None])[0])


def and_(names: tuple[str, ...]) -> str:
    """The names in a sentence."""
    return " and ".join(names)
