"""Watches looked at daily for a year: how often quiet series alarm, and how soon a step is seen.

`python -m bench.watches` writes the section "Watches" of docs/statistics.md; it exits 1 where a promise is not kept.
56 days of history (84 for drift), then 365 daily looks. `bench.watch_rivals` sets others beside it.
"""

from __future__ import annotations

import argparse
import sys

import numpy as np

from bench.honesty import PAGE
from bench.honesty_report import Report, per_mille, share
from bench.watch_series import CLIMBS, HELD, STATED, make
from chimera_metrics.analytics.inference.series import Flags
from chimera_metrics.analytics.inference.watch_evidence import LEARN, LEARN_DRIFT, evidence, threshold

YEAR = 365
MOST, MOST_DRIFT = 0.050, 0.060
STARTS = (30, 150)
"""Days of watching after which a step comes."""
STEPS = ((1.5, 10), (1.5, 20), (3.0, 5), (3.0, 7))
SEEN = {("white", 1.5, 10): 0.5, ("white", 3.0, 5): 0.9, ("weekly 5 %", 1.5, 20): 0.8, ("weekly 15 %", 1.5, 20): 0.8,
        ("AR(1) 0.3", 1.5, 20): 0.5}  # fmt: skip
_BLOCK = 1000
BEGIN, END = "<!-- measured by `python -m bench.watches` -->", "<!-- end of what bench.watches measured -->"


def alarms(
    rng: np.random.Generator, name: str, series: int, looks: int, drift: bool = False, step: float = 0.0, at: int = 0
) -> Flags:
    """Whether each series (rows) alarms at each look (columns); `at`: looks before the step."""
    learnt = LEARN_DRIFT if drift else LEARN
    least = threshold(YEAR, learnt, drift)
    found = []
    for begin in range(0, series, _BLOCK):
        y, n = make(rng, name, min(_BLOCK, series - begin), learnt + looks, step, learnt + at)
        found.append(evidence(y, np.arange(y.shape[1]), n, learnt=learnt, drift=drift).log_r >= least)
    return np.concatenate(found)


def measure(report: Report, series: int, seed: int) -> None:
    """Every promise of a watch for changes."""
    _quiet(report, series, seed)
    _steps(report, max(series // 2, 20), seed)
    _drift(report, series, seed)


def _quiet(report: Report, series: int, seed: int) -> None:
    rows = []
    for name in (*HELD, *STATED):
        ever = alarms(np.random.default_rng([seed, 21]), name, series, YEAR).any(axis=1)
        rows.append([name, per_mille(ever), "50" if name in HELD else "not promised"])
        if name in HELD:
            report.at_most(f"a year of looks, {name}", share(ever), MOST, series)
    title = f"Watches: quiet series per 1,000 that ever alarm in 365 daily looks ({series} series)"
    report.table(title, ["series", "alarm", "at most"], rows)


def _steps(report: Report, series: int, seed: int) -> None:
    rows = []
    for name in HELD:
        cells = [name]
        for size, days in STEPS:
            shares = [_seen(name, series, seed, size, days, at) for at in STARTS]
            cells.append(" / ".join(f"{one:.2f}" for one in shares))
            if (name, size, days) in SEEN:
                report.at_least(f"{size} sd within {days} days, {name}", min(shares), SEEN[name, size, days], series)
        rows.append(cells)
    head = ["step on day 30 / 150 of watching", *(f"{size:g} sd within {days} days" for size, days in STEPS)]
    report.table(f"Watches: share of steps seen, of series quiet before ({series} series)", head, rows)


def _seen(name: str, series: int, seed: int, size: float, days: int, at: int) -> float:
    found = alarms(np.random.default_rng([seed, 22, at]), name, series, at + days, step=size, at=at)
    quiet = ~found[:, :at].any(axis=1)
    return share(found[quiet, at:].any(axis=1))


def _drift(report: Report, series: int, seed: int) -> None:
    rows = []
    for name in ("white", "t3", "AR(1) 0.3", "AR(1) 0.6", *CLIMBS):
        learning = alarms(np.random.default_rng([seed, 23]), name, series, YEAR, drift=True).any(axis=1)
        without = alarms(np.random.default_rng([seed, 23]), name, series, YEAR).any(axis=1)
        rows.append([name, per_mille(learning), per_mille(without)])
        report.at_most(f"drift, {name}", share(learning), MOST_DRIFT, series)
    head = ["series", "`drift` (at most 60)", "`change`"]
    report.table(f"Watches: series per 1,000 that ever alarm, a climb learnt or not ({series} series)", head, rows)


def write(lines: list[str]) -> None:
    """Puts what was measured into the page."""
    before, _, rest = PAGE.read_text().partition(BEGIN)
    PAGE.write_text("\n".join([before + BEGIN, "", *lines, "", END]) + rest.partition(END)[2])


def main() -> int:
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--series", type=int, default=1000, help="series a cell")
    options.add_argument("--seed", type=int, default=7)
    options.add_argument("--dry-run", action="store_true", help="print, write nothing")
    chosen = options.parse_args()
    report = Report()
    measure(report, chosen.series, chosen.seed)
    kept = report.promised - len(report.missed)
    about = f"Seed {chosen.seed}, {chosen.series} series a cell. {kept} of {report.promised} bounds were kept."
    missed = ["", *(f"- {one}" for one in report.missed)] if report.missed else []
    if not chosen.dry_run:
        write([f"By `.venv/bin/python -m bench.watches`. {about}", *missed, *report.lines])
    print(about, *report.missed, sep="\n")
    return 1 if report.missed else 0


if __name__ == "__main__":
    sys.exit(main())
