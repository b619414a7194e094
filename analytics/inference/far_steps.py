"""The test for large changes of level, on values: a line, against a line with a step or an arc, or against stairs.

Each under the lag-1 autocorrelation (0 to 0.9) that suits it best, so that climbs and slow noise are part of the null
hypothesis, and one table by the number of points serves them all. An arc is a run between two edges, as an outage is.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from itertools import groupby
from typing import NamedTuple

import numpy as np

from chimera_metrics.analytics.inference.critical_values import FarTest, far_p_value
from chimera_metrics.analytics.inference.series import Flags, Floats, Indices, running_median
from chimera_metrics.analytics.inference.splits import best_split, cumulated, left_of_pieces

SHORTEST = 5
DEEPER_FROM = 30
"""Points from which a second change is taken out of what is called noise, and stairs are looked for. In fewer, series
that are mostly zero leave next to nothing then, and the table would be theirs alone."""
RHOS = (0.0, 0.3, 0.6, 0.9)
FARTHEST, FLATTEST = 4.0, 0.75
MOST_EDGES = 150
"""Beyond so many points, inner arcs begin and end on a grid."""
SHARES: dict[FarTest, float] = {"one": 0.5, "arc": 0.25, "stairs": 0.25}
"""How the level is shared out; while the series has too few points for stairs, single steps have their share too."""
AFTER_CYCLE = 2.25
"""With a cycle taken out, the far test works at 0.045 rather than 0.02: the table is that of the slowest noise, and
without this, steps of 8 sd in three weeks would often go unseen."""
CHUNK = 500_000


class Arcs(NamedTuple):
    """First points and ends of all arcs tried, (k,), and which of them are single steps: those that end with n."""

    first: Indices
    end: Indices
    single: Indices


@dataclass(frozen=True, slots=True)
class Far:
    """For each series (m,): the p-value of any change, which kind is the simplest that will do (0 a step, 1 an arc,
    2 stairs), and the edges of each kind: step (m,), arc (m, 2), stairs (m, 3)."""

    p_value: Floats
    kind: Indices
    step: Indices
    arc: Indices
    stairs: Indices


def far_steps(y: Floats, level: float, period: int | None = None) -> Far:
    """The far test of each series y: (m, n). period: that of the cycle that was taken out, for its own table."""
    m, n = y.shape
    u = pull_in(y)
    deeper = is_deeper(n)
    one, at_one, arc, at_arc = step_and_arc(u, deeper)
    arcs = places(n)
    stairs, at_stairs = stair_statistic(u) if deeper else (np.zeros(m), np.zeros((m, 3), dtype=np.intp))
    share = SHARES["one"] + (0.0 if deeper else SHARES["stairs"])
    p = [far_p_value("one", one, n, period) / share]
    if n >= 3 * SHORTEST:
        p.append(far_p_value("arc", arc, n, period) / SHARES["arc"])
    if deeper:
        p.append(far_p_value("stairs", stairs, n, period) / SHARES["stairs"])
    all_p = np.stack(p) / (AFTER_CYCLE if period else 1.0)
    kind = np.argmax(all_p < level, axis=0)
    if len(p) > 1:
        kind[(kind == 0) & (all_p[0] < level) & (all_p[1] < level) & _is_likelier(arc, one, n, deeper)] = 1
    return Far(
        np.minimum(all_p.min(axis=0), 1.0),
        kind,
        arcs.first[at_one],
        np.stack([arcs.first[at_arc], arcs.end[at_arc]], axis=1),
        at_stairs,
    )


def _is_likelier(arc: Floats, one: Floats, n: int, deeper: bool) -> Flags:
    """Where the arc is so much likelier than the single step that its second edge is worth its log n (as in BIC)."""
    freedom = _freedom(n, deeper)
    is_likelier: Flags = n / 2.0 * (np.log1p(arc * arc / freedom) - np.log1p(one * one / freedom)) > np.log(n)
    return is_likelier


def is_deeper(n: int) -> bool:
    """Whether n points are enough to allow for a second change, and to look for stairs."""
    return n >= DEEPER_FROM


def pull_in(y: Floats) -> Floats:
    """y: (m, n), with points farther than 4 sd from the running median of 5 pulled in to 4.

    The sd is of differences, the nearer three quarters of them, which steps do not inflate.
    """
    near = _neighbours_median(y, 5)
    reach = FARTHEST * _difference_sd(y, near)
    pulled: Floats = near + np.clip(y - near, -reach, reach)
    return pulled


def without_short_runs(y: Floats) -> Floats:
    """y: (n,), with runs of 1 to 4 points on one side, too short for a level and too far for noise, at the running
    median of 11, where the series goes on after them as it was before: a step that is gone with them was none."""
    near = _neighbours_median(y[None], 2 * SHORTEST + 1)
    sd = max(float(_difference_sd(y[None], near)[0, 0]), 1e-300)
    away = (y - near[0]) / sd
    sides = np.where(np.abs(away) > FARTHEST / 2.0, np.sign(away), 0.0)
    kept = y.copy()
    for side, group in groupby(range(len(y)), key=lambda i: sides[i]):
        run = list(group)
        if not side or len(run) >= SHORTEST or np.abs(away[run]).max() <= FARTHEST:
            continue
        before, after = y[max(run[0] - SHORTEST, 0) : run[0]], y[run[-1] + 1 : run[-1] + 1 + SHORTEST]
        if len(before) and len(after) and abs(np.median(before) - np.median(after)) < FARTHEST / 2.0 * sd:
            kept[run] = near[0, run]
    return kept


def _neighbours_median(y: Floats, width: int) -> Floats:
    padded = np.pad(y, ((0, 0), (width // 2, width // 2)), mode="edge")
    return running_median(padded, width)


def _difference_sd(y: Floats, near: Floats) -> Floats:
    """The sd (m, 1) of y: (m, n) by the nearer three quarters of its differences; or, where most values are equal and
    differences show no spread, a quarter of the sd around `near`."""
    d = np.diff(y, axis=1)
    d = np.sort(np.abs(d - np.median(d, axis=1, keepdims=True)), axis=1)[:, : int(np.ceil(FLATTEST * d.shape[1]))]
    sd: Floats = np.maximum(
        np.sqrt((d * d).mean(axis=1, keepdims=True) / 0.7), (y - near).std(axis=1, keepdims=True) / FARTHEST
    )
    return sd


@lru_cache(64)
def places(n: int) -> Arcs:
    """Every arc of n points that is tried: both ends at least 5 points from the others, and from the series' ends."""
    i, j = (a.ravel() for a in np.meshgrid(np.arange(n + 1), np.arange(n + 1), indexing="ij"))
    grid = -(-n // MOST_EDGES)
    inner = (n - j >= SHORTEST) & (i % grid == 0) & (j % grid == 0)
    fits = (i >= SHORTEST) & (j - i >= SHORTEST) & ((j == n) | inner)
    return Arcs(i[fits], j[fits], np.flatnonzero(j[fits] == n))


def step_and_arc(u: Floats, deeper: bool) -> tuple[Floats, Indices, Floats, Indices]:
    """F (m,) of the best single step and of the best inner arc of u: (m, n), each with its place in `places(n)`.

    deeper: whether a second change is allowed for.
    """
    m, n = u.shape
    single = places(n).single
    u = u - u.mean(axis=1, keepdims=True)
    one, arc = np.zeros(m), np.zeros(m)
    at_one, at_arc = np.zeros(m, dtype=np.intp), np.zeros(m, dtype=np.intp)
    size = max(1, CHUNK // len(places(n).first))
    for start in range(0, m, size):
        part = slice(start, start + size)
        ratio = _line_against_arcs(u[part], deeper)
        rows = np.arange(len(ratio))
        best = single[ratio[:, single].argmax(axis=1)]
        one[part], at_one[part] = ratio[rows, best], best
        ratio[:, single] = 1.0
        best = ratio.argmax(axis=1)
        arc[part], at_arc[part] = ratio[rows, best], best
    freedom = _freedom(n, deeper)
    return _f(one, freedom), at_one, _f(arc, freedom), at_arc


def stair_statistic(u: Floats) -> tuple[Floats, Indices]:
    """F (m,) of up to three steps without a line, against a line alone, and the steps' places (m, 3). u: (m, n)."""
    m, n = u.shape
    u = u - u.mean(axis=1, keepdims=True)
    sums = cumulated(u)
    start, end = np.zeros(m, dtype=np.intp), np.full(m, n, dtype=np.intp)
    middle, _ = best_split(sums, start, end, SHORTEST)
    left, _ = best_split(sums, start, middle, SHORTEST)
    right, _ = best_split(sums, middle, end, SHORTEST)
    e = left_of_pieces(u, np.stack([start, left, middle, right, end], axis=1))
    null = best = np.full(m, np.inf)
    for rho in RHOS:
        q, w = _plan(n, rho)[0], _whitened(u, rho)
        off, weight = w - (w @ q.T) @ q, _weight(rho, n)
        null = np.minimum(null, (off * off).sum(axis=1) * weight)
        best = np.minimum(best, (_whitened(e, rho) ** 2).sum(axis=1) * weight)
    best = np.maximum(best, 1e-16 * np.maximum((u * u).sum(axis=1), 1e-300))
    return _f(null / best, _freedom(n, deeper=True)), np.stack([left, middle, right], axis=1)


def _freedom(n: int, deeper: bool) -> int:
    """Points less what a line with one change, or with two, takes up."""
    return n - (8 if deeper else 5)


def _f(ratio: Floats, freedom: int) -> Floats:
    statistic: Floats = np.sqrt(np.maximum(ratio - 1.0, 0.0) * freedom)
    return statistic


def _weight(rho: float, n: int) -> float:
    """What a sum of squares of n whitened points is multiplied by to compare it with that of another rho."""
    return float((1.0 - rho * rho) ** (-1.0 / n))


def _line_against_arcs(u: Floats, deeper: bool) -> Floats:
    """Sum of squares of the line alone over that of the line with each arc, (m, k); each under its own best rho.

    The line alone is u's residual plus the arc's gain, under whichever rho leaves least; with an arc (deeper: and a
    second one, which would pass for noise) it is what the best arc leaves.
    """
    n = u.shape[1]
    tiny = 1e-16 * np.maximum((u * u).sum(axis=1), 1e-300)[:, None]
    null = best = np.full((len(u), 1), np.inf)
    for rho in RHOS:
        q = _plan(n, rho)[0]
        e = _whitened(u, rho)
        e = e - (e @ q.T) @ q
        gains = _gains(e, rho)
        left = _without_arc(e, rho, gains.argmax(axis=1))
        if deeper:
            left = _without_arc(left, rho, _gains(left, rho).argmax(axis=1))
        squares, weight = np.maximum((left * left).sum(axis=1)[:, None], tiny), _weight(rho, n)
        gains += squares
        gains *= weight
        null = np.minimum(null, gains)
        best = np.minimum(best, squares * weight)
    ratio: Floats = null / best
    return ratio


def _whitened(y: Floats, rho: float) -> Floats:
    """y: (m, n) with this autocorrelation taken out (Prais-Winsten)."""
    return np.concatenate([(1.0 - rho * rho) ** 0.5 * y[:, :1], y[:, 1:] - rho * y[:, :-1]], axis=1)


def _edges(e: Floats, rho: float) -> Floats:
    """A: (m, n + 1) such that A[:, j] - A[:, i] is the product of e: (m, n) with the whitened arc i to j."""
    zero = np.zeros((len(e), 1))
    sums = np.concatenate([zero, np.cumsum(e, axis=1)], axis=1)
    return (1.0 - rho) * sums - rho * np.concatenate([e, zero], axis=1)


@lru_cache(256)
def _plan(n: int, rho: float) -> tuple[Floats, Floats]:
    """Orthonormal level and line, whitened, (2, n); and 1 / |arc less its level and line|^2 of each arc."""
    line = np.stack([np.ones(n), np.arange(n) - (n - 1) / 2.0])
    q = np.linalg.qr(_whitened(line, rho).T)[0].T
    first, end, _ = places(n)
    a = _edges(q, rho)
    size = 1.0 + (1.0 - rho) ** 2 * (end - first - 1) + rho**2 * (end < n)
    return q, 1.0 / (size - ((a[:, end] - a[:, first]) ** 2).sum(axis=0))


def _gains(e: Floats, rho: float) -> Floats:
    """The squares that each arc explains of e, (m, k)."""
    n = e.shape[1]
    first, end, _ = places(n)
    a = _edges(e, rho)
    gains: Floats = a[:, end]
    gains -= a[:, first]
    gains *= gains
    gains *= _plan(n, rho)[1]
    return gains


def _without_arc(e: Floats, rho: float, at: Indices) -> Floats:
    """What is left of e: (m, n) after one arc each, at these places."""
    n = e.shape[1]
    first, end, _ = places(n)
    q, per_square = _plan(n, rho)
    t = np.arange(n)
    d = _whitened(((t >= first[at][:, None]) & (t < end[at][:, None])).astype(np.float64), rho)
    d = d - (d @ q.T) @ q
    left: Floats = e - ((e * d).sum(axis=1) * per_square[at])[:, None] * d
    return left
