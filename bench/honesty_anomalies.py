"""Anomalies: false alarms and what is seen, in values and in counts and rates: for `bench.honesty`."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from bench.honesty_report import Flags, Report, per_mille, share
from bench.many_anomalies import places_of
from bench.noise import WIDE_NOISES, laid_over, unit_noise
from chimera_metrics.analytics.inference import anomalies
from chimera_metrics.analytics.inference.series import Floats

POINTS = (30, 60, 120)
RESIDUALS = (0.0, 0.05, 0.15)
WEEK = 7
MOST = 0.058
CALLED = 5
Counts = Callable[[int, int], Floats]


def measure_anomalies(report: Report, series: int, seed: int) -> None:
    """Clean series with any, without and with a weekly cycle; one point at 10 sd; one far point beside near ones."""
    rng = np.random.default_rng([seed, 5])
    some, few = series, max(series // 10, 5)
    quiet, loud = [], []
    for name in WIDE_NOISES:
        alarms, powers = [name], [name]
        for n in POINTS:
            cells, seen = [], []
            for residual in RESIDUALS:
                y = unit_noise(rng, name, some, n) + laid_over(rng, WEEK, residual, some, n)
                flags = [bool(places) for places in places_of(y, WEEK)]
                cells.append(per_mille(flags))
                report.at_most(f"anomalies, {name}, n = {n}, week {residual}", share(flags), MOST, some)
                spiked = y[: some if name == "normal" else few].copy()
                spiked[:, n // 2 + 1] += 10.0
                seen.append(share([n // 2 + 1 in places for places in places_of(spiked, WEEK)]))
            sigma = (np.abs(y - y.mean(axis=1, keepdims=True)) > 3.0 * y.std(axis=1, keepdims=True)).any(axis=1)
            alarms.append(f"{cells[0]}, {cells[1]}, {cells[2]} / {per_mille(sigma)}")
            powers.append(", ".join(f"{one:.2f}" for one in seen))
            if name == "normal":
                for residual, one in zip(RESIDUALS[1:], seen[1:], strict=True):
                    report.at_least(f"spike of 10 sd under a week {residual}, n = {n}", one, 0.85 * seen[0], some)
        quiet.append(alarms)
        loud.append(powers)
    head = ["noise", *(f"n = {n}" for n in POINTS)]
    title = (
        "Anomalies: clean series per 1,000 that show any: without a cycle, weekly cycle of residual 5 %, 15 % "
        f"/ 3 sigma under 15 % (at most 58; {some} series)"
    )
    report.table(title, head, quiet)
    seen_of = f"{few} series, {some} in normal noise"
    title = f"Anomalies: share seen of one point 10 sd away: without a cycle, residual 5 %, 15 % ({seen_of})"
    report.table(title, head, loud)
    measure_beside(report, few, rng)


def measure_beside(report: Report, few: int, rng: np.random.Generator) -> None:
    """One point far away beside others that are near."""
    rows = []
    for n in (30, 60, 100):
        cells = [str(n)]
        for beside, size in ((0, 0.0), (3, 5.0), (CALLED, 8.0)):
            hits = []
            for y in unit_noise(rng, "normal", few, n):
                places = rng.permutation(np.arange(2, n - 2))[: beside + 1]
                y[places[1:]] += size * rng.choice([-1.0, 1.0], size=beside)
                y[places[0]] -= 80.0
                hits.append(int(places[0]) in [one.index for one in anomalies(list(y)).points])
            cells.append(f"{share(hits):.2f}")
            report.at_least(f"-80 sd beside {beside}, n = {n}", share(hits), 0.95, few)
        rows.append(cells)
    head = ["n", "alone", "beside three at 5 sd", "beside five at 8 sd"]
    report.table(f"Anomalies: share seen of one point at -80 sd ({few} series)", head, rows)


def measure_counts(report: Report, series: int, seed: int) -> None:
    """Counts and rates: clean series with any, and what is seen."""
    rng = np.random.default_rng([seed, 9])
    some, few = max(series // 5, 5), max(series // 10, 5)
    makers = {f"Poisson({mean:g})": poisson(rng, mean) for mean in (0.1, 0.5, 2.0, 20.0, 200.0)}
    for mean, extra in ((0.5, 1.0), (5.0, 0.3), (5.0, 1.0), (100.0, 0.3)):
        makers[f"mean {mean:g}, variance {mean + extra * mean * mean:g}"] = over_dispersed(rng, mean, extra)
    rows = []
    for what, make in makers.items():
        cells = [what]
        for n in (12, *POINTS):
            flags = [bool(anomalies(list(row), counts=True).points) for row in make(some, n)]
            cells.append(per_mille(flags))
            report.at_most(f"counts, {what}, n = {n}", share(flags), MOST, some)
        rows.append(cells)
    for chance in (0.002, 0.02, 0.2):
        cells = [f"rates of {100 * chance:g} %, n of 20 to 2,000"]
        for n in (12, *POINTS):
            flags = rates_with_any(rng, chance, some, n)
            cells.append(per_mille(flags))
            report.at_most(f"rates of {chance}, n = {n}", share(flags), MOST, some)
        rows.append(cells)
    title = f"Anomalies in counts and rates: clean series per 1,000 that show any (at most 58; {some} series)"
    report.table(title, ["series", *(f"n = {n}" for n in (12, *POINTS))], rows)
    rows = []
    for mean, size in ((0.1, 4), (0.1, 10), (0.5, 6), (2.0, 14), (20.0, 50), (20.0, 0), (200.0, 320)):
        cells = [f"{size} in Poisson({mean:g})"]
        for n in (12, *POINTS):
            y = rng.poisson(mean, (few, n)).astype(np.float64)
            y[:, n // 2] = size
            found = [n // 2 in [one.index for one in anomalies(list(row), counts=True).points] for row in y]
            plain = [n // 2 in [one.index for one in anomalies(list(row)).points] for row in y]
            cells.append(f"{share(found):.2f} / {share(plain):.2f}")
        rows.append(cells)
    title = f"Anomalies in counts: share seen as counts / as plain values ({few} series)"
    report.table(title, ["count", *(f"n = {n}" for n in (12, *POINTS))], rows)


def poisson(rng: np.random.Generator, mean: float) -> Counts:
    """Counts of independent events."""
    return lambda series, n: rng.poisson(mean, (series, n)).astype(np.float64)


def over_dispersed(rng: np.random.Generator, mean: float, extra: float) -> Counts:
    """Counts whose rate itself varies (gamma): variance = mean + extra * mean^2."""
    return lambda series, n: rng.poisson(mean * rng.gamma(1.0 / extra, extra, (series, n))).astype(np.float64)


def rates_with_any(rng: np.random.Generator, chance: float, some: int, n: int) -> Flags:
    """Which series of rates with one chance, each bucket with its own number of trials, show an anomaly."""
    trials = np.exp(rng.uniform(np.log(20.0), np.log(2000.0), (some, n))).astype(np.intp)
    rates = rng.binomial(trials, chance) / trials
    pairs = zip(rates, trials, strict=True)
    return [bool(anomalies(list(rate), n=[float(k) for k in size]).points) for rate, size in pairs]
