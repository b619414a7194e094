"""Did a measure get worse: two samples in the order of time, and the commit that first shows it.

Sides of 10 values and more are judged with allowance for autocorrelation. In fewer it cannot be estimated (a correction
for it would hide a step of nine standard deviations in 5 and 8 values): there the exact distribution of the ranks is
used, which takes the values for independent, as benchmark runs mostly are.
"""

from __future__ import annotations

from collections.abc import Hashable, Mapping, Sequence
from dataclasses import dataclass
from math import comb

import numpy as np

from chimera_metrics.analytics.inference import reasons
from chimera_metrics.analytics.inference.critical_values import p_value
from chimera_metrics.analytics.inference.multiplicity import benjamini_hochberg
from chimera_metrics.analytics.inference.rank_test import rank_p_value
from chimera_metrics.analytics.inference.reasons import Reason
from chimera_metrics.analytics.inference.series import Floats, finite_or_none, floats, is_constant, normal_scores

LEVEL = 0.005
NEEDED_A_SIDE = 5
ENOUGH_A_SIDE = 10
"""Values a side from which autocorrelation is allowed for; fewer do not show it."""


@dataclass(frozen=True, slots=True)
class Comparison:
    """The answer of `compare`: medians, and a `p_value` one-sided in the direction that hurts."""

    before: float | None
    after: float | None
    change_pct: float | None
    p_value: float | None
    n_before: int
    n_after: int
    reason: Reason | None = None


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
    """Whether a measure got worse between two samples.

    before, after: the samples, each in the order of time, any unit, gaps allowed. higher_is_worse: True for
    latency, cost, memory; False for throughput.
    Returns: the medians (the measure's unit), change of the median (%), one-sided p-value of "worse" (0 to 1).
    Undefined when: a side is empty (all), a side has fewer than 5 values or all values are equal (p), the median
    before is 0 (change_pct); `reason` says which.
    Formula: t statistic of the two sides' normal scores over sqrt((1 + rho) / (1 - rho)), rho = (n r1 + 2) / (n - 4)
    within the sides, clipped to 0 to 0.95, against values simulated by n = 2 n1 n2 / (n1 + n2) a side and rho.
    Never under 1 / C(n1 + n2, n1), the share of one arrangement. With under 10 values on a side: `rank_p_value`.
    Source: van der Waerden 1952; docs/statistics.md.
    Example: before 10, 14, 11, 13, 12, 15 and after 20, 24, 21, 23, 22, 25 gives change_pct 80 and p = 0.001.
    """
    a, b = floats(before), floats(after)
    a, b = a[~np.isnan(a)], b[~np.isnan(b)]
    if not len(a) or not len(b):
        side = "before" if not len(a) else "after"
        return Comparison(
            float(np.median(a)) if len(a) else None,
            float(np.median(b)) if len(b) else None,
            None,
            None,
            len(a),
            len(b),
            reasons.no_data(f"the measure {side}"),
        )
    old, new = float(np.median(a)), float(np.median(b))
    change = finite_or_none(100.0 * (new / abs(old) - np.sign(old))) if old else None
    reason = None
    p = None
    if min(len(a), len(b)) < NEEDED_A_SIDE:
        reason = reasons.too_few("Each side", min(len(a), len(b)), NEEDED_A_SIDE)
    elif is_constant(np.concatenate([a, b])):
        reason = reasons.constant("the measure")
    else:
        p = float(worse_p_values(a[None], b[None], higher_is_worse)[0])
        if change is None:
            reason = reasons.not_estimated("A change in % needs a median before that is not 0.")
    return Comparison(old, new, change, p, len(a), len(b), reason)


def compare_all(cases: Sequence[Case]) -> dict[Hashable, Comparison]:
    """What `compare` finds of each case, by its key; for `regressions`."""
    return {case.key: compare(case.before, case.after, higher_is_worse=case.higher_is_worse) for case in cases}


def regressions(compared: Mapping[Hashable, Comparison], *, level: float = LEVEL) -> list[Regression]:
    """What got worse, so that among those called an expected share of at most `level` is false.

    compared: from `compare_all`, one for each group and measure. level: 0 to 1.
    Returns: those with p_adjusted < level, the clearest first.
    Undefined when: one without a p-value is left out and does not count as one tried.
    Formula: Benjamini-Hochberg over all.
    Source: Benjamini and Hochberg 1995, doi:10.1111/j.2517-6161.1995.tb02031.x.
    Example: 60 cases of noise: about one report in 200 lists any.
    """
    adjusted = benjamini_hochberg([one.p_value for one in compared.values()])
    found = [
        Regression(key, one, p)
        for (key, one), p in zip(compared.items(), adjusted, strict=True)
        if p is not None and p < level
    ]
    return sorted(found, key=lambda one: one.p_adjusted)


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
    """One-sided p-values (m,) of "after is worse", by the test that fits the sizes of the sides (m, n1) and (m, n2)."""
    if min(before.shape[1], after.shape[1]) >= ENOUGH_A_SIDE:
        return step_p_values(before, after, higher_is_worse)
    sign = 1.0 if higher_is_worse else -1.0
    return np.array([rank_p_value(sign * a, sign * b) for a, b in zip(before, after, strict=True)])


def step_p_values(before: Floats, after: Floats, higher_is_worse: bool = True) -> Floats:
    """One-sided p-values (m,) of "after is worse". before: (m, n1), after: (m, n2), each in the order of time."""
    n1, n2 = before.shape[1], after.shape[1]
    statistic, rho = step_statistic(before, after)
    two_sided = p_value("step", statistic, rho, effective_side(n1, n2))
    is_worse = (statistic > 0.0) == higher_is_worse
    p = np.where(is_worse, two_sided / 2.0, 1.0 - two_sided / 2.0)
    return np.maximum(p, 1.0 / comb(n1 + n2, n1))


def effective_side(n1: int, n2: int) -> int:
    """The points a side of two equal samples that tell as much as n1 and n2 do."""
    return max(NEEDED_A_SIDE, round(2 * n1 * n2 / (n1 + n2)))


def step_statistic(before: Floats, after: Floats) -> tuple[Floats, Floats]:
    """The t statistic (m,) of after minus before in normal scores, its error widened for the autocorrelation (m,)."""
    n1, n2 = before.shape[1], after.shape[1]
    n = n1 + n2
    u = normal_scores(np.concatenate([before, after], axis=1))
    old, new = u[:, :n1].mean(axis=1, keepdims=True), u[:, n1:].mean(axis=1, keepdims=True)
    e = np.concatenate([u[:, :n1] - old, u[:, n1:] - new], axis=1)
    power = (e * e).sum(axis=1)
    products = (e[:, 1:] * e[:, :-1]).sum(axis=1) - e[:, n1] * e[:, n1 - 1]
    r1 = np.divide(products, power, out=np.zeros(len(u)), where=power > 0.0)
    rho = np.clip((n * r1 + 2.0) / (n - 4.0), 0.0, 0.95)
    difference = (new - old)[:, 0]
    variance = power / (n - 2.0) * (1.0 / n1 + 1.0 / n2) * (1.0 + rho) / (1.0 - rho)
    return difference / np.sqrt(np.maximum(variance, 1e-24 * np.maximum(difference**2, 1e-300))), rho
