"""Gaps filled where a method needs a value in every bucket; what is filled in is never taken for measured."""

from __future__ import annotations

import numpy as np

from chimera_metrics.analytics.inference.series import Floats


def filled_gaps(y: Floats, period: int) -> Floats:
    """y (n,) with each gap filled: by a line between the values at the same place in the cycles before and after it.

    The first value is known. A place in the cycle that never has a value lies on a line between its neighbours.

    Example: 1, NaN, 3 gives 1, 2, 3; with a cycle of 2 the series 1, 5, 1, NaN, 1, 7 gives 6 there.
    """
    known = ~np.isnan(y)
    if known.all():
        return y
    places = np.arange(len(y))
    filled: Floats = np.interp(places, places[known], y[known])
    if period > 1:
        for phase in range(period):
            own = places[phase::period]
            there = own[known[own]]
            if len(there):
                filled[own] = np.interp(own, there, y[there])
    return filled
