"""What is asked: pure functions from parameters to SQLAlchemy Core Selects.

Each name is fetched from its module when it is first asked for, so that a server that is asked none of these questions
need not load them. `analytics.inference` judges the answers; import it where it is needed, since NumPy takes a while to
load.
"""

from importlib import import_module
from typing import TYPE_CHECKING

from chimera_metrics.late_names import fetched
from chimera_metrics.short_names import same_as_long

if TYPE_CHECKING:
    from chimera_metrics.analytics.errors import QuestionError
    from chimera_metrics.analytics.metrics import typed as metric
    from chimera_metrics.analytics.metrics.aggregates import AGGREGATES
    from chimera_metrics.analytics.metrics.catalog import DIMENSIONS, MEASURES, METRICS
    from chimera_metrics.analytics.metrics.filters import Filter, filter_of, filters_of
    from chimera_metrics.analytics.metrics.language import Metric, metric_of, metrics_of
    from chimera_metrics.analytics.questions.aggregate import aggregate
    from chimera_metrics.analytics.questions.anomalies import Watching, anomalies
    from chimera_metrics.analytics.questions.asked import (
        AggregateArguments,
        AnomaliesArguments,
        CompareArguments,
        CorrelationArguments,
        CorrelationDataArguments,
        DriversArguments,
        ForecastArguments,
        PerformanceArguments,
        QualityArguments,
        TrendArguments,
        TrendDataArguments,
    )
    from chimera_metrics.analytics.questions.compare import Compare, compare
    from chimera_metrics.analytics.questions.confidence import Confidence, confidence
    from chimera_metrics.analytics.questions.correlation import correlation
    from chimera_metrics.analytics.questions.describe import overview, top_words, words_of
    from chimera_metrics.analytics.questions.drivers import DriverQuestion, drivers
    from chimera_metrics.analytics.questions.forecast import Forecast, forecast
    from chimera_metrics.analytics.questions.performance import PerformanceSummary, performance_summary
    from chimera_metrics.analytics.questions.question import Question, ResultColumn, estimate
    from chimera_metrics.analytics.questions.series import series
    from chimera_metrics.analytics.questions.summaries import CorrelationData, correlation_data, quality_metrics
    from chimera_metrics.analytics.questions.trend import Trend, commits, first_commit, trend
    from chimera_metrics.analytics.row_counts import Sizes
    from chimera_metrics.analytics.sql.buckets import GRANULARITIES, MAX_POINTS, Bucket, buckets, granularity_of
    from chimera_metrics.analytics.sql.source import sizes
    from chimera_metrics.analytics.window import Window, previous, window_of

__all__ = [
    "AGGREGATES",
    "DIMENSIONS",
    "GRANULARITIES",
    "MAX_POINTS",
    "MEASURES",
    "METRICS",
    "AggregateArguments",
    "AnomaliesArguments",
    "Bucket",
    "Compare",
    "CompareArguments",
    "Confidence",
    "CorrelationArguments",
    "CorrelationData",
    "CorrelationDataArguments",
    "DriverQuestion",
    "DriversArguments",
    "Filter",
    "Forecast",
    "ForecastArguments",
    "Metric",
    "PerformanceArguments",
    "PerformanceSummary",
    "QualityArguments",
    "Question",
    "QuestionError",
    "ResultColumn",
    "Sizes",
    "Trend",
    "TrendArguments",
    "TrendDataArguments",
    "Watching",
    "Window",
    "aggregate",
    "anomalies",
    "buckets",
    "commits",
    "compare",
    "confidence",
    "correlation",
    "correlation_data",
    "drivers",
    "estimate",
    "filter_of",
    "filters_of",
    "first_commit",
    "forecast",
    "granularity_of",
    "metric",
    "metric_of",
    "metrics_of",
    "overview",
    "performance_summary",
    "previous",
    "quality_metrics",
    "series",
    "sizes",
    "top_words",
    "trend",
    "window_of",
    "words_of",
]

_NAMES = {
    "errors": ("QuestionError",),
    "metrics.aggregates": ("AGGREGATES",),
    "metrics.catalog": ("DIMENSIONS", "MEASURES", "METRICS"),
    "metrics.filters": ("Filter", "filter_of", "filters_of"),
    "metrics.language": ("Metric", "metric_of", "metrics_of"),
    "questions.aggregate": ("aggregate",),
    "questions.anomalies": ("Watching", "anomalies"),
    "questions.asked": (
        "AggregateArguments",
        "AnomaliesArguments",
        "CompareArguments",
        "CorrelationArguments",
        "CorrelationDataArguments",
        "DriversArguments",
        "ForecastArguments",
        "PerformanceArguments",
        "QualityArguments",
        "TrendArguments",
        "TrendDataArguments",
    ),
    "questions.compare": ("Compare", "compare"),
    "questions.confidence": ("Confidence", "confidence"),
    "questions.correlation": ("correlation",),
    "questions.describe": ("overview", "top_words", "words_of"),
    "questions.drivers": ("DriverQuestion", "drivers"),
    "questions.forecast": ("Forecast", "forecast"),
    "questions.performance": ("PerformanceSummary", "performance_summary"),
    "questions.question": ("Question", "ResultColumn", "estimate"),
    "questions.series": ("series",),
    "questions.summaries": ("CorrelationData", "correlation_data", "quality_metrics"),
    "questions.trend": ("Trend", "commits", "first_commit", "trend"),
    "row_counts": ("Sizes",),
    "sql.buckets": ("GRANULARITIES", "MAX_POINTS", "Bucket", "buckets", "granularity_of"),
    "sql.source": ("sizes",),
    "window": ("Window", "previous", "window_of"),
}
_MODULES = {name: module for module, names in _NAMES.items() for name in names}

if not TYPE_CHECKING:  # type checkers would take any name for one that is there

    def __getattr__(name: str) -> object:
        if name == "metric":
            return import_module(f"{__name__}.metrics.typed")
        if name not in _MODULES:
            raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
        return fetched(name, _MODULES[name], globals())


def __dir__() -> list[str]:
    return __all__


same_as_long(__name__)
