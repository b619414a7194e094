"""The bounds of the anomaly rule, simulated: for `bench.tabulate_critical_values`."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np

from bench.noise import noise
from bench.null_series import as_tested
from chimera_metrics.analytics.inference.anomalies import farthest_first, features, scores_of
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
CAP_SHARE = 0.005


def anomaly_rules(
    n: int, together: Iterable[int], series: int, rng: np.random.Generator, period: int | None = None
) -> list[Floats]:
    """The coefficients for each number of far points judged together."""
    quiet = [scores_of(as_tested(rng, noise(rng, name, series, n), period), period) for name in NOISES]
    rules: dict[int, Floats] = {}
    for j in sorted(set(together)):
        far = [scores_of(as_tested(rng, with_far_points(rng, size, j, series, n), period), period) for size in SIZES]
        rules[j] = anomaly_rule([described(one, j) for one in quiet], [described(one, j) for one in far], j)
    return [rules[j] for j in together]


def anomaly_rule(clean: list[Floats], far: list[Floats], j: int) -> Floats:
    """Coefficients of log bound for the j-th farthest point: the direction that best tells normal noise with j far
    points (6, 8, 10 sd) from noise alone (logistic regression), moved until no noise is called too often."""
    from scipy.optimize import minimize

    x = np.concatenate(clean + far)
    called = np.concatenate([np.full(len(part), 0.0) for part in clean] + [np.full(len(part), 1.0) for part in far])
    shares = [*NOISES.values(), *(1.0 / len(SIZES) for _ in SIZES)]
    weight = np.concatenate([np.full(len(part), w) for part, w in zip(clean + far, shares, strict=True)])
    weight = weight / weight.sum()

    def loss(b: Floats) -> tuple[float, Floats]:
        s = x @ b
        chance = 1.0 / (1.0 + np.exp(-s))
        return float((weight * (np.logaddexp(0.0, s) - called * s)).sum()), x.T @ (weight * (chance - called))

    weights = minimize(loss, np.zeros(x.shape[1]), jac=True, method="BFGS").x
    b: Floats = -weights[1:] / weights[0]  # log bound = constant + b . features, from score coefficient b[0]
    b[0] = 0.0
    b[0] = max(float(np.quantile(one[:, 0] - one[:, 1:] @ b, 1.0 - SHARES[j - 1])) for one in clean)
    return b


def anomaly_cap(n: int, series: int, rng: np.random.Generator, period: int | None = None) -> float:
    """The largest |score| that 5 in 1,000 lognormal series exceed."""
    scores = scores_of(as_tested(rng, noise(rng, "lognormal", series, n), period), period)
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
