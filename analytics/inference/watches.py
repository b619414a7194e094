"""What a watch says of a series at its newest look: a change of level, or a value beyond a threshold."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np

from chimera_metrics.analytics.inference.reasons import Reason, constant, too_few
from chimera_metrics.analytics.inference.series import Floats
from chimera_metrics.analytics.inference.watch_evidence import (
    LEARN,
    LEARN_DRIFT,
    LEARN_LEAST,
    LOOKS,
    evidence,
    threshold,
)

Kind = Literal["level", "count", "rate"]
Beyond = Literal["above", "below"]

PROMISED_RHO = 0.7
"""Up to this autocorrelation the rate of false alarms is promised."""


@dataclass(frozen=True, slots=True)
class ChangeLook:
    """What the looks since the last one have found; places count in the series given."""

    place: int | None
    """Where the first alarm was raised; None for no alarm."""
    first: int | None
    """Where the change likely began."""
    up: bool | None
    evidence: float | None
    """Of the newest look, as a share of what raises an alarm (in logarithms; 1 raises one)."""
    learnt: int
    """Points learnt before the first look."""
    caution: str | None
    reason: Reason | None


@dataclass(frozen=True, slots=True)
class ThresholdLook:
    """Whether the alarm is on after the newest value, and each turn on the way there."""

    on: bool
    turns: tuple[tuple[int, bool], ...]
    """Places among the values at which an alarm was raised (True) or cleared (False), in turn."""


def look_for_change(
    values: Sequence[float | None],
    n: Sequence[float | None] | None = None,
    *,
    kind: Kind = "level",
    before: int,
    since: int,
    period: int = 7,
    drift: bool = False,
) -> ChangeLook:
    """The first alarm at or after place `since` in a series that begins where learning begins.

    values: one bucket each, oldest first, None a gap; n: what rates rest on. before: buckets before the watch was set.
    drift: a steady climb is no change. A series without a change ever alarms in a year of daily looks with a chance of
    at most about 5 %, at autocorrelations up to 0.7; see `watch_evidence` for the method and its source.
    Undefined when: fewer than 29 buckets have a value, or all that are learnt from are equal; then there is a reason.
    Example: white noise whose level climbs by 3 standard deviations alarms within 5 days in 9 cases of 10.
    """
    y, weights, places = _points(values, n, kind)
    behind = int((places < before).sum())
    learnt = max(LEARN_LEAST, min(behind, LEARN_DRIFT if drift else LEARN))
    if len(y) <= learnt:
        reason = too_few("A watch for changes", len(y), LEARN_LEAST + 1)
        return ChangeLook(None, None, None, None, learnt, None, reason)
    if np.ptp(y[:learnt]) == 0.0 and np.ptp(y) == 0.0:
        return ChangeLook(None, None, None, None, learnt, None, constant("the watched metric"))
    y = _even(y, learnt) if drift and kind == "level" else y
    rows = None if weights is None else weights[None]
    found = evidence(y[None], places, rows, learnt=learnt, period=period, drift=drift)
    least = threshold(LOOKS.get(period, 365), learnt, drift)
    alarms = np.flatnonzero((found.log_r[0] >= least) & (places[learnt:] >= since))
    share = round(float(max(found.log_r[0, -1], 0.0) / least), 3)
    caution = _caution(float(found.rho[0]))
    if not len(alarms):
        return ChangeLook(None, None, None, share, learnt, caution, None)
    look = int(alarms[0])
    first = int(places[found.first[0, look]])
    return ChangeLook(int(places[learnt + look]), first, bool(found.up[0, look]), share, learnt, caution, None)


def look_at_threshold(
    values: Sequence[float | None], when: Beyond, value: float, clear: float | None = None, on: bool = False
) -> ThresholdLook:
    """Whether the alarm is on after these values, of which `on` says how it stood before.

    Raised by a value beyond `value`; cleared by one that is back at `clear` (by default `value`) or better, so that a
    value which swings about the threshold raises one alarm. A gap changes nothing.
    Example: above 100 with clear 90: 101, 95, 102, 89 is one alarm, cleared by 89.
    """
    sign = 1.0 if when == "above" else -1.0
    back = value if clear is None else clear
    turns: list[tuple[int, bool]] = []
    for place, given in enumerate(values):
        if given is None or not np.isfinite(given):
            continue
        if sign * (given - back) <= 0 if on else sign * (given - value) > 0:
            on = not on
            turns.append((place, on))
    return ThresholdLook(on, tuple(turns))


def _points(
    values: Sequence[float | None], n: Sequence[float | None] | None, kind: Kind
) -> tuple[Floats, Floats | None, np.ndarray[tuple[int], np.dtype[np.int64]]]:
    """The values that are there, on the scale that is judged, what they rest on, and their places."""
    y = np.array([np.nan if one is None else one for one in values], dtype=float)
    there = np.isfinite(y)
    weights = None
    if kind == "rate" and n is not None:
        weights = np.array([0.0 if one is None else one for one in n], dtype=float)
        there &= weights > 0
        weights = weights[there]
    y = y[there]
    return np.sqrt(np.maximum(y, 0.0) + 0.375) if kind == "count" else y, weights, np.flatnonzero(there)


def _even(y: Floats, learnt: int) -> Floats:
    """Positive values on a scale of logarithms: there a line fits what grows by a share."""
    least = float(y[:learnt].min())
    if least <= 0.0:
        return y
    found: Floats = np.log(np.maximum(y, least / 10.0))
    return found


def _caution(rho: float) -> str | None:
    if rho <= PROMISED_RHO:
        return None
    return (
        f"Each value depends on the one before it (autocorrelation {rho:.1f}): above {PROMISED_RHO} the rate of false "
        "alarms is not promised."
    )
