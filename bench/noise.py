"""The noises that statistics are measured on, and cycles to lay over them; arrays are (series, points)."""

from __future__ import annotations

import numpy as np

from chimera_metrics.analytics.inference.series import Floats

NOISES = ("normal", "t3", "lognormal", "AR(1) 0.3", "AR(1) 0.6")
WIDE_NOISES = (*NOISES, "AR(1) 0.9", "Poisson 2", "70 % zeros")
SD = {"t3": 3.0**0.5, "lognormal": (np.e * (np.e - 1.0)) ** 0.5, "Poisson 2": 2.0**0.5, "70 % zeros": 0.51**0.5}
WEEK = np.array([1.0, 1.05, 1.05, 1.02, 0.95, 0.45, 0.4])
DAY = 1.0 + 0.6 * np.sin(2.0 * np.pi * np.arange(24) / 24.0) + 0.2 * np.sin(4.0 * np.pi * np.arange(24) / 24.0)
YEAR = np.array([0.8, 0.78, 0.95, 1.0, 1.05, 1.02, 0.85, 0.8, 1.05, 1.15, 1.25, 1.3])
SHAPES = {7: WEEK, 12: YEAR, 24: DAY}


def noise(rng: np.random.Generator, name: str, series: int, points: int) -> Floats:
    """Stationary noise with the level 0 (lognormal: median 1). `SD` has the standard deviations that are not 1."""
    shape = (series, points)
    if name == "normal":
        return rng.standard_normal(shape)
    if name == "Poisson 2":
        return rng.poisson(2.0, shape).astype(np.float64)
    if name == "70 % zeros":
        rare: Floats = np.where(rng.random(shape) < 0.3, rng.exponential(size=shape), 0.0)
        return rare
    if name.startswith("t"):
        return rng.standard_t(float(name[1:]), shape)
    if name.startswith("lognormal"):
        return np.exp(float(name[9:] or 1.0) * rng.standard_normal(shape))
    if name == "exponential":
        return rng.exponential(size=shape)
    if name.startswith("AR(1) "):
        return ar1(rng, float(name[6:]), series, points)
    raise ValueError(f"Unknown noise {name}.")


def unit_noise(rng: np.random.Generator, name: str, series: int, points: int) -> Floats:
    """The noise with a standard deviation of 1."""
    scaled: Floats = noise(rng, name, series, points) / SD.get(name, 1.0)
    return scaled


def laid_over(rng: np.random.Generator, period: int, residual: float, series: int, points: int) -> Floats:
    """A cycle whose residual (sd 1) is this share of the level; each series begins at a place of its own; 0 at 0."""
    if not residual:
        return np.zeros((series, points))
    first = rng.integers(0, period, size=(series, 1))
    cycles: Floats = SHAPES[period][(np.arange(points) + first) % period] / residual
    return cycles


def ar1(rng: np.random.Generator, rho: float, series: int, points: int) -> Floats:
    """Gaussian noise with sd 1 whose neighbours correlate by rho."""
    fresh = rng.standard_normal((points, series))
    new = (1.0 - rho * rho) ** 0.5
    for i in range(1, points):
        fresh[i] = rho * fresh[i - 1] + new * fresh[i]
    return np.ascontiguousarray(fresh.T)
