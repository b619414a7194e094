"""How much a metric differs between two sides, judged by their days: two windows, two groups, before and since."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from math import exp, log, sqrt
from typing import Literal

import numpy as np

from chimera_metrics.analytics.inference import reasons
from chimera_metrics.analytics.inference.multiplicity import benjamini_hochberg
from chimera_metrics.analytics.inference.reasons import Reason
from chimera_metrics.analytics.inference.series import Floats, Indices, finite_or_none, floats, unit_scale

LEVEL = 0.05
NEEDED_DAYS = 3
SAME_WITHIN = 0.05
"""A difference whose whole interval is within this share of the first side's value is none that matters."""
WEEK = 7
WEEKDAYS_FROM = 14
_LAG_ADDED, _LAG_DAYS, _MOST_LAG = 2.0, 2.5, 0.9
_LAG_ADDED_APART, _LAG_DAYS_APART = 38.0, 4.0
"""Of sides that do not pair two means are taken out, which hides more of the lag, and most of it in few days."""
_LEAST_FREEDOM = 3.0
_HUGE = 1e300
_FARTHEST_RATIO = 4.0
_LAST_DIGITS = 1e-12
"""What the order of adding up changes of a value, as a share, is no difference."""

Kind = Literal["total", "level"]
Verdict = Literal["better", "worse", "same", "unclear"]
Better = Literal["higher", "lower", "neutral"]


@dataclass(frozen=True, slots=True)
class DailySide:
    """One side day by day. days: ordinal numbers, rising. values: the metric of each day, None without rows. n: what
    each rests on. whole: the metric over all days together, where it is not the mean or sum of the days (quantiles)."""

    days: Sequence[int]
    values: Sequence[float | None]
    n: Sequence[int]
    whole: float | None = None


@dataclass(frozen=True, slots=True)
class Difference:
    """`second` - `first` with its 95 % interval, in the metric's unit; p_adjusted: see `adjusted`."""

    first: float | None
    second: float | None
    change: float | None
    change_pct: float | None
    low: float | None
    high: float | None
    p_value: float | None
    n_first: int
    n_second: int
    days: int
    reason: Reason | None = None
    p_adjusted: float | None = None
    unpaired: int = 0
    """Days with a value on one side only, left out with the pair that they lack."""


