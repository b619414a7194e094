"""Simulates the critical values that `analytics.inference` looks up and writes them to `critical_values.json`.

Run: .venv/bin/python -m bench.tabulate_critical_values [--only trend/7 gate/7] [--series 40000] [--seed 20240601].
Tables that are not named are kept. A period at the end of a name (7, 12, 24): with the cycle's removal inside.
"""

from __future__ import annotations

import argparse
import json
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np

from bench.anomaly_rules import anomaly_cap, anomaly_rules
from bench.noise import WIDE_NOISES, ar1, unit_noise
from bench.null_series import as_tested
from chimera_metrics.analytics.inference.anomalies import TABULATED_TOGETHER
from chimera_metrics.analytics.inference.change_points import LEVEL
from chimera_metrics.analytics.inference.critical_values import Test, p_value, quantile
from chimera_metrics.analytics.inference.cycles import PERIODS
from chimera_metrics.analytics.inference.far_steps import is_deeper, pull_in, stair_statistic, step_and_arc
from chimera_metrics.analytics.inference.near_steps import best_steps, lag1_after_step, likelier_than_line, share
from chimera_metrics.analytics.inference.regressions import step_statistic
from chimera_metrics.analytics.inference.series import Floats
from chimera_metrics.analytics.inference.trend import fit_lines

TARGET = Path(__file__).parents[1] / "analytics" / "inference" / "critical_values.json"
Z = (0.0, 0.5, 1.0, 1.3, 1.6, 1.8, 2.0, 2.2, 2.4, 2.6, 2.8, 3.1, 3.5)
RHO = (0.0, 0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 0.95)
P = (0.5, 0.2, 0.1, 0.05, 0.02, 0.01, 0.005, 0.002, 0.001)
POINTS: dict[str, tuple[int, ...]] = {
    "trend": (8, 10, 12, 15, 20, 25, 30, 40, 60, 90, 120, 200, 400),
    "change": (10, 12, 15, 20, 23, 24, 30, 40, 60, 90, 120, 200, 400, 1000),
    "step": (5, 6, 7, 8, 10, 12, 15, 20, 30, 40, 60, 120, 300),
    "anomaly": (10, 12, 15, 20, 25, 30, 45, 60, 90, 120, 200, 400, 1000),
    "far": (10, 12, 14, 15, 16, 18, 20, 24, 29, 30, 34, 40, 60, 90, 120, 200, 365, 1000),
}
POINTS_OF_PERIOD: dict[int, dict[str, tuple[int, ...]]] = {
    7: {
        "trend": (21, 25, 30, 40, 60, 120),
        "change": (21, 23, 24, 30, 40, 60, 90, 120, 240),
        "anomaly": (21, 25, 30, 45, 60, 120),
        "far": (21, 24, 27, 29, 30, 34, 40, 60, 120, 240),
    },
    12: {
        "trend": (36, 48, 60, 120),
        "change": (36, 48, 60, 120),
        "anomaly": (36, 48, 60, 120),
        "far": (36, 48, 60, 120),
    },
    24: {
        "trend": (72, 96, 120, 168),
        "change": (72, 96, 120, 168, 336),
        "anomaly": (72, 96, 168, 336),
        "far": (72, 96, 168, 336),
    },
}
GATE_NOISES = ("normal", "t3", "AR(1) 0.3", "AR(1) 0.6", "Poisson 2")
CLIMBS = (1.0, 1.5, 2.0, 3.0, 4.0)
GATE_SHARE = 0.032
Simulated = list[tuple[Floats, Floats]]


def points_of(kind: str, period: int | None) -> tuple[int, ...]:
    """The numbers of points that are tabulated."""
    return POINTS_OF_PERIOD[period][kind] if period else POINTS[kind]


def rounds(test: Test, n: int) -> int:
    """How often the table is corrected for rho being estimated: the shorter the series, the more it matters."""
    if test == "trend":
        return 2 if n <= 20 else 1 if n <= 25 else 0
    return 2 if n <= (60 if test == "step" else 30) else 1 if n <= 40 or test == "step" else 0


def widened(test: Test, n: int) -> float:
    """What trend's table is multiplied by: from 26 to 40 points correcting it would cost a fifth of the power at AR(1)
    0.6, and without anything AR(1) 0.3 has 63 alarms of 1,000."""
    return 1.025 if test == "trend" and 26 <= n <= 40 else 1.0


def simulate(
    statistic: Callable[[Floats], tuple[Floats, Floats]],
    points: int,
    series: int,
    rng: np.random.Generator,
    period: int | None = None,
) -> Simulated:
    """Statistic and estimated rho of `series` Gaussian AR(1) series, for each true rho."""
    found = []
    for rho in RHO:
        parts = [statistic(as_tested(rng, ar1(rng, rho, m, points), period)) for m in chunks(series, points)]
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


