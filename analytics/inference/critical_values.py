"""p-values from simulated null distributions, by the number of points and the autocorrelation.

The numbers are in `critical_values.json`, made by `python -m bench.tabulate_critical_values`. A table whose name ends
in a period (`trend/7`) was simulated on series with a cycle of that period that was then estimated and taken out.
"""

from __future__ import annotations

import json
from functools import lru_cache
from importlib.resources import files
from typing import Any, Literal

import numpy as np

from chimera_metrics.analytics.inference.series import Floats, Indices

Test = Literal["trend", "change", "step"]
FarTest = Literal["one", "arc", "stairs"]

SMALLEST_P = 1e-9


def p_value(test: Test, statistic: Floats, rho: Floats, n: int | Indices, period: int | None = None) -> Floats:
    """How often noise with this autocorrelation gives a statistic this large or larger, both signs counted; 0 to 1.

    test: which table. statistic: (m,), its sign is ignored. rho: (m,), estimated autocorrelation, 0 to 0.95.
    n: points of the series, or of each (m,), at least the smallest tabulated. period: of the cycle that was taken out.
    Returns: (m,) two-sided p-values, never under 1e-9. Between nodes: linear in rho, in log n and in the normal
    quantile of p; under p = 0.0005, the last of the table, a parabola through its last three quantiles goes on.
    Undefined when: never.
    Source: tables made by `python -m bench.tabulate_critical_values`; the plan follows docs/statistics.md.
    Example: p_value("trend", [2.27], [0.0], 30) is about 0.03.
    """
    from scipy.special import ndtr

    curves = _curves(test, rho, n, period)
    p: Floats = np.maximum(2.0 * ndtr(-quantile(np.abs(statistic), curves, _axis("z"))), SMALLEST_P)
    return p


def critical_value(test: Test, level: float, rho: Floats, n: int, period: int | None = None) -> Floats:
    """The statistic (m,) whose p-value is `level`, 0.0005 to 1; the inverse of `p_value`."""
    from scipy.special import ndtri

    curves = _curves(test, rho, n, period)
    z = float(-ndtri(level / 2.0))
    return np.array([np.interp(z, _axis("z"), curve) for curve in curves])


def far_p_value(test: FarTest, statistic: Floats, n: int, period: int | None = None) -> Floats:
    """p-values (m,) of the far test's statistics: their share in the least favourable of eight noises, 1e-9 to 1.

    Between nodes: linear in log n and in log p; under p = 0.001, the last of the table, in a straight line.
    """
    row, log_p = at(f"far {test}", n, period), np.log(_axis("p"))
    slope = (log_p[-1] - log_p[-3]) / max(float(row[-1] - row[-3]), 1e-9)
    beyond = log_p[-1] + (statistic - row[-1]) * slope
    inside = np.interp(statistic, np.concatenate([[0.0], row]), np.concatenate([[0.0], log_p]))
    p: Floats = np.maximum(np.exp(np.where(statistic > row[-1], beyond, inside)), SMALLEST_P)
    return p


def gate(n: int, period: int | None = None) -> float:
    """How much likelier than a line a step must make a series (log-likelihood, doubled), so that climbs are none."""
    return float(at("gate", n, period))


def typical_lag1(n: int, period: int | None = None) -> tuple[Floats, Floats]:
    """(rho nodes, mean first autocorrelation left after the best step is removed) at this n."""
    return _axis("rho"), at("lag1 after step", n, period)


def anomaly_rule(n: int, period: int | None = None) -> Floats:
    """Coefficients (outliers judged together 1 to 3, features) of the anomaly rule at this n."""
    return at("anomaly rule", n, period)


def anomaly_cap(n: int, period: int | None = None) -> float:
    """The score that is an anomaly however far the next one lies: 5 in 1,000 lognormal series have a larger one."""
    return float(at("anomaly cap", n, period))


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


@lru_cache(maxsize=512)
def at(name: str, n: int, period: int | None = None) -> Floats:
    """A table's values at this n: linear in log n between its nodes, the last node beyond."""
    key = f"{name}/{period}" if period else name
    table = _tables()["tables"][key]
    nodes = np.array(table["points"], dtype=np.float64)
    if n < nodes[0]:
        raise ValueError(f"The table of {key} starts at {nodes[0]:.0f} points, not {n}.")
    values = _values(key)
    place = np.interp(np.log(n), np.log(nodes), np.arange(len(nodes)))
    low = min(int(place), len(nodes) - 2)
    weight = place - low
    result: Floats = values[low] * (1.0 - weight) + values[low + 1] * weight
    return result


def _curves(test: Test, rho: Floats, n: int | Indices, period: int | None) -> Floats:
    """Quantiles of |statistic| by (series, z), at each series' rho and n."""
    nodes = _axis("rho")
    sizes, which = np.unique(np.broadcast_to(n, rho.shape), return_inverse=True)
    if len(sizes) == 0:
        return np.zeros((0, len(_axis("z"))))
    surface = np.stack([at(test, int(size), period) for size in sizes])
    low = np.clip(np.searchsorted(nodes, rho, side="right") - 1, 0, len(nodes) - 2)
    weight = ((rho - nodes[low]) / (nodes[low + 1] - nodes[low]))[:, None]
    curves: Floats = surface[which, low] * (1.0 - weight) + surface[which, low + 1] * weight
    return curves


def _beyond(statistic: Floats, curves: Floats, z: Floats) -> Floats:
    c0, c1, c2 = curves[:, -3], curves[:, -2], curves[:, -1]
    old, new = (c1 - c0) / (z[-2] - z[-3]), (c2 - c1) / (z[-1] - z[-2])
    bend = np.maximum((new - old) / (z[-1] - z[-3]), 0.0)
    slope = np.maximum(new + bend * (z[-1] - z[-2]), 0.25 * c2 / z[-1])
    excess = np.maximum(statistic - c2, 0.0)
    z_beyond: Floats = z[-1] + 2.0 * excess / (slope + np.sqrt(slope * slope + 4.0 * bend * excess))
    return z_beyond


@lru_cache(maxsize=1)
def _tables() -> Any:
    return json.loads(files(__package__).joinpath("critical_values.json").read_text(encoding="utf-8"))


@lru_cache(maxsize=64)
def _axis(name: str) -> Floats:
    return np.array(_tables()["axes"][name], dtype=np.float64)


@lru_cache(maxsize=64)
def _values(key: str) -> Floats:
    return np.array(_tables()["tables"][key]["values"], dtype=np.float64)
