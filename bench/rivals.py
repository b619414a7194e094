"""The plain tests and the other tools that `bench.honesty` sets beside ours, those that are installed."""

from __future__ import annotations

import importlib
from collections.abc import Callable
from typing import Any

import numpy as np

from chimera_metrics.analytics.inference.series import Floats, detrend

RIVALS = ("otava", "ruptures", "pymannkendall")
"""The modules of the other tools: apache-otava, ruptures, pymannkendall."""


def ols_p_values(y: Floats, t: Floats) -> Floats:
    """The plain t-test of a least-squares line, which takes the points for independent."""
    n, x = len(t), t - t.mean()
    slope = (y @ x) / (x @ x)
    left = detrend(y, t)
    error = np.sqrt((left * left).sum(axis=1) / (n - 2) / (x @ x))
    return student(slope / error, n - 2.0)


def student(t: Floats, freedom: float) -> Floats:
    """Two-sided p-values of Student's t."""
    from scipy.special import stdtr

    p: Floats = 2.0 * stdtr(freedom, -np.abs(t))
    return p


Finds = Callable[[Floats], list[int]]


def rivals() -> dict[str, Finds]:
    """Other tools' change points of one series (n,), those that are installed, at settings that they recommend."""
    found: dict[str, Finds] = {}
    try:
        analysis = importlib.import_module("otava.analysis")
    except ImportError:
        pass
    else:
        # It compares by ratios: the series is put well above 0, as latencies are. Its p limit is 0.001.
        found["otava"] = lambda y: [
            one.index for one in analysis.compute_change_points(list(100.0 + 5.0 * y), 50, 0.001, 0.0)[0]
        ]
    try:
        ruptures = importlib.import_module("ruptures")
    except ImportError:
        pass
    else:
        found["PELT"] = lambda y: pelt(ruptures, y)
    return found


def pelt(ruptures: Any, y: Floats) -> list[int]:
    """The change points of ruptures' PELT: squares, over a robust sd of the differences, penalty 3 log n."""
    d = np.diff(y)
    sd = 1.4826 * float(np.median(np.abs(d - np.median(d)))) / 2.0**0.5 or 1.0
    edges = ruptures.Pelt(model="l2", min_size=3, jump=1).fit((y / sd)[:, None]).predict(pen=3.0 * np.log(len(y)))
    return [int(edge) for edge in edges[:-1]]


def mann_kendall() -> Callable[[Floats], bool] | None:
    """Whether pymannkendall's Hamed-Rao test, which allows for autocorrelation, sees a trend; None: not installed."""
    try:
        tests = importlib.import_module("pymannkendall")
    except ImportError:
        return None
    return lambda y: bool(tests.hamed_rao_modification_test(y).h)
