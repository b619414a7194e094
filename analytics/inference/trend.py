"""Trend of a short series: Theil-Sen slope, its interval, and a p-value that holds under autocorrelation."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Literal, NamedTuple

import numpy as np

from chimera_metrics.analytics.inference import reasons
from chimera_metrics.analytics.inference.change_points import ChangePoints
from chimera_metrics.analytics.inference.critical_values import critical_value, p_value
from chimera_metrics.analytics.inference.cycles import Cycle, checked_period, cycle
from chimera_metrics.analytics.inference.multiplicity import benjamini_hochberg
from chimera_metrics.analytics.inference.reasons import Reason
from chimera_metrics.analytics.inference.series import (
    Floats,
    detrend,
    finite_or_none,
    floats,
    is_constant,
    lag1,
    times,
    unit_scale,
)
from chimera_metrics.analytics.inference.slope_between_steps import BetweenSteps, slope_between_steps

Direction = Literal["rising", "falling", "steady", "unclear"]

LEVEL = 0.05
NEEDED_FOR_SLOPE, NEEDED_FOR_P = 4, 8
STEADY_SHARE = 0.05
MOST_DISTANCES = 500
FARTHEST = 3.0
MAD_TO_SD, MEAN_TO_SD = 1.482602218505602, 1.2533141373155003
TOO_SHORT, SHORT_TO = 20, 40
SLOW_FROM, SLOW_FROM_IF_SHORT = 0.6, 0.4
UNSEEN = (
    "Fewer than 20 points do not show autocorrelation: of series that only drift, up to 140 in 1,000 would show a "
    "trend this clear, not 50."
)
SLOW = (
    "The values follow each other closely (autocorrelation {rho:.2f}): of series that only drift, {ar} in 1,000 would "
    "show a trend, not 50, and of random walks {walk}."
)
NEARLY_THROUGHOUT, MOST_RANKED = 0.8, 500
BENT = (
    "The values {move} nearly throughout (Kendall's tau {tau:.2f}), but along a bend, such as growth by a "
    "percentage, or as a drift: no straight line fits them well enough to say how fast. Read the points."
)
SLOW_SHARES = {20: (75, 120), 40: (100, 160), 90: (90, 240)}
SLOW_SHARES_BEYOND = (65, 320)


@dataclass(frozen=True, slots=True)
class TrendEstimate:
    """The answer of `trend`; slopes are in the series' unit per day, `change_pct` over the window.

    between_steps: the slope that is left when the levels between change points are taken out, where there are any.
    explained_by_steps: the series rises or falls, and between its steps it does not. cycle: what was taken out first.
    """

    n: int
    slope_per_day: float | None
    slope_low: float | None
    slope_high: float | None
    p_value: float | None
    p_adjusted: float | None
    direction: Direction
    change_pct: float | None
    autocorrelation: float | None
    reason: Reason | None = None
    between_steps: BetweenSteps | None = None
    explained_by_steps: bool = False
    cycle: Cycle | None = None
    cautions: tuple[str, ...] = ()


class Lines(NamedTuple):
    """The lines of some series, all (m,): Sen's slope, the slope that is tested, its standard error (all in units
    per day), and the autocorrelation around the line."""

    sen: Floats
    slope: Floats
    error: Floats
    rho: Floats


def trend(
    values: Sequence[float | None],
    times_days: Sequence[float] | None = None,
    *,
    period: int | None = None,
    steps: ChangePoints | None = None,
) -> TrendEstimate:
    """The trend of one series: how much it changes a day, between which bounds, and whether that is chance.

    values: the series in the order of time, any unit, gaps allowed. times_days: their times in days, rising
    (default 0, 1, 2, ...). period: 7 for daily values, 24 for hourly, 12 for monthly ones: a cycle that repeats is
    taken out first. steps: what `change_points` said of the same values with the same period, if known.
    Returns: slope and 95 % interval (unit per day), two-sided p-value (0 to 1), direction, change over the window
    (% of where the fitted line starts; where no value is below 0, neither is the line's end, and -100 the least),
    autocorrelation (0 to 0.95). The interval leaves out 0 exactly when p < 0.05.
    direction: rising or falling when p < 0.05; steady when the whole interval, over the window, lies within 5 % of
    the mean; unclear otherwise. With steps: the slope between them, and whether they explain the trend.
    Undefined when: fewer than 4 values (all), fewer than 8 (interval and p), all equal (p), the line starts at or
    below zero (change_pct); `reason` says which.
    Formula: slope = median of (y_j - y_i) / (t_j - t_i). p: Prais-Winsten t of the series, its points farther than
    3 robust sd from Sen's line pulled in to 3, with rho = (n r1 + 2) / (n - 4) clipped to 0 to 0.95, against values
    simulated by n and rho (and with the cycle's removal inside, where one was removed). Interval: the slopes that this
    test does not reject at 5 %. Where they leave out the median slope, as in series that are mostly zero, the slope
    is that of the Prais-Winsten line.
    Source: Sen 1968, doi:10.1080/01621459.1968.10480934; Prais and Winsten 1954; docs/statistics.md.
    Example: 1, 2, ..., 10 gives slope 1.0, direction rising, change_pct 900.
    """
    found = _measured(values, times_days, period, steps)
    return _judged(found, found.p_value)


def trends(
    series: Sequence[Sequence[float | None]],
    times_days: Sequence[Sequence[float]] | None = None,
    *,
    period: int | None = None,
    steps: Sequence[ChangePoints] | None = None,
) -> list[TrendEstimate]:
    """The trends of several groups, each as `trend`, judged together.

    series: one per group. times_days: the times of each, in days (default 0, 1, 2, ...). period: of all. steps: of
    each, if known.
    Returns: one TrendEstimate a group; `p_adjusted` (Benjamini-Hochberg over the groups) decides rising or falling.
    Undefined when: as `trend`; a group without a p-value does not count as one tried.
    Source: Benjamini and Hochberg 1995, doi:10.1111/j.2517-6161.1995.tb02031.x.
    Example: 20 groups of noise: about one report in 20 calls any of them rising or falling.
    """
    found = [
        _measured(values, times_days[i] if times_days else None, period, steps[i] if steps else None)
        for i, values in enumerate(series)
    ]
    adjusted = benjamini_hochberg([one.p_value for one in found])
    return [_judged(one, p) for one, p in zip(found, adjusted, strict=True)]


def _measured(
    values: Sequence[float | None],
    times_days: Sequence[float] | None,
    period: int | None,
    steps: ChangePoints | None,
) -> TrendEstimate:
    """Everything of `trend` but whether it rises or falls."""
    checked_period(period)
    pattern = (steps.cycle if steps and steps.cycle else cycle(values, period)) if period else None
    y = floats(pattern.adjusted if pattern else values)
    t = times(times_days, len(y))
    present = np.flatnonzero(~np.isnan(y))
    present = present[np.argsort(t[present], kind="stable")]
    y, t = y[present], t[present]
    found = _of_line(y, t, period if pattern and pattern.found else None)
    if pattern:
        found = replace(
            found, cycle=pattern, cautions=(*((pattern.caution,) if pattern.caution else ()), *found.cautions)
        )
    if found.change_pct is not None and not any(value is not None and value < 0.0 for value in values):
        found = replace(found, change_pct=max(found.change_pct, -100.0))
    if found.p_value is None:
        return found
    scale = unit_scale(y)
    if steps is None or not steps.changes:
        return replace(found, cautions=(*found.cautions, *_bent(y / scale, found.p_value)))
    cuts = np.searchsorted(np.sort(present), [change.index for change in steps.changes])
    left = slope_between_steps(y / scale, t, [int(cut) for cut in cuts])
    if left is None:
        return found
    slope = finite_or_none(left.slope_per_day * scale)
    return replace(found, between_steps=None if slope is None else replace(left, slope_per_day=slope))


def _of_line(y: Floats, t: Floats, period: int | None) -> TrendEstimate:
    """The line through y: (n,) at the times t: (n,), rising; period: that of the cycle that was taken out."""
    n = len(y)
    if n == 0:
        return _undefined(n, reasons.no_data("the series"))
    if n < NEEDED_FOR_SLOPE or t[0] == t[-1]:
        return _undefined(n, reasons.too_few("A trend", n, NEEDED_FOR_SLOPE))
    if is_constant(y):
        none = _undefined(n, reasons.constant("the series"))
        return replace(none, slope_per_day=0.0, direction="steady", change_pct=0.0)
    scale = unit_scale(y)
    y = y / scale
    span = float(t[-1] - t[0])
    if n < NEEDED_FOR_P:
        slope = float(sen_slope(y[None], t)[0])
        short = reasons.too_few("Telling a trend from chance", n, NEEDED_FOR_P)
        change = _change_pct(y, t, slope)
        return TrendEstimate(n, finite_or_none(slope * scale), None, None, None, None, "unclear", change, None, short)
    line = fit_lines(y[None], t)
    p = float(p_of(line, n, period)[0])
    rho = float(line.rho[0])
    reach = float(critical_value("trend", LEVEL, line.rho, n, period)[0] * line.error[0])
    low, high = float(line.slope[0]) - reach, float(line.slope[0]) + reach
    slope = float(line.sen[0])
    if (low <= 0.0 <= high) != (p >= LEVEL):  # only by rounding: the interval ends where p is 0.05
        low, high = (min(low, 0.0), max(high, 0.0)) if p >= LEVEL else (low, high)
    if not low <= slope <= high:
        slope = float(line.slope[0])
    change = _change_pct(y, t, slope)
    reason = None if change is not None else reasons.not_estimated("A change in % needs a line that starts above zero.")
    is_steady = max(abs(low), abs(high)) * span <= STEADY_SHARE * abs(float(y.mean()))
    return TrendEstimate(
        n,
        finite_or_none(slope * scale),
        finite_or_none(low * scale),
        finite_or_none(high * scale),
        p,
        None,
        "steady" if is_steady else "unclear",
        change,
        rho,
        reason,
        cautions=cautions_of(n, p, rho),
    )


def _change_pct(y: Floats, t: Floats, slope: float) -> float | None:
    """The climb over the window, in % of where the line starts."""
    start = float(np.median(y - slope * (t - t[0])))
    return finite_or_none(100.0 * slope * float(t[-1] - t[0]) / start) if start > 0.0 else None


def cautions_of(n: int, p: float, rho: float) -> tuple[str, ...]:
    """What to say of a trend that may be drift: measured shares of AR(1) 0.9 and of random walks that show one."""
    if p >= LEVEL:
        return ()
    if n < TOO_SHORT:
        return (UNSEEN,) if p > LEVEL / 50.0 else ()
    if rho < (SLOW_FROM_IF_SHORT if n <= SHORT_TO else SLOW_FROM):
        return ()
    ar, walk = next((shares for most, shares in SLOW_SHARES.items() if n <= most), SLOW_SHARES_BEYOND)
    return (SLOW.format(rho=rho, ar=ar, walk=walk),)


def _bent(y: Floats, p: float) -> tuple[str, ...]:
    """What to say of values that plainly rise or fall, although no line through them is clear."""
    if p < LEVEL:
        return ()
    ranked = y if len(y) <= MOST_RANKED else y[np.linspace(0, len(y) - 1, MOST_RANKED).astype(np.intp)]
    pairs = len(ranked) * (len(ranked) - 1) / 2.0
    tau = float(np.triu(np.sign(ranked[None, :] - ranked[:, None]), 1).sum()) / pairs
    if abs(tau) < NEARLY_THROUGHOUT:
        return ()
    return (BENT.format(move="rise" if tau > 0.0 else "fall", tau=tau),)


def sen_slope(y: Floats, t: Floats) -> Floats:
    """The median of the slopes of all pairs of points, (m,). y: (m, n); t: (n,), rising.

    Beyond 500 points: pairs at 500 evenly spread distances.
    """
    n = len(t)
    distances = np.unique(np.linspace(1, n - 1, min(n - 1, MOST_DISTANCES)).astype(np.intp))
    slopes = np.empty((len(y), int((n - distances).sum())))
    filled = 0
    has_ties = bool((np.diff(t) <= 0.0).any())
    for d in distances:
        apart = t[d:] - t[:-d]
        width = n - d
        if has_ties:
            rising = apart > 0.0
            width = int(rising.sum())
            slopes[:, filled : filled + width] = ((y[:, d:] - y[:, :-d])[:, rising]) / apart[rising]
        else:
            np.divide(y[:, d:] - y[:, :-d], apart, out=slopes[:, filled : filled + width])
        filled += width
    return np.median(slopes[:, :filled], axis=1, overwrite_input=True)


def trend_p_values(y: Floats, t: Floats, period: int | None = None) -> tuple[Floats, Lines]:
    """Two-sided p-values (m,) of the series y: (m, n) at the times t: (n,), and the lines they are of."""
    lines = fit_lines(y, t)
    return p_of(lines, len(t), period), lines


def p_of(lines: Lines, n: int, period: int | None = None) -> Floats:
    """Two-sided p-values (m,) of lines through n points; period: that of the cycle that was taken out."""
    t = np.divide(lines.slope, lines.error, out=np.zeros(len(lines.slope)), where=lines.error > 0.0)
    return p_value("trend", t, lines.rho, n, period)


def fit_lines(y: Floats, t: Floats) -> Lines:
    """The lines of y: (m, n) over t: (n,): Sen's, then Prais-Winsten's with far points pulled in to 3 robust sd."""
    n = len(t)
    x = t - t.mean()
    sen = sen_slope(y, t)
    left = y - sen[:, None] * x
    left = left - np.median(left, axis=1, keepdims=True)
    size = np.abs(left)
    sd = MAD_TO_SD * np.median(size, axis=1)
    sd = np.where(sd > 0.0, sd, MEAN_TO_SD * size.mean(axis=1))
    least = 1e-12 * np.maximum(np.abs(y).max(axis=1), 1e-300)
    sd = np.maximum(sd, least)[:, None]
    u = np.clip(left / sd, -FARTHEST, FARTHEST)
    rho = np.clip((n * lag1(detrend(u, x)) + 2.0) / (n - 4.0), 0.0, 0.95)
    first, r = np.sqrt(1.0 - rho * rho)[:, None], rho[:, None]
    ones = np.concatenate([first, np.broadcast_to(1.0 - r, (len(u), n - 1))], axis=1)
    slopes = np.concatenate([first * x[0], x[1:] - r * x[:-1]], axis=1)
    target = np.concatenate([first * u[:, :1], u[:, 1:] - r * u[:, :-1]], axis=1)
    s00, s01, s11 = (ones * ones).sum(1), (ones * slopes).sum(1), (slopes * slopes).sum(1)
    c0, c1 = (ones * target).sum(1), (slopes * target).sum(1)
    determinant = s00 * s11 - s01 * s01
    b1 = (s00 * c1 - s01 * c0) / determinant
    b0 = (c0 - s01 * b1) / s00
    misfit = target - b0[:, None] * ones - b1[:, None] * slopes
    error = np.sqrt((misfit * misfit).sum(1) / (n - 2.0) * s00 / determinant)
    least_error = 1e-12 / max(float(np.abs(x).max()), 1e-300)
    unit = sd[:, 0] / (np.abs(left) < FARTHEST * sd).mean(axis=1)  # pulled-in points answer only in part
    return Lines(sen, sen + b1 * unit, np.maximum(error, least_error) * unit, rho)


def _judged(found: TrendEstimate, p_adjusted: float | None) -> TrendEstimate:
    direction = found.direction
    if p_adjusted is not None and p_adjusted < LEVEL and found.slope_per_day:
        direction = "rising" if found.slope_per_day > 0.0 else "falling"
    left = found.between_steps
    is_explained = direction in ("rising", "falling") and left is not None and left.p_value >= LEVEL
    return replace(found, p_adjusted=p_adjusted, direction=direction, explained_by_steps=is_explained)


def _undefined(n: int, reason: Reason) -> TrendEstimate:
    return TrendEstimate(n, None, None, None, None, None, "unclear", None, None, reason)
