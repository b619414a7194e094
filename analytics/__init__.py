"""What is asked: pure functions from parameters to SQLAlchemy Core Selects.

`analytics.inference` judges the answers; import it where it is needed, since NumPy takes a while to load.
"""

from analytics.aggregate import aggregate
from analytics.aggregates import AGGREGATES
from analytics.buckets import GRANULARITIES, MAX_POINTS, Bucket, buckets
from analytics.catalog import DIMENSIONS, MEASURES, METRICS
from analytics.confidence import Confidence, confidence
from analytics.correlation import correlation
from analytics.describe import overview, top_words, words_of
from analytics.errors import QuestionError
from analytics.filters import Filter, filter_of, filters_of
from analytics.metrics import Metric, metric_of, metrics_of
from analytics.performance import PerformanceSummary, performance_summary
from analytics.question import Question, ResultColumn, estimate
from analytics.series import series
from analytics.source import sizes
from analytics.summaries import CorrelationData, correlation_data, quality_metrics
from analytics.trend import Trend, commits, first_commit, trend
from analytics.window import Window, previous, window_of

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
