"""What is asked: pure functions from parameters to SQLAlchemy Core Selects.

`analytics.inference` judges the answers; import it where it is needed, since NumPy takes a while to load.
"""

from chimera_metrics.analytics.aggregate import aggregate
from chimera_metrics.analytics.aggregates import AGGREGATES
from chimera_metrics.analytics.buckets import GRANULARITIES, MAX_POINTS, Bucket, buckets
from chimera_metrics.analytics.catalog import DIMENSIONS, MEASURES, METRICS
from chimera_metrics.analytics.confidence import Confidence, confidence
from chimera_metrics.analytics.correlation import correlation
from chimera_metrics.analytics.describe import overview, top_words, words_of
from chimera_metrics.analytics.errors import QuestionError
from chimera_metrics.analytics.filters import Filter, filter_of, filters_of
from chimera_metrics.analytics.metrics import Metric, metric_of, metrics_of
from chimera_metrics.analytics.performance import PerformanceSummary, performance_summary
from chimera_metrics.analytics.question import Question, ResultColumn, estimate
from chimera_metrics.analytics.series import series
from chimera_metrics.analytics.source import sizes
from chimera_metrics.analytics.summaries import CorrelationData, correlation_data, quality_metrics
from chimera_metrics.analytics.trend import Trend, commits, first_commit, trend
from chimera_metrics.analytics.window import Window, previous, window_of
from chimera_metrics.short_names import same_as_long

__all__ = [
    "AGGREGATES",
    "DIMENSIONS",
    "GRANULARITIES",
    "MAX_POINTS",
    "MEASURES",
    "METRICS",
    "Bucket",
    "Confidence",
    "CorrelationData",
    "Filter",
    "Metric",
    "PerformanceSummary",
    "Question",
    "QuestionError",
    "ResultColumn",
    "Trend",
    "Window",
    "aggregate",
    "buckets",
    "commits",
    "confidence",
    "correlation",
    "correlation_data",
    "estimate",
    "filter_of",
    "filters_of",
    "first_commit",
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