def difference(
    first: DailySide,
    second: DailySide,
    *,
    kind: Kind,
    apart: int | None = None,
    is_rate: bool = False,
    as_second: bool = False,
) -> Difference:
    """How much higher the metric is on the second side, with a 95 % interval by days.

    kind: total for counts and sums, whose ratio is judged; level for means, rates and quantiles, whose difference is.
    apart: days between the two days of a pair (7, 14, ... for windows, so that weekdays pair; 0 for groups on the same
    days); None for sides that do not pair. Days without their pair are left out. is_rate: values are shares, 0 to 1.
    as_second: of sides that do not pair, each weekday of the first counts as often as the second has it.
    Returns: values of both sides, totals as sums over the days, or a day where sides do not pair. change, low and high
    in the metric's unit; change_pct in % of the first.
    Undefined when: a side has no rows; or fewer than 3 days with rows on a side: the interval is None beside a reason.
    Formula: with u the influence of a day on its side's value (its rows' share of them times its deviation; of a total
    its deviation over the mean, so that the ratio's logarithm is judged; its deviation itself where the interval would
    reach beyond 4 times or a quarter) and d = u2 - u1 by pairs, the difference
    +- t s(d) / sqrt(days) sqrt((1 + r) / (1 - r)), r = (days r1 + 2) / (days - 2.5) of d's lag-1 correlation r1,
    0 to 0.9; t has days (1 - r) / (1 + r) - 1 degrees of freedom, 3 to days - 1, fewer where few days hold most rows.
    Without pairs only days of weekdays that both sides have count, each weekday alike; weekday means are taken out from
    14 days on; the variances of both sides add up, and r = (n r1 + 2 + 38 / (n - k)) / (n - 4) over the n days of both,
    k weekday means taken out. A rate's variance is at least that of drawing its rows.
    Source: paired t; influence functions, Hampel 1974, doi:10.1080/01621459.1974.10482962; effective number of
    autocorrelated values, Bayley and Hammersley 1946, doi:10.2307/2983560; Welch 1947, doi:10.1093/biomet/34.1-2.28.
    Coverage: `python -m bench.honesty --sections Compare`.
    Example: 10, 12, 11, 10, 12, 4, 4 calls against 20, 24, 22, 20, 24, 8, 8 a week later are 63 more, 100 %.
    """
    sides = first, second
    first, second = _of_shared_weekdays(first, second) if apart is None else _paired(first, second, apart)
    known = [_known_days(one) for one in sides]
    if any(known) and not all(map(_known_days, (first, second))):
        a, b = (_side(one, kind, np.ones(len(one.days)), is_total=bool(apart)) for one in sides)
        return _undecided(a, b, _NO_COMMON_DAY if all(known) else _no_values("ab"[known.index(0)]))
    scale = _scale_of(first, second)
    alike = [np.ones(len(one.days)) for one in (first, second)]
    if apart is None:
        alike = _weekdays_as_second(first, second) if as_second else _weekdays_alike(first, second)
    a, b = (
        _side(_divided(one, scale), kind, weight, is_total=apart is not None)
        for one, weight in zip((first, second), alike, strict=True)
    )
    found = _multiplied(_by_days(a, b, is_paired=apart is not None, is_rate=is_rate), scale)
    if apart is None:
        return found
    return replace(found, unpaired=sum(known) - _known_days(first) - _known_days(second))


def _known_days(side: DailySide) -> int:
    return sum(value is not None for value in side.values)


def _no_values(side: str) -> Reason:
    return Reason("no_data", f"Side {side} has no values of the metric here, so there is nothing to compare.")


_NO_COMMON_DAY = Reason(
    "no_data",
    "No day has values on both sides, and a day is compared with the same day, or weekday, of the other side; "
    "an aggregate by group, such as day_of_week, shows both beside each other.",
)


def _by_days(a: _Side, b: _Side, *, is_paired: bool, is_rate: bool) -> Difference:
    if a.value is None or b.value is None:
        return _undecided(a, b, reasons.no_data("the metric"))
    have = min(a.known, b.known)
    if have < NEEDED_DAYS:
        text = f"An interval needs at least {NEEDED_DAYS} whole days with values on each side; there are {have}."
        return _undecided(a, b, Reason("too_few", text))
    error, freedom = _paired_error(a, b) if is_paired else _separate_error(a, b)
    if _by_ratio(a, b) and _reach(error, freedom) > log(_FARTHEST_RATIO):
        # So few or so different days do not bound a ratio: what they bound is the difference.
        return _by_days(replace(a, can_be_ratio=False), b, is_paired=is_paired, is_rate=is_rate)
    if is_rate:
        error = max(error, sqrt(_drawn(a) + _drawn(b)))
    return _judged(a, b, error, freedom, exact=2.0 ** (1 - have))


def undecided(first: DailySide, second: DailySide, reason: Reason) -> Difference:
    """Both sides' `whole` values and their change, without an interval: of what days do not add up to."""
    a, b = (
        replace(_side(one, "total", np.ones(len(one.days)), is_total=True), value=one.whole) for one in (first, second)
    )
    return _undecided(a, b, reason)


def adjusted(found: Sequence[Difference]) -> list[Difference]:
    """The differences of one question, each with its p-value adjusted for all of them (Benjamini-Hochberg)."""
    p_values = benjamini_hochberg([one.p_value for one in found])
    return [replace(one, p_adjusted=p) for one, p in zip(found, p_values, strict=True)]


