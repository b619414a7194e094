"""How clearly series of days step up or climb, and how clearly the clearest of many does when days are shuffled."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from chimera_metrics.analytics.inference.series import Flags, Floats, Indices

_PRIOR_DAYS = 4.0
_MOST_LAG, _MOST_SQUARE = 0.8, 0.998
_BLOCK = 250
Singles = NDArray[np.float32]


@dataclass(frozen=True, slots=True)
class Contrasts:
    """Rows of weights of the days, first as they are, then with days shuffled: `steps`, each the newer window or its
    rest from one of `births` on, and `line`, a straight line of length 1; both (shuffles + 1, days)."""

    steps: Sequence[Singles]
    line: Singles
    weekday: Indices

    @property
    def shuffles(self) -> int:
        return len(self.line) - 1


@dataclass(frozen=True, slots=True)
class DaySeries:
    """Series without their weekdays' means, of length 1 at most. x: (days, series). prior: the part of that length that
    is not seen but known to be noise, (series,). narrowed: the root of how many days each is worth, as a share."""

    x: Singles
    prior: Singles
    narrowed: Floats


def without_weekdays(x: Floats, weekday: Indices) -> Floats:
    """Each column of x: (days, series) without its weekdays' means."""
    left = np.array(x, dtype=np.float64)
    for day in np.unique(weekday):
        left[weekday == day] -= left[weekday == day].mean(axis=0)
    return left


def contrasts(
    weekday: Indices, after: Flags, rng: np.random.Generator, shuffles: int, births: Sequence[int] = ()
) -> Contrasts:
    """Days are shuffled after weekdays are taken out of the series. Source: Freedman and Lane 1983,
    doi:10.2307/1391660."""
    days = len(weekday)
    line = without_weekdays(np.arange(float(days))[:, None], weekday)[:, 0]
    places = np.tile(np.arange(days), (shuffles + 1, 1))
    places[1:] = rng.permuted(places[1:], axis=1)
    starts = [after, *(after & (np.arange(days) >= birth) for birth in births)]
    steps = [start.astype(np.float32)[places] for start in starts]
    return Contrasts(steps, (line / np.sqrt((line**2).sum() + 1e-300)).astype(np.float32)[places], weekday)


def day_series(series: Floats, floor: Floats, rows: Contrasts) -> DaySeries:
    """Series of (days, series), as they can be compared. floor: the variance by sampling of each; it counts for as much
    as 4 days do."""
    x = without_weekdays(series, rows.weekday)
    size = np.sqrt((x**2).sum(axis=0) + _PRIOR_DAYS * floor + 1e-300)
    x = x / size
    prior = (_PRIOR_DAYS * floor / size**2).astype(np.float32)
    return DaySeries(x.astype(np.float32), prior, _narrowed(x, rows))


def squared_t(x: Singles, prior: Singles, rows: Contrasts, these: slice) -> Singles:
    """The larger of a step's and a line's t squared, of some rows of the contrasts and all series: (rows, series).

    A step's noise is that of the days before it, drawn towards the variance by sampling.
    """
    days, used = len(x), len(np.unique(rows.weekday))
    square = x**2
    squares = square.sum(axis=0) + prior + np.float32(1e-12)
    line = rows.line[these] @ x
    np.multiply(line, line, out=line)
    np.minimum(line, np.float32(_MOST_SQUARE), out=line)
    most: Singles = line / (1 - line)
    most *= np.float32(max(days - used - 1, 1))
    for after in rows.steps:
        newer = float(after[0].sum())
        older = days - newer
        degrees = max(older - used, 1.0) + _PRIOR_DAYS
        part = after[these] @ x  # the sum of all days is 0, so this is also what the days before it lack
        np.multiply(part, part, out=part)
        spread = squares - after[these] @ square
        spread -= part / np.float32(older)
        np.maximum(spread, prior + np.float32(1e-12), out=spread)
        part *= np.float32(degrees * (1.0 / newer + 1.0 / older))
        part /= spread
        np.maximum(most, part, out=most)
    return most


def highest(series: Sequence[DaySeries], rows: Contrasts, these: range) -> Singles:
    """The largest squared t of all series in each of the rows."""
    found = np.zeros(len(these), np.float32)
    for one in series:
        for begin in range(0, len(these), _BLOCK):
            block = slice(these[begin], min(these[begin] + _BLOCK, these.stop))
            part = found[begin : begin + _BLOCK]
            np.maximum(part, squared_t(one.x, one.prior, rows, block).max(axis=1), out=part)
    return found


def _narrowed(x: Floats, rows: Contrasts) -> Floats:
    """The root of how many days each series is worth, as a share, when step and line are taken out."""
    days, used = len(x), len(np.unique(rows.weekday))
    steps = (without_weekdays(after[0][:, None], rows.weekday)[:, 0] for after in rows.steps)
    known = np.column_stack([*steps, rows.line[0]])
    left = x - known @ np.linalg.lstsq(known, x, rcond=None)[0]
    power = np.maximum((left**2).sum(axis=0), 1e-300)
    lag = (left[1:] * left[:-1]).sum(axis=0) / power + 2.0 / max(days - used - 2, 1)
    # One series tells it badly: half its own, half the mean of all alike; alone, an error is added.
    error = 1.0 / np.sqrt(days) if x.shape[1] == 1 else 0.0
    lag = np.clip((lag + lag.mean()) / 2.0 + error, 0.0, _MOST_LAG)
    narrowed: Floats = np.sqrt((1.0 - lag) / (1.0 + lag))
    return narrowed
