"""How much a metric differs between two sides, judged by their days: two windows, two groups, before and since."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from math import exp, log, sqrt
from typing import Literal

import numpy as np

from chimera_metrics.analytics.inference import reasons
from chimera_metrics.analytics.inference.difference_sides import (
    NEEDED_DAYS,
    WEEK,
    DailySide,
    Kind,
    Side,
    are_alike,
    divided,
    measured,
    of_shared_weekdays,
    paired,
    scale_of,
    weekdays_alike,
    weekdays_as_second,
)
from chimera_metrics.analytics.inference.multiplicity import benjamini_hochberg
from chimera_metrics.analytics.inference.reasons import Reason
from chimera_metrics.analytics.inference.series import Floats, finite_or_none

LEVEL = 0.05
SAME_WITHIN = 0.05
"""A difference whose whole interval is within this share of the first side's value is none that matters."""
WEEKDAYS_FROM = 14
_LAG_ADDED, _LAG_DAYS, _MOST_LAG = 2.0, 2.5, 0.9
_LAG_ADDED_APART, _LAG_DAYS_APART = 38.0, 4.0
"""Of sides that do not pair two means are taken out, which hides more of the lag, and most of it in few days."""
_LEAST_FREEDOM = 3.0
_HUGE = 1e300
_FARTHEST_RATIO = 4.0
_LAST_DIGITS = 1e-12
"""What the order of adding up changes of a value, as a share, is no difference."""
_ROUNDING = 1e-10
"""Days that spread by less, as a share of their values, do not differ: means of ten million rows are that exact."""
_DAYS_OF_SIGNS = 6
"""So many days of one sign have p < 0.05: 2 / 2 ** 6."""
_LEAST_P = float(np.finfo(np.float64).tiny)

