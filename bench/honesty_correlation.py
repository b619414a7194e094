"""Alarms of `correlate` on independent series, and the share it sees of related ones; for docs/statistics.md."""

from __future__ import annotations

import numpy as np

from bench.honesty_report import Report, per_mille, share
from bench.noise import NOISES, ar1, noise
from chimera_metrics.analytics.inference import correlate, correlate_within
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
LAG_POINTS = (30, 60)
CALENDAR_POINTS = (28, 60, 90)
WEEK = np.array([1.0, 1.05, 1.05, 1.02, 0.95, 0.45, 0.4])


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
    measure_lags(report, series, rng)
    measure_calendar(report, series, rng)
    measure_within(report, series, rng)


def measure_lags(report: Report, series: int, rng: np.random.Generator) -> None:
    """Pairs of independent series that have a best lag, and true lags of 3 that are named."""
    some = max(1, series // 20)
    quiet, loud = [], []
    for name in ("normal", "t3", "lognormal", "70 % zeros", "5 % spikes", "AR(1) 0.6"):
        alarms, powers = [name], [name]
        for n in LAG_POINTS:
            x, y = lag_noise(rng, name, series, n), lag_noise(rng, name, series, n)
            flags = [correlate(list(a), list(b), max_lag=7).best_lag is not None for a, b in zip(x, y, strict=True)]
            alarms.append(per_mille(flags))
            report.at_most(f"best lag, {name}, n = {n}", share(flags), 0.060, series)
            later = np.roll(x, 3, axis=1) + (y if name != "70 % zeros" else 0.5 * y)
            seen = [correlate(list(x[i]), list(later[i]), max_lag=7).best_lag == 3 for i in range(some)]
            powers.append(f"{share(seen):.2f}")
        quiet.append(alarms)
        loud.append(powers)
    head = ["noise", *(f"n = {n}" for n in LAG_POINTS)]
    report.table("Correlation: independent pairs per 1,000 with a best lag of -7 to 7 (at most 60)", head, quiet)
    title = f"Correlation: share in which a lag of 3 with r = 0.7 is named (zeros: 0.9; {some} series)"
    report.table(title, head, loud)


def lag_noise(rng: np.random.Generator, name: str, series: int, n: int) -> Floats:
    """The noises of `bench.noise`, and series of rare events."""
    if name == "70 % zeros":
        return np.where(rng.random((series, n)) < 0.7, 0.0, rng.exponential(size=(series, n)))
    if name == "5 % spikes":
        spiked: Floats = rng.standard_normal((series, n)) + np.where(rng.random((series, n)) < 0.05, 20.0, 0.0)
        return spiked
    return noise(rng, name, series, n)


def measure_calendar(report: Report, series: int, rng: np.random.Generator) -> None:
    """Independent pairs that share a week or a climb, as they are and without it."""
    rows = []
    for name in ("weekly cycle", "growing weekly cycle", "weekly cycle, AR(1) 0.6", "climb of 1 sd", "climb of 3 sd"):
        cells = [name]
        for n in CALENDAR_POINTS:
            pairs = zip(with_calendar(rng, name, series, n), with_calendar(rng, name, series, n), strict=True)
            found = [correlate(list(a), list(b), period=7) for a, b in pairs]
            raw = [one.p_value is not None and one.p_value < 0.05 for one in found]
            left = [one.adjusted is not None and (one.adjusted.p_value or 1.0) < 0.05 for one in found]
            cells.append(f"{per_mille(raw)} / {per_mille(left)}")
            report.at_most(f"adjusted correlation, {name}, n = {n}", share(left), 0.065, series)
        rows.append(cells)
    head = ["shared by both", *(f"n = {n}: as it is / adjusted" for n in CALENDAR_POINTS)]
    report.table(
        "Correlation: alarms per 1,000 independent pairs that share a calendar (adjusted: at most 65)", head, rows
    )


def with_calendar(rng: np.random.Generator, name: str, series: int, n: int) -> Floats:
    """Noise with sd 1 on a weekly cycle of 8 sd, or on a climb."""
    fresh = noise(rng, "AR(1) 0.6" if name.endswith("0.6") else "normal", series, n)
    week = WEEK[np.arange(n) % 7]
    if name.startswith("growing"):
        grown: Floats = (20.0 + 20.0 * np.arange(n) / n) * week * np.exp(0.05 * fresh)
        return grown
    cycle: Floats = 20.0 * week if name.startswith("weekly") else float(name.split()[2]) * np.arange(n) / n
    return fresh + cycle


def measure_within(report: Report, series: int, rng: np.random.Generator) -> None:
    """Groups beside a daily series that has nothing to do with them, judged by days and pair by pair."""
    rows = []
    for name, rho, shared in (
        ("independent days, 5 groups share 0.8 of them", 0.0, 0.8),
        ("AR(1) 0.6, 5 groups of their own", 0.6, 0.0),
        ("AR(1) 0.6, 5 groups share 0.8", 0.6, 0.8),
    ):
        cells = [name]
        for days in (7, 14, 30, 60):
            flags = [within_flags(rng, days, rho, shared) for _ in range(series)]
            by_day, by_pair = ([one[which] for one in flags] for which in (0, 1))
            cells.append(f"{per_mille(by_day)} / {per_mille(by_pair)}")
            report.at_most(f"correlation within groups, {name}, {days} days", share(by_day), 0.065, series)
        rows.append(cells)
    head = ["noise", *(f"{days} days: by days / pair by pair" for days in (7, 14, 30, 60))]
    report.table("Correlation within groups: alarms per 1,000 (5 % level; by days at most 65)", head, rows)


def within_flags(rng: np.random.Generator, days: int, rho: float, shared: float) -> tuple[bool, bool]:
    """Whether one report alarms, by days and pair by pair."""
    common, y = ar1(rng, rho, 6, days), ar1(rng, rho, 1, days)[0]
    x = (shared * common[0] + (1.0 - shared**2) ** 0.5 * common[1:]).ravel()
    groups, at = np.repeat(np.arange(5), days).tolist(), np.tile(np.arange(days), 5).tolist()
    found = [correlate_within(list(x), list(np.tile(y, 5)), groups, by) for by in (at, None)]
    first, second = (one.p_value is not None and one.p_value < 0.05 for one in found)
    return first, second


def correlation_p_values(method: Method, x: Floats, y: Floats) -> Floats:
    """What `correlate` gives as p-values; 1 where it gives none."""
    pairs = effective_n(method, x, y)
    if method == "kendall":
        rows = zip(x, y, pairs, strict=True)
        return np.array([p_value_of(method, coefficient_of(method, a, b), a, b, float(n)) or 1.0 for a, b, n in rows])
    r = pearson(x, y) if method == "pearson" else pearson(ranks(x), ranks(y))
    return p_values(method, r, pairs)
