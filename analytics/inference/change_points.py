"""Where the level of a series changed."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from analytics.inference.reasons import Reason


@dataclass(frozen=True, slots=True)
class ChangePoint:
    """`index` is the place in the given values of the first point at the new level."""

    index: int
    before: float
    after: float
    p_value: float


@dataclass(frozen=True, slots=True)
class ChangePoints:
    """The answer of `change_points`: the changes in order; empty with a reason when none could be sought."""

    changes: tuple[ChangePoint, ...]
    n: int
    reason: Reason | None = None


def change_points(values: Sequence[float | None]) -> ChangePoints:
    """The places where the level of `values`, in the order of time, changed."""
    raise NotImplementedError
