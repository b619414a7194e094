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

    notes: list[str]
    source: str
    sql: str
    window: WindowAnswer


class AggregateColumn(TypedDict):
    name: str
    type: str | None
    unit: str | None


class EstimateAnswer(TypedDict):
    rows: int
    bytes: int
    parts: int


class AggregateAnswer(Asked):
    columns: list[AggregateColumn]
    rows: Rows
    row_count: int
    truncated: bool
    truncated_reason: str | None
    elapsed_ms: float
    rows_read: int
    bytes_read: int
    query_id: str | None
    parameters: dict[str, Any]
    estimate: EstimateAnswer | None
    export: NotRequired[ExportAnswer]


class Side(TypedDict):
    metric: str
    unit: str | None


class LagAnswer(TypedDict):
    lag: int
    coefficient: float | None
    p_value: float | None
    n: int


class PairPoint(TypedDict):
    ts: str
    x: float
    y: float


class AdjustedAnswer(TypedDict):
    coefficient: float | None
    p_value: float | None
    removed: list[str]
    reason: ReasonAnswer | None


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
    lags: list[LagAnswer]
    best_lag: int | None
    best_lag_p_adjusted: float | None
    adjusted: AdjustedAnswer | None
    cycle: CycleAnswer | None
    points: list[PairPoint]
    reason: ReasonAnswer | None
    cautions: list[str]
    granularity: str


class TrendPoint(TypedDict):
    ts: str
    value: float | None
    n: int
    partial: bool


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
    group: str | int | None
    points: list[TrendPoint]
    n: int
    change_points: list[ChangePointAnswer]
    steps_or_climbs: list[StepOrClimbAnswer]
    slope_per_day: float | None
    slope_low: float | None
    slope_high: float | None
    p_value: float | None
    p_adjusted: float | None
    direction: str
    change_pct: float | None
    between_steps: BetweenStepsAnswer | None
    cycle: CycleAnswer | None
    anomalies: list[AnomalyAnswer]
    reason: ReasonAnswer | None
    cautions: list[str]
    notes: list[str]


class TrendAnswer(Asked):
    metric: str
    unit: str | None
    better: str
    granularity: str
    group_by: str | None
    filters: list[str]
    series: list[SeriesAnswer]
    reason: ReasonAnswer | None


class CorrelationDataPoint(TypedDict):
    ts: str
    hearts_latency_p95_ms: float | None
    hearts_cost_per_1k: float | None
    packs_latency_ms: float | None
    packs_error_rate: float | None
    packs_abandonment_rate: float | None
    partial: bool


class PairAnswer(TypedDict):
    hearts: str
    packs: str
    coefficient: float | None
    p_value: float | None
    p_adjusted: float | None
    n: int
    adjusted: AdjustedAnswer | None
    reason: ReasonAnswer | None


class WithinAnswer(TypedDict):
    coefficient: float | None
    p_value: float | None
    ci_low: float | None
    ci_high: float | None
    n: int
    groups: int
    days: int | None
    reason: ReasonAnswer | None


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
    adjusted: AdjustedAnswer | None
    cycle: CycleAnswer | None
    reason: ReasonAnswer | None
    cautions: list[str]
    within: WithinAnswer
    hearts_rows: int
    packs_rows: int
    pairs: list[PairAnswer]
    confidence: ConfidenceAnswer
    points: list[CorrelationDataPoint]


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
    reason: ReasonAnswer | None


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


class PerformanceAnswer(Asked):
    previous_window: WindowAnswer
    groups: list[GroupAnswer]
    llm: list[LlmAnswer]
    ui: list[UiAnswer]


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
    freshness: Freshness
