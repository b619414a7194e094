"""Correlation inside groups: what is left when every group's own level is taken away, judged by days."""

from __future__ import annotations

from collections.abc import Hashable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from chimera_metrics.analytics.inference import reasons
from chimera_metrics.analytics.inference.coefficients import effective_n, fisher_interval, p_value_of, pearson
from chimera_metrics.analytics.inference.pairs import NEEDED, TOO_SHORT_FOR_AUTOCORRELATION
from chimera_metrics.analytics.inference.reasons import Reason
from chimera_metrics.analytics.inference.series import Floats, Indices, floats, lag1


@dataclass(frozen=True, slots=True)
class WithinCorrelation:
    """The answer of `correlate_within`: n values in so many groups, judged as so many days, worth n_effective."""

    coefficient: float | None
    p_value: float | None
    ci_low: float | None
    ci_high: float | None
    n: int
    groups: int
    reason: Reason | None = None
    days: int | None = None
    n_effective: float | None = None


def correlate_within(
    x: Sequence[float | None],
    y: Sequence[float | None],
    groups: Sequence[Hashable],
    days: Sequence[int | float] | None = None,
) -> WithinCorrelation:
    """How closely x and y move together inside groups, -1 to 1: Pearson's r with each group's level taken away.

    x, y: any units, gaps allowed. groups: the group of each pair, such as (model, quant, dataset). days: the day (or
    bucket) of each pair, a number; groups that were measured on one day share that day's luck and count once.
    Returns: r of the days' means of what x and y deviate from their group's mean, its p-value (0 to 1) and 95 %
    interval, pairs n (of groups with at least two), groups, days, n_effective (independent days that tell as much).
    Without `days` each pair is taken for independent of all others, and r is that of the pairs.
    Undefined when: fewer than 4 days (or pairs) beyond those that the groups' means cost, or no spread inside.
    Formula: n_effective as in `correlate`, over the days in their order, times (days - cost + 1) / days, where each
    pair costs 1 / (groups of its day * days of its group): 1 in all when every group has every day.
    Source: Bland and Altman 1995, doi:10.1136/bmj.310.6977.446; Pyper and Peterman 1998, doi:10.1139/f98-104.
    Example: group 1: (1, 1), (2, 2), (3, 3); group 2: (1, 11), (2, 12), (3, 13) gives r = 1 within, 0.16 overall.
    """
    a, b = floats(x), floats(y)
    if not len(a) == len(b) == len(groups) or (days is not None and len(days) != len(a)):
        raise ValueError("Give x, y, groups and days the same length.")
    usable, labels = _in_groups_of_two(~np.isnan(a) & ~np.isnan(b), groups)
    a, b = a[usable], b[usable]
    n, count = len(a), len(np.unique(labels))
    apart = np.arange(n, dtype=np.float64) if days is None else floats(days)[usable]
    inside = [v - _means(labels, v)[labels] for v in (a, b)]
    by_day, day = np.unique(apart, return_inverse=True)
    cost = float((1.0 / (np.bincount(day)[day] * np.bincount(labels)[labels])).sum()) if n else 0.0
    none = WithinCorrelation(None, None, None, None, n, count, days=None if days is None else len(by_day))
    if len(by_day) - cost + 1.0 < NEEDED - 1e-9:
        what = "A correlation within groups" if days is None else "A correlation within groups, judged by days,"
        return _because(none, reasons.too_few(what, len(by_day), NEEDED - 1 + round(max(cost, 1.0))))
    if any(np.abs(v).max() <= 1e-13 * np.abs(w).max() for v, w in zip(inside, (a, b), strict=True)):
        return _because(none, reasons.constant("a series within groups"))
    first, second = (_means(day, v / np.abs(v).max()) for v in inside)
    if min(np.abs(first).max(), np.abs(second).max()) <= 1e-13:
        return _because(none, reasons.constant("the days' means within groups"))
    pairs = float(len(by_day)) if days is None else _worth(first, second)
    pairs *= (len(by_day) - cost + 1.0) / len(by_day)
    r = float(pearson(first[None], second[None])[0])
    p = p_value_of("pearson", r, first, second, pairs)
    low, high = fisher_interval("pearson", r, pairs) or (None, None)
    drifting = reasons.not_estimated(f"{len(by_day)} days tell no more than {pairs:.1f} independent ones would.")
    return WithinCorrelation(
        r, p, low, high, n, count, drifting if p is None else None, none.days, pairs
    )  # fmt: skip


def _in_groups_of_two(known: NDArray[np.bool_], groups: Sequence[Hashable]) -> tuple[Indices, Indices]:
    """Which pairs are in a group with another pair; and the group's number of each of them."""
    numbers = {group: number for number, group in enumerate(dict.fromkeys(groups))}
    labels = np.array([numbers[group] for group in groups], dtype=np.intp)
    sizes = np.bincount(labels[known], minlength=len(numbers)) if len(labels) else np.zeros(0, dtype=np.intp)
    usable = np.flatnonzero(known & (sizes[labels] >= 2)) if len(labels) else np.zeros(0, dtype=np.intp)
    return usable, np.unique(labels[usable], return_inverse=True)[1]


def _worth(first: Floats, second: Floats) -> float:
    """How many independent days tell as much. In up to 8 days `effective_n` sees nothing: there AR(1) is assumed, with
    each first autocorrelation corrected for its bias, r1 + (1 + 3 r1) / n (Kendall 1954, doi:10.2307/2332720)."""
    n = len(first)
    if n > TOO_SHORT_FOR_AUTOCORRELATION:
        return float(effective_n("pearson", first[None], second[None])[0])
    r1 = [float(lag1((one - one.mean())[None])[0]) for one in (first, second)]
    both = float(np.prod(np.clip([r + (1.0 + 3.0 * r) / n for r in r1], 0.0, 0.9)))
    return n * (1.0 - both) / (1.0 + both)


def _means(labels: Indices, values: Floats) -> Floats:
    """The mean of the values of each label, 0, 1, 2, ..."""
    result: Floats = np.bincount(labels, values) / np.maximum(np.bincount(labels), 1)
    return result


def _because(none: WithinCorrelation, reason: Reason) -> WithinCorrelation:
    return WithinCorrelation(None, None, None, None, none.n, none.groups, reason, none.days)
