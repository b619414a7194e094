"""p-values from simulated null distributions, by the number of points and the autocorrelation."""

from __future__ import annotations

from functools import lru_cache
from typing import Literal

import numpy as np

from chimera_metrics.analytics.inference.series import Floats

Test = Literal["trend", "change", "step"]

SMALLEST_P = 1e-9


def p_value(test: Test, statistic: Floats, rho: Floats, n: int) -> Floats:
    """How often noise with this autocorrelation gives a statistic this large or larger, both signs counted; 0 to 1.

    test: which table. statistic: (m,), its sign is ignored. rho: (m,), estimated autocorrelation, 0 to 0.95.
    n: points of the series, at least the smallest tabulated.
    Returns: (m,) two-sided p-values, never under 1e-9. Between nodes: linear in rho, in log n and in the normal
    quantile of p; under p = 0.0005, the last of the table, a parabola through its last three quantiles goes on.
    Undefined when: never.
    Source: tables made by `python -m bench.tabulate_critical_values`; the plan follows docs/statistics.md.
    Example: p_value("trend", [2.27], [0.0], 30) is about 0.03.
    """
    from scipy.special import ndtr

    curves = _curves(test, rho, n)
    p: Floats = np.maximum(2.0 * ndtr(-quantile(np.abs(statistic), curves, _z())), SMALLEST_P)
    return p


def critical_value(test: Test, level: float, rho: Floats, n: int) -> Floats:
    """The statistic (m,) whose p-value is `level`, 0.0005 to 1; the inverse of `p_value`."""
    from scipy.special import ndtri

    curves = _curves(test, rho, n)
    z = float(-ndtri(level / 2.0))
    return np.array([np.interp(z, _z(), curve) for curve in curves])


def _curves(test: Test, rho: Floats, n: int) -> Floats:
    """Quantiles of |statistic| by (series, z), at each series' rho."""
    rho_nodes, surface = _surface(test, n)
    low = np.clip(np.searchsorted(rho_nodes, rho, side="right") - 1, 0, len(rho_nodes) - 2)
    weight = ((rho - rho_nodes[low]) / (rho_nodes[low + 1] - rho_nodes[low]))[:, None]
    curves: Floats = surface[low] * (1.0 - weight) + surface[low + 1] * weight
    return curves


def quantile(statistic: Floats, curves: Floats, z: Floats) -> Floats:
    """The z at which each curve reaches its statistic. statistic: (m,), curves: (m, k) rising, z: (k,) rising."""
    rows = np.arange(len(statistic))
    above = (curves < statistic[:, None]).sum(axis=1)
    right = np.clip(above, 1, len(z) - 1)
    gap = np.maximum(curves[rows, right] - curves[rows, right - 1], 1e-12)
    inside = z[right - 1] + (statistic - curves[rows, right - 1]) / gap * (z[right] - z[right - 1])
    beyond = _beyond(statistic, curves, z)
    result: Floats = np.where(above >= len(z), beyond, np.clip(inside, 0.0, z[-1]))
    return result


def _beyond(statistic: Floats, curves: Floats, z: Floats) -> Floats:
    c0, c1, c2 = curves[:, -3], curves[:, -2], curves[:, -1]
    old, new = (c1 - c0) / (z[-2] - z[-3]), (c2 - c1) / (z[-1] - z[-2])
    bend = np.maximum((new - old) / (z[-1] - z[-3]), 0.0)
    slope = np.maximum(new + bend * (z[-1] - z[-2]), 0.25 * c2 / z[-1])
    excess = np.maximum(statistic - c2, 0.0)
    z_beyond: Floats = z[-1] + 2.0 * excess / (slope + np.sqrt(slope * slope + 4.0 * bend * excess))
    return z_beyond


@lru_cache(maxsize=1)
def _z() -> Floats:
    from chimera_metrics.analytics.inference import critical_tables as tables

    return np.array(tables.Z)


@lru_cache(maxsize=256)
def _surface(test: Test, n: int) -> tuple[Floats, Floats]:
    """Quantiles of the statistic by (rho, z) at this n."""
    from chimera_metrics.analytics.inference import critical_tables as tables

    n_nodes = np.array(tables.POINTS[test], dtype=np.float64)
    rho_nodes = np.array(tables.RHO)
    if n < n_nodes[0]:
        raise ValueError(f"The table of {test} starts at {n_nodes[0]:.0f} points, not {n}.")
    values = _parse(tables.QUANTILES[test]).reshape(len(n_nodes), len(rho_nodes), -1)
    return rho_nodes, _at(values, n_nodes, n)


@lru_cache(maxsize=256)
def typical_lag1(n: int) -> tuple[Floats, Floats]:
    """(rho nodes, mean first autocorrelation left after the best step is removed) at this n."""
    from chimera_metrics.analytics.inference import critical_tables as tables

    n_nodes = np.array(tables.POINTS["change"], dtype=np.float64)
    values = _parse(tables.LAG1_AFTER_STEP).reshape(len(n_nodes), len(tables.RHO))
    return np.array(tables.RHO), _at(values, n_nodes, n)


@lru_cache(maxsize=256)
def anomaly_rule(n: int) -> Floats:
    """Coefficients (outliers judged together 1 to 3, features) of the anomaly rule at this n."""
    from chimera_metrics.analytics.inference import critical_tables as tables

    n_nodes = np.array(tables.POINTS["anomaly"], dtype=np.float64)
    values = _parse(tables.ANOMALY_RULE).reshape(len(n_nodes), 3, -1)
    return _at(values, n_nodes, n)


def _parse(text: str) -> Floats:
    return np.array(text.split(), dtype=np.float64)


def _at(values: Floats, n_nodes: Floats, n: int) -> Floats:
    """values[n, ...] at this n: linear in log n between the nodes, the last node beyond."""
    place = np.interp(np.log(n), np.log(n_nodes), np.arange(len(n_nodes)))
    low = min(int(place), len(n_nodes) - 2)
    weight = place - low
    result: Floats = values[low] * (1.0 - weight) + values[low + 1] * weight
    return result
