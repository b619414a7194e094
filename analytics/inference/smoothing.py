"""Forecasts of one series by a smoothed level and a cycle: the candidates that `forecast` chooses among."""

from __future__ import annotations

import numpy as np

from chimera_metrics.analytics.inference.series import Floats

SMOOTHING = np.array([0.05, 0.15, 0.35, 0.7])
"""How much the newest value weighs in the level."""
NEWER = (0.0, 0.3, 0.6)
"""By how much less each older cycle weighs when the cycle is learned; 0: the median of all cycles, shrunk."""
LONGEST_BY_MEDIAN = 7
LEVEL_POINTS = 7
MEDIAN_VARIANCE = 2.2
"""The variance of a sample's median, of normal values: MAD^2 times this, over their number."""


def candidates(z: Floats, period: int, horizon: int) -> Floats:
    """What each candidate says of the next values: (candidates, horizon).

    z: (n,), one value a bucket, no gaps, on the scale on which levels and cycles add up. period: buckets a cycle, 1 for
    none.
    Returns: every way to learn the cycle with every smoothing, and last the last cycle once more.
    Formula: level + effect, level = sum of a (1 - a)^k (z - effect) over the values k buckets ago, begun at the median
    of the first seven.
    Source: simple exponential smoothing, Brown 1959; docs/statistics.md.
    Example: 5 everywhere gives 5 everywhere.
    """
    n, ahead = len(z), np.arange(horizon)
    effects = cycle_effects(z, period)
    level_only = z - effects[:, np.arange(n) % period]
    weights = SMOOTHING * (1.0 - SMOOTHING) ** np.arange(n)[::-1, None]
    begun = np.median(level_only[:, : min(LEVEL_POINTS, n)], axis=1)
    levels = level_only @ weights + begun[:, None] * (1.0 - SMOOTHING) ** n
    smoothed = levels[:, :, None] + effects[:, None, (n + ahead) % period]
    again = z[n - period + ahead % period]
    found: Floats = np.concatenate([smoothed.reshape(-1, horizon), again[None]])
    return found


def cycle_effects(z: Floats, period: int) -> Floats:
    """What each place in the cycle adds to the level, as each of NEWER learns it: (ways, period), mean 0.

    z: (n,), at least one cycle. Place 0 is that of the first value.
    """
    n = len(z)
    if period < 2:
        return np.zeros((1, 1))
    cycles = -(-n // period)
    table = np.full(cycles * period, np.nan)
    table[cycles * period - n :] = z - moving_level(z, period)
    by_cycle = table.reshape(cycles, period)  # the newest cycle is the last row, and whole
    is_known = ~np.isnan(by_cycle)
    ways = []
    for newer in NEWER:
        if newer:
            weights = (1.0 - newer) ** np.arange(cycles)[::-1, None] * is_known
            effects = (weights * np.nan_to_num(by_cycle)).sum(axis=0) / weights.sum(axis=0)
            effects -= effects.mean()
        else:
            effects = _shrunk_medians(by_cycle, n)
        ways.append(np.roll(effects, (n - period) % period))
    return np.array(ways)


def moving_level(z: Floats, period: int) -> Floats:
    """The level around each value of z: (n,), over one cycle: the median; the mean where the cycle is long."""
    padded = np.pad(z, (period // 2, period - 1 - period // 2), mode="edge")
    windows = np.lib.stride_tricks.sliding_window_view(padded, period)
    if period > LONGEST_BY_MEDIAN:
        means: Floats = windows.mean(axis=1)
        return means
    ordered = np.sort(windows, axis=1)  # quicker than np.median on so few
    medians: Floats = (ordered[:, (period - 1) // 2] + ordered[:, period // 2]) / 2.0
    return medians


def _shrunk_medians(by_cycle: Floats, n: int) -> Floats:
    """The medians by place, less so the less clearly they repeat. by_cycle: (cycles, period), NaN before the first."""
    period = by_cycle.shape[1]
    ordered = np.sort(by_cycle, axis=0)  # NaN comes last
    count = len(by_cycle) - np.isnan(by_cycle[0])
    place = np.arange(period)
    effects: Floats = (ordered[(count - 1) // 2, place] + ordered[count // 2, place]) / 2.0
    effects -= effects.mean()
    left = (by_cycle - effects)[~np.isnan(by_cycle)]
    noise = MEDIAN_VARIANCE * float(np.median(np.abs(left - np.median(left)))) ** 2 * period / n
    shrunk: Floats = effects * max(0.0, 1.0 - noise / max(float((effects * effects).mean()), 1e-300))
    return shrunk
