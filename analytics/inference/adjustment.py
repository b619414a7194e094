"""What is left of a series when its cycle and its straight line are taken out, and how many values that costs.

Two series that share a weekly cycle, or both grow, go together without having to do with each other: a correlation of
what is left says whether more than the calendar joins them.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from chimera_metrics.analytics.inference import reasons
from chimera_metrics.analytics.inference.coefficients import Method, coefficient_of, p_value_of
from chimera_metrics.analytics.inference.cycles import is_long_enough, name_of
from chimera_metrics.analytics.inference.pairs import NEEDED, Places, and_, worth
from chimera_metrics.analytics.inference.reasons import Reason
from chimera_metrics.analytics.inference.series import Floats, ranks, unit_scale

LOGARITHMS_FROM = 2.0
"""Log-likelihood by which a cycle that multiplies must suit a series better than one that is added."""


@dataclass(frozen=True, slots=True)
class AdjustedCorrelation:
    """The correlation of what is left when `removed` (such as "the weekly cycle") is taken out of both series."""

    coefficient: float | None
    p_value: float | None
    n_effective: float | None
    removed: tuple[str, ...]
    reason: Reason | None = None


@dataclass(frozen=True, slots=True)
class Effects:
    """The columns to take out: an orthonormal basis (n, k) of level, line and cycle, and their names."""

    basis: Floats
    names: tuple[str, ...]

    @property
    def cost(self) -> int:
        """The values that are spent, besides the level: each column takes one."""
        return len(self.basis.T) - 1


def effects(places: Places, period: int | None) -> Effects | None:
    """Level, line and the places in the period, at these bucket numbers.

    places: (n,), rising. period: buckets of a cycle, or None. A cycle needs 3 of its periods.
    Undefined when: too few values to leave 3 (None).
    """
    n = len(places)
    line = (places - places.mean()) / max(1.0, float(np.ptp(places))) if n else np.zeros(0)
    columns, names = [np.ones(n), line], ["the trend"]
    if covers_enough(places, period) and period is not None:
        columns += [(places % period == place).astype(np.float64) for place in range(1, period)]
        names = [name_of(period), *names]
    left, sizes, _ = np.linalg.svd(np.stack(columns, axis=1), full_matrices=False)
    basis = left[:, sizes > 1e-9 * sizes.max()] if n else left
    return Effects(basis, tuple(names)) if n - basis.shape[1] >= 3 else None


def covers_enough(places: Places, period: int | None) -> bool:
    """Whether the buckets cover 3 periods and hold as many values."""
    if period is None or not len(places):
        return False
    return is_long_enough(len(places), period) and is_long_enough(int(places[-1] - places[0]) + 1, period)


def without(y: Floats, out: Effects) -> Floats | None:
    """y (n,) less the effects, by least squares: y - B B'y with B the basis.

    Undefined when: nothing but rounding is left (None).
    Source: Frisch and Waugh 1933, doi:10.2307/1907330.
    """
    return _unless_rounding(_less(y, out.basis), y)


def left_over(y: Floats, out: Effects) -> tuple[Floats, int] | None:
    """`without`, or that of log y where a cycle multiplies rather than adds; and the values that are spent.

    Undefined when: nothing but rounding is left (None).
    Formula: logarithms are taken of positive series with a cycle when they make it likelier by 2. A level that grows
    in a line bends in logarithms, so there the square of time is taken out, too.
    """
    left = _less(y, out.basis)
    if len(out.names) > 1 and (y > 0.0).all():
        bent = np.linalg.qr(np.column_stack([out.basis, np.linspace(-1.0, 1.0, len(y)) ** 2]))[0]
        logs = np.log(y)
        of_logs = _less(logs, bent)
        squares = [max(float(e @ e), 1e-300) for e in (left, of_logs)]
        if len(y) / 2.0 * np.log(squares[0] / squares[1]) - float(logs.sum()) > LOGARITHMS_FROM:
            rest = _unless_rounding(of_logs, logs)
            return None if rest is None else (rest, out.cost + 1)
    rest = _unless_rounding(left, y)
    return None if rest is None else (rest, out.cost)


def _less(y: Floats, basis: Floats) -> Floats:
    centred = y - y.mean()
    result: Floats = centred - basis @ (basis.T @ centred)
    return result


def _unless_rounding(left: Floats, y: Floats) -> Floats | None:
    rounding = 1e-9 * float(np.abs(y - y.mean()).max()) + 1e-13 * float(np.abs(y).max())
    return left if float(np.abs(left).max()) > rounding else None


def adjusted_correlation(method: Method, a: Floats, b: Floats, at: Places, period: int | None) -> AdjustedCorrelation:
    """The correlation of pairs (a, b) at these buckets when cycle and trend are taken out of both.

    Formula: the partial correlation given time and the place in the period (Frisch and Waugh 1933); n_effective of
    what is left, less the share of values that the columns taken out cost. Of spearman and kendall, that of the ranks;
    kendall's coefficient is the tau-b of what is left of them, to be read beside the tau-b of the pairs.
    Undefined when: too few pairs to leave 3, or nothing but rounding is left of a series (coefficient).
    """
    out = effects(at, period)
    if out is None:
        reason = reasons.too_few("A correlation without the trend", len(a), NEEDED + 1)
        return AdjustedCorrelation(None, None, None, (), reason)
    rests = []
    for name, one in zip("xy", (a, b), strict=True):
        rest = left_over(one / unit_scale(one), out) if method == "pearson" else _of_ranks(one, out)
        if rest is None:
            reason = reasons.not_estimated(f"Without {and_(out.names)} nothing is left of {name}.")
            return AdjustedCorrelation(None, None, None, out.names, reason)
        rests.append(rest)
    (first, spent), (second, other) = rests
    r = coefficient_of("pearson", first, second)
    pairs = max(2.1, worth("pearson", first, second) * (1.0 - max(spent, other) / len(a)))
    shown = coefficient_of("kendall", first, second) if method == "kendall" else r
    return AdjustedCorrelation(shown, p_value_of("pearson", r, first, second, pairs), pairs, out.names)


def _of_ranks(y: Floats, out: Effects) -> tuple[Floats, int] | None:
    rest = without(ranks(y[None])[0], out)
    return None if rest is None else (rest, out.cost)
