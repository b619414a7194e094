"""The shapes of the analytic tools' answers, from which their output schemas come. Fields are those of the contract."""

from __future__ import annotations

from typing import Any, NotRequired

from typing_extensions import TypedDict

from chimera_metrics.server.catalog.answers import ExportAnswer, Rows


class WindowAnswer(TypedDict):
    since: str
    until: str
    timezone: str


class ReasonAnswer(TypedDict):
    code: str
    text: str


class Asked(TypedDict):
    """What every answer says of itself."""

    notes: NotRequired[list[str]]
    source: str
    sql: NotRequired[str]
    parameters: NotRequired[dict[str, Any]]
    window: WindowAnswer


class AggregateColumn(TypedDict):
    name: str
    type: str | None
    unit: NotRequired[str | None]


class EstimateAnswer(TypedDict):
    rows: int
    bytes: int
    parts: int


class AggregateAnswer(Asked):
    columns: list[AggregateColumn]
    rows: Rows
    row_count: int
    truncated: NotRequired[bool]
    truncated_reason: NotRequired[str | None]
    elapsed_ms: float
    rows_read: int
    bytes_read: int
    query_id: str | None
    estimate: NotRequired[EstimateAnswer | None]
    export: NotRequired[ExportAnswer]


class Side(TypedDict):
    metric: str
    unit: NotRequired[str | None]


class LagAnswer(TypedDict):
    lag: int
    coefficient: float | None
    p_value: float | None
    n: int


class PointsAnswer(TypedDict):
    """Points as a table: the names of its columns once."""

    columns: list[str]
    rows: Rows


class AdjustedAnswer(TypedDict):
    coefficient: float | None
    p_value: float | None
    removed: NotRequired[list[str]]
    reason: NotRequired[ReasonAnswer | None]


class CycleAnswer(TypedDict):
    period: int
    share_of_variance: float | None


class CorrelationAnswer(Asked):
    coefficient: float | None
    p_value: float | None
    ci_low: float | None
    ci_high: float | None
    n: int
    n_effective: float | None
    method: str
    x: Side
    y: Side
    lags: NotRequired[list[LagAnswer]]
    best_lag: NotRequired[int | None]
    best_lag_p_adjusted: NotRequired[float | None]
    adjusted: NotRequired[AdjustedAnswer | None]
    cycle: NotRequired[CycleAnswer | None]
    points: PointsAnswer
    reason: NotRequired[ReasonAnswer | None]
    cautions: NotRequired[list[str]]
    granularity: str


class ChangePointAnswer(TypedDict):
    ts: str
    before: float
    after: float
    p_value: float
    commit_sha: str | None


class StepOrClimbAnswer(TypedDict):
    ts: str
    before: float
    after: float
    p_value: float


class BetweenStepsAnswer(TypedDict):
    slope_per_day: float
    p_value: float


class AnomalyAnswer(TypedDict):
    ts: str
    value: float
    expected: float | None
    score: float
    first: str
    last: str
    buckets: int


class SeriesAnswer(TypedDict):
    group: str | int | dict[str, Any] | None
    points: PointsAnswer
    n: int
    change_points: list[ChangePointAnswer]
    steps_or_climbs: NotRequired[list[StepOrClimbAnswer]]
    slope_per_day: float | None
    slope_low: float | None
    slope_high: float | None
    p_value: float | None
    p_adjusted: float | None
    direction: str
    change_pct: float | None
    between_steps: NotRequired[BetweenStepsAnswer | None]
    cycle: NotRequired[CycleAnswer | None]
    anomalies: list[AnomalyAnswer]
    reason: NotRequired[ReasonAnswer | None]
    cautions: NotRequired[list[str]]
    notes: NotRequired[list[str]]


class TrendAnswer(Asked):
    metric: str
    unit: NotRequired[str | None]
    better: str
    granularity: str
    group_by: NotRequired[list[str]]
    filters: NotRequired[list[str]]
    series: list[SeriesAnswer]
    reason: NotRequired[ReasonAnswer | None]


