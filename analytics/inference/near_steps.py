"""The test for small changes of level, on ranks, and whether a step explains the values better than a climb does."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from chimera_metrics.analytics.inference.critical_values import gate, p_value, typical_lag1
from chimera_metrics.analytics.inference.far_steps import pull_in
from chimera_metrics.analytics.inference.series import Flags, Floats, Indices, lag1, normal_scores
from chimera_metrics.analytics.inference.splits import best_split, cumulated, left_of_pieces

SIDES_SPLIT_FROM = 24
SHARE, SHARE_AFTER_CYCLE = 0.75, 0.375
"""The near test's share of the level that `change_points` works at."""


@dataclass(frozen=True, slots=True)
class Steps:
    """The best step of each series, all (m,): statistic, autocorrelation, and first point after it."""

    statistic: Floats
    rho: Floats
    first_after: Indices


@dataclass(frozen=True, slots=True)
class Near:
    """The near test of each series, all (m,): p-value of a step or a climb, whether the step explains the values
    clearly better than a line does, and the first point after it."""

    p_value: Floats
    beats_line: Flags
    first_after: Indices


def near_steps(y: Floats, period: int | None = None) -> Near:
    """The near test of each series y: (m, n). period: that of the cycle that was taken out, for its own tables."""
    n = y.shape[1]
    best = best_steps(y, typical_lag1(n, period))
    p = np.minimum(p_value("change", best.statistic, best.rho, n, period) / share(period), 1.0)
    return Near(p, likelier_than_line(y, best.rho) > gate(n, period), best.first_after)


def share(period: int | None = None) -> float:
    """The share of the level; less where a cycle was taken out, since the far test needs more there."""
    return SHARE_AFTER_CYCLE if period else SHARE


def best_steps(y: Floats, typical: tuple[Floats, Floats]) -> Steps:
    """The best step of each series y: (m, n) in normal scores. typical: as `typical_lag1(n)` gives it."""
    n = y.shape[1]
    split, gain, residuals, u = _split_twice(y)
    rho_nodes, lag1_nodes = typical
    rho = np.clip(np.interp(lag1(residuals), lag1_nodes, rho_nodes), 0.0, 0.95)
    least = 1e-12 * (u * u).sum(axis=1) + 1e-300
    variance = np.maximum((residuals * residuals).sum(axis=1) / (n - 4.0), least)
    return Steps(np.sqrt(gain / variance * (1.0 - rho) / (1.0 + rho)), rho, split)


def lag1_after_step(y: Floats) -> Floats:
    """The first autocorrelation (m,) left after the best steps are removed; `typical_lag1` tabulates its mean."""
    return lag1(_split_twice(y)[2])


def likelier_than_line(y: Floats, rho: Floats) -> Floats:
    """How much likelier the best step makes the pulled-in values y: (m, n) than a straight line does.

    rho: (m,), their autocorrelation. Returns: the difference of the log-likelihoods, doubled, (m,).
    """
    m, n = y.shape
    u = pull_in(y)
    u, x = u - u.mean(axis=1, keepdims=True), np.arange(n) - (n - 1) / 2.0
    total = np.maximum((u * u).sum(axis=1), 1e-300)
    start, end = np.zeros(m, dtype=np.intp), np.full(m, n, dtype=np.intp)
    _, gain = best_split(cumulated(u), start, end, max(3, n // 20))
    line_leaves = np.maximum(total - (u @ x) ** 2 / (x @ x), 1e-9 * total)
    step_leaves = np.maximum(total - gain, 1e-9 * total)
    likelier: Floats = n * np.log(line_leaves / step_leaves) * (1.0 - rho) / (1.0 + rho)
    return likelier


def _split_twice(y: Floats) -> tuple[Indices, Floats, Floats, Floats]:
    """Best split and its gain (m,), residuals after it and the best split of each side, and scores (m, n)."""
    m, n = y.shape
    u = normal_scores(y)
    u = u - u.mean(axis=1, keepdims=True)
    sums = cumulated(u)
    start, end = np.zeros(m, dtype=np.intp), np.full(m, n, dtype=np.intp)
    split, gain = best_split(sums, start, end, max(3, n // 20))
    # A second step would pass for autocorrelation. Short series have no room to look for one.
    shortest = max(6, n // 20) if n >= SIDES_SPLIT_FROM else n
    left, _ = best_split(sums, start, split, shortest)
    right, _ = best_split(sums, split, end, shortest)
    return split, gain, left_of_pieces(u, np.stack([start, left, split, right, end], axis=1)), u
