"""The shapes of the answers of `query.compare` and `query.drivers`."""

from __future__ import annotations

from typing import Any, NotRequired

from typing_extensions import TypedDict

from chimera_metrics.server.catalog.analytics_answers import Asked, ReasonAnswer, WindowAnswer


class ComparisonAnswer(TypedDict):
    metric: str
    group: str | int | dict[str, Any] | None
    a: float | None
    b: float | None
    change: float | None
    change_pct: float | None
    low: float | None
    high: float | None
    p_adjusted: float | None
    verdict: str
    n_a: int
    n_b: int
    reason: NotRequired[ReasonAnswer | None]


class CompareAnswer(Asked):
    comparisons: list[ComparisonAnswer]
    baseline_window: WindowAnswer


class ChangeAnswer(TypedDict):
    before: float | None
    after: float | None
    change: float | None
    low: float | None
    high: float | None
    p_value: float | None


class DriverAnswer(TypedDict):
    where: dict[str, Any]
    before: float | None
    after: float | None
    contribution: float
    share_pct: float | None
    kind: str
    p_adjusted: float
    commit_sha: str | None


class DriversAnswer(Asked):
    metric: str
    unit: NotRequired[str | None]
    change: ChangeAnswer
    drivers: list[DriverAnswer]
    rest: float | None
    looked_at: int
    reason: NotRequired[ReasonAnswer | None]
    baseline_window: WindowAnswer
