"""Our watches beside noisefloor and beside daily looks at `query.trend`, on the same series.

    python -m bench.watch_rivals [--series 1000] [--trend-series 40] [--seed 7] [--dry-run]

`pip install noisefloor` first: without it the columns of noisefloor stay empty. It is no dependency of anything here.
A year of daily looks after 56 days of history; noisefloor scans all days, `query.trend` looks at the last 30.
"""

from __future__ import annotations

import argparse
import importlib
import importlib.util
import sys
from collections.abc import Callable, Sequence

import numpy as np

from bench.honesty import PAGE
from bench.honesty_report import Report, per_mille, share
from bench.watch_series import make
from bench.watches import YEAR, alarms
from chimera_metrics.analytics.inference import change_points
from chimera_metrics.analytics.inference.series import Flags, Floats
from chimera_metrics.analytics.inference.watch_evidence import LEARN

SERIES = ("white", "t3", "lognormal", "AR(1) 0.3", "AR(1) 0.6", "weekly 15 %", "Poisson 100")
STEPS = ((1.5, 10), (3.0, 5))
STEP_ON = 30
"""Days of watching before the step."""
TREND_DAYS, WEEK = 30, 7
SLOW_NOISE = 5
"""Our alarms in AR(1) noise, whose rate is the hardest to hold, are counted in five times as many series."""
BEGIN, END = "<!-- measured by `python -m bench.watch_rivals` -->", "<!-- end of what bench.watch_rivals measured -->"
Looks = Callable[[Floats], Sequence[int]]
"""The places of a series' values, history included, at which a daily look alarms."""


def noisefloor() -> Looks | None:
    """Where noisefloor's monitoring of a metric says "changed"; None: not installed."""
    if importlib.util.find_spec("noisefloor") is None:
        return None
    change = importlib.import_module("noisefloor.change")
    return lambda y: list(change.scan([float(one) for one in y])["change_points"])


def trend_looks(y: Floats) -> list[int]:
    """The days from the first of watching on at which `query.trend` over the last 30 shows a change point."""
    ends = range(LEARN + 1, len(y) + 1)
    return [end - 1 for end in ends if change_points(list(y[end - TREND_DAYS : end]), period=WEEK).changes]


def looked_at(looks: Looks, y: Floats) -> Flags:
    """Whether each series of y: (m, LEARN + days) alarms at each look: (m, days)."""
    found = np.zeros(y.shape, dtype=np.bool_)
    for row, series in zip(found, y, strict=True):
        row[list(looks(series))] = True
    return found[:, LEARN:]


def ever(name: str, series: int, seed: int, looks: Looks | None) -> str:
    """Quiet series per 1,000 that alarm in a year, by `looks` or (None) by a watch of ours."""
    rng = np.random.default_rng([seed, 25])
    found = alarms(rng, name, series, YEAR) if looks is None else looked_at(looks, drawn(rng, name, series, YEAR))
    return per_mille(found.any(axis=1))


def seen(name: str, series: int, seed: int, size: float, days: int, looks: Looks | None) -> str:
    """The share of steps seen in so many days, of series without an alarm before."""
    rng, until = np.random.default_rng([seed, 26]), STEP_ON + days
    if looks is None:
        found = alarms(rng, name, series, until, step=size, at=STEP_ON)
    else:
        found = looked_at(looks, drawn(rng, name, series, until, size))
    quiet = ~found[:, :STEP_ON].any(axis=1)
    return f"{share(found[quiet, STEP_ON:].any(axis=1)):.2f}" if quiet.any() else "-"


def drawn(rng: np.random.Generator, name: str, series: int, looks: int, step: float = 0.0) -> Floats:
    return make(rng, name, series, LEARN + looks, step, LEARN + STEP_ON)[0]


def measure(report: Report, series: int, trend_series: int, seed: int) -> None:
    floor = noisefloor()
    half = max(1, series // 2)
    quiet, loud = [], []
    for name in SERIES:
        slow = SLOW_NOISE * series if name.startswith("AR") else series
        cells = [ever(name, slow, seed, None), ever(name, series, seed, floor) if floor else ""]
        quiet.append([name, *cells, ever(name, trend_series, seed, trend_looks)])
        row = [name]
        for size, days in STEPS:
            row.append(seen(name, half, seed, size, days, None))
            row.append(seen(name, half, seed, size, days, floor) if floor else "")
            row.append(seen(name, trend_series, seed, size, days, trend_looks))
        loud.append(row)
    sizes = f"{series:,} series, AR(1) of a watch {SLOW_NOISE * series:,}, `query.trend` {trend_series}"
    head = ["series", "a watch", "noisefloor", "`query.trend`"]
    report.table(f"Quiet series per 1,000 that ever alarm in 365 daily looks ({sizes})", head, quiet)
    head = ["series", *(f"{size:g} sd within {days} days: {who}" for size, days in STEPS for who in head[1:])]
    sizes = f"{half:,} series, `query.trend` {trend_series}"
    report.table(
        f"Share of steps seen on day {STEP_ON} of watching, of series without an alarm before ({sizes})", head, loud
    )


def main() -> int:
    options = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    options.add_argument("--series", type=int, default=1000, help="series a cell")
    options.add_argument("--trend-series", type=int, default=40, help="series looked at by query.trend")
    options.add_argument("--seed", type=int, default=7)
    options.add_argument("--dry-run", action="store_true", help="print, write nothing")
    chosen = options.parse_args()
    report = Report()
    measure(report, chosen.series, chosen.trend_series, chosen.seed)
    if not chosen.dry_run:
        before, _, rest = PAGE.read_text().partition(BEGIN)
        about = f"By `.venv/bin/python -m bench.watch_rivals`, seed {chosen.seed}."
        PAGE.write_text("\n".join([before + BEGIN, "", about, *report.lines, "", END]) + rest.partition(END)[2])
    return 0


if __name__ == "__main__":
    sys.exit(main())