def verdict_of(one: Difference, better: Better, *, level: float = LEVEL) -> Verdict:
    """What the difference means for a metric of which higher or lower is better.

    Returns: better or worse when p_adjusted < level; same when the whole interval lies within 5 % of the first side's
    value; unclear otherwise, and where neither direction is better.
    """
    if one.p_adjusted is None or one.change is None or one.low is None or one.high is None or one.first is None:
        return "unclear"
    if one.p_adjusted < level and one.change:
        if better == "neutral":
            return "unclear"
        return "better" if (one.change > 0.0) == (better == "higher") else "worse"
    room = SAME_WITHIN * abs(one.first)
    return "same" if -room <= one.low and one.high <= room else "unclear"


@dataclass(frozen=True, slots=True)
class _Side:
    """A side's value; of its days the deviations from it, their shares in it (mean 1), and their sizes, all (days,)."""

    value: float | None
    a_day: float
    deviation: Floats
    share: Floats
    weight: Floats
    days: Indices
    n: int
    known: int
    can_be_ratio: bool
    is_total: bool


def _paired(first: DailySide, second: DailySide, apart: int) -> tuple[DailySide, DailySide]:
    there = {day: place for place, day in enumerate(first.days)}
    pairs = [(there[day - apart], place) for place, day in enumerate(second.days) if day - apart in there]
    return _taken(first, [i for i, _ in pairs]), _taken(second, [j for _, j in pairs])


def _taken(side: DailySide, places: Sequence[int]) -> DailySide:
    return DailySide(
        [side.days[i] for i in places], [side.values[i] for i in places], [side.n[i] for i in places], side.whole
    )


def _scale_of(first: DailySide, second: DailySide) -> float:
    """A power of two near the largest value, so that squares stay finite; 1 for shares and their like."""
    every = [floats([*side.values, side.whole]) for side in (first, second)]
    scale = unit_scale(np.nan_to_num(np.concatenate(every)))
    return 1.0 if 1e-6 < scale < 1e12 else scale


def _divided(side: DailySide, scale: float) -> DailySide:
    if scale == 1.0:
        return side
    values = [None if value is None else value / scale for value in side.values]
    return replace(side, values=values, whole=None if side.whole is None else side.whole / scale)


def _multiplied(one: Difference, scale: float) -> Difference:
    if scale == 1.0:
        return one
    numbers = (one.first, one.second, one.change, one.low, one.high)
    first, second, change, low, high = (None if v is None else finite_or_none(v * scale) for v in numbers)
    return replace(one, first=first, second=second, change=change, low=low, high=high)


def _of_shared_weekdays(first: DailySide, second: DailySide) -> tuple[DailySide, DailySide]:
    """The days of the weekdays that both sides have, so that a weekend on one side alone is no difference.

    All days where that would leave fewer than 3 with values on a side, and of values over all days (`whole`).
    """
    shared = {day % WEEK for day in first.days} & {day % WEEK for day in second.days}
    kept = [[i for i, day in enumerate(side.days) if day % WEEK in shared] for side in (first, second)]
    known = [sum(side.values[i] is not None for i in of) for side, of in zip((first, second), kept, strict=True)]
    if min(known) < NEEDED_DAYS or first.whole is not None or second.whole is not None:
        return first, second
    return _taken(first, kept[0]), _taken(second, kept[1])


def _weekdays_alike(first: DailySide, second: DailySide) -> list[Floats]:
    """Weights of the days of two sides, mean 1, by which every weekday counts alike; 1 each where one lacks some."""
    weekdays = [np.array(side.days, dtype=np.int64) % WEEK for side in (first, second)]
    if not _are_alike(*weekdays):
        return [np.ones(len(one)) for one in weekdays]
    counts = [np.bincount(one, minlength=WEEK)[one].astype(np.float64) for one in weekdays]
    return [len(one) / (len(np.unique(one)) * count) for one, count in zip(weekdays, counts, strict=True)]


