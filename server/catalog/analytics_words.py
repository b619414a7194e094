"""The words that a model reads about the analytic tools, to be reviewed as text."""

from __future__ import annotations

METRIC = "Catalog name such as llm.error_rate, agg(table.column) or rate(table.column = value)"
DAYS = "Whole days back, and today so far; excludes since and until"
SINCE = "Begin, ISO 8601; without an offset UTC"
UNTIL = "End, exclusive; now if left out"
FILTERS = "Conditions that all hold"
INTERVAL = "Add <metric>_n, _low, _high (95 % interval) to rates, means, quantiles"
EXPORT = "All rows, as a linked file"
CHART = "Also a picture (PNG)"

TITLES_AND_DESCRIPTIONS: dict[str, tuple[str, str]] = {
    "query.aggregate": (
        "Aggregate metrics",
        "Any metrics of one table, by its dimensions and by time, as rows; empty buckets included, a bucket that is "
        "not over marked partial. Metrics: names such as llm.calls, ui.latency_p95_ms, or p95(ui_events.latency_ms), "
        "rate(llm_events.status = failure); aggregates count, sum, avg, min, max, p50, p90, p95, p99, stddev, uniq, "
        "rate. describe lists metrics and dimensions. The answer has the sql and parameters that query takes.",
    ),
    "query.correlation": (
        "Correlate two metrics",
        "Whether two metrics of any two tables move together in time: coefficient, 95 % interval and p-value that "
        "account for autocorrelation, the points, and with max_lag which follows which (a positive lag: y follows x). "
        "Read reason and cautions before you report a number.",
    ),
    "query.trend": (
        "Trend of a metric",
        "Where a metric goes: slope a day with 95 % interval, direction (rising, falling, steady, unclear), change "
        "points with the levels before and after and, for benchmarks, the commit; anomalies. With group_by one series "
        "a group, judged together. unclear means that chance explains it.",
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
        "How benchmark latency and user-interface latency moved together day by day: Pearson's r, every pair of "
        "measures with p-values adjusted for their number, and a confidence score. Cautions say when other models ran "
        "on some days than on others.",
    ),
    "get.trend_data": (
        "Trend of a metric, in short",
        "As query.trend over the last days: slope, direction, change points and anomalies of one metric.",
    ),
    "get.performance_summary": (
        "Performance summary",
        "Each model, quant and dataset against the window of the same length before: means, change in %, and "
        "regressions that hold after correcting for the number of comparisons, each with the first bad commit. Also "
        "calls of language models and events of the user interface.",
    ),
    "get.quality_metrics": (
        "Quality metrics",
        "Episodes, deployments, language models, user interface and pipeline of the last days, in one page: counts, "
        "rates, costs, latencies.",
    ),
}