Verdict = Literal["better", "worse", "same", "unclear"]
Better = Literal["higher", "lower", "neutral"]


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
    k weekday means taken out. A rate's variance is at least that of drawing its rows. Where no day differs from another
    by more than rounding, 1e-10 of the values, the signs of so many days speak: p = 2 / 2^days, the interval is the
    change alone from 6 days on, and with fewer, which have p > 0.05, there is none beside a reason.
    Source: paired t; influence functions, Hampel 1974, doi:10.1080/01621459.1974.10482962; effective number of
    autocorrelated values, Bayley and Hammersley 1946, doi:10.2307/2983560; Welch 1947, doi:10.1093/biomet/34.1-2.28.
    Coverage: `python -m bench.honesty --sections Compare`.
    Example: 10, 12, 11, 10, 12, 4, 4 calls against 20, 24, 22, 20, 24, 8, 8 a week later are 63 more, 100 %.
    """
    sides = first, second
    first, second = of_shared_weekdays(first, second) if apart is None else paired(first, second, apart)
    known = [_known_days(one) for one in sides]
    if any(known) and not all(map(_known_days, (first, second))):
        a, b = (measured(one, kind, np.ones(len(one.days)), is_total=bool(apart)) for one in sides)
        return _undecided(a, b, _NO_COMMON_DAY if all(known) else _no_values("ab"[known.index(0)]))
    scale = scale_of(first, second)
    alike = [np.ones(len(one.days)) for one in (first, second)]
    if apart is None:
        alike = weekdays_as_second(first, second) if as_second else weekdays_alike(first, second)
    a, b = (
        measured(divided(one, scale), kind, weight, is_total=apart is not None)
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


def _by_days(a: Side, b: Side, *, is_paired: bool, is_rate: bool) -> Difference:
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
    return _judged(a, b, error, freedom) if error > _rounding(a, b) else _by_signs(a, b, have)


def undecided(first: DailySide, second: DailySide, reason: Reason) -> Difference:
    """Both sides' `whole` values and their change, without an interval: of what days do not add up to."""
    a, b = (
        replace(measured(one, "total", np.ones(len(one.days)), is_total=True), value=one.whole)
        for one in (first, second)
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


def _multiplied(one: Difference, scale: float) -> Difference:
    if scale == 1.0:
        return one
    numbers = (one.first, one.second, one.change, one.low, one.high)
    first, second, change, low, high = (None if v is None else finite_or_none(v * scale) for v in numbers)
    return replace(one, first=first, second=second, change=change, low=low, high=high)


def _judged(a: Side, b: Side, error: float, freedom: float) -> Difference:
    from scipy.special import stdtr

    first, second, change, percent = _change(a, b)
    ratio = _by_ratio(a, b)
    distance = log(second / first) if ratio else change
    reach = _reach(error, freedom)
    low, high = distance - reach, distance + reach
    if ratio:
        low, high = (first * (exp(min(one, 700.0)) - 1.0) for one in (low, high))
    elif b.can_be_ratio:
        low = max(low, -first)  # the second side's total is not below 0
    p = max(float(2.0 * stdtr(freedom, -abs(distance) / error)), _LEAST_P)
    low, high = (max(-_HUGE, min(_HUGE, one)) for one in (low, high))
    low, high = min(low, change), max(high, change)
    return Difference(first, second, change, percent, low, high, p, a.n, b.n, min(a.known, b.known))


def _by_signs(a: Side, b: Side, days: int) -> Difference:
    """Where no day differs from another beyond rounding: only the signs of so many days speak."""
    first, second, change, percent = _change(a, b)
    is_change = abs(change) > _ROUNDING * max(abs(first), abs(second))
    p = 2.0 ** (1 - days) if is_change else 1.0
    low, high = (change, change) if is_change else (min(change, 0.0), max(change, 0.0))
    if is_change and days < _DAYS_OF_SIGNS:
        text = f"Every day shows the same change; an interval then needs {_DAYS_OF_SIGNS} days, there are {days}."
        return Difference(first, second, change, percent, None, None, p, a.n, b.n, days, Reason("too_few", text))
    return Difference(first, second, change, percent, low, high, p, a.n, b.n, days)


def _change(a: Side, b: Side) -> tuple[float, float, float, float | None]:
    """Both values, their change, and that in % of the first; what the last digits differ by is none."""
    first, second = a.value or 0.0, b.value or 0.0
    if abs(second - first) <= _LAST_DIGITS * abs(first):
        second = first
    change = second - first
    return first, second, change, 100.0 * change / abs(first) if first else None


def _reach(error: float, freedom: float) -> float:
    """How far the 95 % interval reaches to either side."""
    from scipy.special import stdtrit

    return float(stdtrit(freedom, 1.0 - LEVEL / 2.0)) * error


def _undecided(a: Side, b: Side, reason: Reason) -> Difference:
    change = None if a.value is None or b.value is None else b.value - a.value
    percent = 100.0 * change / abs(a.value) if change is not None and a.value else None
    return Difference(a.value, b.value, change, percent, None, None, None, a.n, b.n, min(a.known, b.known), reason)


def _by_ratio(a: Side, b: Side) -> bool:
    """Whether both are totals above nothing, whose ratio can be judged."""
    return a.can_be_ratio and b.can_be_ratio and bool(a.value and b.value) and (a.value or 0) > 0 < (b.value or 0)


def _units(a: Side, b: Side) -> tuple[float, float]:
    """What is 1 on the scale that is judged: of ratios, or of the sum over the days, or of levels."""
    if _by_ratio(a, b):
        return a.a_day, b.a_day
    if a.is_total and a.value is not None and abs(a.value - a.a_day * len(a.days)) <= 1e-9 * abs(a.value):
        return 1.0 / len(a.days), 1.0 / len(b.days)
    return 1.0, 1.0


def _deviations(a: Side, b: Side) -> tuple[Floats, Floats]:
    first, second = _units(a, b)
    return a.deviation / first, b.deviation / second


def _rounding(a: Side, b: Side) -> float:
    """The error that rounding alone may make, on the scale that is judged."""
    sizes = (one.largest * float(one.share.max()) / unit for one, unit in zip((a, b), _units(a, b), strict=True))
    return _ROUNDING * max(sizes)


def _paired_error(a: Side, b: Side) -> tuple[float, float]:
    """The standard error of the difference by pairs of days, and its degrees of freedom."""
    first, second = _deviations(a, b)
    d = second * b.share - first * a.share
    days = len(d)
    widened, left = _widened(d, _LAG_ADDED, _LAG_DAYS)
    return float(d.std(ddof=1)) / sqrt(days) * widened, _freedom(min(_worth(a), _worth(b)), left)


def _separate_error(a: Side, b: Side) -> tuple[float, float]:
    """The same for sides that do not pair: their variances add up."""
    first, second = _deviations(a, b)
    used = 0
    if len(first) + len(second) >= WEEKDAYS_FROM and are_alike(a.days, b.days):
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


def _without_weekdays(first: Floats, second: Floats, a: Side, b: Side) -> tuple[Floats, Floats, int]:
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


def _worth(side: Side) -> float:
    """How many days of equal weight the days are worth (Kish)."""
    square = float((side.weight**2).sum())
    return float(side.weight.sum()) ** 2 / square if square > 0.0 else float(side.known)


def _freedom(worth: float, left: float) -> float:
    return max(1.0, min(worth - 1.0, max(worth * left - 1.0, _LEAST_FREEDOM)))


def _drawn(side: Side) -> float:
    """The variance of a rate as a share of independent rows, a little above 0 where none or all match."""
    share = ((side.value or 0.0) * side.n + 0.5) / (side.n + 1.0)
    return share * (1.0 - share) / max(side.n, 1)
