"""What a series will be next, with intervals that its own backtests bear out."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from chimera_metrics.analytics.inference import reasons
from chimera_metrics.analytics.inference.conformal import (
    LEVELS,
    Blocks,
    coverage,
    half_widths,
    total_half_width,
)
from chimera_metrics.analytics.inference.cycles import Cycle, cycle, is_long_enough
from chimera_metrics.analytics.inference.gaps import filled_gaps
from chimera_metrics.analytics.inference.reasons import Reason
from chimera_metrics.analytics.inference.series import Flags, Floats, floats, is_constant, unit_scale
from chimera_metrics.analytics.inference.smearing import mean_total
from chimera_metrics.analytics.inference.smoothing import candidates

NEEDED = 20
"""Points, where there is no cycle; with one, three cycles."""
NEEDED_CYCLES = 3
NEEDED_FOR_95 = 30
"""Points from which a total has an interval of 95 %."""
KNOWN_SHARE = 0.5
ORIGINS = 24
MARGIN = 0.95
"""Errors within 5 % of each other are called alike."""
LARGEST = 1e150
AS_LOGARITHMS_FROM = 1e-6
"""Under it log(1 + y) is y: values so small are scaled."""
DEFAULT_HORIZON = 7


@dataclass(frozen=True, slots=True)
class ForecastInterval:
    """The two ends, one number for each bucket ahead."""

    level: float
    low: tuple[float, ...]
    high: tuple[float, ...]


@dataclass(frozen=True, slots=True)
class Total:
    """The mean of the sum over the horizon, above the sum of the values, which are medians, where they are skewed.
    `low_95` and `high_95` are None under 30 points, too few to say."""

    value: float
    low_80: float
    high_80: float
    low_95: float | None
    high_95: float | None


@dataclass(frozen=True, slots=True)
class Backtest:
    """How the method did inside the window: `cases` beginnings, mean absolute errors over that of a cycle's difference
    (`mase_naive`: the last cycle once more), and the share of values inside the intervals that the other cases give."""

    cases: int
    mase: float | None
    mase_naive: float | None
    coverage_80: float
    coverage_95: float


@dataclass(frozen=True, slots=True)
class Forecast:
    """The answer of `forecast`: `values` of the buckets ahead, empty beside a reason where there can be none."""

    values: tuple[float, ...]
    intervals: tuple[ForecastInterval, ...]
    total: Total | None
    n: int
    repeats_last_cycle: bool = False
    beats_last_cycle: bool = False
    backtest: Backtest | None = None
    cycle: Cycle | None = None
    cautions: tuple[str, ...] = ()
    reason: Reason | None = None


def forecast(
    values: Sequence[float | None],
    horizon: int | None = None,
    *,
    period: int = 1,
    floor: float | None = None,
    ceiling: float | None = None,
) -> Forecast:
    """The next values of a series, their 80 and 95 % intervals, and those of their sum.

    values: the finished buckets in the order of time, any unit, gaps allowed. horizon: how many buckets ahead, by
    default one cycle, or 7. period: buckets a cycle (7 for daily values, 24 for hourly, 12 for monthly ones), 1 for
    none. floor, ceiling: what no value can fall below or exceed, 0 and 1 for rates; one that a value is beyond gives
    way to it.
    Returns: see Forecast. Where no value is negative, none that is forecast is, nor an end of an interval.
    Undefined when: fewer than three cycles, under 20 points without one, fewer than twice the horizon (reason
    too_few); all equal; more than half of the buckets without a value.
    Formula: of 12 smoothed levels with a cycle and the last cycle once more, the one with the smallest mean absolute
    error over up to 24 backtests; the last cycle has to be better by 5 % to win. On log(1 + y) where no value is
    negative.
    Intervals: see `half_widths` and `total_half_width`; backtests that were exact count only near the level of today.
    Totals: see `mean_total`; the values are medians, whose sum is less than the mean of the sum of skewed ones.
    Source: exponential smoothing, Brown 1959; split conformal prediction, Vovk et al. 2005; docs/statistics.md.
    Example: 10, 12, 11, 13, ... of noise about 11.5 gives about 11.5 everywhere.
    """
    y = floats(values)
    begun = np.flatnonzero(~np.isnan(y))
    y = y[begun[0] :] if len(begun) else y[:0]
    ahead = default_horizon(period) if horizon is None else horizon
    if ahead < 1:
        raise ValueError(f"A horizon is 1 bucket or more, not {ahead}.")
    reason = _refused(y, period, ahead)
    if reason is not None:
        return Forecast((), (), None, len(begun), reason=reason)
    series = _Series.of(y, period)
    tested = _Backtests.of(series, ahead)
    pattern = cycle(values, period) if period > 1 and is_long_enough(len(begun), period) else None
    return _answer(series, tested, pattern, series.possible(floor, ceiling))


def default_horizon(period: int) -> int:
    """One cycle, or 7 buckets where there is none."""
    return period if period > 1 else DEFAULT_HORIZON


def _refused(y: Floats, period: int, horizon: int) -> Reason | None:
    """Why there can be no forecast."""
    known = y[~np.isnan(y)]
    if len(known) == 0:
        return reasons.no_data("the series")
    needed = max(NEEDED_CYCLES * period if period > 1 else NEEDED, 2 * horizon)
    if len(known) < needed:
        return reasons.too_few(f"A forecast of {horizon} buckets", len(known), needed)
    if is_constant(known):
        text = "All values of the series are equal, so nothing shows how far the next may lie from them."
        return Reason("constant", text)
    if len(known) < KNOWN_SHARE * len(y):
        return reasons.not_estimated("More than half of the buckets have no value; take a coarser granularity.")
    if float(np.abs(known).max()) > LARGEST:
        return reasons.not_estimated("The values are too large to be forecast.")
    return None


@dataclass(frozen=True, slots=True)
class _Series:
    """Values as measured over `unit`, gaps filled, `z` the same on the scale on which they are smoothed, both (n,)."""

    y: Floats
    z: Floats
    is_known: Flags
    period: int
    unit: float
    as_logarithms: bool
    is_positive: bool

    @classmethod
    def of(cls, y: Floats, period: int) -> _Series:
        is_known = ~np.isnan(y)
        largest, is_positive = float(np.abs(y[is_known]).max()), bool(y[is_known].min() >= 0.0)
        as_logarithms = is_positive and largest > AS_LOGARITHMS_FROM
        unit = 1.0 if as_logarithms else unit_scale(y[is_known])
        whole = filled_gaps(y / unit, period)
        z = np.log1p(whole) if as_logarithms else whole
        return cls(whole, z, is_known, period, unit, as_logarithms, is_positive)

    def back(self, z: Floats) -> Floats:
        """From the smoothed scale to that of `y`, never below zero where no value is."""
        y = np.expm1(np.minimum(z, 700.0)) if self.as_logarithms else z
        return np.maximum(y, 0.0) if self.is_positive else y

    def possible(self, floor: float | None, ceiling: float | None) -> tuple[float, float]:
        """Between which values the next lie, on the scale of `y`: the bounds, or the values beyond them."""
        known = self.y[self.is_known]
        low = -np.inf if floor is None else min(floor / self.unit, float(known.min()))
        return low, np.inf if ceiling is None else max(ceiling / self.unit, float(known.max()))

    def smoothed(self, y: Floats) -> Floats:
        z: Floats = np.log1p(np.maximum(y, 0.0)) if self.as_logarithms else y
        return z


@dataclass(frozen=True, slots=True)
class _Backtests:
    """What came and what was `guessed`, on the smoothed scale: (cases, horizon). `known` is NaN where the series ended
    or had a gap, `whole` only where it ended. `next` (horizon,): what the chosen method says now; `mae` of it and of
    the last cycle."""

    known: Floats
    whole: Floats
    guessed: Floats
    next: Floats
    repeats: bool
    mae: float
    mae_naive: float
    blocks: Blocks

    @classmethod
    def of(cls, series: _Series, horizon: int) -> _Backtests:
        n, period = len(series.z), series.period
        first = max(min(2 * period + 1, n // 2), n // 3, 8)
        begins = np.unique(np.linspace(first, n - 1, min(ORIGINS, n - first)).astype(np.intp))
        z = np.where(series.is_known, series.z, np.nan)
        at = begins[:, None] + np.arange(horizon)
        known, whole = (np.pad(one, (0, horizon), constant_values=np.nan)[at] for one in (z, series.z))
        tried = np.stack([candidates(series.z[:begin], period, horizon) for begin in begins])
        error = np.abs(series.back(known)[:, None] - series.back(tried))
        mae = np.nanmean(error, axis=(0, 2))
        best = int(np.argmin(mae * np.r_[np.full(len(mae) - 1, MARGIN), 1.0]))
        blocks = Blocks((n - first) / ((horizon + 1) / 2.0), (n - first) / horizon)
        now = candidates(series.z, period, horizon)[best]
        return cls(known, whole, tried[:, best], now, best == len(mae) - 1, float(mae[best]), float(mae[-1]), blocks)


def _still_true(errors: Floats, tested: _Backtests) -> Floats:
    """The errors without those of 0 that were made at a level that is left for good, NaN in their place.

    A series of zeros that began to count has shown nothing of how it varies now by having been 0 before.
    """
    exact = errors == 0.0
    levels, now = tested.guessed[exact], tested.next
    is_bygone = bool(exact.any()) and not ((levels >= now.min() - 1e-9) & (levels <= now.max() + 1e-9)).any()
    left: Floats = np.where(exact, np.nan, errors)
    return left if is_bygone and not np.isnan(left).all() else errors


def _answer(series: _Series, tested: _Backtests, pattern: Cycle | None, possible: tuple[float, float]) -> Forecast:
    errors = _still_true(np.abs(tested.known - tested.guessed), tested)
    intervals = []
    for level in LEVELS:
        width = half_widths(errors, level, tested.blocks)
        ends = (np.clip(series.back(tested.next + side), *possible) * series.unit for side in (-width, width))
        low, high = (tuple(end.tolist()) for end in ends)
        intervals.append(ForecastInterval(level, low, high))
    values = np.clip(series.back(tested.next), *possible) * series.unit
    beats = tested.mae < MARGIN * tested.mae_naive
    return Forecast(
        tuple(values.tolist()),
        tuple(intervals),
        _total(series, tested, [max(one.high) for one in intervals]),
        int(series.is_known.sum()),
        tested.repeats,
        beats,
        _backtest(series, tested, errors),
        pattern,
        tuple(_cautions(tested, series.period, beats, errors)),
    )


def _total(series: _Series, tested: _Backtests, highest: Sequence[float]) -> Total:
    """The mean of the horizon's sum, with the errors that sums of backtests had about the sums of medians.

    highest: at each level the largest upper end of a value. Where no value is negative the sum is no less than any of
    them, so its upper end reaches as far: after a stop few whole horizons have seen it, and their errors are smaller.
    """
    ahead, known, guessed = (series.back(one) for one in (tested.next, tested.known, tested.guessed))
    middle = float(ahead.sum())
    value = mean_total(ahead, known, guessed, tested.blocks.totals) if series.as_logarithms else middle
    sums, expected = (np.cumsum(one, axis=1) for one in (series.back(tested.whole), guessed))
    off = _still_true(np.abs(series.smoothed(sums) - series.smoothed(expected)), tested)
    at = float(series.smoothed(np.array([middle]))[0])
    low = high = middle * series.unit  # rounding would leave it outside of an interval without width
    ends = []
    for level, most in zip(LEVELS, highest, strict=True):
        width = total_half_width(off, level, tested.blocks, grows=not series.as_logarithms)
        below, above = (series.back(np.array([at - width, at + width])) * series.unit).tolist()
        low, high = min(low, below), max(high, above, most if series.is_positive else above)
        ends.append((low, high))
    narrow, wide = ends
    enough = series.is_known.sum() >= NEEDED_FOR_95
    return Total(float(np.clip(value * series.unit, *narrow)), *narrow, *(wide if enough else (None, None)))


def _backtest(series: _Series, tested: _Backtests, errors: Floats) -> Backtest:
    y = np.where(series.is_known, series.y, np.nan)
    steps = np.abs(y[series.period :] - y[: -series.period])
    scale = float(np.nanmean(steps)) if (~np.isnan(steps)).any() else 0.0
    mase, naive = (float(mae / scale) if scale > 0.0 else None for mae in (tested.mae, tested.mae_naive))
    inside_80, inside_95 = (coverage(errors, level, tested.blocks) for level in LEVELS)
    return Backtest(len(errors), mase, naive, inside_80, inside_95)


def _cautions(tested: _Backtests, period: int, beats: bool, errors: Floats) -> list[str]:
    last = {7: "last week", 24: "yesterday", 12: "last year"}.get(period, "the last value")
    found = []
    if np.nanmax(errors) == 0.0:
        found.append("Every backtest was exact, so the intervals cannot show what has never happened yet.")
    elif not beats:
        found.append(f"In backtests nothing was clearly better than {last} once more: this is hardly more than that.")
    if tested.blocks.values < 3.0:
        found.append("The horizon is long for so few values: the backtests behind the intervals overlap.")
    return found
