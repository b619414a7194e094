"""Where the level of a series changed."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np

from chimera_metrics.analytics.inference import reasons
from chimera_metrics.analytics.inference.critical_values import p_value, typical_lag1
from chimera_metrics.analytics.inference.reasons import Reason
from chimera_metrics.analytics.inference.series import Floats, Indices, floats, is_constant, lag1, normal_scores

LEVEL = 0.02
NEEDED = 10
SIDES_SPLIT_FROM = 24
LIKELIER_THAN_A_LINE = 2.0


@dataclass(frozen=True, slots=True)
class ChangePoint:
    """`index` is the place in the given values of the first point at the new level."""

    index: int
    before: float
    after: float
    p_value: float


@dataclass(frozen=True, slots=True)
class ChangePoints:
    """The answer of `change_points`: the changes in order; empty with a reason when none could be sought."""

    changes: tuple[ChangePoint, ...]
    n: int
    reason: Reason | None = None


@dataclass(frozen=True, slots=True)
class Steps:
    """The best step of each series, all (m,): statistic, autocorrelation, first point after it, and how much
    likelier the step makes the series than a straight line does (difference of log-likelihoods, doubled)."""

    statistic: Floats
    rho: Floats
    first_after: Indices
    likelier: Floats


def change_points(values: Sequence[float | None]) -> ChangePoints:
    """The places where the level of a series stepped up or down, with the levels on both sides.

    values: the series in the order of time, any unit, gaps allowed.
    Returns: changes in order: index of the first value at the new level; before and after, the medians between this
    change and its neighbours (the series' unit); p_value (0 to 1) of a step anywhere, at most 0.02.
    Undefined when: fewer than 10 values, or all equal: no changes and a reason.
    Formula: the split of the normal scores with the largest F statistic, divided by sqrt((1 + rho) / (1 - rho)),
    against values simulated by n and rho; rho is estimated after removing this split and, from 24
    points on, the best one on each side.
    A split counts only if it explains the series clearly better (log-likelihood by 1) than a straight line does, so
    that a steady climb is a trend and no step. Then the same on both sides, down to 10 points.
    Source: Hawkins 1977, doi:10.1080/01621459.1977.10479935; Scott and Knott 1974, doi:10.2307/2529204;
    docs/statistics.md.
    Example: the flow of the Nile 1871 to 1970 gives one change, its first year 1899: 1130 before, 842.5 after.
    """
    y = floats(values)
    present = np.flatnonzero(~np.isnan(y))
    y = y[present]
    n = len(y)
    if n == 0:
        return ChangePoints((), n, reasons.no_data("the series"))
    if n < NEEDED:
        return ChangePoints((), n, reasons.too_few("Finding a change of level", n, NEEDED))
    if is_constant(y):
        return ChangePoints((), n, reasons.constant("the series"))
    found = sorted(_splits(y, 0))
    edges = [0, *(first for first, _ in found), n]
    levels = [float(np.median(y[a:b])) for a, b in pairwise(edges)]
    changes = (ChangePoint(int(present[first]), levels[i], levels[i + 1], p) for i, (first, p) in enumerate(found))
    return ChangePoints(tuple(changes), n)


def change_p_values(y: Floats) -> tuple[Floats, Steps]:
    """The p-value (m,) of the best step of each series, 1 where a line explains it as well. y: (m, n)."""
    best = best_steps(y)
    p = p_value("change", best.statistic, best.rho, y.shape[1])
    return np.where(best.likelier > LIKELIER_THAN_A_LINE, p, 1.0), best


def best_steps(y: Floats, typical: tuple[Floats, Floats] | None = None) -> Steps:
    """The best step of each series y: (m, n). typical: as `typical_lag1(n)` gives it, while that is tabulated."""
    n = y.shape[1]
    split, gain, residuals, u = _split_twice(y)
    rho_nodes, lag1_nodes = typical or typical_lag1(n)
    rho = np.clip(np.interp(lag1(residuals), lag1_nodes, rho_nodes), 0.0, 0.95)
    inflation = (1.0 + rho) / (1.0 - rho)
    total = (u * u).sum(axis=1)
    least = 1e-12 * total + 1e-300
    x = np.arange(n) - (n - 1) / 2.0
    line_leaves = np.maximum(total - (u @ x) ** 2 / (x @ x), least)
    step_leaves = np.maximum(total - gain, least)
    variance = np.maximum((residuals * residuals).sum(axis=1) / (n - 4.0), least)
    likelier = n * np.log(line_leaves / step_leaves) / inflation
    return Steps(np.sqrt(gain / variance / inflation), rho, split, likelier)


def lag1_after_step(y: Floats) -> Floats:
    """The first autocorrelation (m,) left after the best steps are removed; `typical_lag1` tabulates its mean."""
    return lag1(_split_twice(y)[2])


def _split_twice(y: Floats) -> tuple[Indices, Floats, Floats, Floats]:
    """Best split and its gain (m,), residuals after it and the best split of each side, and scores (m, n)."""
    m, n = y.shape
    u = normal_scores(y)
    u = u - u.mean(axis=1, keepdims=True)
    cumulated = np.concatenate([np.zeros((m, 1)), np.cumsum(u, axis=1)], axis=1)
    start, end = np.zeros(m, dtype=np.intp), np.full(m, n, dtype=np.intp)
    split, gain = _best_split(cumulated, start, end, max(3, n // 20))
    # A second step would pass for autocorrelation. Short series have no room to look for one.
    shortest = max(6, n // 20) if n >= SIDES_SPLIT_FROM else n
    left, _ = _best_split(cumulated, start, split, shortest)
    right, _ = _best_split(cumulated, split, end, shortest)
    edges = np.stack([start, left, split, right, end], axis=1)
    at_edges = np.take_along_axis(cumulated, edges, axis=1)
    means = np.diff(at_edges, axis=1) / np.maximum(np.diff(edges, axis=1), 1)
    segment = (np.arange(n) >= edges[:, 1:4, None]).sum(axis=1)
    return split, gain, u - np.take_along_axis(means, segment, axis=1), u


def _best_split(cumulated: Floats, start: Indices, end: Indices, shortest: int) -> tuple[Indices, Floats]:
    """The split of each row's points start to end that explains most, and the sum of squares it explains (m,).

    Both sides have at least `shortest` points; where that leaves no room: `start` and 0.
    """
    n = cumulated.shape[1] - 1
    rows = np.arange(len(cumulated))
    k = np.arange(n + 1)
    before, after = k - start[:, None], end[:, None] - k
    length = (end - start)[:, None]
    base = cumulated[rows, start][:, None]
    whole = cumulated[rows, end][:, None] - base
    excess = cumulated - base - whole * before / np.maximum(length, 1)
    room = (before >= shortest) & (after >= shortest)
    explained = np.where(room, excess * excess * length / np.where(room, before * after, 1), -1.0)
    best = explained.argmax(axis=1)
    gain = explained[rows, best]
    return np.where(gain >= 0.0, best, start), np.maximum(gain, 0.0)


def _splits(y: Floats, offset: int) -> list[tuple[int, float]]:
    """(first point after, p-value) of the significant splits of y, then of its sides, in any order."""
    if len(y) < NEEDED or is_constant(y):
        return []
    p, best = change_p_values(y[None])
    if p[0] >= LEVEL:
        return []
    first = int(best.first_after[0])
    found = [(offset + first, float(p[0]))]
    return found + _splits(y[:first], offset) + _splits(y[first:], offset + first)
