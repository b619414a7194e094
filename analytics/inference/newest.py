"""Which of the newest buckets of many series are odd: each judged from the buckets before it, all together."""

from __future__ import annotations

from collections.abc import Hashable, Iterator, Sequence
from dataclasses import dataclass, replace
from operator import itemgetter

import numpy as np

from chimera_metrics.analytics.inference import reasons
from chimera_metrics.analytics.inference.gaps import filled_gaps
from chimera_metrics.analytics.inference.multiplicity import holm
from chimera_metrics.analytics.inference.one_step import one_step, tail_p_values
from chimera_metrics.analytics.inference.rare_counts import excess_of, judged_counts, range_of_counts
from chimera_metrics.analytics.inference.reasons import Reason
from chimera_metrics.analytics.inference.series import Flags, Floats, floats, is_constant

NEEDED = 20
"""Buckets before the newest ones; with a cycle, three cycles if that is more."""
NEEDED_CYCLES = 3
KNOWN_SHARE = 0.5
LEVEL = 0.04
"""The chance that a report on series in which nothing happens names anything."""
LARGEST = 1e150
INTERVAL = 0.95
LEAST_SHARE = 0.05
SOME_EXCESS = 1.0
"""Standard errors by which counts are more spread than a Poisson or binomial variable; then their values judge, too."""


@dataclass(frozen=True, slots=True)
class Watched:
    """One series, its buckets in the order of time, gaps allowed. counts: the values count events. trials: the values
    are rates (0 to 1), each of so many trials."""

    key: Hashable
    values: Sequence[float | None]
    counts: bool = False
    trials: Sequence[float | None] | None = None


@dataclass(frozen=True, slots=True)
class Odd:
    """A bucket that stands out: `index` in the values of `key`, what was expected there with its 95 % interval, and the
    p-value before and after it is corrected for all buckets looked at."""

    key: Hashable
    index: int
    value: float
    expected: float
    low: float
    high: float
    p_value: float
    p_adjusted: float | None


@dataclass(frozen=True, slots=True)
class Newest:
    """The answer of `newest_anomalies`: rarest first; `judged`: how many buckets were looked at; and what was not."""

    odd: tuple[Odd, ...]
    judged: int
    not_judged: tuple[tuple[Hashable, Reason], ...]


def newest_anomalies(series: Sequence[Watched], last: int = 1, *, period: int = 1) -> Newest:
    """The odd ones among the newest `last` buckets of many series, each judged one step ahead.

    series: of any lengths. last: how many of the newest buckets are judged. period: buckets a cycle (7 for daily
    values, 24 for hourly ones), 1 for none.
    Returns: see Newest; p-values by the errors of the buckets before, those of counts and rates by their distribution.
    Undefined when: a series has under 20 buckets (or three cycles) before the newest, more than half of them without
    a value, none that differs, or no value in the newest: it is named in `not_judged`.
    Formula: see `one_step` and `tail_p_values`; counts: negative binomial, rates: beta-binomial, as in `far_counts`,
    and where they are over-dispersed the larger of both p-values. Holm over all buckets, at 4 %.
    Source: docs/statistics.md.
    Example: 40 series of noise, one with 12 standard deviations in its newest bucket: that one.
    """
    ready: dict[int, list[_Ready]] = {}
    missing: list[tuple[Hashable, Reason]] = []
    for one in series:
        made = _ready(one, last, period)
        if isinstance(made, Reason):
            missing.append((one.key, made))
        else:
            ready.setdefault(len(made.y), []).append(made)
    judged: list[Odd] = []
    for alike in ready.values():  # of one length, so that they are judged in one pass
        for found in _judged(alike, last, period):
            if isinstance(found, Odd):
                judged.append(found)
            else:
                missing.append(found)
    adjusted = holm([one.p_value for one in judged])
    corrected = [replace(one, p_adjusted=p) for one, p in zip(judged, adjusted, strict=True)]
    odd = [one for one in corrected if one.p_adjusted is not None and one.p_adjusted < LEVEL]
    return Newest(tuple(sorted(odd, key=lambda one: one.p_value)), len(judged), tuple(missing))


@dataclass(frozen=True, slots=True)
class _Ready:
    """A series that can be judged, from its `first` value on; `z` is the scale on which it is smoothed, gaps filled."""

    watched: Watched
    first: int
    y: Floats
    z: Floats
    trials: Floats | None
    as_logarithms: bool

    @property
    def is_counted(self) -> bool:
        return self.watched.counts or self.trials is not None

    def back(self, z: Floats) -> Floats:
        return np.maximum(np.expm1(np.minimum(z, 700.0)), 0.0) if self.as_logarithms else z


