"""The two sides of a difference: the days that are compared, and each side's value with what its days add to it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Literal

import numpy as np

from chimera_metrics.analytics.inference.series import Floats, Indices, floats, unit_scale

NEEDED_DAYS = 3
WEEK = 7

Kind = Literal["total", "level"]


@dataclass(frozen=True, slots=True)
class DailySide:
    """One side day by day. days: ordinal numbers, rising. values: the metric of each day, None without rows. n: what
    each rests on. whole: the metric over all days together, where it is not the mean or sum of the days (quantiles)."""

    days: Sequence[int]
    values: Sequence[float | None]
    n: Sequence[int]
    whole: float | None = None


@dataclass(frozen=True, slots=True)
class Side:
    """A side's value; of its days the largest absolute value, and all (days,) the deviations from the side's value,
    their shares in it (mean 1), and their sizes."""

    value: float | None
    a_day: float
    largest: float
    deviation: Floats
    share: Floats
    weight: Floats
    days: Indices
    n: int
    known: int
    can_be_ratio: bool
    is_total: bool


def paired(first: DailySide, second: DailySide, apart: int) -> tuple[DailySide, DailySide]:
    """The days of two sides that have their pair, so many days later."""
    there = {day: place for place, day in enumerate(first.days)}
    pairs = [(there[day - apart], place) for place, day in enumerate(second.days) if day - apart in there]
    return _taken(first, [i for i, _ in pairs]), _taken(second, [j for _, j in pairs])


def _taken(side: DailySide, places: Sequence[int]) -> DailySide:
    return DailySide(
        [side.days[i] for i in places], [side.values[i] for i in places], [side.n[i] for i in places], side.whole
    )


def scale_of(first: DailySide, second: DailySide) -> float:
    """A power of two near the largest value, so that squares stay finite; 1 for shares and their like."""
    every = [floats([*side.values, side.whole]) for side in (first, second)]
    scale = unit_scale(np.nan_to_num(np.concatenate(every)))
    return 1.0 if 1e-6 < scale < 1e12 else scale


def divided(side: DailySide, scale: float) -> DailySide:
    """The side with its values in units of `scale`."""
    if scale == 1.0:
        return side
    values = [None if value is None else value / scale for value in side.values]
    return replace(side, values=values, whole=None if side.whole is None else side.whole / scale)


def of_shared_weekdays(first: DailySide, second: DailySide) -> tuple[DailySide, DailySide]:
    """The days of the weekdays that both sides have, so that a weekend on one side alone is no difference.

    All days where that would leave fewer than 3 with values on a side, and of values over all days (`whole`).
    """
    shared = {day % WEEK for day in first.days} & {day % WEEK for day in second.days}
    kept = [[i for i, day in enumerate(side.days) if day % WEEK in shared] for side in (first, second)]
    known = [sum(side.values[i] is not None for i in of) for side, of in zip((first, second), kept, strict=True)]
    if min(known) < NEEDED_DAYS or first.whole is not None or second.whole is not None:
        return first, second
    return _taken(first, kept[0]), _taken(second, kept[1])


def weekdays_alike(first: DailySide, second: DailySide) -> list[Floats]:
    """Weights of the days of two sides, mean 1, by which every weekday counts alike; 1 each where one lacks some."""
    weekdays = [np.array(side.days, dtype=np.int64) % WEEK for side in (first, second)]
    if not are_alike(*weekdays):
        return [np.ones(len(one)) for one in weekdays]
    counts = [np.bincount(one, minlength=WEEK)[one].astype(np.float64) for one in weekdays]
    return [len(one) / (len(np.unique(one)) * count) for one, count in zip(weekdays, counts, strict=True)]


def weekdays_as_second(first: DailySide, second: DailySide) -> list[Floats]:
    """The same, by which every weekday of the first side counts as often as the second has it."""
    weekdays = [np.array(side.days, dtype=np.int64) % WEEK for side in (first, second)]
    return [weights_as(*weekdays), np.ones(len(second.days))]


def weights_as(then: Indices, now: Indices) -> Floats:
    """Weights of days, mean 1, that are on the weekdays `then`, by which each counts as often as it is in `now`; 1 each
    where one lacks some."""
    if not are_alike(then, now):
        return np.ones(len(then))
    old, new = (np.bincount(one, minlength=WEEK)[then] for one in (then, now))
    weights: Floats = new / old * (len(then) / len(now))
    return weights


def are_alike(first: Indices, second: Indices) -> bool:
    """Whether two sides have days, and of the same weekdays."""
    return len(first) > 0 and np.array_equal(np.unique(first % WEEK), np.unique(second % WEEK))


def measured(given: DailySide, kind: Kind, alike: Floats, *, is_total: bool) -> Side:
    """A side's value and what its days add to it. alike: weights of the days, mean 1. is_total: sums are over all
    days, not per day."""
    values, n = floats(given.values), np.array(given.n, dtype=np.float64)
    days, rows = np.array(given.days, dtype=np.int64), int(n.sum())
    if kind == "total":
        values = np.nan_to_num(values)
        mean = float((alike * values).mean()) if len(values) else 0.0
        value = None if not len(values) else float(values.sum()) if is_total else mean
        value = given.whole if given.whole is not None and value is not None else value
        positive = bool((values >= 0.0).all()) and mean > 0.0
        size = np.abs(values)
        most = float(size.max(initial=0.0))
        return Side(value, mean, most, values - mean, alike, size, days, rows, len(values), positive, True)
    n = np.where(np.isnan(values), 0.0, n)
    if not n.any():
        return Side(None, 0.0, 0.0, n, n, n, days, rows, 0, False, False)
    filled, share = np.nan_to_num(values), n * alike / (n * alike).mean()
    mean = float((filled * share).mean())
    value = mean if given.whole is None else given.whole
    deviation = np.where(n > 0.0, filled - mean, 0.0)
    most = float(np.abs(filled[n > 0.0]).max())
    return Side(value, mean, most, deviation, share, n, days, rows, int((n > 0.0).sum()), False, False)
