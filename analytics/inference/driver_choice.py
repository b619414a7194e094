"""Of candidates that chance does not explain, the one or two that explain the window best: causes, not shadows."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import combinations

import numpy as np

from chimera_metrics.analytics.inference.driver_chance import LEAST_ROWS, Candidate, Tested
from chimera_metrics.analytics.inference.driver_cube import Cube, DriverKind, Grouping, expected_sums, moves_the_mean
from chimera_metrics.analytics.inference.series import Floats

_LEAST_GAIN = 12.0
_STRONGEST, _SURE, _ALIKE = 12, 40, 0.95
_PRIOR_EVENTS = 4.0
_LEAST_RATE = 0.2
_TINY = 1e-9


@dataclass(frozen=True)
class Surprise:
    """What the newer window has beyond what the days before let expect, by cell. left: the difference. shapes: what a
    driver may have added to cells: in proportion to what was expected or, of rates, to the rows. weight: one over the
    variance by sampling. known: how much is left of a gain when the days before have few of its rows, by candidate."""

    left: Floats
    shapes: Sequence[Floats]
    weight: Floats
    known: Callable[[Candidate], float]


@dataclass(frozen=True, slots=True)
class _Column:
    """A candidate as a column of a regression of what is left over. gain: by how much it alone lowers the weighted sum
    of squares. cost: the log of how many candidates of its kind and number of words there are. values: the column, with
    the length 1."""

    candidate: Candidate
    gain: float
    cost: float
    sign: float
    values: Floats


def strongest(cube: Cube, found: Tested, kind: DriverKind, surprise: Surprise, level: float) -> Candidate | None:
    """The better candidate of the two that together explain most; or the one, where a second adds nothing.

    A model of candidates is worth half of what it takes off the weighted squares, less the log of how many models of
    its size there are (its description length). All are columns of one regression with the same weights: a cause takes
    off most, because its shadows hold cells that did not change and its parts lack cells that did.
    """
    able = [one for one in found.candidates if one.kind == kind]
    columns = [_column(one, surprise, found) for one in able]
    columns = [one for one in columns if one.gain / 2.0 - one.cost > 0.0 and one.gain > _LEAST_GAIN]
    columns.sort(key=lambda one: one.cost - one.gain / 2.0)
    sure = sorted((one for one in able if one.p <= level), key=lambda one: one.raw)[:_SURE]
    columns = [one for one in columns[:_STRONGEST] if any(_nested(one.candidate, other) for other in sure)]
    if kind == "volume" and not cube.additive:
        columns = [one for one in columns if moves_the_mean(cube, one.candidate.inside)]
    if not columns:
        return None
    best, most = columns[0], columns[0].gain / 2.0 - columns[0].cost
    for one, two in combinations(columns, 2):
        common = float(one.values @ two.values) * one.sign * two.sign
        if abs(common) < _ALIKE:
            joint = (one.gain + two.gain - 2.0 * common * np.sqrt(one.gain * two.gain)) / (1.0 - common**2)
            worth = joint / 2.0 - one.cost - two.cost
            if worth > most:
                best, most = one, worth
    return best.candidate


def rate_surprise(cube: Cube, groupings: list[Grouping], noise: float) -> Surprise:
    """By rate: s against the rates of the days before. A word that they lack has none, its rows say nothing."""
    older = ~cube.after
    usual = expected_sums(cube, groupings, days=older, prior=_PRIOR_EVENTS * noise)
    rate = usual / np.maximum(cube.n, _TINY)
    rate = np.maximum(rate, _LEAST_RATE * cube.s[older[cube.day]].sum() / max(cube.n[older[cube.day]].sum(), _TINY))
    judged = cube.after[cube.day] & (cube.n > 0.0)
    for one in groupings:
        if len(one.dims) == 1:
            rows = np.bincount(one.ids, cube.n * older[cube.day], one.count)
            judged &= (rows >= LEAST_ROWS)[one.ids]
    usual = np.where(judged, cube.n * rate, 0.0)
    left = np.where(judged, cube.s - usual, 0.0)
    weight = np.where(judged, 1.0 / (noise * np.maximum(usual, 1e-300) + 1e-300), 0.0)
    n_older = np.where(older[cube.day], cube.n, 0.0)
    n_newer = np.where(judged, cube.n, 0.0)

    def known(one: Candidate) -> float:
        before, now = n_older[one.inside].sum(), n_newer[one.inside].sum()
        return float(before / max(before + now, _TINY))

    return Surprise(left, [usual, n_newer], weight, known)


def volume_surprise(cube: Cube) -> Surprise:
    """By volume: rows against as many as the days before have, or of means against their share."""
    older = (~cube.after)[cube.day]
    days = float(cube.after.sum() / (~cube.after).sum())
    per = days if cube.additive else float(cube.n[~older].sum() / max(cube.n[older].sum(), _TINY))
    usual = np.maximum(np.where(older, cube.n * per, 0.0), _TINY)
    left = np.where(older, -usual, cube.n)
    return Surprise(left, [usual], 1.0 / usual, lambda _: 1.0)


def _column(one: Candidate, surprise: Surprise, found: Tested) -> _Column:
    inside = one.inside
    left, weight = surprise.left[inside], surprise.weight[inside]
    best = (-1.0, 0.0, 1.0, 0)
    for place, shape in enumerate(surprise.shapes):
        here = shape[inside]
        length = float((here * here * weight).sum()) + 1.0
        score = float((here * left * weight).sum()) / np.sqrt(length)
        best = max(best, (score * score, float(np.sign(score)), length, place))
    gain, sign, length, place = best
    values = np.where(inside, surprise.shapes[place] * np.sqrt(surprise.weight), 0.0) / np.sqrt(length)
    cost = float(np.log(max(found.sizes[one.kind, len(one.grouping.dims)], 1)))
    return _Column(one, gain * surprise.known(one), cost, sign, values)


def _nested(one: Candidate, other: Candidate) -> bool:
    """Whether one holds the other, so that evidence for one speaks for both."""
    common = int(np.count_nonzero(one.inside & other.inside))
    return common in (int(np.count_nonzero(one.inside)), int(np.count_nonzero(other.inside)))
