"""The kinds of results: what each operation answers, for type checkers, editors and readers.

A field that is not named here is there all the same, as `Any`. `float | Any` is a number that may be None, beside a
`reason`: a program that knows that it is there need not say so to its type checker.
"""

from __future__ import annotations

from typing import Any

from chimera_metrics.integrations.results.result import Result


class Column(Result):
    """A column of a table: its name and the engine's type."""

    __slots__ = ()
    name: str
    type: str | Any


class WindowShown(Result):
    """The time that a question was about: ISO 8601, `until` exclusive."""

    __slots__ = ()
    since: str
    until: str
    timezone: str


class QueryResult(Result):
    """Rows of SQL, each a list in the order of `columns`."""

    __slots__ = ()
    columns: list[Column]
    rows: list[list[Any]]
    row_count: int
    truncated: bool
    truncated_reason: str | Any
    elapsed_ms: float
    rows_read: int
    bytes_read: int
    query_id: str | Any
    notes: list[str]


class AggregateResult(QueryResult):
    """Metrics by group and bucket, and what was asked for them."""

    __slots__ = ()
    window: WindowShown
    source: str
    sql: str


class Series(Result):
    """One group's way through the window, judged."""

    __slots__ = ()
    group: Any
    n: int
    slope_per_day: float | Any
    slope_low: float | Any
    slope_high: float | Any
    p_value: float | Any
    direction: str | Any
    change_pct: float | Any
    change_points: list[Result]
    anomalies: list[Result]
    reason: Result | Any


class TrendResult(Result):
    """One series for each group of a metric."""

    __slots__ = ()
    metric: str
    unit: str | Any
    granularity: str
    series: list[Series]
    reason: Result | Any
    notes: list[str]
    source: str
    sql: str
    window: WindowShown


class ForecastResult(Result):
    """The buckets ahead, `forecast` with `columns` and `rows`."""

    __slots__ = ()
    metric: str
    unit: str | Any
    granularity: str
    horizon: int
    n: int
    forecast: Result
    total: Result | Any
    method: str | Any
    cycle: Result | Any
    backtest: Result | Any
    reason: Result | Any
    cautions: list[str]
    notes: list[str]
    source: str
    sql: str
    window: WindowShown


class AnomaliesResult(Result):
    """The odd ones among the newest buckets, and what could not be judged."""

    __slots__ = ()
    granularity: str
    last: int
    anomalies: list[Result]
    judged: int
    not_judged: list[Result]
    notes: list[str]
    source: str
    sql: str
    window: WindowShown


class CorrelationResult(Result):
    """How closely two metrics move together."""

    __slots__ = ()
    coefficient: float | Any
    p_value: float | Any
    ci_low: float | Any
    ci_high: float | Any
    n: int
    n_effective: float | Any
    method: str
    lags: list[Result]
    best_lag: int | Any
    reason: Result | Any
    cautions: list[str]
    notes: list[str]
    window: WindowShown


class Comparison(Result):
    """One metric of one group on two sides: `change` is b - a, between `low` and `high`."""

    __slots__ = ()
    metric: str
    group: Any
    a: float | Any
    b: float | Any
    change: float | Any
    change_pct: float | Any
    low: float | Any
    high: float | Any
    p_adjusted: float | Any
    verdict: str
    n_a: int
    n_b: int
    reason: Result | Any


class CompareResult(Result):
    """Metrics on two sides: a window and the one before, two groups, before a commit and since."""

    __slots__ = ()
    comparisons: list[Comparison]
    notes: list[str]
    source: str
    sql: str
    window: WindowShown
    baseline_window: WindowShown


class DriverShown(Result):
    """A cause of a change: `where` is {} for everything alike."""

    __slots__ = ()
    where: dict[str, Any]
    before: float | Any
    after: float | Any
    contribution: float
    share_pct: float | Any
    kind: str
    p_adjusted: float
    commit_sha: str | Any


class DriversResult(Result):
    """Why a metric moved: `drivers` and `rest` add up to the change."""

    __slots__ = ()
    metric: str
    unit: str | Any
    change: Result
    drivers: list[DriverShown]
    rest: float | Any
    looked_at: int
    reason: Result | Any
    notes: list[str]
    source: str
    sql: str
    window: WindowShown
    baseline_window: WindowShown


class CorrelationDataResult(Result):
    """Benchmarks beside user interactions."""

    __slots__ = ()
    correlation: float | Any
    p_value: float | Any
    ci_low: float | Any
    ci_high: float | Any
    n: int
    n_effective: float | Any
    hearts_rows: int
    packs_rows: int
    pairs: list[Result]
    confidence: Result
    reason: Result | Any
    cautions: list[str]
    notes: list[str]
    window: WindowShown


class PerformanceResult(Result):
    """Models, quants and datasets against the window before."""

    __slots__ = ()
    groups: list[Result]
    llm: list[Result]
    ui: list[Result]
    comparisons: list[Result]
    notes: list[str]
    window: WindowShown
    previous_window: WindowShown


class QualityResult(Result):
    """One page on all that is stored."""

    __slots__ = ()
    episodes: Result
    deployments: Result
    llm: Result
    ui: Result
    pipeline: Result
    comparisons: list[Result]
    notes: list[str]
    window: WindowShown


class DescribeResult(Result):
    """The tables, their columns, and the metrics and dimensions over them."""

    __slots__ = ()
    tables: list[Result]
    metrics: list[Result]
    dimensions: list[str]
    schema_revision: str
    note: str | Any


class RejectedRow(Result):
    """A row that was not stored: where it stood, the wrong field, and what is wrong."""

    __slots__ = ()
    index: int
    field: str | Any
    error: str


class InsertResult(Result):
    """What became of the rows: received = inserted + duplicates + rejected_count + quarantined."""

    __slots__ = ()
    table: str
    batch_id: str | Any
    received: int
    inserted: int
    duplicates: int
    replaced: int
    rejected_count: int
    quarantined: int
    rejected: list[RejectedRow]
    masked: dict[str, int]
    rounded: dict[str, int]
    note: str | Any


class Check(Result):
    """One line of `muse status`: `level` is ok, warning or error."""

    __slots__ = ()
    name: str
    level: str
    figure: str
    advice: str


class HealthResult(Result):
    """Whether all is well, and each check."""

    __slots__ = ()
    healthy: bool
    checks: list[Check]
    backup: Result | Any
