"""Trend of a short series: Theil-Sen slope, its interval, and a p-value that holds under autocorrelation."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Literal, NamedTuple

import numpy as np

from chimera_metrics.analytics.inference import reasons
from chimera_metrics.analytics.inference.critical_values import critical_value, p_value
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

Direction = Literal["rising", "falling", "steady", "unclear"]

LEVEL = 0.05
NEEDED_FOR_SLOPE, NEEDED_FOR_P = 4, 8
STEADY_SHARE = 0.05
MOST_DISTANCES = 500
FARTHEST = 3.0
MAD_TO_SD, MEAN_TO_SD = 1.482602218505602, 1.2533141373155003


@dataclass(frozen=True, slots=True)
class Trend:
    """The answer of `trend`; slopes are in the series' unit per day, `change_pct` over the window."""

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


class Lines(NamedTuple):
    """The lines of some series, all (m,): Sen's slope, the slope that is tested, its standard error (all in units
    per day), and the autocorrelation around the line."""

    sen: Floats
    slope: Floats
    error: Floats
    rho: Floats


def trend(values: Sequence[float | None], times_days: Sequence[float] | None = None) -> Trend:
    """The trend of one series: how much it changes a day, between which bounds, and whether that is chance.

    values: the series in the order of time, any unit, gaps allowed. times_days: their times in days, rising
    (default 0, 1, 2, ...).
    Returns: slope and 95 % interval (unit per day), two-sided p-value (0 to 1), direction, change over the window
    (% of where the fitted line starts), autocorrelation (0 to 0.95). The interval leaves out 0 exactly when p < 0.05.
    direction: rising or falling when p < 0.05; steady when the whole interval, over the window, lies within 5 % of
    the mean; unclear otherwise.
    Undefined when: fewer than 4 values (all), fewer than 8 (interval and p), all equal (p), the line starts at or
    below zero (change_pct); `reason` says which.
    Formula: slope = median of (y_j - y_i) / (t_j - t_i). p: Prais-Winsten t of the series, its points farther than
    3 robust sd from Sen's line pulled in to 3, with rho = (n r1 + 2) / (n - 4) clipped to 0 to 0.95, against values
    simulated by n and rho. Interval: the slopes that this test does not reject at 5 %.
    Source: Sen 1968, doi:10.1080/01621459.1968.10480934; Prais and Winsten 1954; docs/statistics.md.
    Example: 1, 2, ..., 10 gives slope 1.0, direction rising, change_pct 900.
    """
    found = _measured(values, times_days)
    return _judged(found, found.p_value)


def _measured(values: Sequence[float | None], times_days: Sequence[float] | None) -> Trend:
    """Everything of `trend` but whether it rises or falls."""
    y = floats(values)
    t = times(times_days, len(y))
    keep = ~np.isnan(y)
    order = np.argsort(t[keep], kind="stable")
    y, t = y[keep][order], t[keep][order]
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
    line = fit_lines(y[None], t) if n >= NEEDED_FOR_P else None
    slope = float(line.sen[0] if line else sen_slope(y[None], t)[0])
    start = float(np.median(y - slope * (t - t[0])))
    change = finite_or_none(100.0 * slope * span / start) if start > 0.0 else None
    reason = None
    if change is None:
        reason = reasons.not_estimated("A change in % needs a line that starts above zero.")
    found = Trend(n, finite_or_none(slope * scale), None, None, None, None, "unclear", change, None, reason)
    if line is None:
        return replace(found, reason=reasons.too_few("Telling a trend from chance", n, NEEDED_FOR_P))
    p = p_of(line, n)
    reach = float(critical_value("trend", LEVEL, line.rho, n)[0] * line.error[0])
    low, high = min(slope, float(line.slope[0]) - reach), max(slope, float(line.slope[0]) + reach)
    is_steady = max(abs(low), abs(high)) * span <= STEADY_SHARE * abs(float(y.mean()))
    return replace(
        found,
        slope_low=finite_or_none(low * scale),
        slope_high=finite_or_none(high * scale),
        p_value=float(p[0]),
        autocorrelation=float(line.rho[0]),
        direction="steady" if is_steady else "unclear",
    )


def trends(
    series: Sequence[Sequence[float | None]], times_days: Sequence[Sequence[float]] | None = None
) -> list[Trend]:
    """The trend of several groups, each as `trend`, judged together.

    series: one per group. times_days: the times of each, in days (default 0, 1, 2, ...).
    Returns: one Trend a group; `p_adjusted` (Benjamini-Hochberg over the groups) decides rising or falling.
    Undefined when: as `trend`; a group without a p-value does not count as one tried.
    Source: Benjamini and Hochberg 1995, doi:10.1111/j.2517-6161.1995.tb02031.x.
    Example: 20 groups of noise: about one report in 20 calls any of them rising or falling.
    """
    found = [_measured(values, times_days[i] if times_days else None) for i, values in enumerate(series)]
    adjusted = benjamini_hochberg([one.p_value for one in found])
    return [_judged(one, p) for one, p in zip(found, adjusted, strict=True)]


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


def trend_p_values(y: Floats, t: Floats) -> tuple[Floats, Lines]:
    """Two-sided p-values (m,) of the series y: (m, n) at the times t: (n,), and the lines they are of."""
    lines = fit_lines(y, t)
    return p_of(lines, len(t)), lines


def p_of(lines: Lines, n: int) -> Floats:
    """Two-sided p-values (m,) of lines through n points."""
    return p_value("trend", lines.slope / lines.error, lines.rho, n)


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


def _judged(found: Trend, p_adjusted: float | None) -> Trend:
    direction = found.direction
    if p_adjusted is not None and p_adjusted < LEVEL and found.slope_per_day:
        direction = "rising" if found.slope_per_day > 0.0 else "falling"
    return replace(found, p_adjusted=p_adjusted, direction=direction)


def _undefined(n: int, reason: Reason) -> Trend:
    return Trend(n, None, None, None, None, None, "unclear", None, None, reason)
