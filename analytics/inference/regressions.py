"""Did a measure get worse: two samples in the order of time, or a history with a step to be found in it.

Sides of 10 values and more are judged with allowance for autocorrelation. In fewer it cannot be estimated (a correction
for it would hide a step of nine standard deviations in 5 and 8 values): there the exact distribution of the ranks is
used, which takes the values for independent, as benchmark runs mostly are.
"""

from __future__ import annotations

from collections.abc import Hashable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np

from chimera_metrics.analytics.inference import reasons
from chimera_metrics.analytics.inference.multiplicity import benjamini_hochberg
from chimera_metrics.analytics.inference.padded import lengths
from chimera_metrics.analytics.inference.rank_test import smallest_share
from chimera_metrics.analytics.inference.reasons import Reason
from chimera_metrics.analytics.inference.series import (
    Floats,
    finite_or_none,
    floats,
    is_constant,
    normal_scores,
    unit_scale,
)
from chimera_metrics.analytics.inference.shifts import Shift, shift_alone, shifts
from chimera_metrics.analytics.inference.two_samples import (
    ENOUGH_A_SIDE,
    NEEDED_A_SIDE,
    effective_side,
    larger_p_values,
    median_p_values,
    medians_must_differ_at,
    step_p_values,
    step_statistic,
)

__all__ = [
    "ENOUGH_A_SIDE",
    "LEVEL",
    "NEEDED_A_SIDE",
    "Case",
    "Comparison",
    "FirstBad",
    "Regression",
    "compare",
    "compare_all",
    "effective_side",
    "first_bad_commit",
    "more_runs_needed",
    "newest_apart",
    "regressions",
    "step_p_values",
    "step_statistic",
    "worse_p_values",
]

LEVEL = 0.005
SKEWED = (
    "The later values are spread or skewed towards worse, but their middle is not clearly worse: the p-value is that "
    "of the medians."
)


@dataclass(frozen=True, slots=True)
class Comparison:
    """The answer of `compare` and `compare_history`: what changed, by how much, and whether chance explains it.

    before, after: medians. shift, shift_low, shift_high: the Hodges-Lehmann shift and its 95 % interval, in the
    measure's unit, after minus before; shift_pct: the shift in % of the median before. p_value: one-sided in the
    direction that hurts. more_needed: runs still missing before anything can be said, 0 when enough.
    Of a history also: from_index, the first run of the side before; step_index, the first run of the side after;
    step_time; splits_tried, for which p_value is already corrected.
    """

    before: float | None
    after: float | None
    change_pct: float | None
    p_value: float | None
    n_before: int
    n_after: int
    reason: Reason | None = None
    shift: float | None = None
    shift_low: float | None = None
    shift_high: float | None = None
    shift_pct: float | None = None
    more_needed: int = 0
    from_index: int | None = None
    step_index: int | None = None
    step_time: float | None = None
    splits_tried: float = 1.0
    cautions: tuple[str, ...] = ()
    sides: tuple[Floats, Floats] | None = field(default=None, repr=False, compare=False)


@dataclass(frozen=True, slots=True)
class Case:
    """One group and measure to judge: samples in the order of time, `higher_is_worse` for latency or cost."""

    key: Hashable
    before: Sequence[float | None]
    after: Sequence[float | None]
    higher_is_worse: bool = True


@dataclass(frozen=True, slots=True)
class Regression:
    """A case that got worse, with its p-value adjusted for the number of cases (Benjamini-Hochberg)."""

    key: Hashable
    comparison: Comparison
    p_adjusted: float


@dataclass(frozen=True, slots=True)
class FirstBad:
    """The first run at the new level: `index` in the given runs, its `commit`, or None beside a reason."""

    index: int | None
    commit: str | None
    reason: Reason | None = None


def compare(
    before: Sequence[float | None], after: Sequence[float | None], *, higher_is_worse: bool = True
) -> Comparison:
    """Whether a measure got worse between two samples, and by how much.

    before, after: the samples, each in the order of time, any unit, gaps allowed, of any two sizes and spreads.
    higher_is_worse: True for latency, cost, memory; False for throughput.
    Returns: the medians (the measure's unit), change of the median (%), one-sided p-value of "worse" (0 to 1), the
    Hodges-Lehmann shift that the p-value is about, and its 95 % interval, which leaves out 0 exactly when the tests of
    the shift have p < 0.025 in one direction.
    Undefined when: a side is empty (all), a side has fewer than 5 values or all values are equal (p and interval), the
    median before is 0 (change_pct, shift_pct); `reason` says which, `more_needed` how many values are missing.
    Formula: `larger_p_values`: the larger of two p-values, of ranks (normal scores against simulated values, with
    allowance for autocorrelation; exact ranks under 10 values a side) and of values (Welch's t). When the medians do
    not differ (`median_p_values`), their p-value counts, and a caution says so.
    Source: van der Waerden 1952; Welch 1947, doi:10.1093/biomet/34.1-2.28; docs/statistics.md.
    Example: before 10, 14, 11, 13, 12, 15 and after 20, 24, 21, 23, 22, 25 gives shift 10 and p = 0.001.
    """
    found = compare_sides(_present(before), _present(after), higher_is_worse)
    return with_interval(found)


