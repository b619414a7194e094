"""The shapes of the answers about what will happen and what is odd now. Fields are those of the contract."""

from __future__ import annotations

from typing import NotRequired

from typing_extensions import TypedDict

from chimera_metrics.server.catalog.analytics_answers import Asked, CycleAnswer, ReasonAnswer
from chimera_metrics.server.catalog.answers import Rows


class Table(TypedDict):
    columns: list[str]
    rows: Rows


class TotalAnswer(TypedDict):
    value: float
    low_80: float
    high_80: float
    low_95: float | None
    high_95: float | None


class BacktestAnswer(TypedDict):
    cases: int
    mase: float | None
    mase_naive: float | None
    coverage_80: float
    coverage_95: float


class ForecastAnswer(Asked):
    metric: str
    unit: NotRequired[str | None]
    better: str
    granularity: str
    horizon: int
    filters: NotRequired[list[str]]
    n: int
    forecast: Table
    total: TotalAnswer | None
    method: str | None
    cycle: NotRequired[CycleAnswer | None]
    backtest: BacktestAnswer | None
    cautions: NotRequired[list[str]]
    reason: NotRequired[ReasonAnswer | None]


class OddBucketAnswer(TypedDict):
    metric: str
    group: str | int | None
    ts: str
    value: float
    expected: float
    low: float
    high: float
    p_adjusted: float
    worse: bool | None


class NotJudgedAnswer(TypedDict):
    metric: str
    group: str | int | None
    reason: NotRequired[ReasonAnswer]


class AnomaliesAnswer(Asked):
    granularity: str
    group_by: NotRequired[str | None]
    last: int
    anomalies: list[OddBucketAnswer]
    judged: int
    not_judged: list[NotJudgedAnswer]
