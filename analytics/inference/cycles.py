"""Cycles of a known period: the week in daily values, the day in hourly ones, the year in monthly ones."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np

from chimera_metrics.analytics.inference import reasons
from chimera_metrics.analytics.inference.reasons import Reason
from chimera_metrics.analytics.inference.series import (
    Flags,
    Floats,
    Indices,
    floats,
    is_constant,
    running_median,
    unit_scale,
)

PERIODS = (7, 12, 24)
"""The periods that critical values are tabulated for."""
PERIOD_OF = {"hour": 24, "day": 7, "month": 12}
"""The period of the cycle in values of each granularity; others have none that is tabulated."""
NEEDED_PERIODS = 3
RARE_SHARE, TRIMMED_SHARE = 0.5, 0.2
SHRINKAGE = 1.5
CLEARLY_BETTER = 5.0
KEPT_SHARE = 0.9
CLEAR = 2.0
MAD_TO_SD, TRIMMED_MEAN_TO_SD = 1.482602218505602, 1.58
NAMES = {7: "weekly", 12: "yearly", 24: "daily"}

CycleKind = Literal["added", "multiplied"]


@dataclass(frozen=True, slots=True)
class Cycle:
    """The answer of `cycle`. `effects` has one number for each place in the period, place 0 being that of the first
    value: what is added there (the series' unit, mean 0), or what the level is multiplied by (mean 1)."""

    period: int
    n: int
    found: bool
    kind: CycleKind
    share_of_variance: float | None
    effects: tuple[float, ...]
    adjusted: tuple[float | None, ...]
    caution: str | None = None
    reason: Reason | None = None


@dataclass(frozen=True, slots=True)
class Adjusted:
    """Series without their cycles, `values` (m, n); and for each series, all (m,): whether a cycle was `found`,
    whether it is `multiplied`, and its `share_of_variance`."""

    values: Floats
    found: Flags
    multiplied: Flags
    share_of_variance: Floats


def cycle(values: Sequence[float | None], period: int) -> Cycle:
    """The pattern that repeats every `period` values, and the series without it.

    values: the series in the order of time, one value per bucket, any unit, gaps allowed. period: 7 for daily values,
    24 for hourly ones, 12 for monthly ones.
    Returns: whether the pattern repeats; effects by place in the period; adjusted, the values without the effects, at
    their average level, gaps in their places; share_of_variance (0 to 1), how much of the variation around the moving
    level the cycle explains. Where nothing repeats: effects that change nothing and the values as they are.
    caution: a sentence when the values span fewer than 3 periods, so that a cycle cannot be told from a change.
    Undefined when: no values, all equal, or fewer than 3 periods (reason).
    Formula: the median, by place in the period, of value - running median over one period; twice, the second time with
    the first effects out of the running median. Found when the mean square of the effects is more than 3 to 6 times
    (`repeats_from`) what noise would give, spread^2 * period / (n - period). Shrunk by 1 - 1.5 / that ratio. Multiplied
    rather than added when all values are positive and the logarithms make them likelier (log-likelihood by 5).
    Source: the classical decomposition with medians; shrinkage after James and Stein 1961; docs/statistics.md.
    Example: 9, 9, 9, 9, 9, 4, 4 four times over gives the factors 1.19 five times and 0.53 twice.
    """
    y = floats(values)
    present = np.flatnonzero(~np.isnan(y))
    if len(present) == 0:
        return _none(values, period, reasons.no_data("the series"))
    known = y[present]
    if not is_long_enough(len(present), period):
        short = reasons.too_few(f"A cycle of {period}", len(present), NEEDED_PERIODS * period)
        return _none(values, period, short, too_short(period))
    if is_constant(known):
        return _none(values, period, reasons.constant("the series"))
    scale = unit_scale(known)
    without = remove_cycles(known[None] / scale, period, present)
    adjusted = without.values[0] * scale
    if not without.found[0]:
        return _none(values, period, None)
    series: list[float | None] = [None] * len(y)
    for place, value in zip(present, adjusted, strict=True):
        series[int(place)] = float(value)
    multiplied = bool(without.multiplied[0])
    kind: CycleKind = "multiplied" if multiplied else "added"
    effects = _by_place(known, adjusted, present % period, period, multiplied)
    share = float(without.share_of_variance[0])
    return Cycle(period, len(present), True, kind, share, effects, tuple(series))


def _by_place(known: Floats, adjusted: Floats, phases: Indices, period: int, multiplied: bool) -> tuple[float, ...]:
    """The effect at each place in the period; where no value is, one that changes nothing."""
    changed = known / np.where(adjusted == 0.0, 1.0, adjusted) if multiplied else known - adjusted
    idle = 1.0 if multiplied else 0.0
    return tuple(float(np.median(changed[phases == k])) if (phases == k).any() else idle for k in range(period))


def too_short(period: int) -> str:
    """The caution for values that span fewer than 3 periods."""
    name = NAMES.get(period, f"{period}-point")
    return (
        f"Fewer than {NEEDED_PERIODS * period} values cannot show whether there is a {name} cycle: "
        f"what looks like a change or a far point here may be one."
    )


def name_of(period: int) -> str:
    """`the weekly cycle`, as a sentence names it."""
    return f"the {NAMES[period]} cycle" if period in NAMES else f"the cycle of {period}"


def is_long_enough(n: int, period: int) -> bool:
    """Whether n values are enough to see a cycle of this period."""
    return n >= NEEDED_PERIODS * period


def checked_period(period: int | None) -> int | None:
    """The period, or ValueError where there are no critical values for it."""
    if period is not None and period not in PERIODS:
        raise ValueError(f"A cycle's period is 7 (daily values), 12 (monthly) or 24 (hourly), not {period}.")
    return period


def remove_cycles(y: Floats, period: int, places: Indices | None = None) -> Adjusted:
    """Each series y: (m, n) without its cycle; places: (n,), the buckets of the values (default 0, 1, 2, ...)."""
    m, n = y.shape
    places = np.arange(n) if places is None else places
    none = np.zeros(m, dtype=np.bool_)
    if not is_long_enough(n, period):
        return Adjusted(y, none, none, np.zeros(m))
    added = _effects(y, period, places)
    values, found, share, multiplied = y - added.effects, added.found, added.share, none.copy()
    positive = np.flatnonzero((y > 0.0).all(axis=1))
    if len(positive):
        rows = y[positive]
        logs = _effects(np.log(rows), period, places)
        likelier = np.log(added.size[positive] / logs.size) - np.log(rows).mean(axis=1)
        better = KEPT_SHARE * n * likelier > CLEARLY_BETTER
        # Two tries find cycles in noise too often: where logarithms are clearly likelier, the other must be clear.
        doubtful = positive[better & (added.ratio[positive] < CLEAR * repeats_from(n, period))]
        values[doubtful], found = y[doubtful], found.copy()
        found[doubtful] = False
        use = logs.found & (better | ~found[positive])
        factors = np.exp(logs.effects[use])
        at = positive[use]
        values[at] = rows[use] / (factors / factors.mean(axis=1, keepdims=True))
        share = share.copy()
        found[at], share[at], multiplied[at] = True, logs.share[use], True
    return Adjusted(values, found, multiplied, share)


@dataclass(frozen=True, slots=True)
class _Effects:
    """Of each series: effects at its points (m, n), 0 where none is found; their mean square over that of noise; if
    they are found, their share of variance, and the mean size of the nearer nine tenths of what is left, all (m,)."""

    effects: Floats
    ratio: Floats
    found: Flags
    share: Floats
    size: Floats


def _effects(y: Floats, period: int, places: Indices) -> _Effects:
    m, n = y.shape
    phases = places % period
    seen = [np.flatnonzero(phases == k) for k in range(period)]
    seen = [at for at in seen if len(at) >= NEEDED_PERIODS]
    width = 2 * (min(len(seen), period) // 2) + 1
    s = np.zeros_like(y)
    for _ in range(2):  # the second time the running median has no cycle in it and keeps the edges of steps
        d = y - _moving_level(y - s, width)
        s = np.zeros_like(y)
        if len(seen) < 2:
            break
        by_phase = np.stack([np.median(d[:, at], axis=1) for at in seen], axis=1)
        by_phase -= by_phase.mean(axis=1, keepdims=True)
        for k, at in enumerate(seen):
            s[:, at] = by_phase[:, k : k + 1]
    left = np.abs(d - s)
    spread = _spread(left)
    least = 1e-12 * np.maximum(np.abs(y).max(axis=1), 1e-300)
    noise = np.maximum(np.maximum(spread, least) ** 2, 1e-300) * len(seen) / max(n - len(seen), 1)
    ratio = (by_phase * by_phase).mean(axis=1) / noise if len(seen) > 1 else np.zeros(m)
    found: Flags = ratio > repeats_from(n, period)
    kept = np.where(found, 1.0 - SHRINKAGE / np.maximum(ratio, SHRINKAGE), 0.0)[:, None]
    centred = d - d.mean(axis=1, keepdims=True)
    total = np.maximum((centred * centred).sum(axis=1), np.maximum(least * least, 1e-300))
    without = d - s * kept
    without = without - without.mean(axis=1, keepdims=True)
    share = np.clip(1.0 - (without * without).sum(axis=1) / total, 0.0, 1.0)
    return _Effects(s * kept, ratio, found, share, np.maximum(_nearer(left).mean(axis=1), least))


def _nearer(left: Floats) -> Floats:
    """The nearer nine tenths of deviations |left|: (m, n): a few far points say nothing here."""
    return np.sort(left, axis=1)[:, : int(np.ceil(KEPT_SHARE * left.shape[1]))]


def most_are_expected(left: Floats, share: float = RARE_SHARE) -> Flags:
    """Whether most of the deviations |left|: (m, n) are next to nothing beside the others, as in rare events, (m,): the
    sd by their median is under this share of that by their mean."""
    is_rare: Flags = MAD_TO_SD * np.median(left, axis=1) < share * TRIMMED_MEAN_TO_SD * _nearer(left).mean(axis=1)
    return is_rare


def _spread(left: Floats) -> Floats:
    """A standard deviation (m,) of deviations |left|: (m, n), by their median or by the mean of the nearer nine tenths;
    where most are next to nothing, by all of them."""
    robust = np.maximum(MAD_TO_SD * np.median(left, axis=1), TRIMMED_MEAN_TO_SD * _nearer(left).mean(axis=1))
    spread: Floats = np.where(most_are_expected(left), np.sqrt((left * left).mean(axis=1)), robust)
    return spread


def repeats_from(n: int, period: int) -> float:
    """The ratio from which a cycle is taken to repeat. In noise of eight kinds, one series of twenty at most has more
    from 4 periods on (one of ten at 3, where a higher limit would overlook weeks with a residual of 15 %)."""
    return min(5.0 if period < 24 else 6.0, 3.0 + 80.0 * (period / n) ** 2)


def _moving_level(y: Floats, width: int) -> Floats:
    """The median of `width` (odd) neighbours of each point of y: (m, n). At the ends it goes on by its own usual climb:
    held level there, a climbing series would bend the effects of the first and the last days."""
    half = width // 2
    inner = running_median(y, width)
    if half == 0:
        return inner
    d = np.sort(np.diff(inner, axis=1), axis=1)
    cut = int(TRIMMED_SHARE * d.shape[1])
    climb = d[:, cut : d.shape[1] - cut].mean(axis=1, keepdims=True)
    away = np.arange(1, half + 1)
    return np.concatenate([inner[:, :1] - climb * away[::-1], inner, inner[:, -1:] + climb * away], axis=1)


def _none(values: Sequence[float | None], period: int, reason: Reason | None, caution: str | None = None) -> Cycle:
    y = floats(values)
    kept = tuple(None if np.isnan(v) else float(v) for v in y)
    n = len(kept) - kept.count(None)
    return Cycle(period, n, False, "added", None, (0.0,) * period, kept, caution, reason)
