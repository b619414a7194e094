"""Alarms of `correlate` on independent series, and the share it sees of related ones; for docs/statistics.md."""

from __future__ import annotations

import numpy as np

from bench.honesty_report import Report, share
from bench.noise import NOISES, noise
from chimera_metrics.analytics.inference.coefficients import (
    Method,
    coefficient_of,
    effective_n,
    p_value_of,
    p_values,
    pearson,
)
from chimera_metrics.analytics.inference.series import Floats, ranks

POINTS = (30, 60, 120)


def measure_correlation(report: Report, series: int, seed: int) -> None:
    """Alarms for independent pairs, and the share seen of r = 0.4."""
    rng = np.random.default_rng([seed, 2])
    methods: tuple[Method, ...] = ("pearson", "spearman", "kendall")
    quiet, loud = [], []
    for name in NOISES:
        alarms, powers = [name], [name]
        for n in POINTS:
            x, other = noise(rng, name, series, n), noise(rng, name, series, n)
            related = 0.4 * x + (1.0 - 0.16) ** 0.5 * other
            for y, cells in ((other, alarms), (related, powers)):
                found = [correlation_p_values(method, x, y) < 0.05 for method in methods]
                plain = p_values("pearson", pearson(x, y), np.full(series, float(n))) < 0.05
                shares = [share(flags) for flags in (*found, plain)]
                if cells is alarms:
                    cells.append(" / ".join(f"{1000 * one:.0f}" for one in shares))
                    for method, one in zip(methods, shares, strict=False):
                        report.at_most(f"correlation, {method}, {name}, n = {n}", one, 0.065)
                else:
                    cells.append(" / ".join(f"{one:.2f}" for one in shares))
                    if (name, n) == ("normal", 30):
                        report.at_least("correlation seen, pearson, normal, n = 30", shares[0], 0.55)
        quiet.append(alarms)
        loud.append(powers)
    head = ["noise", *(f"n = {n}: Pearson / Spearman / Kendall / plain t" for n in POINTS)]
    report.table("Correlation: alarms per 1,000 pairs of independent series (5 % level; at most 65)", head, quiet)
    report.table("Correlation: share seen of r = 0.4", head, loud)


def correlation_p_values(method: Method, x: Floats, y: Floats) -> Floats:
    """What `correlate` gives as p-values; 1 where it gives none."""
    pairs = effective_n(method, x, y)
    if method == "kendall":
        rows = zip(x, y, pairs, strict=True)
        return np.array([p_value_of(method, coefficient_of(method, a, b), a, b, float(n)) or 1.0 for a, b, n in rows])
    r = pearson(x, y) if method == "pearson" else pearson(ranks(x), ranks(y))
    return p_values(method, r, pairs)
