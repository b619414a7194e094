"""Did a measure get worse: two samples in the order of time, and the commit that first shows it."""

from __future__ import annotations

from collections.abc import Hashable, Sequence
from dataclasses import dataclass

from analytics.inference.reasons import Reason


@dataclass(frozen=True, slots=True)
class Comparison:
    """The answer of `compare`; medians, and a `p_value` one-sided in the direction that hurts."""

    before: float | None
    after: float | None
    change_pct: float | None
    p_value: float | None
    n_before: int
    n_after: int
    reason: Reason | None = None


@dataclass(frozen=True, slots=True)
class Case:
    """One group and measure to judge: samples in the order of time, `higher_is_worse` for latency or cost."""

    key: Hashable
    before: Sequence[float | None]
    after: Sequence[float | None]
    higher_is_worse: bool = True


@dataclass(frozen=True, slots=True)
class Regression:
    """A case that got worse, with its p-value adjusted for the number of cases (Benjamini-Hochberg)."""

    key: Hashable
    comparison: Comparison
    p_adjusted: float


@dataclass(frozen=True, slots=True)
class FirstBad:
    """The first run at the new level: `index` in the given runs, its `commit`, or None beside a reason."""

    index: int | None
    commit: str | None
    reason: Reason | None = None


def compare(
    before: Sequence[float | None], after: Sequence[float | None], *, higher_is_worse: bool = True
) -> Comparison:
    """Whether `after` is worse than `before`; both in the order of time."""
    raise NotImplementedError


def regressions(cases: Sequence[Case], *, level: float = 0.01) -> list[Regression]:
    """The cases that got worse, at most a share `level` of them false (Benjamini-Hochberg)."""
    raise NotImplementedError


def first_bad_commit(
    values: Sequence[float | None], commits: Sequence[str | None], *, higher_is_worse: bool = True
) -> FirstBad:
    """The commit whose runs first show the worse level; runs in the order of time."""
    raise NotImplementedError