def _ready(one: Watched, last: int, period: int) -> _Ready | Reason:
    """The series made ready, or why it cannot be judged."""
    y = floats(one.values)
    trials = None if one.trials is None else floats(one.trials)
    if trials is not None:
        y = np.where(trials > 0.0, y, np.nan)
    begun = np.flatnonzero(~np.isnan(y))
    first = int(begun[0]) if len(begun) else len(y)
    y, trials = y[first:], None if trials is None else trials[first:]
    reason = _refused(y, last, period, is_counted=one.counts or trials is not None)
    if reason is not None:
        return reason
    as_logarithms = bool(np.nanmin(y) >= 0.0)
    filled = filled_gaps(y, period)
    return _Ready(one, first, y, np.log1p(filled) if as_logarithms else filled, trials, as_logarithms)


def _judged(alike: Sequence[_Ready], last: int, period: int) -> Iterator[Odd | tuple[Hashable, Reason]]:
    """The newest buckets of series of one length with their p-values, or why a series cannot be judged."""
    known = ~np.isnan(np.stack([one.y for one in alike]))
    step = one_step(np.stack([one.z for one in alike]), known, last, period)
    reference = np.where(step.reference, np.abs(step.errors), np.nan)
    p = tail_p_values(np.abs(step.errors[:, -last:]) / step.widen[:, None], reference)
    reach = np.nanquantile(reference, INTERVAL, axis=1) * step.widen
    for row, one in enumerate(alike):
        expected, low, high = (one.back(step.expected[row] + side * reach[row]) for side in (0.0, -1.0, 1.0))
        own = _Expected(p[row], expected[-last:], low[-last:], high[-last:])
        if one.is_counted:
            own = _as_counts(one, np.maximum(expected, 0.0), known[row], last, own)
        elif np.isnan(p[row]).any():
            text = "Most buckets are exactly as expected, so there is no spread to measure from."
            yield one.watched.key, reasons.not_estimated(text)
            continue
        for at in range(last):
            place = len(one.y) - last + at
            if known[row, place]:
                expects, least, most, p_value = (
                    float(values[at]) for values in (own.expected, own.low, own.high, own.p_values)
                )
                value = float(one.y[place])
                yield Odd(one.watched.key, one.first + place, value, expects, least, most, p_value, None)


def _refused(y: Floats, last: int, period: int, *, is_counted: bool) -> Reason | None:
    known = ~np.isnan(y)
    if not known.any():
        return reasons.no_data("the series")
    if not known[-last:].any():
        return Reason("no_data", "None of the newest buckets has a value.")
    before = int(known[:-last].sum())
    needed = max(NEEDED, NEEDED_CYCLES * period if period > 1 else 0)
    if before < needed:
        return Reason(
            "too_few", f"It takes {needed} buckets before the newest to know what to expect; there are {before}."
        )
    if before < KNOWN_SHARE * (len(y) - last):
        return reasons.not_estimated("More than half of the buckets have no value; take a coarser granularity.")
    if is_constant(y[:-last][known[:-last]]) and not is_counted:
        return Reason("constant", "All buckets before the newest are equal, so there is no spread to measure from.")
    if float(np.abs(y[known]).max()) > LARGEST:
        return reasons.not_estimated("The values are too large to be judged.")
    return None


@dataclass(frozen=True, slots=True)
class _Expected:
    """Of the newest buckets (last,): what was expected of each, with its interval, and how rare what came is."""

    p_values: Floats
    expected: Floats
    low: Floats
    high: Floats


def _as_counts(one: _Ready, expected: Floats, known: Flags, last: int, by_values: _Expected) -> _Expected:
    """Counts, or hits of so many trials, by their own distribution, its rate and its over-dispersion those of the
    buckets before; where these are over-dispersed, no rarer than `by_values`.

    They follow what was expected of each, or, where that leaves less of them unexplained, are alike: rare counts
    follow nothing, and smoothing them finds ups and downs that are none.
    """
    size = None if one.trials is None else np.where(known, one.trials, 1.0)
    counts = np.where(known, one.y, 0.0) * (1.0 if size is None else size)
    counts = np.maximum(np.rint(counts), 0.0)
    history = known.copy()
    history[-last:] = False
    usual = max(float(expected[history].mean()), 1e-9)
    tried = []
    for shape in (np.maximum(expected, LEAST_SHARE * usual), np.full(len(expected), usual)):
        exposure = shape if size is None else np.minimum(shape, 1.0) * size
        p, _, mean = judged_counts(counts, exposure, ~history, size)
        excess = excess_of(counts[history], mean[history], None if size is None else size[history])
        tried.append((excess, exposure, p[-last:]))
    excess, exposure, p = min(tried, key=itemgetter(0))
    mean = exposure * (counts[history].sum() / exposure[history].sum())
    low, high = range_of_counts(counts, exposure, ~history, size, share=INTERVAL)
    mean, low, high = ((side if size is None else side / size)[-last:] for side in (mean, low, high))
    high = np.maximum(high, mean)  # of what hardly ever comes the interval is 0 to 0
    if excess <= SOME_EXCESS:
        return _Expected(p, mean, low, high)
    p = np.maximum(p, np.nan_to_num(by_values.p_values, nan=0.0))
    low, high = np.minimum(low, by_values.low), np.maximum(high, by_values.high)
    return _Expected(p, mean, low, high if size is None else np.minimum(high, 1.0))
