"""Series in which nothing happens, or a step does, as a watch takes them: for `bench.watches`."""

from __future__ import annotations

import numpy as np

from bench.noise import WEEK, ar1
from chimera_metrics.analytics.inference.series import Floats

PLAIN = ("white", "t3", "lognormal", "AR(1) 0.3", "AR(1) 0.6")
WEEKLY = ("weekly 5 %", "weekly 15 %", "weekly 15 %, AR(1) 0.3", "weekly 15 %, AR(1) 0.6")
COUNTS = {"Poisson 2": 2.0, "Poisson 100": 100.0, "Poisson 20, weekly": 20.0, "over-dispersed count": 50.0}
RATES = {"rate 2 %": 0.02, "rate 30 %": 0.3}
HELD = (*PLAIN, *WEEKLY, *COUNTS, *RATES)
"""The kinds for which a rate of false alarms is promised."""
STATED = ("AR(1) 0.8", "random walk")
CLIMBS = {"climb of 1 sd a year": 1.0, "climb of 2 sd a year": 2.0, "climb of 4 sd a year": 4.0}


def make(
    rng: np.random.Generator, name: str, series: int, points: int, step: float = 0.0, at: int = 0
) -> tuple[Floats, Floats | None]:
    """Values on the scale that is judged, and what rates rest on; from column `at` on they lie `step` sd higher."""
    shape = (series, points)
    on = step * (np.arange(points) >= at)
    week = WEEK[(np.arange(points) + rng.integers(0, 7, (series, 1))) % 7]
    if name in RATES:
        p = RATES[name]
        n = np.maximum(5, rng.poisson(200 * week * rng.lognormal(0, 0.3, shape)))
        shares = np.clip(p + on * (p * (1 - p) / 160) ** 0.5, 0, 1)
        return rng.binomial(n, np.broadcast_to(shares, shape)) / n, n.astype(float)
    if name in COUNTS:
        mean = COUNTS[name]
        level = mean * week if "weekly" in name else np.full(shape, mean)
        over = "over" in name
        sd = (mean + mean * mean / 10) ** 0.5 if over else (0.85 * mean if "weekly" in name else mean) ** 0.5
        counts = rng.poisson(level * rng.gamma(10, 0.1, shape) if over else level)
        counts = counts + rng.poisson(np.broadcast_to(np.maximum(on * sd, 0.0), shape))
        return np.sqrt(counts + 0.375), None
    base = {"weekly 5 %": 20.0, "weekly 15 %": 6.7}.get(name.partition(",")[0], 0.0)
    found: Floats = _noise(rng, name, shape) + base * week + on * _SD.get(name, 1.0)
    return found, None


_SD = {"t3": 3.0**0.5, "lognormal": 2.16}


def _noise(rng: np.random.Generator, name: str, shape: tuple[int, int]) -> Floats:
    if name == "t3":
        return rng.standard_t(3, shape)
    if name == "lognormal":
        return np.exp(rng.standard_normal(shape))
    if name == "random walk":
        return rng.standard_normal(shape).cumsum(axis=1)
    if "AR(1)" in name:
        return ar1(rng, float(name.rpartition(" ")[2]), *shape)
    return rng.standard_normal(shape) + CLIMBS.get(name, 0.0) * np.arange(shape[1]) / 365
