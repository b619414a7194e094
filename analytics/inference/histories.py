"""A measure's whole history: whether its newest runs are worse than the comparable runs before them, and since when."""

from __future__ import annotations

from collections.abc import Hashable, Sequence
from dataclasses import dataclass

import numpy as np

from chimera_metrics.analytics.inference import reasons
from chimera_metrics.analytics.inference.likeliest import comparable_from, likeliest, splits_tried
from chimera_metrics.analytics.inference.multiplicity import sidak_each
from chimera_metrics.analytics.inference.padded import (
    constant,
    cut,
    lengths,
    medians,
    of_like_length,
    padded,
    unit_scales,
)
from chimera_metrics.analytics.inference.regressions import LEVEL, Comparison, compared, judged, with_interval
from chimera_metrics.analytics.inference.series import Flags, Floats, Indices, floats, times
from chimera_metrics.analytics.inference.two_samples import NEEDED_A_SIDE

LIKELY = 0.05
"""From this p-value on an earlier change to better is likely enough to look at the runs since then alone, too."""
KNOWN_LEVEL = 0.006
"""Under this p-value the runs since a known place are worse. The tests that must agree are careful: in independent
noise they alarm on 3 of 1,000 at 0.005, and on 4 here."""


@dataclass(frozen=True, slots=True)
class History:
    """All comparable runs of one group and measure, in any order, each with its time (days or seconds)."""

    key: Hashable
    values: Sequence[float | None]
    times: Sequence[float]
    higher_is_worse: bool = True


def compare_history(
    values: Sequence[float | None],
    at: Sequence[float],
    *,
    earliest: float | None = None,
    higher_is_worse: bool = True,
) -> Comparison:
    """Whether the newest runs of a measure are worse than the comparable runs before them, and since which run.

    values: the measure of every run there is, any unit, gaps allowed. at: their times, days or seconds, in any order.
    earliest: a step before this time is old news and not looked for; None looks at all times. higher_is_worse: as in
    `compare`.
    Returns: the comparison of the runs since the likeliest step to worse with those before it: step_index (the first
    run since, an index of the given values), step_time, from_index (the first run of the side before).
    Undefined when: fewer than 5 runs since `earliest`, fewer than 5 before them, or all values equal; `reason` says
    how many more runs are needed, and so does `more_needed`.
    Formula: the split of the normal scores, 5 runs and more a side, that explains most, judged by `compare`; p is
    corrected for the splits tried. If the runs since it became better again, only the runs since then are compared,
    and p is the larger of both. Runs before an earlier change to better are not comparable and left out; where such a
    change is only likely, both ways are tried and p is corrected for it.
    Source: Hinkley 1970, doi:10.1093/biomet/57.1.1; Siegmund 1986, doi:10.1214/aos/1176349928 (splits tried).
    Example: daily runs 431, 432, 389, 433, 412, 415, 422, 447, 538, 542, 525, 491, 519, 545, 550 give step_index 8,
    shift 108, p = 0.001.
    """
    [found] = _compare([History(None, values, at, higher_is_worse)], earliest)
    return with_interval(found)


def compare_histories(histories: Sequence[History], *, earliest: float | None = None) -> dict[Hashable, Comparison]:
    """What `compare_history` finds of each, by its key, without shifts and intervals; `regressions` adds them."""
    return {one.key: found for one, found in zip(histories, _compare(histories, earliest), strict=True)}


def compare_newest(histories: Sequence[History], *, since: float) -> dict[Hashable, Comparison]:
    """Whether the runs from a known time on, those of one commit say, are worse than the comparable runs before it.

    since: all runs at this time and later are the newest; any unit that the histories' times have.
    Returns: what `compare` finds of the two sides of each, by its key, without shifts and intervals, which
    `with_intervals` adds; step_index is the first of the newest runs, from_index the first run of the side before.
    Undefined when: fewer than 5 runs on a side, or all values equal; `reason` says how many more runs are needed.
    Formula: `compare` of both sides, those before since the last change to better with p < 0.005. The place of the
    step is given, so that p is not corrected for splits tried: a step of one standard deviation is seen twice as often
    as `compare_history` sees it at 10 and 20 runs a side. A change to better that is only likely is not cut at, since
    runs that remember each other show many. Where the newest runs became better again, p is the larger of both.
    Source: van der Waerden 1952; Welch 1947, doi:10.1093/biomet/34.1-2.28; docs/statistics.md, "Gate".
    Example: 431, 432, 389, 433, 412, 415, 422, 447 before and 538, 542, 525, 491, 519, 545, 550 since: p = 0.00016.
    """
    found = _compare(histories, since, is_known=True)
    return {one.key: comparison for one, comparison in zip(histories, found, strict=True)}


@dataclass(frozen=True, slots=True)
class _Runs:
    """The values of one history in the order of time, without gaps, `order` their places; `new` are recent."""

    higher_is_worse: bool
    order: Indices
    at: Floats
    values: Floats
    new: int

    @property
    def missing(self) -> int:
        """How many more runs are needed before anything can be said."""
        return max(2 * NEEDED_A_SIDE - len(self.values), NEEDED_A_SIDE - self.new, 0)


@dataclass(frozen=True, slots=True)
class _Steps:
    """The likeliest step of each row, (m,): values `first` to `split` beside those from `since` on; p is NaN where
    all are equal, `skewed` says where only the medians do not differ."""

    first: Indices
    split: Indices
    since: Indices
    tried: Floats
    p: Floats
    skewed: Flags


