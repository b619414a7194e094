"""Alarms of `compare` and `regressions` when nothing changed, and the steps they see; for docs/statistics.md."""

from __future__ import annotations

import numpy as np

from bench.honesty_report import Report, per_mille, share
from bench.noise import NOISES, SD, noise
from chimera_metrics.analytics.inference import History, compare_histories
from chimera_metrics.analytics.inference.multiplicity import benjamini_hochberg
from chimera_metrics.analytics.inference.regressions import LEVEL as REGRESSION_LEVEL
from chimera_metrics.analytics.inference.regressions import worse_p_values
from chimera_metrics.analytics.inference.series import Floats

SIDES = (10, 20, 40)
FEW_A_SIDE = (5, 8)
UNEQUAL = ((200, 10), (100, 20), (40, 6), (10, 10), (100, 100))
HISTORIES = (12, 30, 100)


def welch_p_values(a: Floats, b: Floats) -> Floats:
    """The plain two-sample t-test (Welch), one-sided: b larger."""
    va, vb = a.var(axis=1, ddof=1) / a.shape[1], b.var(axis=1, ddof=1) / b.shape[1]
    freedom = (va + vb) ** 2 / (va**2 / (a.shape[1] - 1) + vb**2 / (b.shape[1] - 1))
    from scipy.special import stdtr

    p: Floats = stdtr(freedom, (a.mean(axis=1) - b.mean(axis=1)) / np.sqrt(va + vb))
    return p


def measure_unequal(report: Report, series: int, rng: np.random.Generator) -> None:
    """Sides of the same median whose size, spread or shape differ: alarms; and steps that are seen."""
    some = max(1, series // 4)
    quiet, loud = [], []
    for n1, n2 in UNEQUAL:
        alarms, powers = [f"{n1} before, {n2} after"], [f"{n1} before, {n2} after"]
        for name, ratio in (("normal", 1.0), ("normal", 4.0), ("t3", 4.0), ("normal", 0.25)):
            before, after = noise(rng, name, series, n1), ratio * noise(rng, name, series, n2)
            flags = worse_p_values(before, after) < REGRESSION_LEVEL
            alarms.append(per_mille(flags))
            report.at_most(f"regressions, {n1} against {n2}, {name}, spread x {ratio}", share(flags), 0.010, series)
        skewed = np.exp(rng.standard_normal((series, n2))) - 1.0
        alarms.append(per_mille(worse_p_values(rng.standard_normal((series, n1)), skewed) < REGRESSION_LEVEL))
        for name in ("normal", "t3", "lognormal"):
            y = noise(rng, name, some, n1 + n2) / SD.get(name, 1.0)
            seen = [worse_p_values(y[:, :n1], y[:, n1:] + size) < REGRESSION_LEVEL for size in (1.0, 2.0, 8.0)]
            powers.append("; ".join(f"{share(one):.2f}" for one in seen))
        quiet.append(alarms)
        loud.append(powers)
    head = ["runs", "like spreads", "later x 4", "t3, later x 4", "later x 1/4", "later skewed"]
    report.table("Regressions, like medians: alarms per 1,000 (at most 10 but for the skewed)", head, quiet)
    title = f"Regressions: share seen of steps of 1, 2 and 8 sd ({some:,} series)"
    report.table(title, ["runs", "normal", "t3", "lognormal"], loud)


def measure_histories(report: Report, series: int, rng: np.random.Generator) -> None:
    """Whole histories: alarms without a step, and steps since the newest runs that are seen."""
    some = max(1, series // 5)
    quiet, loud = [], []
    for name in NOISES:
        alarms, powers = [name], [name]
        for n in HISTORIES:
            y = noise(rng, name, series, n) / SD.get(name, 1.0)
            flags = history_flags(y)
            alarms.append(per_mille(flags))
            if not name.startswith("AR"):
                report.at_most(f"histories, {name}, n = {n}", share(flags), 0.010, series)
            few = y[:some]
            seen = [history_flags(few + size * (np.arange(n) >= n - 6)) for size in (2.0, 4.0, 8.0)]
            powers.append("; ".join(f"{share(one):.2f}" for one in seen))
        quiet.append(alarms)
        loud.append(powers)
    head = ["noise", *(f"{n} runs" for n in HISTORIES)]
    report.table("Histories: alarms per 1,000 without a step (at most 10 in independent noise)", head, quiet)
    title = f"Histories: share seen of steps of 2, 4 and 8 sd in the newest 6 runs ({some:,} series)"
    report.table(title, head, loud)


def history_flags(y: Floats) -> list[bool]:
    """Which histories get worse."""
    found = compare_histories([History(i, list(row), range(len(row))) for i, row in enumerate(y)])
    return [one.p_value is not None and one.p_value < REGRESSION_LEVEL for one in found.values()]


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
            ours, plain = worse_p_values(before, after), welch_p_values(before, after)
            sees, plain_sees = worse_p_values(before, after + 5.0), welch_p_values(before, after + 5.0)
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
    reports, each = [], max(1, series // 5)
    for n in SIDES:
        y = noise(rng, "normal", 60 * each, 2 * n)
        p = worse_p_values(y[:, :n], y[:, n:]).reshape(-1, 60)
        naive = (p < 0.05).any(axis=1)
        adjusted = np.array([min(one for one in benjamini_hochberg(list(row)) if one is not None) for row in p])
        reports.append([str(n), per_mille(naive), per_mille(adjusted < REGRESSION_LEVEL)])
    head = ["a side", "any p < 0.05", "any after Benjamini-Hochberg at 0.005"]
    report.table(
        f"Regressions: reports per 1,000 with any alarm, 60 groups and measures, nothing changed ({each:,} reports)",
        head,
        reports,
    )
    measure_unequal(report, series, rng)
    measure_histories(report, series, rng)
