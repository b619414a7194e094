"""Differences of sides whose days do not pair: windows of unequal length, before and since a commit."""

from __future__ import annotations

import numpy as np

from bench.honesty_compare import LAGS, LEAST, ROWS, WEEK, covers, half_width, known_half_width, values
from bench.honesty_report import Report, share
from bench.noise import ar1
from chimera_metrics.analytics.inference.difference_sides import DailySide
from chimera_metrics.analytics.inference.differences import Difference, difference
from chimera_metrics.analytics.inference.series import Indices

SIDES = ((7, 7), (7, 10), (14, 7), (21, 7), (18, 10), (28, 28), (28, 5), (28, 3))


def measure_unpaired(report: Report, series: int, seed: int) -> None:
    """Coverage of the 95 % interval of no difference between a window and the one right after it, and its width."""
    rng = np.random.default_rng([seed, 10])
    for kind, title in (("level", "a mean, days that differ by 5 %"), ("total", "a count, days that differ by 10 %")):
        rows = []
        for before, after in SIDES:
            for has_weekends in (False, True):
                cells = [f"{before}, {after}{', weekends' if has_weekends else ''}"]
                for lag in LAGS:
                    found = unpaired(rng, kind, before, after, lag, has_weekends, series)
                    held = [covers(one) for one in found]
                    what = f"unpaired, {kind}, {cells[0]} days, AR(1) {lag}"
                    report.at_least(what, share(held), LEAST[lag], series)
                    wide = half_width(found, kind) / known(kind, before, after, lag)
                    cells.append(f"{share(held):.3f}; {wide:.2f}")
                rows.append(cells)
        report.table(
            f"Sides that do not pair, {title}: share of 95 % intervals that hold the truth; median half width over "
            "that of the normal interval whose variance and correlation are known (the narrowest that is valid)",
            ["days before, since", *(f"AR(1) {lag}" for lag in LAGS)],
            rows,
        )


def unpaired(
    rng: np.random.Generator, kind: str, before: int, after: int, lag: float, has_weekends: bool, series: int
) -> list[Difference]:
    """Differences of two windows, one right after the other, that do not differ."""
    first: Indices = rng.integers(0, WEEK, series).astype(np.intp)
    noise = ar1(rng, lag, series, before + after)
    days, n = list(range(before + after)), [ROWS] * (before + after)
    return [
        difference(
            DailySide(days[:before], list(every[:before]), n[:before]),
            DailySide(days[before:], list(every[before:]), n[before:]),
            kind="total" if kind == "total" else "level",
            apart=None,
        )
        for every in values(rng, kind, noise, first, has_weekends)
    ]


def known(kind: str, before: int, after: int, lag: float) -> float:
    """The half width if variance and lag are known: on either side every weekday that both have counts alike."""
    days = np.arange(before + after)
    first, second = days[:before], days[before:]
    shared = np.intersect1d(first % WEEK, second % WEEK)
    kept = [side[np.isin(side % WEEK, shared)] for side in (first, second)]
    shares = [1.0 / (len(shared) * np.bincount(side % WEEK)[side % WEEK]) for side in kept]
    return known_half_width(kind, np.concatenate(kept), np.concatenate([-shares[0], shares[1]]), lag)
