"""Single points, and short runs of them, far from where the series was."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import groupby
from typing import Literal

import numpy as np

from chimera_metrics.analytics.inference import reasons
from chimera_metrics.analytics.inference.change_points import ChangePoints, change_points
from chimera_metrics.analytics.inference.critical_values import anomaly_cap, anomaly_rule
from chimera_metrics.analytics.inference.cycles import Cycle, checked_period, cycle, most_are_expected
from chimera_metrics.analytics.inference.point_scores import (
    farthest_first,
    features,
    scores_of,
    wavers_with,
    without_rest_of_cycle,
)
from chimera_metrics.analytics.inference.rare_counts import far_counts
from chimera_metrics.analytics.inference.reasons import Reason
from chimera_metrics.analytics.inference.series import Floats, Indices, floats, is_constant, times, unit_scale
from chimera_metrics.analytics.inference.trend import TrendEstimate, trend

NEEDED = 10
TABULATED_TOGETHER = 3
SMALLEST_SCORE = 4.0
LONGEST_RUN_SHARE = 0.25
LEAST_SHARE = 0.05
"""What a bucket is expected to have at least, of the usual level: lines and cycles may point below zero."""
LARGEST_COUNT = 1e15
"""Beyond, floats do not count one by one."""
RARE_SHARE = 0.6

JudgedAs = Literal["values", "counts", "rates"]


@dataclass(frozen=True, slots=True)
class Anomaly:
    """`index` is the place in the given values; `score` is in robust standard deviations, signed; `expected` is the
    value that the rest of the series lets expect there, with its cycle."""

    index: int
    value: float
    score: float
    expected: float | None = None


@dataclass(frozen=True, slots=True)
class AnomalyRun:
    """Anomalies in neighbouring buckets, on one side: one event. `first` and `last` are places in the given values;
    `peak` is the farthest of the `size` points."""

    first: int
    last: int
    size: int
    peak: Anomaly


@dataclass(frozen=True, slots=True)
class Anomalies:
    """The answer of `anomalies`: the points in order, and the runs they form (a single point is a run of 1); empty with
    a reason when none could be looked for. judged_as: which kind of numbers the test took them for."""

    points: tuple[Anomaly, ...]
    n: int
    reason: Reason | None = None
    runs: tuple[AnomalyRun, ...] = ()
    judged_as: JudgedAs = "values"
    cycle: Cycle | None = None
    cautions: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class _Series:
    """What is judged: places and values (n,) of those present, as they are and without cycle, and the level, line or
    median (n,) that the latter are measured from."""

    present: Indices
    raw: Floats
    values: Floats
    expected: Floats
    pattern: Cycle | None

    @property
    def removed(self) -> int | None:
        """The period of the cycle that was taken out."""
        return self.pattern.period if self.pattern and self.pattern.found else None

    @property
    def relative_sd(self) -> Floats:
        """By how much more than usual the values waver at each place, (n,): in proportion to the level, where it moves
        and that is clearly likelier than alike everywhere."""
        alike = np.ones(len(self.values))
        if min(self.values.min(), self.expected.min()) <= 0.0 or is_constant(self.expected):
            return alike
        level = self.expected / np.median(self.expected)
        return level if wavers_with(self.values - self.expected, level) else alike

    def without_rest_of_cycle(self, e: Floats) -> Floats:
        """Residuals e: (n,), less what the removal of the cycle left of it."""
        if self.removed is None:
            return e
        left: Floats = without_rest_of_cycle(e[None], self.removed, self.present)[0]
        return left


def anomalies(
    values: Sequence[float | None],
    times_days: Sequence[float] | None = None,
    *,
    line: TrendEstimate | None = None,
    steps: ChangePoints | None = None,
    period: int | None = None,
    counts: bool = False,
    n: Sequence[float | None] | None = None,
) -> Anomalies:
    """The points that lie far from the series' own level, trend, steps and cycle.

    values: the series in the order of time, any unit, gaps allowed. times_days: as for `trend`. line, steps: what
    `trend` and `change_points` said of the same values with the same period, if known. period: 7 for daily values, 24
    for hourly, 12 for monthly ones: a cycle that repeats is taken out first. counts: the values are counts of events.
    n: the values are rates (0 to 1), each of so many trials.
    Returns: points in order, with score = (value - expected) / robust sd; expected is the level between change points,
    else the line if it rises or falls, else the median. At most 1 under 20 points, 2 under 30, then 3 or a twentieth;
    a run of neighbours on one side counts as one.
    Undefined when: fewer than 10 values, all equal, or more than half of them exactly as expected, unless they are
    counts or rates: a reason.
    Formula: robust sd = 1.4826 median |value - expected| (less a cycle: see `without_rest_of_cycle`, `scores_of`). A
    score counts above a bound that the other points set: log bound = a + b1 log(next farthest score) + b2 |skew|
    + b3 skew towards the point + b4 log(sd / robust sd), with coefficients simulated by n so that noise with normal,
    t3 and lognormal tails is called in at most 1 series of 22; never under 4, and never over the score that 5 in 1,000
    lognormal series reach.
    Counts and rates: see `far_counts`; where they are clearly over-dispersed, the bound counts too.
    Source: Hampel 1974, doi:10.1080/01621459.1974.10482962; outward testing after Rosner 1983,
    doi:10.1080/00401706.1983.10487848; docs/statistics.md.
    Example: 30 points of normal noise with one at 10 sd: that point, in nine series of ten.
    """
    checked_period(period)
    if n is not None and len(n) != len(values):
        raise ValueError(f"{len(n)} numbers of trials for {len(values)} rates: give one per rate.")
    y = floats(values)
    trials = None if n is None else floats(n)
    if trials is not None:
        y = np.where(trials > 0.0, y, np.nan)
    t = times(times_days, len(y))
    present = np.flatnonzero(~np.isnan(y))
    is_countable = len(present) > 0 and float(y[present].max()) <= LARGEST_COUNT
    judged_as: JudgedAs = "rates" if trials is not None else "counts" if counts and is_countable else "values"
    reason = _too_little(y[present])
    if reason is not None:
        return Anomalies((), len(present), reason, judged_as=judged_as)
    steps = steps or change_points(values, period=period)
    pattern = (steps.cycle or cycle(values, period)) if period else None
    if line is None and not steps.changes:
        line = trend(values, times_days, period=period, steps=steps)
    adjusted = floats(pattern.adjusted)[present] if pattern else y[present]
    series = _Series(present, y[present], adjusted, _expected(adjusted, t, present, line, steps), pattern)
    found = _of_values(series) if judged_as == "values" else _of_counts(series, trials, steps)
    cautions = (pattern.caution,) if pattern and pattern.caution else ()
    return replace(found, judged_as=judged_as, cycle=pattern, cautions=cautions)


def _too_little(known: Floats) -> Reason | None:
    if len(known) == 0:
        return reasons.no_data("the series")
    if len(known) < NEEDED:
        return reasons.too_few("Finding anomalies", len(known), NEEDED)
    return reasons.constant("the series") if is_constant(known) else None


def _of_values(series: _Series) -> Anomalies:
    """Judged by the robust sd and the rule that the other points set."""
    scale = unit_scale(series.values)
    e = (series.values / scale - series.expected / scale) / series.relative_sd
    left = series.without_rest_of_cycle(e)
    away = np.abs(np.stack([one - np.median(one) for one in (e, left)]))
    is_rare = series.removed is not None and most_are_expected(away, RARE_SHARE).any()
    if is_rare or np.median(np.abs(e)) <= 1e-12 * np.abs(e).max():
        text = "More than half of the values are the same, so there is no spread to measure from."
        if is_rare:
            text = "More than half of the values are what the cycle lets expect: there is no spread to measure from."
        return Anomalies((), len(e), reasons.not_estimated(text))
    scores = scores_of(left[None], series.removed)[0]
    away_from_usual = scale * (left - np.median(left)) * series.relative_sd
    return _answer(series, called(scores, series.removed), scores, series.values - away_from_usual)


def _of_counts(series: _Series, trials: Floats | None, steps: ChangePoints) -> Anomalies:
    """Judged as counts, or as hits of so many trials."""
    size = None if trials is None else trials[series.present]
    counts = np.maximum(np.rint(series.raw if size is None else series.raw * size), 0.0)
    expected = _means_between(series, steps) if steps.changes else series.expected
    level = float(np.median(expected))
    usual = _with_cycle(series, np.maximum(expected, 0.0))
    # Where most are zero, levels and lines by medians say nothing: then all buckets are alike.
    shape = np.maximum(usual / level, LEAST_SHARE) if level > 0.0 else np.ones(len(counts))
    exposure = shape if size is None else np.minimum(shape, 1.0 / max(level, 1e-12)) * size
    found = far_counts(counts, exposure, most_together(len(counts)), size)
    places = found.places
    if found.is_over_dispersed and np.median(np.abs(found.scores - np.median(found.scores))) > 1e-9:
        left = series.without_rest_of_cycle(found.scores)
        places = np.intersect1d(places, called(scores_of(left[None], series.removed)[0], series.removed))
    expected = found.expected if size is None else found.expected / size
    return _answer(series, places, found.scores, expected, has_cycle=True)


def _means_between(series: _Series, steps: ChangePoints) -> Floats:
    """The mean of each piece between change points, without its largest values: medians of rare counts are all 0."""
    edges = np.searchsorted(series.present, [change.index for change in steps.changes])
    levels = []
    for part in np.split(series.values, edges):
        usual = np.sort(part)[: max(len(part) - most_together(len(series.values)), 1)]
        levels.append(np.full(len(part), float(usual.mean()) + 0.5 / len(part) if len(part) else 0.0))
    means: Floats = np.concatenate(levels)
    return means


def called(scores: Floats, period: int | None = None) -> Indices:
    """The places of the anomalies among scores (n,): a run of neighbours on one side is judged by its peak."""
    n = len(scores)
    is_far = np.abs(scores) > SMALLEST_SCORE
    signs = np.where(is_far, np.sign(scores), 0.0)
    keep, members = np.ones(n, dtype=np.bool_), {i: [i] for i in range(n)}
    for sign, group in groupby(range(n), key=lambda i: signs[i]):
        run = list(group)
        if sign and 1 < len(run) <= LONGEST_RUN_SHARE * n:
            peak = max(run, key=lambda i: abs(scores[i]))
            keep[run], keep[peak], members[peak] = False, True, run
    places = np.flatnonzero(keep)
    together = int(judge(scores[places][None], n, period)[0])
    farthest = places[np.argsort(-np.abs(scores[places]), kind="stable")[:together]]
    return np.array(sorted(i for peak in farthest for i in members[int(peak)]), dtype=np.intp)


def judge(scores: Floats, n: int, period: int | None = None) -> Indices:
    """How many of each row's farthest scores (m, k) are anomalies, (m,). n: points of the series, at least k."""
    rule, cap = anomaly_rule(n, period), anomaly_cap(n, period)
    ordered = farthest_first(scores)
    together = np.zeros(len(scores), dtype=np.intp)
    most = min(most_together(n), scores.shape[1] - 2)
    for j in range(most, 0, -1):
        score, described = features(ordered, j)
        # More than three need what three need: noise meets that ever more seldom.
        bound = np.maximum(np.exp(np.minimum(described @ rule[min(j, TABULATED_TOGETHER) - 1], 50.0)), SMALLEST_SCORE)
        together = np.where((together == 0) & (score > bound), j, together)
    beyond = (np.abs(scores) > cap).sum(axis=1)
    return np.maximum(together, np.where(beyond <= most, beyond, 0))