def compare_sides(a: Floats, b: Floats, higher_is_worse: bool) -> Comparison:
    """`compare` of values without gaps, (n1,) and (n2,), as yet without shift and interval."""
    old, new = (float(np.median(side)) if len(side) else None for side in (a, b))
    if min(len(a), len(b)) < NEEDED_A_SIDE:
        missing = _missing(len(a), len(b))
        empty = "before" if not len(a) else "after"
        reason = (
            reasons.too_few_a_side(len(a), len(b), NEEDED_A_SIDE, missing)
            if len(a) and len(b)
            else reasons.no_data(f"the measure {empty}")
        )
        return replace(compared(a, b, old, new), reason=reason, more_needed=missing)
    if is_constant(np.concatenate([a, b])):
        return compared(a, b, old, new)
    scale = (1.0 if higher_is_worse else -1.0) * unit_scale(np.concatenate([a, b]))
    p, alone = (float(one[0]) for one in judged(a[None] / scale, b[None] / scale))
    return compared(a, b, old, new, p, alone < LEVEL <= p)


def compared(
    a: Floats,
    b: Floats,
    old: float | None,
    new: float | None,
    p: float | None = None,
    skewed: bool = False,
    **step: Any,
) -> Comparison:
    """The comparison of two sides with the medians old and new; without a p-value all values are equal.

    skewed: whether only the medians do not differ. step: the fields of a `Comparison` about its step.
    """
    change = None if old is None or new is None or not old else finite_or_none(100.0 * (new / abs(old) - np.sign(old)))
    reason = None
    if p is None:
        reason = reasons.constant("the measure")
    elif change is None:
        reason = reasons.not_estimated("A change in % needs a median before that is not 0.")
    cautions = (SKEWED,) if skewed else ()
    return Comparison(old, new, change, p, len(a), len(b), reason, cautions=cautions, sides=(a, b), **step)


def with_interval(found: Comparison) -> Comparison:
    """The comparison with its shift and the interval of that."""
    return with_intervals([found])[0]


def with_intervals(found: Sequence[Comparison]) -> list[Comparison]:
    """`with_interval` of each, all in one pass."""
    sides = {place: one.sides for place, one in enumerate(found) if one.sides and all(map(len, one.sides))}
    judged = [place for place in sides if found[place].p_value is not None]
    told = {place: shift_alone(pair) for place, pair in sides.items() if found[place].p_value is None}
    told |= dict(zip(judged, shifts([sides[place] for place in judged]), strict=True))
    return [_with_shift(one, told[place]) if place in told else one for place, one in enumerate(found)]


def _with_shift(found: Comparison, told: Shift) -> Comparison:
    shift, low, high = (None if one is None else finite_or_none(one) for one in (told.shift, told.low, told.high))
    percent = None if shift is None or not found.before else finite_or_none(100.0 * (shift / abs(found.before)))
    return replace(found, shift=shift, shift_low=low, shift_high=high, shift_pct=percent)


def compare_all(cases: Sequence[Case]) -> dict[Hashable, Comparison]:
    """What `compare` finds of each case, by its key, without shifts and intervals; `regressions` adds them."""
    return {
        case.key: compare_sides(_present(case.before), _present(case.after), case.higher_is_worse) for case in cases
    }


def regressions(compared: Mapping[Hashable, Comparison], *, level: float = LEVEL) -> list[Regression]:
    """What got worse, so that among those called an expected share of at most `level` is false.

    compared: from `compare_all` or `compare_histories`, one for each group and measure. level: 0 to 1.
    Returns: those with p_adjusted < level, the clearest first, each with the interval of its shift.
    Undefined when: one without a p-value is left out and does not count as one tried.
    Formula: Benjamini-Hochberg over all.
    Source: Benjamini and Hochberg 1995, doi:10.1111/j.2517-6161.1995.tb02031.x.
    Example: 60 cases of noise: about one report in 200 lists any.
    """
    adjusted = benjamini_hochberg([one.p_value for one in compared.values()])
    worse = [
        (key, one, p) for (key, one), p in zip(compared.items(), adjusted, strict=True) if p is not None and p < level
    ]
    told = with_intervals([one for _, one, _ in worse])
    found = [Regression(key, one, p) for (key, _, p), one in zip(worse, told, strict=True)]
    return sorted(found, key=lambda one: one.p_adjusted)