def tabulate(test: Test, period: int | None, series: int, rng: np.random.Generator) -> dict[str, Any]:
    """(n, rho, z) quantiles of one test, and for "change" the (n, rho) mean of the lag-1 autocorrelation left."""
    tables, lag1_means = [], []
    for n in points_of(test, period):
        count = series if n <= 60 else max(series // 2, 4_000) if n <= 120 else max(series // 4, 4_000)
        statistic = partial(STATISTICS.get(test, two_sides), n)
        if test == "change":
            left = simulate(lambda y: (lag1_after_step(y), np.zeros(len(y))), n, max(count // 4, 2_000), rng, period)
            lag1_means.append(np.maximum.accumulate(np.array([r1.mean() for r1, _ in left])))
            statistic = partial(change_statistic, (np.array(RHO), lag1_means[-1]))
        simulated = simulate(statistic, 2 * n if test == "step" else n, count, rng, period)
        tables.append(surface(simulated, rounds(test, n)) * widened(test, n))
    return {test: tables, "lag1 after step": lag1_means} if test == "change" else {test: tables}


def tabulate_far(period: int | None, series: int, rng: np.random.Generator) -> dict[str, Any]:
    """(n, p) quantiles of the far test's three statistics, the largest of eight noises."""
    found: dict[str, list[Floats]] = {"far one": [], "far arc": [], "far stairs": []}
    for n in points_of("far", period):
        quantiles, count = [], max(4_000, series // 2) if n <= 60 else 4_000
        for name in WIDE_NOISES:
            u = pull_in(as_tested(rng, unit_noise(rng, name, count, n), period))
            one, _, arc, _ = step_and_arc(u, is_deeper(n))
            stairs = stair_statistic(u)[0] if is_deeper(n) else np.zeros(len(u))
            quantiles.append([np.quantile(f, 1.0 - np.array(P)) for f in (one, arc, stairs)])
        largest = np.maximum.accumulate(np.max(quantiles, axis=0), axis=1)
        for name, row in zip(found, largest, strict=True):
            found[name].append(row)
    return found


def tabulate_gate(period: int | None, _series: int, rng: np.random.Generator) -> dict[str, Any]:
    """(n,) how much likelier than a line a step must be, so that the near test calls no climb too often.

    Uses the tables "change" and "lag1 after step" as they are stored.
    """
    from chimera_metrics.analytics.inference.critical_values import typical_lag1

    gates = []
    for n in points_of("far", period):
        gate, climb, count = 2.0, np.arange(n) / n, min(4_000, max(1_500, 200_000 // n))
        for name in GATE_NOISES:
            base = unit_noise(rng, name, count, n)
            for size in CLIMBS:
                y = as_tested(rng, base + size * climb, period)
                best = best_steps(y, typical_lag1(n, period))
                is_seen = p_value("change", best.statistic, best.rho, n, period) < LEVEL * share(period)
                likelier = np.sort(np.where(is_seen, likelier_than_line(y, best.rho), -9.0))
                gate = max(gate, float(likelier[int((1.0 - GATE_SHARE) * len(y))]))
        gates.append(gate)
    return {"gate": gates}


def tabulate_anomalies(period: int | None, series: int, rng: np.random.Generator) -> dict[str, Any]:
    """(n, outliers judged together, features) coefficients of the anomaly rule, and (n,) scores always called."""
    together = range(1, TABULATED_TOGETHER + 1)
    nodes = points_of("anomaly", period)
    counts = [series if n <= 60 else min(series, 4_000) for n in nodes]
    return {
        "anomaly rule": [
            anomaly_rules(n, [min(j, max(1, n // 10)) for j in together], count, rng, period)
            for n, count in zip(nodes, counts, strict=True)
        ],
        "anomaly cap": [anomaly_cap(n, 4 * count, rng, period) for n, count in zip(nodes, counts, strict=True)],
    }


MAKERS: dict[str, Callable[[int | None, int, np.random.Generator], dict[str, Any]]] = {
    "trend": partial(tabulate, "trend"),
    "change": partial(tabulate, "change"),
    "step": partial(tabulate, "step"),
    "far": tabulate_far,
    "gate": tabulate_gate,
    "anomaly": tabulate_anomalies,
}
NAMES = [f"{kind}/{period}" if period else kind for kind in MAKERS for period in (None, *PERIODS)]
NAMES = [name for name in NAMES if not name.startswith("step/")]


def written(tables: dict[str, Any]) -> str:
    """The file's text: the innermost lists one a line."""

    def rows(values: Any, indent: str) -> str:
        if not isinstance(values[0], list):
            return indent + json.dumps(values)
        return f"{indent}[\n" + ",\n".join(rows(one, indent + " ") for one in values) + f"\n{indent}]"

    parts = []
    for name, table in sorted(tables.items()):
        about = ", ".join(f'"{key}": {json.dumps(table[key])}' for key in ("series", "seed", "points"))
        parts.append(f'"{name}": {{{about}, "values":\n{rows(table["values"], " ")}}}')
    axes = json.dumps({"rho": RHO, "z": Z, "p": P})
    return f'{{"axes": {axes},\n"tables": {{\n' + ",\n".join(parts) + "\n}}\n"


def rounded(values: Any) -> Any:
    """Numbers as nested lists, to three digits after the point."""
    return np.round(np.array(values, dtype=np.float64), 3).tolist()


def main() -> None:
    """Simulate and write the tables."""
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--only", nargs="+", choices=NAMES, default=NAMES)
    options.add_argument("--series", type=int, default=16_000)
    options.add_argument("--seed", type=int, default=20240601)
    chosen = options.parse_args()
    start = time.perf_counter()
    for name in chosen.only:
        kind, _, period = name.partition("/")
        rng = np.random.default_rng([chosen.seed, NAMES.index(name)])
        made = MAKERS[kind](int(period) if period else None, chosen.series, rng)
        tables = json.loads(TARGET.read_text())["tables"]
        for one, values in made.items():
            nodes = list(points_of("far" if kind == "gate" else kind, int(period) if period else None))
            about = {"series": chosen.series, "seed": chosen.seed, "points": nodes}
            tables[f"{one}/{period}" if period else one] = {**about, "values": rounded(values)}
        TARGET.write_text(written(tables))
        print(f"{name}: {time.perf_counter() - start:.0f} s", flush=True)


if __name__ == "__main__":
    main()
