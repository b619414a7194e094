"""Measures how often inference is wrong when nothing is there, and how often it sees what is: docs/statistics.md.

Run: .venv/bin/python -m bench.honesty [--series 5000] [--seed 7]. Everything after the marker in docs/statistics.md
is replaced. Where apache-otava can be imported, it is run on the same series.
"""

from __future__ import annotations

import argparse
import importlib
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np

from bench.honesty_correlation import measure_correlation
from bench.honesty_regressions import measure_regressions
from bench.honesty_report import Flags, Report, per_mille, share
from bench.noise import NOISES, SD, noise
from chimera_metrics.analytics.inference import anomalies
from chimera_metrics.analytics.inference.change_points import LEVEL as CHANGE_LEVEL
from chimera_metrics.analytics.inference.change_points import change_p_values
from chimera_metrics.analytics.inference.series import Floats, detrend
from chimera_metrics.analytics.inference.trend import trend_p_values

PAGE = Path(__file__).parents[1] / "docs" / "statistics.md"
MARKER = "<!-- measured: everything below is written by `python -m bench.honesty` -->"
POINTS = (30, 60, 120)


def chunked(rng: np.random.Generator, name: str, series: int, points: int) -> Iterator[Floats]:
    """Noise in parts small enough for all pairs of points."""
    size = max(1, 20_000_000 // points**2)
    for start in range(0, series, size):
        yield noise(rng, name, min(size, series - start), points)


def ols_p_values(y: Floats, t: Floats) -> Floats:
    """The plain t-test of a least-squares line, which takes the points for independent."""
    n, x = len(t), t - t.mean()
    slope = (y @ x) / (x @ x)
    left = detrend(y, t)
    error = np.sqrt((left * left).sum(axis=1) / (n - 2) / (x @ x))
    return student(slope / error, n - 2.0)


def student(t: Floats, freedom: float) -> Floats:
    """Two-sided p-values of Student's t."""
    from scipy.special import stdtr

    p: Floats = 2.0 * stdtr(freedom, -np.abs(t))
    return p


def otava() -> Callable[[Floats], bool] | None:
    """Whether apache-otava, with its own settings, finds any change in a series; None where it is not installed."""
    try:
        analysis = importlib.import_module("otava.analysis")
    except ImportError:
        return None

    def finds(y: Floats) -> bool:
        # It compares by ratios: the series is put well above 0, as latencies are. Its p limit is 0.001.
        return bool(analysis.compute_change_points(list(100.0 + 5.0 * y), 50, 0.001, 0.0)[0])

    return finds


def measure_trend(report: Report, series: int, seed: int) -> None:
    """Alarms without a trend and with one that climbs one sd from the first point to the last."""
    rng = np.random.default_rng([seed, 1])
    head = ["noise", *(f"n = {n}: ours / plain t" for n in POINTS)]
    quiet, loud = [], []
    for name in NOISES:
        alarms, powers = [name], [name]
        for n in POINTS:
            t = np.arange(n, dtype=np.float64)
            climb = SD.get(name, 1.0) * t / (n - 1)
            found: list[tuple[Flags, ...]] = []
            for y in chunked(rng, name, 4 * series, n):
                tests = (trend_p_values(y, t)[0], ols_p_values(y, t))
                climbing = (trend_p_values(y + climb, t)[0], ols_p_values(y + climb, t))
                found.append(tuple(p < 0.05 for p in (*tests, *climbing)))
            ours, plain, sees, plain_sees = (np.concatenate(part) for part in zip(*found, strict=True))
            alarms.append(f"{per_mille(ours)} / {per_mille(plain)}")
            powers.append(f"{share(sees):.2f} / {share(plain_sees):.2f}")
            report.at_most(f"trend, {name}, n = {n}", share(ours), 0.080 if (name, n) == ("AR(1) 0.6", 30) else 0.065)
            least = {"normal": 0.30, "AR(1) 0.3": 0.20, "AR(1) 0.6": 0.13}.get(name)
            if least and n == 30:
                report.at_least(f"trend seen, {name}, n = 30", share(sees), least)
        quiet.append(alarms)
        loud.append(powers)
    report.table(
        "Trend: alarms per 1,000 series without a trend (5 % level; at most 65, and 80 at AR(1) 0.6, n = 30)",
        head,
        quiet,
    )
    report.table("Trend: share seen of slopes that climb one sd over the window", head, loud)


def measure_change_points(report: Report, series: int, seed: int) -> None:
    """Series with any change point: without a step, on a climb, and with a step in the middle."""
    rng = np.random.default_rng([seed, 4])
    finds = otava()
    quiet, climbs, loud = [], [], []
    for name in NOISES:
        alarms, on_climb, powers = [name], [name], [name]
        for n in POINTS:
            y, sd, t = noise(rng, name, series, n), SD.get(name, 1.0), np.arange(n)
            some, other = change_flags(y / sd, finds)
            alarms.append(beside(some, other, per_mille))
            report.at_most(f"change points, {name}, n = {n}", share(some), 0.050)
            few = y[: max(1, series // 5)]
            on_climb.append(beside(*change_flags(few / sd + 2.0 * t / n, finds), per_mille))
            seen = [change_flags(few / sd + size * (t >= n // 2), finds) for size in (1.0, 2.0)]
            powers.append("; ".join(beside(ours, theirs, lambda flags: f"{share(flags):.2f}") for ours, theirs in seen))
        quiet.append(alarms)
        climbs.append(on_climb)
        loud.append(powers)
    head = ["noise", *(f"n = {n}: ours / otava" for n in POINTS)]
    report.table("Change points: series per 1,000 without a step that show any (at most 50)", head, quiet)
    report.table("Change points: share with a step in the middle that show any; 1 sd; 2 sd", head, loud)
    report.table("Change points: series per 1,000 with no step but a steady climb of 2 sd that show any", head, climbs)


def change_flags(y: Floats, finds: Callable[[Floats], bool] | None) -> tuple[Flags, Flags | None]:
    """Which series show any change to us, and to apache-otava."""
    ours = np.concatenate([change_p_values(part)[0] for part in np.array_split(y, max(1, y.size // 1_000_000))])
    return ours < CHANGE_LEVEL, None if finds is None else np.array([finds(row) for row in y])


def beside(ours: Flags, theirs: Flags | None, show: Callable[[Flags], str]) -> str:
    """Two figures in one cell."""
    return f"{show(ours)} / {'not installed' if theirs is None else show(theirs)}"


def measure_anomalies(report: Report, series: int, seed: int) -> None:
    """Series with any anomaly: clean ones, and with one point 8 or 10 sd away."""
    rng = np.random.default_rng([seed, 5])
    quiet, loud = [], []
    for name in NOISES:
        alarms, powers = [name], [name]
        for n in POINTS:
            y = noise(rng, name, series, n)
            some = np.array([bool(anomalies(list(row)).points) for row in y])
            sigma = (np.abs(y - y.mean(axis=1, keepdims=True)) > 3.0 * y.std(axis=1, keepdims=True)).any(axis=1)
            alarms.append(f"{per_mille(some)} / {per_mille(sigma)}")
            report.at_most(f"anomalies, {name}, n = {n}", share(some), 0.050)
            seen = []
            for size in (8.0, 10.0):
                far = y[: max(1, series // 5)].copy()
                far[:, n // 3] = size * SD.get(name, 1.0)
                seen.append(np.array([n // 3 in [one.index for one in anomalies(list(row)).points] for row in far]))
            powers.append(" / ".join(f"{share(flags):.2f}" for flags in seen))
        quiet.append(alarms)
        loud.append(powers)
    head = ["noise", *(f"n = {n}: ours / 3 sigma" for n in POINTS)]
    report.table("Anomalies: clean series per 1,000 that show any (at most 50)", head, quiet)
    head = ["noise", *(f"n = {n}: 8 sd / 10 sd" for n in POINTS)]
    report.table("Anomalies: share seen of one point 8 or 10 sd away", head, loud)


SECTIONS = {
    "Trend": measure_trend,
    "Correlation": measure_correlation,
    "Regressions": measure_regressions,
    "Change points": measure_change_points,
    "Anomalies": measure_anomalies,
}


def main() -> None:
    """Measure all, print it, write the page."""
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--series", type=int, default=5000, help="series a cell (four times as many where cheap)")
    options.add_argument("--seed", type=int, default=7)
    options.add_argument("--dry-run", action="store_true", help="print, write nothing")
    chosen = options.parse_args()
    print(f"seed {chosen.seed}, {chosen.series} series a cell")
    report = Report()
    start = time.perf_counter()
    for name, section in SECTIONS.items():
        report.lines += ["", f"### {name}"]
        section(report, chosen.series, chosen.seed)
        print(f"({name}: {time.perf_counter() - start:.0f} s)", flush=True)
    kept = ["Every bound named in the tables was kept in this run."]
    missed = ["Not kept in this run:", "", *(f"- {one}" for one in report.missed)]
    verdict = missed if report.missed else kept
    print("\n".join(verdict))
    intro = (
        "## Measured\n\n"
        f"By `.venv/bin/python -m bench.honesty --series {chosen.series} --seed {chosen.seed}`. "
        f"Seed {chosen.seed}; {chosen.series:,} series a cell, {4 * chosen.series:,} for trend and regressions, "
        f"{chosen.series // 5:,} for shares seen of change points and anomalies and for reports. A share has a "
        f"standard error of about {1000 * (0.05 * 0.95 / chosen.series) ** 0.5:.0f} per 1,000 at 50 per 1,000."
    )
    if not chosen.dry_run:
        prose = PAGE.read_text().split(MARKER)[0]
        PAGE.write_text("\n".join([prose + MARKER, "", intro, "", *verdict, *report.lines]) + "\n")


if __name__ == "__main__":
    main()
