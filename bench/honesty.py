"""Measures how often inference is wrong when nothing is there, and how often it sees what is: docs/statistics.md.

Run: .venv/bin/python -m bench.honesty [--sections Trend Anomalies] [--series 5000] [--seed 7]. The sections named are
measured and replaced in the half of docs/statistics.md after the marker; the others are kept. Where apache-otava,
ruptures and pymannkendall can be imported, they are run on the same series.
"""

from __future__ import annotations

import argparse
import importlib.util
import sys
import time
from collections.abc import Callable
from pathlib import Path

from bench.honesty_anomalies import measure_anomalies, measure_counts
from bench.honesty_compare import measure_compare
from bench.honesty_correlation import measure_correlation
from bench.honesty_cycles import measure_cycles
from bench.honesty_newest import measure_newest
from bench.honesty_regressions import measure_regressions
from bench.honesty_report import Report
from bench.honesty_steps import measure_change_points, measure_edges, measure_step_power
from bench.honesty_trend import measure_trend
from bench.honesty_unpaired import measure_unpaired
from bench.rivals import RIVALS

PAGE = Path(__file__).parents[1] / "docs" / "statistics.md"
MARKER = "<!-- measured: everything below is written by `python -m bench.honesty` -->"

SECTIONS: dict[str, Callable[[Report, int, int], None]] = {
    "Cycles": measure_cycles,
    "Trend": measure_trend,
    "Correlation": measure_correlation,
    "Regressions": measure_regressions,
    "Compare": measure_compare,
    "Compare without pairs": measure_unpaired,
    "Change points: false alarms": measure_change_points,
    "Change points: what is seen": measure_step_power,
    "Change points: edges": measure_edges,
    "Anomalies": measure_anomalies,
    "Anomalies in counts and rates": measure_counts,
    "Newest buckets": measure_newest,
}


def measured(name: str, series: int, seed: int) -> tuple[list[str], list[str]]:
    """One section's lines, its promises' verdict among them, and the promises that were not kept."""
    report = Report()
    SECTIONS[name](report, series, seed)
    kept = (
        f"All {report.promised} bounds of this section were kept." if report.promised else "Nothing is promised here."
    )
    missed = [f"Not kept ({len(report.missed)} of {report.promised}):", "", *(f"- {one}" for one in report.missed)]
    about = f"Seed {seed}, {series:,} series a cell; fewer where a table says so. "
    verdict = missed if report.missed else [kept]
    return [f"### {name}", "", about + verdict[0], *verdict[1:], *report.lines], report.missed


def sections_of(page: str) -> dict[str, list[str]]:
    """The measured sections that a page has, by name."""
    found: dict[str, list[str]] = {}
    name = ""
    for line in page.partition(MARKER)[2].splitlines():
        if line.startswith("### "):
            name = line[4:]
            found[name] = []
        if name:
            found[name].append(line)
    return found


def main() -> None:
    """Measure what is asked for, print it, write the page."""
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--sections", nargs="+", choices=list(SECTIONS), default=list(SECTIONS))
    options.add_argument("--series", type=int, default=5000, help="series a cell (four times as many where cheap)")
    options.add_argument("--seed", type=int, default=7)
    options.add_argument("--dry-run", action="store_true", help="print, write nothing")
    chosen = options.parse_args()
    start = time.perf_counter()
    if missing := [name for name in RIVALS if importlib.util.find_spec(name) is None]:
        print(f"Not installed, so the page has no figures of: {', '.join(missing)}.", file=sys.stderr)
    for name in chosen.sections:
        lines, missed = measured(name, chosen.series, chosen.seed)
        print("\n".join(missed) or "all kept", f"({name}: {time.perf_counter() - start:.0f} s)", sep="\n", flush=True)
        if not chosen.dry_run:
            write(name, lines)


def write(name: str, lines: list[str]) -> None:
    """Put one section into the page."""
    page = PAGE.read_text()
    found = sections_of(page) | {name: lines}
    intro = (
        "## Measured\n\nBy `.venv/bin/python -m bench.honesty --series N --seed N`; each section says with how many "
        "series. A share of 50 per 1,000 has a standard error of about 3 with 5,000 series and 7 with 1,000."
    )
    body = ["\n".join(found[one]).strip() for one in SECTIONS if one in found]
    PAGE.write_text("\n\n".join([page.partition(MARKER)[0] + MARKER, intro, *body]) + "\n")


if __name__ == "__main__":
    main()
