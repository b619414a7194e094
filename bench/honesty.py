"""Measures how often inference is wrong when nothing is there, and how often it sees what is: docs/statistics.md.

Run: .venv/bin/python -m bench.honesty [--series 5000] [--seed 7]. Everything after the marker in docs/statistics.md
is replaced. Where apache-otava can be imported, it is run on the same series.
"""

from __future__ import annotations

import argparse
import importlib
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from bench.noise import NOISES, SD, noise
from chimera_metrics.analytics.inference import anomalies
from chimera_metrics.analytics.inference.change_points import LEVEL as CHANGE_LEVEL
from chimera_metrics.analytics.inference.change_points import change_p_values
from chimera_metrics.analytics.inference.coefficients import (
    Method,
    coefficient_of,
    effective_n,
    p_value_of,
    p_values,
    pearson,
)
from chimera_metrics.analytics.inference.multiplicity import benjamini_hochberg
from chimera_metrics.analytics.inference.regressions import LEVEL as REGRESSION_LEVEL
from chimera_metrics.analytics.inference.regressions import step_p_values, worse_p_values
from chimera_metrics.analytics.inference.series import Floats, detrend, ranks
from chimera_metrics.analytics.inference.trend import trend_p_values

PAGE = Path(__file__).parents[1] / "docs" / "statistics.md"
MARKER = "<!-- measured: everything below is written by `python -m bench.honesty` -->"
POINTS = (30, 60, 120)
SIDES = (10, 20, 40)
FEW_A_SIDE = (5, 8)
Flags = Any  # an array of bool, one per series


@dataclass
class Report:
    """Tables as text, and the promised bounds that were not kept."""

    lines: list[str] = field(default_factory=list)
    missed: list[str] = field(default_factory=list)

    def table(self, title: str, head: list[str], rows: list[list[str]]) -> None:
        """Add one table."""
        self.lines += ["", f"**{title}**", "", "| " + " | ".join(head) + " |", "|" + " --- |" * len(head)]
        self.lines += ["| " + " | ".join(row) + " |" for row in rows]
        print("\n".join(self.lines[-len(rows) - 4 :]), flush=True)

    def at_most(self, what: str, share: float, most: float) -> None:
        """A promise: `share` is at most `most`."""
        if share > most:
            self.missed.append(f"{what}: {1000 * share:.0f} of 1,000, promised at most {1000 * most:.0f}")

    def at_least(self, what: str, share: float, least: float) -> None:
        """A promise: `share` is at least `least`."""
        if share < least:
            self.missed.append(f"{what}: {share:.3f}, promised at least {least}")


def share(flags: Flags) -> float:
    """The share of True."""
    return float(np.mean(flags))


def per_mille(flags: Flags) -> str:
    """Alarms per 1,000 series."""
    return f"{1000 * share(flags):.0f}"


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


def welch_p_values(a: Floats, b: Floats) -> Floats:
    """The plain two-sample t-test (Welch), one-sided: b larger."""
    va, vb = a.var(axis=1, ddof=1) / a.shape[1], b.var(axis=1, ddof=1) / b.shape[1]
    freedom = (va + vb) ** 2 / (va**2 / (a.shape[1] - 1) + vb**2 / (b.shape[1] - 1))
    from scipy.special import stdtr

    p: Floats = stdtr(freedom, (a.mean(axis=1) - b.mean(axis=1)) / np.sqrt(va + vb))
    return p


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


def measure_regressions(report: Report, series: int, seed: int) -> None:
    """Alarms for two samples with noise of 5 % and no step, and with a step of 5 %; then 60 cases a report."""
    rng = np.random.default_rng([seed, 3])
    quiet, loud = [], []
    level = REGRESSION_LEVEL
    for name in NOISES:
        alarms, powers = [name], [name]
        for n in SIDES:
            y = 100.0 + 5.0 * noise(rng, name, 4 * series, 2 * n) / SD.get(name, 1.0)
            before, after = y[:, :n], y[:, n:]
            ours, plain = step_p_values(before, after), welch_p_values(before, after)
            sees, plain_sees = step_p_values(before, after + 5.0), welch_p_values(before, after + 5.0)
            alarms.append(f"{per_mille(ours < level)} / {per_mille(plain < level)}")
            powers.append(f"{share(sees < level):.2f} / {share(plain_sees < level):.2f}")
            if name == "normal":
                report.at_most(f"regressions, n = {n} a side", share(ours < level), 0.010)
                report.at_least(
                    f"regressions seen, n = {n} a side",
                    share(sees < level),
                    dict(zip(SIDES, (0.15, 0.5, 0.85), strict=True))[n],
                )
        quiet.append(alarms)
        loud.append(powers)
    head = ["noise of 5 %", *(f"{n} a side: ours / plain t" for n in SIDES)]
    report.table(
        "Regressions: alarms per 1,000 comparisons without a step (0.5 % level; at most 10 in independent noise)",
        head,
        quiet,
    )
    report.table("Regressions: share seen of a step of 5 %", head, loud)
    quiet, loud = [], []
    for name in NOISES:
        alarms, powers = [name], [name]
        for n in FEW_A_SIDE:
            y = 100.0 + 5.0 * noise(rng, name, series, 2 * n) / SD.get(name, 1.0)
            before, after = y[:, :n], y[:, n:]
            some, other = worse_p_values(before, after) < level, welch_p_values(before, after) < level
            alarms.append(f"{per_mille(some)} / {per_mille(other)}")
            seen = [worse_p_values(before, after + size) < level for size in (5.0, 20.0)]
            powers.append("; ".join(f"{share(one):.2f}" for one in seen))
            if not name.startswith("AR"):
                report.at_most(f"regressions, {name}, n = {n} a side", share(some), 0.010)
        quiet.append(alarms)
        loud.append(powers)
    report.table(
        "Regressions, few runs (exact ranks): alarms per 1,000 without a step (at most 10 in independent noise)",
        ["noise of 5 %", *(f"{n} a side: ours / plain t" for n in FEW_A_SIDE)],
        quiet,
    )
    report.table(
        "Regressions, few runs (exact ranks): share seen of a step of 5 %; of 20 %",
        ["noise of 5 %", *(f"{n} a side" for n in FEW_A_SIDE)],
        loud,
    )
    reports = []
    for n in SIDES:
        y = noise(rng, "normal", 60 * (series // 5), 2 * n)
        p = step_p_values(y[:, :n], y[:, n:]).reshape(-1, 60)
        naive = (p < 0.05).any(axis=1)
        adjusted = np.array([min(one for one in benjamini_hochberg(list(row)) if one is not None) for row in p])
        reports.append([str(n), per_mille(naive), per_mille(adjusted < REGRESSION_LEVEL)])
    head = ["a side", "any p < 0.05", "any after Benjamini-Hochberg at 0.005"]
    report.table(
        "Regressions: reports per 1,000 with any alarm, 60 groups and measures, nothing changed", head, reports
    )


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
