"""Simulates the critical values that `analytics.inference` looks up and writes `critical_tables.py`.

Run: .venv/bin/python -m bench.tabulate_critical_values [--series 40000] [--seed 20240601]. Takes about ten minutes.
"""

from __future__ import annotations

import argparse
import textwrap
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path

import numpy as np

from bench.noise import ar1, noise
from chimera_metrics.analytics.inference.anomalies import TABULATED_TOGETHER, farthest_first, features, scores_of
from chimera_metrics.analytics.inference.change_points import best_steps, lag1_after_step
from chimera_metrics.analytics.inference.critical_values import Test, quantile
from chimera_metrics.analytics.inference.regressions import step_statistic
from chimera_metrics.analytics.inference.series import Floats
from chimera_metrics.analytics.inference.trend import fit_lines

TARGET = Path(__file__).parents[1] / "analytics" / "inference" / "critical_tables.py"
Z = (0.0, 0.5, 1.0, 1.3, 1.6, 1.8, 2.0, 2.2, 2.4, 2.6, 2.8, 3.1, 3.5)
RHO = (0.0, 0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 0.95)
POINTS = {
    "trend": (8, 10, 12, 15, 20, 25, 30, 40, 60, 90, 120, 200, 400),
    "change": (10, 12, 15, 20, 23, 24, 30, 40, 60, 90, 120, 200, 400, 1000),
    "step": (5, 6, 7, 8, 10, 12, 15, 20, 30, 40, 60, 120, 300),
    "anomaly": (10, 12, 15, 20, 25, 30, 45, 60, 90, 120, 200, 400, 1000),
}
Simulated = list[tuple[Floats, Floats]]


def rounds(test: Test, n: int) -> int:
    """How often the table is corrected for rho being estimated: the shorter the series, the more it matters."""
    if test == "trend":
        return 2 if n <= 20 else 1 if n <= 25 else 0
    return 2 if n <= (60 if test == "step" else 30) else 1 if n <= 40 or test == "step" else 0


def simulate(
    statistic: Callable[[Floats], tuple[Floats, Floats]], points: int, series: int, rng: np.random.Generator
) -> Simulated:
    """Statistic and estimated rho of `series` Gaussian AR(1) series, for each true rho."""
    found = []
    for rho in RHO:
        parts = [statistic(ar1(rng, rho, m, points)) for m in chunks(series, points)]
        found.append((np.concatenate([p[0] for p in parts]), np.concatenate([p[1] for p in parts])))
    return found


