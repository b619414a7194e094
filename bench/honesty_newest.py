"""The newest buckets of many metrics: false alarms of whole reports, and what is seen: for `bench.honesty`."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from bench.honesty_report import Report, per_mille, share
from bench.noise import WEEK, unit_noise
from chimera_metrics.analytics.inference.newest import LEVEL, Watched, newest_anomalies
from chimera_metrics.analytics.inference.one_step import one_step, tail_p_values
from chimera_metrics.analytics.inference.series import Floats

NOISES = ("normal", "t3", "lognormal", "AR(1) 0.3", "AR(1) 0.6", "Poisson 2", "random walk")
POINTS = (60, 120)
METRICS = 40
MOST = 0.05
PERIOD = 7
_BLOCK = 2_000


def measure_newest(report: Report, series: int, seed: int) -> None:
    """Reports of 40 metrics with any alarm, one metric with one, and power at 4 standard deviations."""
    rng = np.random.default_rng([seed, 14])
    few = max(series // 5, 5)
    rows, powers = [], []
    for name in NOISES:
        for week in (False, True):
            cells, seen = [f"{name}, weekly" if week else name], [f"{name}, weekly" if week else name]
            for n in POINTS:
                p = np.concatenate(list(_p_values(rng, name, series * METRICS, n, week)))
                alarms = p.reshape(series, METRICS).min(axis=1) * METRICS < LEVEL
                cells.append(f"{per_mille(alarms)} / {per_mille(p < LEVEL)}")
                report.at_most(f"newest, {cells[0]}, n = {n}", share(alarms), MOST, series)
                y = series_of(rng, name, few, n, week)
                y[:, -1] += 4.0
                found = share(p_values(y, name) < LEVEL)
                seen.append(f"{found:.2f}")
                if name in ("normal", "AR(1) 0.6"):
                    report.at_least(f"newest at 4 sd, {cells[0]}, n = {n}", found, 0.9, few)
            rows.append(cells)
            powers.append(seen)
    head = ["noise", *(f"n = {n}" for n in POINTS)]
    title = f"Newest bucket: reports of {METRICS} metrics per 1,000 with any alarm (at most 50) / metrics alone"
    report.table(title, head, rows)
    report.table(f"Newest bucket: share seen at 4 sd, of one metric ({few} series)", head, powers)
    measure_counts_newest(report, max(series // 10, 2), rng)


def measure_counts_newest(report: Report, reports: int, rng: np.random.Generator) -> None:
    """Counts and rates, whole reports through the function that the product calls."""
    rows = []
    for mean, week in ((0.1, False), (2.0, False), (20.0, True)):
        level = mean * WEEK[np.arange(60) % PERIOD] if week else np.full(60, mean)
        counts = [[Watched(i, list(row), counts=True) for i, row in enumerate(rng.poisson(level, (METRICS, 60)))]
                  for _ in range(reports)]  # fmt: skip
        flags = [bool(newest_anomalies(one, 1, period=PERIOD).odd) for one in counts]
        rows.append([f"Poisson({mean:g}){', weekly' if week else ''}", per_mille(flags)])
        report.at_most(f"newest counts of {mean:g}", share(flags), MOST, reports)
    flags = []
    for _ in range(reports):
        size = rng.integers(20, 2000, (METRICS, 60))
        pairs = enumerate(zip(rng.binomial(size, 0.02) / size, size, strict=True))
        watched = [Watched(i, list(row), trials=list(trials)) for i, (row, trials) in pairs]
        flags.append(bool(newest_anomalies(watched, 1, period=PERIOD).odd))
    rows.append(["rates of 2 %, n of 20 to 2,000", per_mille(flags)])
    report.at_most("newest rates", share(flags), MOST, reports)
    title = f"Newest counts and rates: reports of {METRICS} per 1,000 with any alarm (at most 50; {reports} reports)"
    report.table(title, ["series of 60", "reports"], rows)


def series_of(rng: np.random.Generator, name: str, m: int, n: int, week: bool) -> Floats:
    """Noise with a standard deviation of 1 (of a step, for the random walk), on a level or on a week."""
    y = rng.standard_normal((m, n)).cumsum(axis=1) if name == "random walk" else unit_noise(rng, name, m, n)
    if week:
        y = y + 20.0 * WEEK[(np.arange(n) + rng.integers(0, PERIOD, (m, 1))) % PERIOD]
    return y


def p_values(y: Floats, name: str) -> Floats:
    """The p-values (m,) of the newest bucket of each series, many at a time, as `newest_anomalies` finds them."""
    z = np.log1p(y) if name in ("lognormal", "Poisson 2") else y
    step = one_step(z, np.ones(z.shape, dtype=np.bool_), 1, PERIOD)
    reference = np.where(step.reference, np.abs(step.errors), np.nan)
    found: Floats = tail_p_values(np.abs(step.errors[:, -1:]) / step.widen[:, None], reference)[:, 0]
    return np.nan_to_num(found, nan=1.0)


def _p_values(rng: np.random.Generator, name: str, m: int, n: int, week: bool) -> Iterator[Floats]:
    for begin in range(0, m, _BLOCK):
        yield p_values(series_of(rng, name, min(_BLOCK, m - begin), n, week), name)