class PairAnswer(TypedDict):
    hearts: str
    packs: str
    coefficient: float | None
    p_value: float | None
    p_adjusted: float | None
    n: int
    adjusted: NotRequired[AdjustedAnswer | None]
    reason: NotRequired[ReasonAnswer | None]


class WithinAnswer(TypedDict):
    coefficient: float | None
    p_value: float | None
    ci_low: float | None
    ci_high: float | None
    n: int
    groups: int
    days: int | None
    reason: NotRequired[ReasonAnswer | None]


class ConfidenceAnswer(TypedDict):
    score: float
    completeness: float | None
    strength: float | None
    recency: float | None


class CorrelationDataAnswer(Asked):
    correlation: float | None
    p_value: float | None
    ci_low: float | None
    ci_high: float | None
    n: int
    n_effective: float | None
    adjusted: NotRequired[AdjustedAnswer | None]
    cycle: NotRequired[CycleAnswer | None]
    reason: NotRequired[ReasonAnswer | None]
    cautions: NotRequired[list[str]]
    within: WithinAnswer
    hearts_rows: int
    packs_rows: int
    pairs: list[PairAnswer]
    confidence: ConfidenceAnswer
    points: PointsAnswer


class RegressionAnswer(TypedDict):
    measure: str
    before: float
    after: float
    change_pct: float | None
    shift: float
    shift_low: float | None
    shift_high: float | None
    n_before: int
    n_after: int
    p_adjusted: float
    since: str | None
    commit_sha: str | None


class Measures(TypedDict):
    latency_p50_ms: float | None
    latency_p95_ms: float | None
    latency_p99_ms: float | None
    tokens_per_sec: float | None
    cost_per_1k: float | None
    memory_peak_mb: float | None


class GroupAnswer(Measures):
    model: str
    quant: str
    dataset: str
    runs: int
    runs_before: int
    change_pct: Measures
    regressions: list[RegressionAnswer]
    reason: NotRequired[ReasonAnswer | None]


class LlmAnswer(TypedDict):
    source: str
    model: str
    calls: int
    error_rate: float | None
    latency_p95_ms: float | None
    tokens_in: int
    tokens_out: int
    cost_usd: float


class UiAnswer(TypedDict):
    event_type: str
    events: int
    latency_p95_ms: float | None


class ClearComparison(TypedDict):
    metric: str
    group: str | dict[str, Any] | None
    change_pct: float | None
    p_adjusted: float | None
    verdict: str


class PerformanceAnswer(Asked):
    previous_window: WindowAnswer
    groups: list[GroupAnswer]
    llm: list[LlmAnswer]
    ui: list[UiAnswer]
    comparisons: list[ClearComparison]


class EpisodesQuality(TypedDict):
    count: int
    by_status: dict[str, int]
    confidence_mean: float | None
    low_confidence_count: int
    correlation_strength_mean: float | None
    cost_usd: float


class DeploymentsQuality(TypedDict):
    count: int
    success_rate: float | None
    duration_p50_ms: float | None


class LlmQuality(TypedDict):
    calls: int
    error_rate: float | None
    cost_usd: float


class UiQuality(TypedDict):
    events: int
    sessions: int
    error_rate: float | None
    abandonment_rate: float | None
    latency_p95_ms: float | None


class PipelineQuality(TypedDict):
    watcher_runs: int
    valid_rate: float | None
    lag_max_seconds: float | None
    last_run: str | None


class FreshnessLine(TypedDict):
    name: str
    level: str
    figure: str
    advice: str


class Freshness(TypedDict):
    fresh: bool
    checks: list[FreshnessLine]


class QualityAnswer(Asked):
    episodes: EpisodesQuality
    deployments: DeploymentsQuality
    llm: LlmQuality
    ui: UiQuality
    pipeline: PipelineQuality
    comparisons: list[ClearComparison]
    freshness: Freshness
