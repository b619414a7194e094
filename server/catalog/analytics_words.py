"""The words that a model reads about the analytic tools, to be reviewed as text."""

from __future__ import annotations

from chimera_metrics.analytics.metrics.aggregates import AGGREGATES

METRICS = "Of one table"
METRIC = "As query.aggregate's"
BUCKET = "Bucket"
DAYS = "Whole days back"
SINCE = "ISO 8601"
UNTIL = "Exclusive"
FILTERS = "All hold"
INTERVAL = "Add 95 % intervals"
EXPORT = "All rows as a file"
CHART = "Add a PNG"
SQL = "Add SQL"

TITLES_AND_DESCRIPTIONS: dict[str, tuple[str, str]] = {
    "query.aggregate": (
        "Aggregate metrics",
        "Metrics of one table by columns and time. A metric is a name that describe lists; agg(table.column) with "
        f"{', '.join(name for name in AGGREGATES if name != 'rate')}; or rate(table.column = value).",
    ),
    "query.correlation": (
        "Correlate two metrics",
        "Whether two metrics move together: coefficient, interval, p-value; max_lag finds which follows (positive: y). "
        "Read cautions.",
    ),
    "query.trend": (
        "Trend of a metric",
        "Where a metric goes: slope, direction (unclear: may be chance), change points, anomalies.",
    ),
    "get.correlation_data": (
        "Benchmarks beside user interactions",
        "Benchmarks beside the user interface: correlations, confidence.",
    ),
    "get.trend_data": (
        "Trend of a metric, in short",
        "query.trend with fewer arguments.",
    ),
    "get.performance_summary": (
        "Performance summary",
        "Models, quants and datasets against the window before: means, changes, regressions with commits. LLM "
        "calls, UI events.",
    ),
    "get.quality_metrics": (
        "Quality metrics",
        "Episodes, deployments, LLM calls, UI and pipeline on one page.",
    ),
}