def _weekdays_as_second(first: DailySide, second: DailySide) -> list[Floats]:
    """The same, by which every weekday of the first side counts as often as the second has it."""
    weekdays = [np.array(side.days, dtype=np.int64) % WEEK for side in (first, second)]
    weights = [np.ones(len(one)) for one in weekdays]
    if _are_alike(*weekdays):
        then, now = (np.bincount(one, minlength=WEEK)[weekdays[0]] for one in weekdays)
        weights[0] = now / then * (len(weekdays[0]) / len(weekdays[1]))
    return weights


def _are_alike(first: Indices, second: Indices) -> bool:
    """Whether two sides have days, and of the same weekdays."""
    return len(first) > 0 and np.array_equal(np.unique(first % WEEK), np.unique(second % WEEK))


def _side(given: DailySide, kind: Kind, alike: Floats, *, is_total: bool) -> _Side:
    values, n = floats(given.values), np.array(given.n, dtype=np.float64)
    days, rows = np.array(given.days, dtype=np.int64), int(n.sum())
    if kind == "total":
        values = np.nan_to_num(values)
        mean = float((alike * values).mean()) if len(values) else 0.0
        value = None if not len(values) else float(values.sum()) if is_total else mean
        value = given.whole if given.whole is not None and value is not None else value
        positive = bool((values >= 0.0).all()) and mean > 0.0
        return _Side(value, mean, values - mean, alike, np.abs(values), days, rows, len(values), positive, True)
    n = np.where(np.isnan(values), 0.0, n)
    if not n.any():
        return _Side(None, 0.0, n, n, n, days, rows, 0, False, False)
    filled, share = np.nan_to_num(values), n * alike / (n * alike).mean()
    mean = float((filled * share).mean())
    value = mean if given.whole is None else given.whole
    deviation = np.where(n > 0.0, filled - mean, 0.0)
    return _Side(value, mean, deviation, share, n, days, rows, int((n > 0.0).sum()), False, False)


def _judged(a: _Side, b: _Side, error: float, freedom: float, exact: float) -> Difference:
    from scipy.special import stdtr

    first, second = a.value or 0.0, b.value or 0.0
    if abs(second - first) <= _LAST_DIGITS * abs(first):
        second = first
    ratio = _by_ratio(a, b)
    change = second - first
    distance = log(second / first) if ratio else change
    reach = _reach(error, freedom)
    low, high = distance - reach, distance + reach
    if ratio:
        low, high = (first * (exp(min(one, 700.0)) - 1.0) for one in (low, high))
    elif b.can_be_ratio:
        low = max(low, -first)  # the second side's total is not below 0
    # Where no day differs from another, only the signs of so many days speak.
    by_signs = exact if change else 1.0
    p = float(2.0 * stdtr(freedom, -abs(distance) / error)) if error > 0.0 else by_signs
    percent = 100.0 * change / abs(first) if first else None
    low, high = (max(-_HUGE, min(_HUGE, one)) for one in (low, high))
    return Difference(first, second, change, percent, low, high, p, a.n, b.n, min(a.known, b.known))


def _reach(error: float, freedom: float) -> float:
    """How far the 95 % interval reaches to either side."""
    from scipy.special import stdtrit

    return float(stdtrit(freedom, 1.0 - LEVEL / 2.0)) * error


def _undecided(a: _Side, b: _Side, reason: Reason) -> Difference:
    change = None if a.value is None or b.value is None else b.value - a.value
    percent = 100.0 * change / abs(a.value) if change is not None and a.value else None
    return Difference(a.value, b.value, change, percent, None, None, None, a.n, b.n, min(a.known, b.known), reason)


def _by_ratio(a: _Side, b: _Side) -> bool:
    """Whether both are totals above nothing, whose ratio can be judged."""
    return a.can_be_ratio and b.can_be_ratio and bool(a.value and b.value) and (a.value or 0) > 0 < (b.value or 0)


