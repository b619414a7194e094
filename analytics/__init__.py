"""What is asked: pure functions from parameters to SQLAlchemy Core Selects.

`analytics.inference` judges the answers; import it where it is needed, since NumPy takes a while to load.
"""

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
from chimera_metrics.short_names import same_as_long

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

same_as_long(__name__)