def more_runs_needed(n_before: int, n_after: int, *, tried: float = 1.0, level: float = LEVEL) -> int:
    """How many more newest runs it takes until the clearest step could be called; 0 when it could be already.

    n_before, n_after: runs on each side. tried: cases (and splits) that are looked at together. level: 0 to 1.
    Formula: the smallest k with 5 values a side and tried / C(n1 + n2 + k, n1) < level. Runs that are missing before
    the step are counted too: a run that is new today is one before tomorrow's.
    Example: 5 before and 3 after need 2 more; 5 and 5 among 6 cases need 2 more, 6 / C(12, 5) = 0.0076, no: 3 more.
    """
    missing = max(0, NEEDED_A_SIDE - n_before)
    before = n_before + missing
    after = n_after
    while after < NEEDED_A_SIDE or smallest_share(before, after) * tried >= level:
        after += 1
    return missing + after - n_after


def newest_apart(values: Sequence[float | None], *, higher_is_worse: bool = True) -> tuple[int, int]:
    """How many of the newest runs are worse than every run before them, and how many runs are before them.

    values: the measure of each run, in the order of time, any unit, gaps allowed.
    Returns: runs since and runs before, at the largest gap between the two; (0, n) when there is none, or 5 and more
    runs since, which `compare_history` judges.
    Example: 10, 12, 11, 15, 14 gives (2, 3).
    """
    y = floats(values)
    y = y[~np.isnan(y)] * (1.0 if higher_is_worse else -1.0)
    n = len(y)
    if n < 2:
        return 0, n
    jumps = np.minimum.accumulate(y[::-1])[::-1][1:] - np.maximum.accumulate(y)[:-1]
    newest = n - 1 - int(jumps.argmax())
    return (newest, n - newest) if jumps.max() > 0.0 and newest < NEEDED_A_SIDE else (0, n)


def first_bad_commit(
    values: Sequence[float | None], commits: Sequence[str | None], *, higher_is_worse: bool = True
) -> FirstBad:
    """The commit whose runs first show the worse level; for runs among which a regression was found.

    values: the measure of each run, in the order of time, any unit, gaps allowed. commits: of the same runs.
    Returns: the place of the first run at the worse level, and its commit.
    Undefined when: no values, or no later commit whose runs are worse (index and commit None).
    Formula: among the runs that start a new commit, the split k of the normal scores u that maximises
    (sum of u before k)^2 / (k (n - k) / n), counting only splits towards worse: the likeliest place of one step.
    Source: Hinkley 1970, doi:10.1093/biomet/57.1.1.
    Example: values 1, 2, 1, 8, 9 of commits a, a, b, c, c give index 3, commit c.
    """
    if len(commits) != len(values):
        raise ValueError(f"{len(commits)} commits for {len(values)} values: give one commit per value.")
    y = floats(values)
    present = np.flatnonzero(~np.isnan(y))
    n = len(present)
    if n == 0:
        return FirstBad(None, None, reasons.no_data("the measure"))
    names = [commits[int(i)] for i in present]
    starts = np.array([k for k in range(1, n) if names[k] not in (None, names[k - 1])], dtype=np.intp)
    if len(starts) == 0:
        return FirstBad(None, None, reasons.not_estimated("All runs are of one commit, or of unknown commits."))
    u = normal_scores(y[present][None])[0]
    before = np.cumsum(u - u.mean())[starts - 1] * (-1.0 if higher_is_worse else 1.0)
    gain = np.where(before > 0.0, before * before / (starts * (n - starts)), 0.0)
    best = int(gain.argmax())
    if gain[best] <= 1e-12:
        return FirstBad(None, None, reasons.not_estimated("No commit's runs are worse than those before."))
    return FirstBad(int(present[starts[best]]), names[int(starts[best])])


def worse_p_values(before: Floats, after: Floats, higher_is_worse: bool = True) -> Floats:
    """One-sided p-values (m,) of "after is worse", as `compare` gives them; (m, n1) and (m, n2), 5 and more a side."""
    sign = 1.0 if higher_is_worse else -1.0
    return judged(sign * before, sign * after)[0]


def judged(a: Floats, b: Floats) -> tuple[Floats, Floats]:
    """p-values (m,) of "b is larger", and those that the ranks and values alone would give; rows may end in NaN."""
    p, of_medians = larger_p_values(a, b), median_p_values(a, b)
    passes = of_medians < medians_must_differ_at(lengths(a), lengths(b))
    return np.where(passes, p, np.maximum(p, of_medians)), p


def _present(values: Sequence[float | None]) -> Floats:
    y = floats(values)
    return y[~np.isnan(y)]


def _missing(n_before: int, n_after: int) -> int:
    return max(0, NEEDED_A_SIDE - n_before) + max(0, NEEDED_A_SIDE - n_after)