def _deviations(a: _Side, b: _Side) -> tuple[Floats, Floats]:
    """On the scale that is judged: of ratios, or of a day's total times the days that are summed up, or of levels."""
    if _by_ratio(a, b):
        return a.deviation / a.a_day, b.deviation / b.a_day
    if a.is_total and a.value is not None and abs(a.value - a.a_day * len(a.days)) <= 1e-9 * abs(a.value):
        return a.deviation * len(a.days), b.deviation * len(b.days)
    return a.deviation, b.deviation


def _paired_error(a: _Side, b: _Side) -> tuple[float, float]:
    """The standard error of the difference by pairs of days, and its degrees of freedom."""
    first, second = _deviations(a, b)
    d = second * b.share - first * a.share
    days = len(d)
    widened, left = _widened(d, _LAG_ADDED, _LAG_DAYS)
    return float(d.std(ddof=1)) / sqrt(days) * widened, _freedom(min(_worth(a), _worth(b)), left)


def _separate_error(a: _Side, b: _Side) -> tuple[float, float]:
    """The same for sides that do not pair: their variances add up."""
    first, second = _deviations(a, b)
    used = 0
    if len(first) + len(second) >= WEEKDAYS_FROM and _are_alike(a.days, b.days):
        first, second, used = _without_weekdays(first, second, a, b)
    first, second = first * a.share, second * b.share
    every = np.concatenate([first - first.mean(), second - second.mean()])
    widened, left = _widened(every, _LAG_ADDED + _LAG_ADDED_APART / max(len(every) - used, 1), _LAG_DAYS_APART)
    lost = len(every) / max(len(every) - used, 1)
    parts = [
        (float(one.var(ddof=1)) / len(one) * lost, _freedom(_worth(side), left))
        for one, side in ((first, a), (second, b))
    ]
    total = sum(variance for variance, _ in parts)
    square = sum(variance**2 / freedom for variance, freedom in parts)
    return sqrt(total) * widened, total**2 / square if square > 0.0 else min(freedom for _, freedom in parts)


def _without_weekdays(first: Floats, second: Floats, a: _Side, b: _Side) -> tuple[Floats, Floats, int]:
    """Both without what their weekdays have in common, and how many weekdays that took."""
    y, days = np.concatenate([first, second]), np.concatenate([a.days, b.days]) % WEEK
    side = np.repeat([0.0, 1.0], [len(first), len(second)])
    found = np.unique(days)
    design = np.column_stack([side, *(days == day for day in found)]).astype(np.float64)
    effects = np.linalg.lstsq(design, y, rcond=None)[0]
    left = y - design @ effects
    return left[: len(first)], left[len(first) :], len(found) - 1


def _widened(d: Floats, added: float, taken: float) -> tuple[float, float]:
    """By how much autocorrelation widens the interval, and how many of the days are worth one each, as a share."""
    centred, days = d - d.mean(), len(d)
    power = float((centred * centred).sum())
    r1 = float((centred[1:] * centred[:-1]).sum()) / power if power > 0.0 else 0.0
    r = min(max((days * r1 + added) / max(days - taken, 1.0), 0.0), _MOST_LAG)
    return sqrt((1.0 + r) / (1.0 - r)), (1.0 - r) / (1.0 + r)


def _worth(side: _Side) -> float:
    """How many days of equal weight the days are worth (Kish)."""
    square = float((side.weight**2).sum())
    return float(side.weight.sum()) ** 2 / square if square > 0.0 else float(side.known)


def _freedom(worth: float, left: float) -> float:
    return max(1.0, min(worth - 1.0, max(worth * left - 1.0, _LEAST_FREEDOM)))


def _drawn(side: _Side) -> float:
    """The variance of a rate as a share of independent rows, a little above 0 where none or all match."""
    share = ((side.value or 0.0) * side.n + 0.5) / (side.n + 1.0)
    return share * (1.0 - share) / max(side.n, 1)