def chunks(series: int, points: int) -> list[int]:
    """`series` in parts of about two million numbers, pairs of points counted."""
    size = max(1, min(series, 20_000_000 // points**2, 2_000_000 // points))
    return [min(size, series - start) for start in range(0, series, size)]


def surface(simulated: Simulated, corrections: int) -> Floats:
    """Quantiles of |statistic| by true rho (rows) and z (columns), corrected for looking rho up where estimated."""
    from scipy.special import ndtr

    z = np.array(Z)
    shares = 1.0 - 2.0 * ndtr(-z)
    table = np.stack([np.quantile(np.abs(t), shares) for t, _ in simulated])
    for _ in range(corrections):
        seen = np.stack([np.quantile(look_up(np.abs(t), rho, table), shares) for t, rho in simulated])
        table = np.stack([reach(row, curve) for row, curve in zip(seen, table, strict=True)])
    return np.maximum.accumulate(table, axis=1)


def look_up(statistic: Floats, rho: Floats, table: Floats) -> Floats:
    """The z that the table gives each statistic, as `p_value` does."""
    nodes = np.array(RHO)
    low = np.clip(np.searchsorted(nodes, rho, side="right") - 1, 0, len(nodes) - 2)
    weight = ((rho - nodes[low]) / (nodes[low + 1] - nodes[low]))[:, None]
    return quantile(statistic, table[low] * (1.0 - weight) + table[low + 1] * weight, np.array(Z))


def reach(z: Floats, curve: Floats) -> Floats:
    """The statistic at each z of a curve over Z, going on in a straight line beyond the last."""
    last = (curve[-1] - curve[-3]) / (Z[-1] - Z[-3])
    return np.where(z <= Z[-1], np.interp(z, Z, curve), curve[-1] + last * (z - Z[-1]))


def trend_statistic(n: int, y: Floats) -> tuple[Floats, Floats]:
    """The tested slope over its error, and rho, at n even times."""
    lines = fit_lines(y, np.arange(n, dtype=np.float64))
    return lines.slope / lines.error, lines.rho


def two_sides(n: int, y: Floats) -> tuple[Floats, Floats]:
    """The step statistic between the first n points and the others, and rho."""
    return step_statistic(y[:, :n], y[:, n:])


def change_statistic(typical: tuple[Floats, Floats], y: Floats) -> tuple[Floats, Floats]:
    """The statistic of the best step, and rho."""
    best = best_steps(y, typical)
    return best.statistic, best.rho


STATISTICS: dict[Test, Callable[[int, Floats], tuple[Floats, Floats]]] = {"trend": trend_statistic, "step": two_sides}


def quantiles(test: Test, series: int, rng: np.random.Generator) -> tuple[Floats, Floats]:
    """(n, rho, z) quantiles of one test, and for "change" the (n, rho) mean of the lag-1 autocorrelation left."""
    tables, lag1_means = [], []
    for n in POINTS[test]:
        count = series if n <= 60 else max(series // 2, 10_000) if n <= 120 else max(series // 4, 8_000)
        statistic = partial(STATISTICS.get(test, two_sides), n)
        if test == "change":
            left = simulate(lambda y: (lag1_after_step(y), np.zeros(len(y))), n, count // 4, rng)
            lag1_means.append(np.maximum.accumulate(np.array([r1.mean() for r1, _ in left])))
            statistic = partial(change_statistic, (np.array(RHO), lag1_means[-1]))
        simulated = simulate(statistic, 2 * n if test == "step" else n, count, rng)
        tables.append(surface(simulated, rounds(test, n)))
    return np.stack(tables), np.array(lag1_means)


ANOMALY_NOISES = {
    "normal": 0.5,
    "t5": 0.5,
    "t3": 3.0,
    "lognormal": 2.0,
    "lognormal 0.5": 0.5,
    "exponential": 0.5,
    "AR(1) 0.6": 0.5,
}
ANOMALY_SHARE = (0.036, 0.004, 0.004)


def anomaly_rules(n: int, j: int, series: int, rng: np.random.Generator) -> Floats:
    """Coefficients of log bound for the j-th farthest point: the direction that best tells normal noise with j far
    points (6, 8, 10 sd) from noise alone (logistic regression), moved until no noise is called too often."""
    from scipy.optimize import minimize

    clean = [described(noise(rng, name, series, n), j) for name in ANOMALY_NOISES]
    far = []
    for size in (6.0, 8.0, 10.0):
        y = noise(rng, "normal", series, n)
        y[:, :j] = size * rng.choice([-1.0, 1.0], size=(series, 1))
        far.append(described(y, j))
    x = np.concatenate(clean + far)
    called = np.concatenate([np.zeros(series * len(clean)), np.ones(series * len(far))])
    weight = np.concatenate([np.full(series, w) for w in ANOMALY_NOISES.values()] + [np.full(series, 1 / 3)] * 3)
    weight = weight / weight.sum()

    def loss(b: Floats) -> tuple[float, Floats]:
        s = x @ b
        chance = 1.0 / (1.0 + np.exp(-s))
        return float((weight * (np.logaddexp(0.0, s) - called * s)).sum()), x.T @ (weight * (chance - called))

    weights = minimize(loss, np.zeros(x.shape[1]), jac=True, method="BFGS").x
    b: Floats = -weights[1:] / weights[0]  # log bound = constant + b . features, from score coefficient b[0]
    b[0] = 0.0
    b[0] = max(float(np.quantile(one[:, 0] - one[:, 1:] @ b, 1.0 - ANOMALY_SHARE[j - 1])) for one in clean)
    return b


def described(y: Floats, j: int) -> Floats:
    """Log of the j-th largest score and the features beside it, (m, 6)."""
    score, described = features(farthest_first(scores_of(y)), j)
    return np.column_stack([np.log(score), described])


def block(values: Floats, digits: int) -> str:
    """Numbers as text, 110 characters a line."""
    words = " ".join(f"{v:.{digits}f}" for v in values.ravel())
    return '"""\n' + "\n".join(textwrap.wrap(words, 108)) + '\n"""'


def main() -> None:
    """Simulate and write the tables."""
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--series", type=int, default=40_000)
    options.add_argument("--seed", type=int, default=20240601)
    chosen = options.parse_args()
    start = time.perf_counter()
    found: dict[str, Floats] = {}
    lag1_means = np.zeros(0)
    tests: tuple[Test, ...] = ("trend", "change", "step")
    for test in tests:
        rng = np.random.default_rng([chosen.seed, len(found)])
        found[test], means = quantiles(test, chosen.series, rng)
        lag1_means = means if test == "change" else lag1_means
        print(f"{test}: {time.perf_counter() - start:.0f} s")
    rng = np.random.default_rng([chosen.seed, len(tests)])
    rules = np.array(
        [
            [
                anomaly_rules(n, min(j, max(1, n // 10)), min(chosen.series // 2, 4_000_000 // n), rng)
                for j in range(1, TABULATED_TOGETHER + 1)
            ]
            for n in POINTS["anomaly"]
        ]
    )
    print(f"anomaly: {time.perf_counter() - start:.0f} s")
    lines = [
        '"""Simulated critical values. Made by `python -m bench.tabulate_critical_values`; do not edit.',
        "",
        f"Seed {chosen.seed}, {chosen.series} series a cell up to 60 points, fewer beyond; read by critical_values.py.",
        '"""',
        "",
        "POINTS = {",
        *(f'    "{name}": {nodes!r},' for name, nodes in POINTS.items()),
        "}",
        f"RHO = {RHO!r}",
        f"Z = {Z!r}",
        "",
        "# |statistic| by points, rho and z, where z is the normal quantile of the two-sided p-value.",
        "QUANTILES = {",
        *(f'    "{test}": {block(found[test], 3)},' for test in tests),
        "}",
        "",
        "# Mean first autocorrelation left after the best steps are removed, by points and rho.",
        f"LAG1_AFTER_STEP = {block(lag1_means, 3)}",
        "",
        "# Coefficients of the log bound by points, outliers judged together and feature.",
        f"ANOMALY_RULE = {block(rules, 3)}",
    ]
    TARGET.write_text("\n".join(lines) + "\n")
    print(f"{TARGET.name}: {TARGET.stat().st_size} bytes, {time.perf_counter() - start:.0f} s")


if __name__ == "__main__":
    main()
