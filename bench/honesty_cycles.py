"""How often `cycle` sees a cycle in noise, and in series that have one: for `bench.honesty`."""

from __future__ import annotations

import numpy as np

from bench.honesty_report import Report, per_mille, share
from bench.noise import WIDE_NOISES, laid_over, unit_noise
from chimera_metrics.analytics.inference.cycles import PERIODS, remove_cycles

POINTS = {7: (21, 28, 60), 12: (36, 60), 24: (72, 168)}
MOST = {3: 0.10}


def measure_cycles(report: Report, series: int, seed: int) -> None:
    """Series without a cycle in which one is found, and with one whose residual is 5 or 15 % of the level."""
    rng = np.random.default_rng([seed, 6])
    cells = [(period, n) for period in PERIODS for n in POINTS[period]]
    quiet, loud = [], []
    for name in WIDE_NOISES:
        alarms, seen = [name], [name]
        for period, n in cells:
            y = unit_noise(rng, name, series, n)
            some = remove_cycles(y, period).found
            alarms.append(per_mille(some))
            report.at_most(f"cycle of {period}, {name}, n = {n}", share(some), MOST.get(n // period, 0.05), series)
            with_cycle = [remove_cycles(y + laid_over(rng, period, r, series, n), period).found for r in (0.05, 0.15)]
            seen.append(" / ".join(f"{share(flags):.2f}" for flags in with_cycle))
        quiet.append(alarms)
        loud.append(seen)
    head = ["noise", *(f"period {period}, n = {n}" for period, n in cells)]
    title = "Cycles: series per 1,000 without one in which one is found (at most 50; 100 at three periods)"
    report.table(title, head, quiet)
    report.table("Cycles: share found, residual 5 % / 15 % of the level", head, loud)