def most_together(n: int) -> int:
    """How many points of n may stand out together."""
    return max(min(TABULATED_TOGETHER, n // 10), n // 20)


def _answer(
    series: _Series, places: Indices, scores: Floats, expected: Floats, *, has_cycle: bool = False
) -> Anomalies:
    """The points at these places, and the runs they form. has_cycle: `expected` has the cycle in it already."""
    usual = expected if has_cycle else _with_cycle(series, expected)
    points = [
        Anomaly(int(series.present[i]), float(series.raw[i]), float(scores[i]), float(usual[i]))
        for i in map(int, places)
    ]
    return Anomalies(tuple(points), len(series.present), runs=_runs(points, [int(i) for i in places]))


def _runs(points: Sequence[Anomaly], places: Sequence[int]) -> tuple[AnomalyRun, ...]:
    """Points at neighbouring places on one side, gathered."""
    gathered: list[list[Anomaly]] = []
    for k, point in enumerate(points):
        is_next = k > 0 and places[k] == places[k - 1] + 1 and (point.score > 0.0) == (points[k - 1].score > 0.0)
        if is_next:
            gathered[-1].append(point)
        else:
            gathered.append([point])
    return tuple(
        AnomalyRun(run[0].index, run[-1].index, len(run), max(run, key=lambda one: abs(one.score))) for run in gathered
    )


def _with_cycle(series: _Series, level: Floats) -> Floats:
    """What a level without the cycle is with it, at each present place."""
    if series.pattern is None or not series.pattern.found:
        return level
    effects = np.array(series.pattern.effects)[series.present % series.pattern.period]
    with_cycle: Floats = level * effects if series.pattern.kind == "multiplied" else level + effects
    return with_cycle


def _expected(known: Floats, t: Floats, present: Indices, line: TrendEstimate | None, steps: ChangePoints) -> Floats:
    """The level, line or median that each present value is measured from."""
    if steps.changes:
        edges = np.searchsorted(present, [change.index for change in steps.changes])
        parts = np.split(known, edges)
        expected: Floats = np.concatenate([np.full(len(part), np.median(part)) for part in parts if len(part)])
        return expected
    if line is not None and line.direction in ("rising", "falling") and line.slope_per_day is not None:
        climb = line.slope_per_day * (t[present] - t[present][0])
        fitted: Floats = climb + float(np.median(known - climb))
        return fitted
    return np.full(len(known), float(np.median(known)))