def _compare(histories: Sequence[History], earliest: float | None, is_known: bool = False) -> list[Comparison]:
    """What is found of each, without shifts and intervals; a step at `earliest` exactly where its place is known."""
    runs = [_runs(one, earliest) for one in histories]
    found = {place: _too_few(one) for place, one in enumerate(runs) if one.missing}
    enough = [place for place in range(len(runs)) if place not in found]
    for places in of_like_length([len(one.values) for one in runs], enough):
        found.update(zip(places, _judged([runs[place] for place in places], is_known), strict=True))
    return [found[place] for place in range(len(runs))]


def _runs(one: History, earliest: float | None) -> _Runs:
    y, t = floats(one.values), times(one.times, len(one.values))
    order = np.arange(len(t)) if (t[1:] >= t[:-1]).all() else np.argsort(t, kind="stable")
    order = order[~np.isnan(y[order])]
    y, t = y[order], t[order]
    return _Runs(one.higher_is_worse, order, t, y, len(y) if earliest is None else int((t >= earliest).sum()))


def _judged(runs: Sequence[_Runs], is_known: bool) -> list[Comparison]:
    """What is found of each, all in one pass."""
    y = padded([one.values for one in runs])
    n = lengths(y)
    up = np.array([1.0 if one.higher_is_worse else -1.0 for one in runs])[:, None] * y / unit_scales(y)
    old = n - np.array([one.new for one in runs], dtype=np.intp)
    steps = _steps(up, np.zeros_like(n), old, old, np.ones(len(runs))) if is_known else _either_way(up, old)
    sides = cut(y, steps.first, steps.split), cut(y, steps.since, n)
    before, after = (medians(np.sort(side, axis=1), lengths(side)).tolist() for side in sides)
    return [_told(one, steps, place, before[place], after[place]) for place, one in enumerate(runs)]


def _either_way(up: Floats, old: Indices) -> _Steps:
    """The likeliest step of each row from `old` on, among all its values or, if likelier, those since a likely change
    to better. up: (m, w), larger is worse."""
    n = lengths(up)
    last = n - NEEDED_A_SIDE
    better_from = comparable_from(up, LIKELY)
    two_ways = np.flatnonzero((better_from > 0) & (better_from <= last - NEEDED_A_SIDE))
    ways = np.ones(len(up))
    ways[two_ways] = 2.0
    steps = _steps(up, np.zeros_like(n), old, last, ways)
    if len(two_ways):
        other = _steps(up[two_ways], better_from[two_ways], old[two_ways], last[two_ways], ways[two_ways])
        better = np.nan_to_num(other.p, nan=1.0) < np.nan_to_num(steps.p[two_ways], nan=1.0)
        for name in _Steps.__slots__:
            getattr(steps, name)[two_ways[better]] = getattr(other, name)[better]
    return steps


def _steps(up: Floats, start: Indices, earliest: Indices, last: Indices, ways: Floats) -> _Steps:
    """The likeliest step from `earliest` to `last` of each row's values from `start` on, one of so many ways.

    up: (m, w), larger is worse. The others: (m,).
    """
    n = lengths(up)
    earliest, last = np.maximum(NEEDED_A_SIDE, earliest - start), last - start
    split = start + likeliest(cut(up, start, n), earliest, last)
    first = start + comparable_from(cut(up, start, split), LEVEL)
    p, skewed = _p_values(up, first, split, split)
    tried = np.where(np.isnan(p), 1.0, ways * splits_tried(p, earliest, last, n - start))
    p = sidak_each(p, tried)
    since = split + comparable_from(cut(up, split, n), LEVEL)
    mended = np.flatnonzero((since > split) & ~np.isnan(p))
    if len(mended):
        now, skewed[mended] = _p_values(up[mended], first[mended], split[mended], since[mended])
        p[mended] = np.maximum(p[mended], np.nan_to_num(now, nan=1.0))
    return _Steps(first, split, np.where(np.isnan(p), split, since), tried, p, skewed)


def _p_values(up: Floats, first: Indices, split: Indices, since: Indices) -> tuple[Floats, Flags]:
    """p-values of each row's values first to split and those from `since` on, and where only the medians do not
    differ; NaN where all are equal."""
    a, b = cut(up, first, split), cut(up, since, lengths(up))
    both = np.concatenate([a, b], axis=1)
    differ = ~constant(both)
    scale = unit_scales(both[differ])
    p, skewed = np.full(len(up), np.nan), np.zeros(len(up), dtype=bool)
    if differ.any():
        p[differ], alone = judged(a[differ] / scale, b[differ] / scale)
        skewed[differ] = (alone < LEVEL) & (p[differ] >= LEVEL)
    return p, skewed


def _told(runs: _Runs, steps: _Steps, place: int, before: float, after: float) -> Comparison:
    """The comparison of one history, its places those of the runs as they were given."""
    first, split, since = int(steps.first[place]), int(steps.split[place]), int(steps.since[place])
    p = None if np.isnan(steps.p[place]) else float(steps.p[place])
    a, b = runs.values[first:split], runs.values[since:]
    return compared(
        a,
        b,
        before,
        after,
        p,
        bool(steps.skewed[place]),
        splits_tried=float(steps.tried[place]),
        from_index=int(runs.order[first]),
        step_index=int(runs.order[split]),
        step_time=float(runs.at[split]),
    )


def _too_few(runs: _Runs) -> Comparison:
    n, new = len(runs.values), runs.new
    sides = runs.values[: n - new], runs.values[n - new :]
    before, after = (float(np.median(side)) if len(side) else None for side in sides)
    reason = reasons.no_data("the measure") if n == 0 else reasons.too_few_runs(n, new, NEEDED_A_SIDE, runs.missing)
    return Comparison(before, after, None, None, n - new, new, reason, more_needed=runs.missing)
