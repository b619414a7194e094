"""Where the level of a series changed."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np

from chimera_metrics.analytics.inference import reasons
from chimera_metrics.analytics.inference.cycles import Cycle, checked_period, cycle, is_long_enough, remove_cycles
from chimera_metrics.analytics.inference.far_steps import Far, far_steps, pull_in, without_short_runs
from chimera_metrics.analytics.inference.near_steps import near_steps
from chimera_metrics.analytics.inference.reasons import Reason
from chimera_metrics.analytics.inference.series import Floats, Indices, floats, is_constant, unit_scale

LEVEL = 0.02
NEEDED = 10
EDGE_REACH = 3
TELLING = 3.0
AS_WELL = 1.25
BENDS = (
    "A bend or a wave of the level explains these values about as well as steps do; "
    "the test rules out climbs, not curves."
)


@dataclass(frozen=True, slots=True)
class ChangePoint:
    """`index` is the place in the given values of the first point at the new level. `before` and `after` are medians,
    or means (`of`) where the medians are equal, as in series that are mostly zero."""

    index: int
    before: float
    after: float
    p_value: float
    of: str = "median"


@dataclass(frozen=True, slots=True)
class ChangePoints:
    """The answer of `change_points`: the changes in order; empty with a reason when none could be sought.

    steps_or_climbs: places where the level moved, by a step or by a climb; they are no change points. cycle: what was
    taken out first, if a period was given. cautions: sentences for the reader.
    """

    changes: tuple[ChangePoint, ...]
    n: int
    reason: Reason | None = None
    steps_or_climbs: tuple[ChangePoint, ...] = ()
    cycle: Cycle | None = None
    cautions: tuple[str, ...] = ()


def change_points(values: Sequence[float | None], *, period: int | None = None) -> ChangePoints:
    """The places where the level of a series stepped up or down, with the levels on both sides.

    values: the series in the order of time, any unit, gaps allowed. period: 7 for daily values, 24 for hourly, 12 for
    monthly ones: a cycle that repeats is taken out first, and levels are those of the series without it.
    Returns: changes in order: index of the first value at the new level; before and after, the medians between this
    change and its neighbours (the series' unit); p_value (0 to 1) of a change anywhere, at most 0.02. Beside them
    steps_or_climbs: where ranks say that the level moved, and values do not say whether by a step.
    Undefined when: fewer than 10 values, or all equal: no changes and a reason.
    Formula: two tests. Far, on values pulled in to 4 sd from their running median: F of a line against a line with a
    step or an arc, or against up to three steps, each under the lag-1 autocorrelation that suits it best. Near, on
    normal scores: the split with the largest F over sqrt((1 + rho) / (1 - rho)); a step only if it makes the values
    clearly likelier than a line does. Both against simulated values. Then the same between the
    edges, down to 10 points. Where a cycle was taken out, p-values of far changes are divided by 2.25.
    Source: Hawkins 1977, doi:10.1080/01621459.1977.10479935; Scott and Knott 1974, doi:10.2307/2529204; Prais and
    Winsten 1954; docs/statistics.md.
    Example: the flow of the Nile 1871 to 1970 gives one change, its first year 1899: 1130 before, 842.5 after.
    """
    checked_period(period)
    known = floats(values)
    present = np.flatnonzero(~np.isnan(known))
    n = len(present)
    if n == 0:
        return ChangePoints((), n, reasons.no_data("the series"))
    if n < NEEDED:
        return ChangePoints((), n, reasons.too_few("Finding a change of level", n, NEEDED))
    if is_constant(known[present]):
        return ChangePoints((), n, reasons.constant("the series"))
    pattern = cycle(values, period) if period else None
    y = floats(pattern.adjusted)[present] if pattern else known[present]
    scale = unit_scale(y)
    removed = period if pattern and pattern.found else None
    found = dict(_splits(y / scale, 0, removed))
    changes = _described(y, found, present)
    # What shows no difference is no change: its neighbours are described without it.
    found = {first: p for first, p in found.items() if any(change.index == present[first] for change in changes)}
    either = dict(_either(y / scale, sorted(found), removed))
    both = [one for one in _described(y, found | either, present) if one.index in {int(present[k]) for k in either}]
    cautions = [pattern.caution] if pattern and pattern.caution else []
    if changes and bends_as_well(y / scale, sorted(found)):
        cautions.append(BENDS)
    return ChangePoints(tuple(changes), n, None, tuple(both), pattern, tuple(cautions))


def change_p_values(y: Floats, period: int | None = None) -> Floats:
    """The p-value (m,) of any change in each series y: (m, n), 1 where a climb explains it as well."""
    p = np.ones(len(y))
    for rows, part, removed in by_cycle(y, period):
        far, near = far_steps(part, LEVEL, removed), near_steps(part, removed)
        p[rows] = np.minimum(far.p_value, np.where(near.beats_line, near.p_value, 1.0))
    return p


def by_cycle(y: Floats, period: int | None) -> Iterator[tuple[Indices, Floats, int | None]]:
    """The rows of y: (m, n) in which a cycle was found, without it, with its period; and the others as they are."""
    if period is None:
        yield np.arange(len(y)), y, None
        return
    without = remove_cycles(y, period)
    for rows, removed in ((np.flatnonzero(without.found), period), (np.flatnonzero(~without.found), None)):
        if len(rows):
            yield rows, without.values[rows], removed


def bends_as_well(y: Floats, cuts: Sequence[int]) -> bool:
    """Whether a bent line or a cubic explains y: (n,) about as well as levels between the cuts do."""
    n = len(y)
    u = pull_in(y[None])[0]
    edges = [0, *cuts, n]
    steps = sum(float(((u[a:b] - u[a:b].mean()) ** 2).sum()) for a, b in pairwise(edges))
    t = np.linspace(-1.0, 1.0, n)
    cubic = np.linalg.qr(np.stack([t**k for k in range(4)], axis=1))[0]
    curves = float(((u - cubic @ (cubic.T @ u)) ** 2).sum())
    line = np.linalg.qr(np.stack([np.ones(n), t], axis=1))[0]
    left = u - line @ (line.T @ u)
    hinges = np.maximum(t[:, None] - t[2 : n - 2], 0.0)
    hinges = hinges - line @ (line.T @ hinges)
    gains = (left @ hinges) ** 2 / np.maximum((hinges * hinges).sum(axis=0), 1e-300)
    bent = float(left @ left) - float(gains.max())
    return min(curves, bent) <= AS_WELL * steps


def _splits(y: Floats, offset: int, period: int | None) -> list[tuple[int, float]]:
    """(first point after, p-value) of the significant changes of y, then of the pieces between, in any order."""
    n = len(y)
    if n < NEEDED or is_constant(y):
        return []
    p, cuts = _tested(y, period)
    if cuts:
        without = without_short_runs(y)
        if not np.array_equal(without, y):
            if is_constant(without):
                return []
            y = without
            p, cuts = _tested(y, period)
    cuts = _settled(y, cuts)
    found = [(offset + cut, p) for cut in cuts]
    for a, b in pairwise([0, *cuts, n]):
        found += _splits(y[a:b], offset + a, period) if cuts else []
    return found


def _tested(y: Floats, period: int | None) -> tuple[float, list[int]]:
    """The p-value of a change in y: (n,), and where; no places when it is not significant."""
    removed = period if period and is_long_enough(len(y), period) else None
    far, near = far_steps(y[None], LEVEL, removed), near_steps(y[None], removed)
    p_far, p_near = float(far.p_value[0]), float(near.p_value[0]) if near.beats_line[0] else 1.0
    if min(p_far, p_near) >= LEVEL:
        return 1.0, []
    return min(p_far, p_near), (_far_cuts(y, far) if p_far < LEVEL else []) or [int(near.first_after[0])]


def _either(y: Floats, cuts: Sequence[int], period: int | None) -> list[tuple[int, float]]:
    """(first point after, p-value) of what is a step or a climb in the pieces between the changes."""
    found = []
    for a, b in pairwise([0, *cuts, len(y)]):
        part = y[a:b]
        if len(part) < NEEDED or is_constant(part):
            continue
        near = near_steps(part[None], period if period and is_long_enough(len(part), period) else None)
        if near.p_value[0] < LEVEL:
            found.append((a + int(near.first_after[0]), float(near.p_value[0])))
    return found


def _far_cuts(y: Floats, far: Far) -> list[int]:
    """The edges of the simplest kind of change that will do."""
    kind = int(far.kind[0])
    if kind == 0:
        return [int(far.step[0])]
    return [int(k) for k in far.arc[0]] if kind == 1 else _telling(y, far.stairs[0])


def _telling(y: Floats, stairs: Indices) -> list[int]:
    """Those of the stairs whose levels differ by more than 3 standard errors."""
    bounds = [0, *sorted({int(k) for k in stairs if k > 0}), len(y)]
    sd = float(np.median(np.abs(np.diff(y)))) / 0.954
    parts = [y[a:b] for a, b in pairwise(bounds)]
    return [
        cut
        for cut, a, b in zip(bounds[1:], parts, parts[1:], strict=False)
        if abs(float(np.median(a) - np.median(b))) > TELLING * sd * (1.0 / len(a) + 1.0 / len(b)) ** 0.5
    ]


def _settled(y: Floats, cuts: Sequence[int]) -> list[int]:
    """Each cut moved by up to 3 points (a fifth of the shorter piece, but one at least) to where the values, less the
    slope that both pieces share, part best."""
    settled = list(cuts)
    for place, cut in enumerate(settled):
        a, b = [0, *settled][place], [*settled, len(y)][place + 1]
        reach = min(EDGE_REACH, max(min(cut - a, b - cut) // 5, 1))
        x, part, middle = np.arange(b - a, dtype=np.float64), y[a:b], cut - a
        centred = np.concatenate([x[:middle] - x[:middle].mean(), x[middle:] - x[middle:].mean()])
        flat = part - (centred @ part) / max(float(centred @ centred), 1e-300) * x
        near = range(max(cut - reach, a + 1), min(cut + reach, b - 1) + 1)
        settled[place] = min(near, key=lambda k: (flat[: k - a].var() * (k - a) + flat[k - a :].var() * (b - k), k))
    return settled


def _described(y: Floats, found: dict[int, float], present: Indices) -> list[ChangePoint]:
    """The changes with the levels beside them; those between levels that are equal, or that only one value tells apart,
    are left out."""
    bounds = [0, *sorted(found), len(y)]
    parts = [y[a:b] for a, b in pairwise(bounds)]
    changes = []
    for first, old, new in zip(bounds[1:-1], parts, parts[1:], strict=False):
        before, after, of = float(np.median(old)), float(np.median(new)), "median"
        if before == after:
            before, after, of = float(np.mean(old)), float(np.mean(new)), "mean"
            if (_without_farthest(new) - _without_farthest(old)) / (after - before or 1.0) < 1e-9:
                continue  # one value is no level
        if before != after:
            changes.append(ChangePoint(int(present[first]), before, after, found[first], of))
    return changes


def _without_farthest(part: Floats) -> float:
    """The mean of part: (k,) without the value farthest from the median."""
    others = np.delete(part, np.argmax(np.abs(part - np.median(part))))
    return float(others.mean()) if len(others) else float(part[0])
