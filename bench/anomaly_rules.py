"""The bounds of the anomaly rule, simulated: for `bench.tabulate_critical_values`."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np

from bench.noise import noise
from bench.null_series import as_tested
from chimera_metrics.analytics.inference.anomalies import RARE_SHARE
from chimera_metrics.analytics.inference.cycles import most_are_expected
from chimera_metrics.analytics.inference.point_scores import (
    farthest_first,
    features,
    scores_of,
    without_rest_of_cycle,
)
from chimera_metrics.analytics.inference.series import Floats

NOISES = {
    "normal": 0.5,
    "t5": 0.5,
    "t3": 3.0,
    "lognormal": 2.0,
    "lognormal 0.5": 0.5,
    "exponential": 0.5,
    "AR(1) 0.6": 0.5,
}
SIZES = (6.0, 8.0, 10.0)
SHARES = (0.036, 0.004, 0.004)
"""Of series of noise that may be called for one, two and three far points."""
SHORT, SHARES_IN_SHORT = 30, {"t3": 0.054, "lognormal": 0.034}
"""Under a cycle, in up to so many points, these noises may be called so often for one: whole answers, which take out
lines and steps and judge runs by their peaks, call t3 noise less often than this, and lognormal noise more often."""
CAP_SHARE = 0.005
TRIES = 8


def anomaly_rules(
    n: int, together: Iterable[int], series: int, rng: np.random.Generator, period: int | None = None
) -> list[Floats]:
    """The coefficients for each number of far points judged together."""
    quiet = [scored(rng, noise(rng, name, series, n), period) for name in NOISES]
    rules: dict[int, Floats] = {}
    for j in sorted(set(together)):
        far = [scored(rng, with_far_points(rng, size, j, series, n), period) for size in SIZES]
        clean, called = [described(one, j) for one in quiet], [described(one, j) for one in far]
        rules[j] = best_rule(clean, called, shares(n, j)) if period else plain_rule(clean, called, j)
    return [rules[j] for j in together]


def scored(rng: np.random.Generator, y: Floats, period: int | None) -> Floats:
    """The scores of y: (m, n) as `anomalies` finds them; with a period: under a cycle that is taken out, without rows
    that it does not judge then."""
    if period is None:
        return scores_of(y)
    left = without_rest_of_cycle(as_tested(rng, y, period), period)
    away = np.abs(left - np.median(left, axis=1, keepdims=True))
    return scores_of(left[~most_are_expected(away, RARE_SHARE)], period)


def shares(n: int, j: int) -> Floats:
    """Of each noise, the share of series of n points that may be called for j far points, under a cycle."""
    own = SHARES_IN_SHORT if n <= SHORT and j == 1 else {}
    return np.array([own.get(name, SHARES[j - 1]) for name in NOISES])


def plain_rule(clean: list[Floats], far: list[Floats], j: int) -> Floats:
    """The rule with the weights of NOISES."""
    return anomaly_rule(clean, far, np.full(len(clean), SHARES[j - 1]), np.array(list(NOISES.values())))[0]


def best_rule(clean: list[Floats], far: list[Floats], most: Floats) -> Floats:
    """The rule that finds most of the farthest points among those whose weights follow the noises that bind: with a
    cycle taken out, the weights of NOISES leave one noise at the limit and the others far below."""
    weights, best, found = np.array(list(NOISES.values())), -1.0, np.zeros(0)
    for _ in range(TRIES):
        b, needed = anomaly_rule(clean, far, most, weights)
        seen = float((far[-1][:, 0] > far[-1][:, 1:] @ b).mean())
        if seen > best:
            best, found = seen, b
        weights = np.maximum(weights * np.exp(3.0 * (needed - needed.max() + 0.05)), 0.05)
    return found


def anomaly_rule(clean: list[Floats], far: list[Floats], most: Floats, weights: Floats) -> tuple[Floats, Floats]:
    """Coefficients of log bound for the j-th farthest point: the direction that best tells normal noise with j far
    points (6, 8, 10 sd) from noise alone (logistic regression, each noise with its weight), moved until of each noise
    at most its share `most` is called; and the constant that each noise needs."""
    from scipy.optimize import minimize

    x = np.concatenate(clean + far)
    called = np.concatenate([np.full(len(part), 0.0) for part in clean] + [np.full(len(part), 1.0) for part in far])
    every = [*weights, *(1.0 / len(SIZES) for _ in SIZES)]
    weight = np.concatenate([np.full(len(part), w) for part, w in zip(clean + far, every, strict=True)])
    weight = weight / weight.sum()

    def loss(b: Floats) -> tuple[float, Floats]:
        s = x @ b
        chance = 1.0 / (1.0 + np.exp(np.minimum(-s, 700.0)))
        return float((weight * (np.logaddexp(0.0, s) - called * s)).sum()), x.T @ (weight * (chance - called))

    fitted = minimize(loss, np.zeros(x.shape[1]), jac=True, method="BFGS").x
    b: Floats = -fitted[1:] / fitted[0]  # log bound = constant + b . features, from score coefficient b[0]
    b[0] = 0.0
    pairs = zip(clean, most, strict=True)
    needed = np.array([float(np.quantile(one[:, 0] - one[:, 1:] @ b, 1.0 - share)) for one, share in pairs])
    b[0] = needed.max()
    return b, needed


def anomaly_cap(n: int, series: int, rng: np.random.Generator, period: int | None = None) -> float:
    """The largest |score| that 5 in 1,000 lognormal series exceed."""
    scores = scored(rng, noise(rng, "lognormal", series, n), period)
    return float(np.quantile(np.abs(scores).max(axis=1), 1.0 - CAP_SHARE))


def with_far_points(rng: np.random.Generator, size: float, j: int, series: int, n: int) -> Floats:
    """Normal noise with j points this many sd away, all on one side, anywhere."""
    y = noise(rng, "normal", series, n)
    at = rng.permuted(np.tile(np.arange(n), (series, 1)), axis=1)[:, :j]
    np.put_along_axis(y, at, size * rng.choice([-1.0, 1.0], size=(series, 1)) * np.ones((1, j)), axis=1)
    return y


def described(scores: Floats, j: int) -> Floats:
    """Log of the j-th largest score and the features beside it, (m, 6)."""
    score, beside = features(farthest_first(scores), j)
    return np.column_stack([np.log(np.maximum(score, 1e-3)), beside])
