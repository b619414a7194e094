"""The words that a model reads about the analytic tools, to be reviewed as text."""

from __future__ import annotations

from chimera_metrics.analytics.metrics.aggregates import AGGREGATES

# What arguments mean stands where they do: in `analytics.questions.asked`.
SAME_FILTERS = "{column, op, value} as in query.aggregate"
SQL = "Add SQL"

TITLES_AND_DESCRIPTIONS: dict[str, tuple[str, str]] = {
    "query.aggregate": (
        "Aggregate metrics",
        "Metrics of one table by columns and time. A metric is a name that describe lists; agg(table.column) with "
        f"{', '.join(name for name in AGGREGATES if name != 'rate')}; rate(table.column = value); or a / b of two.",
    ),
    "query.correlation": (
        "Correlate two metrics",
        "Whether two metrics move together: coefficient, interval, p-value; max_lag finds which follows (positive: y). "
        "Read cautions.",
    ),
    "query.trend": (
        "Trend of a metric",
        "How a metric moves: slope, direction (unclear: may be chance), change points, anomalies.",
    ),
    "query.compare": (
        "Compare two sides",
        "Whether metrics of one table got better or worse: the whole days of a window against the same weekdays "
        "before, a baseline or those before a commit; or two groups. Change b - a with 95 % interval by days, verdict "
        "(better, worse, same; unclear: may be chance), p_adjusted for all that was compared.",
    ),
    "query.drivers": (
        "Why a metric moved",
        "What made a count, sum, mean, rate or percentile move between two windows: column values and pairs of them by "
        "rate, volume or mix, where {} is everything alike. Contributions (share_pct may pass 100 or be negative) and "
        "rest add up to the change. A driver is where the change sits, not why. nothing_stands_out is an answer.",
    ),
    "query.forecast": (
        "Forecast a metric",
        "What a metric will be in the next buckets: values with 80 and 95 % intervals, the total of a count or sum "
        "(cost next week), and how it did in backtests beside the last week once more. Quote the interval with the "
        "value; null with a reason under three cycles.",
    ),
    "query.anomalies": (
        "What is odd now",
        "Which of the newest buckets of many metrics and groups are odd: each judged from the buckets before it, "
        "p-values corrected for all that were looked at, rarest first. not_judged says what could not be, and why.",
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
