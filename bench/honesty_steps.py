"""Change points: false alarms in noise, climbs, cycles and curves, and what is seen of steps: for `bench.honesty`."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from bench.honesty_report import Flags, Report, per_mille, share
from bench.noise import WIDE_NOISES, laid_over, unit_noise
from bench.rivals import rivals
from chimera_metrics.analytics.inference.change_points import LEVEL, change_p_values, change_points
from chimera_metrics.analytics.inference.near_steps import near_steps
from chimera_metrics.analytics.inference.series import Floats

POINTS = (12, 16, 20, 30, 60, 120, 365)
POINTS_WITH_WEEK = (21, 28, 30, 60, 120)
CLIMBS = (0.0, 2.0, 10.0)
RESIDUALS = (0.05, 0.15)
WEEK = 7
CHUNK = 1_000_000
CASES_OF = 0.1
LEAST_IN_THE_MIDDLE = {12: 0.45, 16: 0.55, 20: 0.65, 30: 0.75, 60: 0.95}
LEAST_OF_TWO = {30: (0.25, 0.65), 60: (0.6, 0.95)}
Case = tuple[str, Floats, Sequence[int], dict[int, float]]


def shows(y: Floats, period: int | None = None) -> Flags:
    """Which of the series y: (m, n) show any change point."""
    parts = np.array_split(y, max(1, y.size // CHUNK))
    return np.concatenate([change_p_values(part, period) for part in parts]) < LEVEL


def shows_either(y: Floats) -> Flags:
    """Which of the series y: (m, n) show a change point, or what is a step or a climb."""
    return shows(y) | (near_steps(y).p_value < LEVEL)


def measure_change_points(report: Report, series: int, seed: int) -> None:
    """Series without a step that show any: in eight noises, on climbs, under a week; then bends and waves."""
    rng = np.random.default_rng([seed, 4])
    flat, weekly = [], []
    for name in WIDE_NOISES:
        cells = [name]
        for n in POINTS:
            climbs = [c * np.arange(n) / n for c in CLIMBS]
            found = [shows(unit_noise(rng, name, series, n) + climb) for climb in climbs]
            for climb, flags in zip(CLIMBS, found, strict=True):
                report.at_most(f"change points, {name}, n = {n}, climb {climb:.0f}", share(flags), 0.05, series)
            cells.append(", ".join(map(per_mille, found)))
        flat.append(cells)
        cells = [name]
        for n in POINTS_WITH_WEEK:
            found = []
            for residual in RESIDUALS:
                for size in CLIMBS:
                    y = unit_noise(rng, name, series, n) + laid_over(rng, WEEK, residual, series, n)
                    found.append(shows(y + size * np.arange(n) / n, WEEK))
                    what = f"change points, {name}, n = {n}, climb {size:.0f}, week {residual}"
                    report.at_most(what, share(found[-1]), 0.065, series)
            cells.append(", ".join(map(per_mille, found[:3])) + " / " + ", ".join(map(per_mille, found[3:])))
        weekly.append(cells)
    head = ["noise", *(f"n = {n}" for n in POINTS)]
    report.table(
        "Change points: series per 1,000 without a step that show any, flat, in a climb of 2 sd, of 10 sd (at most 50)",
        head,
        flat,
    )
    report.table(
        "Change points under a weekly cycle, residual 5 % / 15 %, each flat, in a climb of 2 sd, of 10 sd (at most 65)",
        ["noise", *(f"n = {n}" for n in POINTS_WITH_WEEK)],
        weekly,
    )
    measure_short_weeks(report, series, rng)
    measure_curves(report, series, rng)


def measure_short_weeks(report: Report, series: int, rng: np.random.Generator) -> None:
    """Fewer than three weeks: the cycle cannot be known. Printed; the answer has a caution."""
    rows = []
    for name in WIDE_NOISES:
        cells = [name]
        for n in (12, 16, 20):
            found = [
                shows(unit_noise(rng, name, series, n) + laid_over(rng, WEEK, r, series, n), WEEK) for r in RESIDUALS
            ]
            cells.append(" / ".join(map(per_mille, found)))
        rows.append(cells)
    title = "Change points under a weekly cycle in less than three weeks, residual 5 % / 15 % (not promised: cautioned)"
    report.table(title, ["noise", "n = 12", "n = 16", "n = 20"], rows)


def measure_curves(report: Report, series: int, rng: np.random.Generator) -> None:
    """Bends and waves, which are not in the null hypothesis: how many show a step, and of these, how many caution."""
    rows, some = [], max(series // 20, 5)
    for n in (30, 60, 120):
        t = np.arange(n)
        curves = {
            "flat, then a climb of 10 sd": 10.0 * np.clip((t - n // 2) / (n - n // 2), 0.0, 1.0),
            "V of 10 sd": 10.0 * np.abs(2.0 * t / n - 1.0),
            "one sine of 3 sd": 3.0 * np.sin(2.0 * np.pi * t / n),
        }
        for what, curve in curves.items():
            alarms = shows(unit_noise(rng, "normal", series, n) + curve)
            answers = [change_points(list(y)) for y in unit_noise(rng, "normal", some, n) + curve]
            told = [bool(one.cautions) for one in answers if one.changes]
            rows.append([str(n), what, per_mille(alarms), f"{share(told):.2f}" if told else "-"])
    title = f"Change points in curves without a step (not promised; the caution's share of {some} series)"
    report.table(title, ["n", "curve", "per 1,000 that show any", "share of these with the caution"], rows)


def measure_step_power(report: Report, series: int, seed: int) -> None:
    """The share of series with a step that show any change, as a step or as either."""
    rng = np.random.default_rng([seed, 8])
    some = max(series // 5, 5)
    rows = []
    for name in ("normal", "t3", "lognormal", "AR(1) 0.6"):
        for residual in (0.0, *RESIDUALS):
            for n in POINTS_WITH_WEEK if residual else POINTS:
                cells = [name, f"{100 * residual:.0f} %" if residual else "none", str(n)]
                for climb in (0.0, 5.0, 10.0):
                    for size in (2.0, 4.0, 8.0, 50.0):
                        seen = []
                        for at in (5, n // 2):
                            y = unit_noise(rng, name, some, n) + laid_over(rng, WEEK, residual, some, n)
                            t = np.arange(n)
                            seen.append(shows(y + climb * t / n + size * (t >= at), WEEK if residual else None))
                            promise(report, (name, residual, n, climb, size), at == n // 2, seen[-1])
                        cells.append(" ".join(f"{share(flags):.2f}" for flags in seen))
                rows.append(cells)
    head = [
        "noise",
        "week",
        "n",
        *(f"{s:.0f} sd in climb {c:.0f}" for c in (0.0, 5.0, 10.0) for s in (2.0, 4.0, 8.0, 50.0)),
    ]
    title = f"Change points: share with a step, after 5 points and in the middle, that show any ({some} series)"
    report.table(title, head, rows)
    measure_either(report, some, rng)


def promise(report: Report, cell: tuple[str, float, int, float, float], in_middle: bool, flags: Flags) -> None:
    """The bounds on what is seen."""
    name, residual, n, climb, size = cell
    what = f"step of {size:.0f} sd, {name}, n = {n}, climb {climb:.0f}, week {residual}, middle {in_middle}"
    if size >= 8.0 and name != "AR(1) 0.6" and not (residual and climb and n < 28):
        least = 0.9 if residual or name != "normal" or n == 12 else 0.95
        report.at_least(what, share(flags), least, len(flags))
    elif name == "normal" and in_middle and not climb and not residual:
        if size == 4.0 and n in LEAST_IN_THE_MIDDLE:
            report.at_least(what, share(flags), LEAST_IN_THE_MIDDLE[n], len(flags))
        if size == 2.0 and n in LEAST_OF_TWO:
            report.at_least(what, share(flags), LEAST_OF_TWO[n][0], len(flags))


def measure_either(report: Report, some: int, rng: np.random.Generator) -> None:
    """Small steps: as a step, and as a step or a climb; and the same in noise alone."""
    rows = []
    for n in POINTS[:-1]:
        noise = unit_noise(rng, "normal", some, n)
        cells = [str(n)]
        for size in (0.0, 1.0, 2.0):
            y = noise + size * (np.arange(n) >= n // 2)
            either = shows_either(y)
            cells.append(f"{share(shows(y)):.2f} / {share(either):.2f}")
            if size == 2.0 and n in LEAST_OF_TWO:
                report.at_least(f"2 sd as either, n = {n}", share(either), LEAST_OF_TWO[n][1], some)
        rows.append(cells)
    title = f"Change points, white noise, step in the middle: seen as a step / as a step or a climb ({some} series)"
    report.table(title, ["n", "no step", "1 sd", "2 sd"], rows)


def measure_edges(report: Report, series: int, seed: int) -> None:
    """All edges found within 2 points: ours, and other tools on the same series."""
    rng, some = np.random.default_rng([seed, 15]), max(int(series * CASES_OF), 5)
    ways = {"ours": lambda y: [one.index for one in change_points(list(y)).changes], **rivals()}
    rows = []
    for n in (30, 60):
        for what, y, edges, least in cases(n, some, rng):
            found = {way: [find(row) for row in y] for way, find in ways.items()}
            cells = [str(n), what]
            for way, each in found.items():
                right = [all(any(abs(k - at) <= 2 for k in one) for at in edges) for one in each]
                alone = [ok and len(one) == len(edges) for ok, one in zip(right, each, strict=True)]
                cells.append(f"{share(right):.2f} / {share(alone):.2f}")
                if way == "ours" and n in least:
                    report.at_least(f"{what}, n = {n}", share(right), least[n], some)
            rows.append(cells)
    title = f"Change points: share with every edge within 2 points / and nothing else ({some} series)"
    report.table(title, ["n", "case", *ways], rows)


def cases(n: int, some: int, rng: np.random.Generator) -> list[Case]:
    """Series in white noise, their edges, and what is promised by n."""
    t, fifth, a, b = np.arange(n), n // 5, n // 2, n // 2 + max(5, n // 20)
    stairs = [n // 4, n // 2, 3 * n // 4]

    def noisy(levels: Any) -> Floats:
        series: Floats = unit_noise(rng, "normal", some, n) + levels
        return series

    outage = ((t >= a) & (t < b)).astype(np.float64)
    rising = np.sum([t >= k for k in stairs], axis=0).astype(np.float64)
    drift = 10.0 * (t >= fifth) + 10.0 * np.clip((t - fifth) / (n - fifth), 0.0, 1.0)
    return [
        ("nothing", noisy(0.0 * t), [], {}),
        ("climb of 2 sd", noisy(2.0 * t / n), [], {}),
        ("step of 4 sd", noisy(4.0 * (t >= a)), [a], {}),
        ("step of 8 sd", noisy(8.0 * (t >= a)), [a], {30: 0.95, 60: 0.95}),
        ("+10 sd at 20 %, then a climb of 10", noisy(drift), [fifth], {60: 0.9}),
        ("+5 sd in a climb of 5", noisy(5.0 * t / n + 5.0 * (t >= a)), [a], {30: 0.65, 60: 0.9}),
        ("outage of five points, 5 sd", noisy(-5.0 * outage), [a, b], {60: 0.7}),
        ("outage of five points, 10 sd", noisy(-10.0 * outage), [a, b], {60: 0.95}),
        ("three steps of 4 sd", noisy(4.0 * rising), stairs, {60: 0.65}),
        ("three steps of 8 sd", noisy(8.0 * rising), stairs, {60: 0.95}),
    ]
