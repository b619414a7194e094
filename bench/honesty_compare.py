"""Differences between two windows: how often their intervals hold the truth, and how wide they are."""

from __future__ import annotations

import numpy as np
from scipy.special import ndtri

from bench.honesty_report import Report, share
from bench.noise import ar1
from chimera_metrics.analytics.inference.difference_sides import DailySide
from chimera_metrics.analytics.inference.differences import Difference, difference
from chimera_metrics.analytics.inference.series import Floats, Indices

DAYS = (7, 10, 14, 21, 28)
LAGS = (0.0, 0.3, 0.6)
WEEK = 7
WEEKENDS = np.array([1.0, 1.05, 1.05, 1.02, 0.95, 0.45, 0.4])
LEAST = {0.0: 0.93, 0.3: 0.93, 0.6: 0.90}
LEVEL, NOISE, ROWS = 100.0, 5.0, 300


def measure_compare(report: Report, series: int, seed: int) -> None:
    """Coverage of the 95 % interval of no difference, and its half width as a multiple of the narrowest valid one."""
    rng = np.random.default_rng([seed, 9])
    for kind, title in (
        ("level", "a mean, days that differ by 5 %"),
        ("total", "a count, days that differ by 10 %"),
        ("groups", "two groups on the same days, which share 5 % of the day's noise, each with 3 % of its own"),
    ):
        rows = []
        for days in DAYS:
            for has_weekends in (False,) if kind == "groups" else (False, True):
                cells = [f"{days}{', weekends' if has_weekends else ''}"]
                for lag in LAGS:
                    found = compared(rng, kind, days, lag, has_weekends, series)
                    held = [covers(one) for one in found]
                    report.at_least(f"compare, {kind}, {cells[0]} days, AR(1) {lag}", share(held), LEAST[lag], series)
                    cells.append(f"{share(held):.3f}; {width(found, kind, days, lag):.2f}")
                rows.append(cells)
        head = ["days a side", *(f"AR(1) {lag}" for lag in LAGS)]
        report.table(
            f"Compare, {title}: share of 95 % intervals that hold the truth; median half width over that of the "
            "normal interval whose variance and correlation are known (the narrowest that is valid)",
            head,
            rows,
        )


def compared(
    rng: np.random.Generator, kind: str, days: int, lag: float, has_weekends: bool, series: int
) -> list[Difference]:
    """Differences of sides that do not differ: windows whole weeks apart, or groups."""
    apart = 0 if kind == "groups" else -(-days // WEEK) * WEEK
    first = rng.integers(0, WEEK, series).astype(np.intp)
    if kind == "groups":
        shared = NOISE * ar1(rng, lag, series, days)
        a, b = (LEVEL + shared + 3.0 * ar1(rng, lag, series, days) for _ in range(2))
    else:
        noise = ar1(rng, lag, series, apart + days)
        a, b = noise[:, :days], noise[:, apart:]
        a, b = (values(rng, kind, half, first, has_weekends) for half in (a, b))
    n = [ROWS] * days
    days_a = list(range(days))
    return [
        difference(
            DailySide(days_a, list(x), n),
            DailySide([day + apart for day in days_a], list(y), n),
            kind="total" if kind == "total" else "level",
            apart=apart,
        )
        for x, y in zip(a, b, strict=True)
    ]


def values(rng: np.random.Generator, kind: str, noise: Floats, first: Indices, has_weekends: bool) -> Floats:
    places = (np.arange(noise.shape[1]) + first[:, None]) % WEEK
    week = WEEKENDS[places] if has_weekends else np.ones(noise.shape)
    if kind == "level":
        return LEVEL * week + NOISE * noise
    counts: Floats = rng.poisson(ROWS * week * np.exp(0.1 * noise)).astype(np.float64)
    return counts


def covers(one: Difference) -> bool:
    """Whether the interval of sides that do not differ holds 0."""
    return one.low is not None and one.high is not None and one.low <= 0.0 <= one.high


def width(found: list[Difference], kind: str, days: int, lag: float) -> float:
    """The median half width, as a multiple of the one that who knows variance and lag would give."""
    apart = 0 if kind == "groups" else -(-days // WEEK) * WEEK
    every = np.r_[0:days, apart : apart + days] if apart else np.r_[0:days, days * 1000 : days * 1000 + days]
    return half_width(found, kind) / known_half_width(kind, every, np.repeat([-1.0, 1.0], days) / days, lag)


def known_half_width(kind: str, days: Indices, weights: Floats, lag: float) -> float:
    """That of the normal interval of so weighted days if variance and lag are known."""
    distance = np.abs(np.subtract.outer(days, days)).astype(float)
    correlation = lag**distance if lag else np.eye(len(days))
    own = {"level": NOISE, "groups": 3.0, "total": 0.1}[kind]
    drawn = np.eye(len(days)) / ROWS if kind == "total" else np.zeros(correlation.shape)
    return float(ndtri(0.975)) * float(np.sqrt(weights @ (own**2 * correlation + drawn) @ weights))


def half_width(found: list[Difference], kind: str) -> float:
    """The median half width on the scale that is judged."""
    if kind == "total":
        halves = [np.log1p(one.high / one.first) - np.log1p(one.change / one.first) for one in found if one.first]  # type: ignore[operator]
    else:
        halves = [(one.high - one.low) / 2.0 for one in found if one.high is not None and one.low is not None]
    return float(np.median(halves))
