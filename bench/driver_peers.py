"""Two published rankings, beside `drivers`: Adtributor, and the word whose part of the metric changed most.

Source: Bhagwan et al., Adtributor, NSDI 2014. Neither knows chance or pairs: they always answer.
"""

from __future__ import annotations

import numpy as np

from chimera_metrics.analytics.inference.driver_cube import Cube
from chimera_metrics.analytics.inference.series import Floats

_LEAST_POWER, _ENOUGH_POWER = 0.1, 0.67
Where = dict[str, int]


def adtributor(cube: Cube) -> list[Where]:
    """The words of the most surprising dimension that explain two thirds of the change."""
    best: tuple[float, list[Where]] = (-1.0, [])
    for dim in cube.words:
        power, surprise = _power_and_surprise(*_margins(cube, dim), additive=cube.additive)
        chosen: list[Where] = []
        got = odd = 0.0
        for word in np.argsort(-surprise):
            if power[word] > _LEAST_POWER:
                chosen.append({dim: int(word)})
                got, odd = got + float(power[word]), odd + float(surprise[word])
            if got > _ENOUGH_POWER:
                best = max(best, (odd, chosen), key=lambda one: one[0])
                break
    return best[1]


def largest_contribution(cube: Cube) -> list[Where]:
    """The word of whose rows the sum, or the sum over all rows, changed most."""
    best: tuple[float, list[Where]] = (-1.0, [])
    for dim in cube.words:
        n_before, s_before, n_after, s_after = _margins(cube, dim)
        change = np.abs(s_after - s_before if cube.additive else s_after / n_after.sum() - s_before / n_before.sum())
        best = max(best, (float(change.max()), [{dim: int(change.argmax())}]), key=lambda one: one[0])
    return best[1]


def _margins(cube: Cube, dim: str) -> tuple[Floats, Floats, Floats, Floats]:
    words = cube.words[dim]
    count = int(words.max()) + 1
    n_before, s_before, n_after, s_after = (
        np.bincount(words, np.where(days[cube.day], values, 0.0), count).astype(np.float64)
        for days in (cube.before, cube.after)
        for values in (cube.n, cube.s)
    )
    return n_before, s_before, n_after, s_after


def _power_and_surprise(
    n_before: Floats, s_before: Floats, n_after: Floats, s_after: Floats, *, additive: bool
) -> tuple[Floats, Floats]:
    """What share of the change each word explains, and how much its share of the metric moved."""
    surprise = _divergence(s_before, s_after)
    if additive:
        return (s_after - s_before) / ((s_after - s_before).sum() or 1.0), surprise
    top = (s_after - s_before) * n_before.sum() - (n_after - n_before) * s_before.sum()
    power = top / np.maximum(n_before.sum() * (n_before.sum() + n_after - n_before), 1e-9)
    return power / (power.sum() or 1.0), surprise + _divergence(n_before, n_after)


def _divergence(before: Floats, after: Floats) -> Floats:
    p, q = before / before.sum(), after / after.sum()
    middle = (p + q) / 2.0
    parts = (x * np.log(np.maximum(x, 1e-300) / np.maximum(middle, 1e-300)) for x in (p, q))
    divergence: Floats = sum(parts, np.zeros(len(p))) / 2.0
    return divergence
