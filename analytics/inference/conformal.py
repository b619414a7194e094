"""Intervals from the errors of backtests: all that is assumed of the next errors is that they are like those."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from chimera_metrics.analytics.inference.series import Floats

NEAR = 2
"""Errors at horizons up to so many buckets nearer or farther count alike."""
ENOUGH = 10
"""Fewer errors at near horizons: those at all horizons count."""
FEWEST_BLOCKS = 2.0
WIDEN, WIDEN_TOTAL = 0.8, 1.5
LEVELS = (0.8, 0.95)


@dataclass(frozen=True, slots=True)
class Blocks:
    """How many of the backtests' errors are independent of each other, for values and for totals."""

    values: float
    totals: float

    @property
    def widen(self) -> float:
        """By how much an interval of values is widened: the backtests overlap, and the method was chosen on them."""
        return 1.0 + WIDEN / max(FEWEST_BLOCKS, self.values)

    @property
    def widen_total(self) -> float:
        return 1.0 + WIDEN_TOTAL / max(FEWEST_BLOCKS, self.totals)


def half_widths(errors: Floats, level: float, blocks: Blocks) -> Floats:
    """How far an interval reaches to either side at each horizon: (horizon,), never less the farther ahead.

    errors: (backtests, horizon), absolute, NaN where the series ended.
    Formula: split conformal, the ceil((k + 1) level)-th smallest of the k errors at near horizons and one more, times
    1 + 0.8 / blocks.
    Source: Vovk, Gammerman and Shafer 2005, Algorithmic Learning in a Random World; docs/statistics.md.
    """
    pooled = _pooled(errors)
    widths: Floats = np.maximum.accumulate(_quantiles(pooled, level)) * blocks.widen
    return widths


def coverage(errors: Floats, level: float, blocks: Blocks) -> float:
    """The share of backtested values inside the interval that the other backtests give. errors: as in half_widths."""
    pooled = _pooled(errors)  # (horizon, errors), those of one backtest every so many columns
    owner = np.arange(pooled.shape[1]) % len(errors)
    inside, known = 0, 0
    for place, own in enumerate(errors):
        widths = _quantiles(np.where(owner == place, np.nan, pooled), level) * blocks.widen
        is_known = ~np.isnan(own) & ~np.isnan(widths)
        inside += int((own[is_known] <= widths[is_known]).sum())
        known += int(is_known.sum())
    return inside / max(known, 1)


def total_half_width(off: Floats, level: float, blocks: Blocks, *, grows: bool) -> float:
    """How far the interval of the whole horizon's total reaches to either side.

    off: (backtests, horizon), absolute errors of the sums of the first 1, 2, ... values, NaN where the series ended.
    grows: whether the error of a sum grows with its length, as that of values does; that of its logarithm does not.
    Formula: the errors over their mean at near horizons, pooled over the longer half of the horizons; their quantile
    times the mean error of the whole horizon, times 1 + 1.5 / blocks.
    """
    horizon = off.shape[1]
    spread = np.array([np.nanmean(off[:, max(0, h - NEAR) : h + NEAR + 1]) for h in range(horizon)])
    spread = np.maximum(np.maximum.accumulate(spread) if grows else spread, 1e-300)
    ratio = (off / spread)[:, horizon // 2 :]
    if (~np.isnan(ratio)).sum() < ENOUGH:
        ratio = off / spread
    return float(spread[-1] * _quantiles(ratio.reshape(1, -1), level)[0] * blocks.widen_total)


def _pooled(errors: Floats) -> Floats:
    """For each horizon the errors at near horizons, (horizon, errors), NaN where there are none."""
    horizon = errors.shape[1]
    padded = np.pad(errors, ((0, 0), (NEAR, NEAR)), constant_values=np.nan)
    windows = np.lib.stride_tricks.sliding_window_view(padded, 2 * NEAR + 1, axis=1)  # (backtests, horizon, near)
    pooled = np.moveaxis(windows, 0, 2).reshape(horizon, -1)
    few = (~np.isnan(pooled)).sum(axis=1) < ENOUGH
    if not few.any():
        return pooled
    every = np.tile(errors.T.reshape(1, -1), (horizon, 1))
    wide = max(every.shape[1], pooled.shape[1])
    every, pooled = (np.pad(one, ((0, 0), (0, wide - one.shape[1])), constant_values=np.nan) for one in (every, pooled))
    return np.where(few[:, None], every, pooled)


def _quantiles(errors: Floats, level: float) -> Floats:
    """The conformal quantile of each row of errors, NaN left out; NaN for a row without any."""
    ordered = np.sort(errors, axis=1)
    count = (~np.isnan(ordered)).sum(axis=1)
    rank = np.minimum(np.ceil((count + 1) * level).astype(np.intp), count - 1)
    found: Floats = ordered[np.arange(len(ordered)), np.maximum(rank, 0)]
    return found
