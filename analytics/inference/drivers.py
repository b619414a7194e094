"""Why a metric moved between two windows: the words whose rate or volume did it, by contributions that add up."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np

from chimera_metrics.analytics.inference.driver_chance import Candidate, Tested, tested
from chimera_metrics.analytics.inference.driver_choice import rate_surprise, strongest, volume_surprise
from chimera_metrics.analytics.inference.driver_cube import (
    Cube,
    DriverKind,
    Grouping,
    expected_sums,
    noise_of,
    undone,
)
from chimera_metrics.analytics.inference.driver_days import contrasts
from chimera_metrics.analytics.inference.reasons import Reason
from chimera_metrics.analytics.inference.series import Flags, Floats

LEVEL = 0.002
SHUFFLES = 1_999
HISTORY_DAYS = 21
_RAW_LEVEL = 0.05
_LEAST_SHARE, _MORE_ROUNDS = 0.05, 3
_TINY = 1e-9

ShownKind = Literal["rate", "mix", "volume"]


@dataclass(frozen=True, slots=True)
class Driver:
    """Where the change sits. where: the number of the word by dimension, {} for everything alike. before, after: its
    own value in both windows (rate), or its rows a day (volume, mix). onset: the day since which its rate differs most.
    """

    where: Mapping[str, int]
    kind: ShownKind
    before: float | None
    after: float | None
    contribution: float
    p_adjusted: float
    onset: int | None = None


@dataclass(frozen=True, slots=True)
class Drivers:
    """`before` + the contributions + `rest` = `after`. looked_at: how many candidates were tested."""

    before: float | None
    after: float | None
    change: float | None
    drivers: tuple[Driver, ...]
    rest: float | None
    looked_at: int
    reason: Reason | None = None


def drivers(
    cube: Cube, *, depth: int = 2, limit: int = 5, births: Sequence[int] = (), shuffles: int = SHUFFLES, seed: int = 1
) -> Drivers:
    """What made the metric move from the baseline to the newer window.

    cube: values of 0 or more; of a baseline that is not whole weeks, each weekday counts as often as in the newer
    window. depth: words of a candidate at most. limit: drivers named at most. births: the days
    within the newer window on which a commit began.
    Returns: drivers by the size of their contribution, in the metric's unit, without those under 5 % of the first.
    Undefined when: fewer than 21 days before the newer window, no rows in a window, negative values (reason); or
    nothing stands out of chance: no drivers, and the reason says how many were looked at.
    Formula: 1. sums by cell from all words and pairs, pooled over all days. 2. What is left, and the volumes, by day
    without weekdays: the largest |t| of the newer window against all days before, or of a climb, beside the same of
    shuffled days, over all candidates (p <= 0.002). 3. Of those the one that takes most off the weighted squares of the
    window's cells, alone or with any second. 4. It is undone; what the metric goes back by is its contribution. From 1.
    Source: max-T by shuffling, Westfall and Young 1993; Freedman and Lane 1983; docs/statistics.md.
    """
    start, now = cube.value("before") if cube.before.any() else None, cube.value("after") if cube.after.any() else None
    change = None if start is None or now is None else now - start
    if reason := _refused(cube, start, now):
        return Drivers(start, now, change, (), change, 0, reason)
    rows = contrasts(cube.weekday, cube.after, np.random.default_rng(seed), shuffles, births)
    found: list[Driver] = []
    looked_at, left, groupings = 0, cube, cube.groupings(depth)
    for _ in range(limit + _MORE_ROUNDS):
        expected = expected_sums(left, groupings)
        noise = noise_of(left, expected)
        every = tested(left, groupings, expected, noise, rows, level=LEVEL, raw=_RAW_LEVEL)
        looked_at = looked_at or every.sizes.total()
        chosen = _choose(left, groupings, every, expected, noise)
        if chosen is None:
            break
        moved, one, after = chosen
        found.append(_described(left, one, moved, expected))
        groupings = groupings if after.words is left.words else after.groupings(depth)
        left = after
    found.sort(key=lambda one: -abs(one.contribution))
    kept = [one for one in found if abs(one.contribution) >= _LEAST_SHARE * abs(found[0].contribution)][:limit]
    rest = (change or 0.0) - sum(one.contribution for one in kept)
    nothing = Reason("nothing_stands_out", f"Of {looked_at:,} changes looked at, none is beyond what chance gives.")
    return Drivers(start, now, change, tuple(kept), rest, looked_at, None if kept else nothing)


def _refused(cube: Cube, start: float | None, now: float | None) -> Reason | None:
    history = int((~cube.after).sum())
    if (cube.s < 0.0).any():
        return Reason("not_estimated", "Values below 0 have no rates that could be fitted.")
    if start is None or now is None or not cube.s.sum() > 0.0:
        return Reason("no_data", "There are no rows, or nothing but 0, in one of the windows.")
    if history < HISTORY_DAYS:
        text = f"Drivers need at least {HISTORY_DAYS} whole days before the window; there are {history}."
        return Reason("too_few", text)
    return None


def _choose(
    cube: Cube, groupings: list[Grouping], every: Tested, expected: Floats, noise: float
) -> tuple[float, Candidate, Cube] | None:
    """Of rate and volume the candidate that moves the metric more, by how much, and the cube without it."""
    now = cube.value("after") or 0.0
    best = []
    kinds: tuple[DriverKind, ...] = ("rate", "volume")
    for kind in kinds:
        if not any(one.kind == kind and one.p <= LEVEL for one in every.candidates):
            continue
        surprise = rate_surprise(cube, groupings, noise) if kind == "rate" else volume_surprise(cube)
        one = strongest(cube, every, kind, surprise, LEVEL)
        if one is not None:
            after = undone(cube, kind, one.inside, expected)
            best.append((now - (after.value("after") or 0.0), one, after))
    return max(best, key=lambda one: abs(one[0])) if best else None


def _described(cube: Cube, one: Candidate, moved: float, expected: Floats) -> Driver:
    first = int(np.flatnonzero(one.inside)[0])
    where = {dim: int(cube.words[dim][first]) for dim in one.grouping.dims}
    p = max(min(one.p, LEVEL), 0.0)
    if one.kind == "rate":
        before, after = cube.value("before", one.inside), cube.value("after", one.inside)
        return Driver(where, "rate", before, after, moved, p, _onset(cube, one.inside, expected))
    rows = np.where(one.inside, cube.in_balance(cube.n), 0.0)
    a_day = [float(rows[days[cube.day]].sum() / days.sum()) for days in (cube.before, cube.after)]
    return Driver(where, "volume" if cube.additive else "mix", a_day[0], a_day[1], moved, p)


def _onset(cube: Cube, inside: Flags, expected: Floats) -> int:
    """The day in the newer window from which on the rate inside differs most from that of all days before."""
    left, usual = (np.bincount(cube.day[inside], values[inside], cube.days) for values in (cube.s - expected, expected))
    best = (0.0, int(np.flatnonzero(cube.after)[0]))
    for day in map(int, np.flatnonzero(cube.after)):
        a, b = max(usual[day:].sum(), _TINY), max(usual[:day].sum(), _TINY)
        clear = float((left[day:].sum() / a - left[:day].sum() / b) ** 2 / (1.0 / a + 1.0 / b))
        best = max(best, (clear, day))
    return best[1]
