"""The noises that statistics are measured on; arrays are (series, points)."""

from __future__ import annotations

import numpy as np

from chimera_metrics.analytics.inference.series import Floats

NOISES = ("normal", "t3", "lognormal", "AR(1) 0.3", "AR(1) 0.6")
SD = {"t3": 3.0**0.5, "lognormal": (np.e * (np.e - 1.0)) ** 0.5}


def noise(rng: np.random.Generator, name: str, series: int, points: int) -> Floats:
    """Stationary noise with the level 0 (lognormal: median 1). `SD` has the standard deviations that are not 1."""
    shape = (series, points)
    if name == "normal":
        return rng.standard_normal(shape)
    if name.startswith("t"):
        return rng.standard_t(float(name[1:]), shape)
    if name.startswith("lognormal"):
        return np.exp(float(name[9:] or 1.0) * rng.standard_normal(shape))
    if name == "exponential":
        return rng.exponential(size=shape)
    if name.startswith("AR(1) "):
        return ar1(rng, float(name[6:]), series, points)
    raise ValueError(f"Unknown noise {name}.")


def ar1(rng: np.random.Generator, rho: float, series: int, points: int) -> Floats:
    """Gaussian noise with sd 1 whose neighbours correlate by rho."""
    fresh = rng.standard_normal((points, series))
    new = (1.0 - rho * rho) ** 0.5
    for i in range(1, points):
        fresh[i] = rho * fresh[i - 1] + new * fresh[i]
    return np.ascontiguousarray(fresh.T)
