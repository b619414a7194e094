"""Trend: alarms without a trend, with and without a cycle, and what is seen: for `bench.honesty`."""

from __future__ import annotations

import numpy as np

from bench.honesty_report import Flags, Report, per_mille, share
from bench.noise import NOISES, WIDE_NOISES, laid_over, unit_noise
from bench.rivals import mann_kendall, ols_p_values
from chimera_metrics.analytics.inference.change_points import by_cycle, change_points
from chimera_metrics.analytics.inference.series import Floats
from chimera_metrics.analytics.inference.trend import LEVEL, cautions_of, trend, trend_p_values

POINTS = (30, 60, 120)
RESIDUALS = (0.0, 0.05, 0.15)
WEEK = 7
CHUNK = 20_000_000
RIVAL_SERIES = 200


def p_values(y: Floats, period: int | None = None) -> tuple[Floats, Floats]:
    """p-values and estimated autocorrelations (m,) of series y: (m, n), as `trend` gives them."""
    m, n = y.shape
    p, rho, t = np.ones(m), np.zeros(m), np.arange(n, dtype=np.float64)
    size = max(1, CHUNK // n**2)
    for start in range(0, m, size):
        for rows, part, removed in by_cycle(y[start : start + size], period):
            p[start + rows], lines = trend_p_values(part, t, removed)
            rho[start + rows] = lines.rho
    return p, rho


def measure_trend(report: Report, series: int, seed: int) -> None:
    """Alarms without a trend, by noise and cycle; the share seen of climbs of 1 and 2 sd; and what steps explain."""
    rng = np.random.default_rng([seed, 1])
    kendall = mann_kendall()
    quiet, cautioned, loud = [], [], []
    for name in WIDE_NOISES:
        alarms, warned, seen = [name], [name], [name]
        for n in POINTS:
            cells, powers, t = [], [], np.arange(n, dtype=np.float64)
            for residual in RESIDUALS:
                y = unit_noise(rng, name, series, n) + laid_over(rng, WEEK, residual, series, n)
                p, rho = p_values(y, WEEK)
                cells.append(per_mille(p < LEVEL))
                promise(report, name, n, residual, p < LEVEL)
                powers.append(f"{share(p_values(y + 2.0 * t / (n - 1), WEEK)[0] < LEVEL):.2f}")
                if not residual:
                    cells.append(per_mille(ols_p_values(y, t) < LEVEL))
                    cells.append(per_mille([kendall(row) for row in y[:RIVAL_SERIES]]) if kendall else "-")
                    climbs = p_values(y + t / (n - 1), WEEK)[0] < LEVEL
                    powers.append(f"{share(climbs):.2f}")
                    promise_power(report, name, n, climbs)
                    told = [bool(cautions_of(n, float(a), float(b))) for a, b in zip(p, rho, strict=True) if a < LEVEL]
                    warned.append(f"{share(told):.2f}" if told else "-")
            alarms.append(f"{cells[0]}, {cells[3]}, {cells[4]} / {cells[1]} / {cells[2]}")
            seen.append(f"{powers[1]}; {powers[0]}, {powers[2]}, {powers[3]}")
            need = 0.85 * float(powers[0])
            for residual, power in zip(RESIDUALS[1:], powers[2:], strict=True):
                if name == "normal":
                    report.at_least(f"climb of 2 sd under a week {residual}, n = {n}", float(power), need, series)
        quiet.append(alarms)
        loud.append(seen)
        cautioned.append(warned)
    head = ["noise", *(f"n = {n}" for n in POINTS)]
    title = (
        "Trend: alarms per 1,000 series without a trend (5 % level; at most 58, and 80 at AR(1) 0.6, n = 30; AR(1) 0.9 "
        f"is cautioned): without a cycle, weekly cycle of residual 5 %, 15 % / plain t "
        f"/ Hamed-Rao ({RIVAL_SERIES} series)"
    )
    report.table(title, head, quiet)
    report.table("Trend: share of these false alarms whose answer has the caution about slow values", head, cautioned)
    report.table("Trend: share seen of a climb of 1 sd; of 2 sd without a cycle, residual 5 %, 15 %", head, loud)
    measure_explained(report, max(series // 10, 5), rng)


def promise(report: Report, name: str, n: int, residual: float, flags: Flags) -> None:
    """The bounds on false alarms."""
    if name == "AR(1) 0.9":
        return
    most = 0.080 if name == "AR(1) 0.6" and n == 30 else 0.058
    report.at_most(f"trend, {name}, n = {n}, cycle {residual}", share(flags), most, len(flags))


def promise_power(report: Report, name: str, n: int, flags: Flags) -> None:
    """The bounds on what is seen of a climb of 1 sd over 30 points."""
    least = {"normal": 0.30, "AR(1) 0.3": 0.20, "AR(1) 0.6": 0.13}.get(name)
    if least and n == 30:
        report.at_least(f"trend seen, {name}, n = 30", share(flags), least, len(flags))


def measure_explained(report: Report, series: int, rng: np.random.Generator) -> None:
    """What trend says of a step, and of a step in a climb, when it knows the change points."""
    rows = []
    for name in NOISES:
        cells = [name]
        for n in POINTS:
            t = np.arange(n)
            for climb in (0.0, 5.0):
                found = []
                for y in unit_noise(rng, name, series, n) + 8.0 * (t >= n // 2) + climb * t / n:
                    found.append(trend(list(y), steps=change_points(list(y))))
                rising = share([one.direction == "rising" for one in found])
                left = [one.between_steps for one in found if one.between_steps is not None]
                cells.append(f"{rising:.2f} / {share([one.p_value < LEVEL for one in left]) if left else 0.0:.2f}")
        rows.append(cells)
    head = ["noise", *(f"n = {n}, climb {climb}" for n in POINTS for climb in (0, 5))]
    title = f"Trend of a step of 8 sd: called rising / slope between steps with p < 0.05 ({series} series)"
    report.table(title, head, rows)
