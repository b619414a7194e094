"""What the client's methods answer: mappings with attributes, which are tables too where they hold one."""

from chimera_metrics.integrations.results.json_text import as_json
from chimera_metrics.integrations.results.kinds import (
    AggregateResult,
    AnomaliesResult,
    Check,
    Column,
    CorrelationDataResult,
    CorrelationResult,
    DescribeResult,
    ForecastResult,
    HealthResult,
    InsertResult,
    PerformanceResult,
    QualityResult,
    QueryResult,
    RejectedRow,
    Series,
    TrendResult,
    WindowShown,
)
from chimera_metrics.integrations.results.result import Result, Rows

__all__ = [
    "AggregateResult",
    "AnomaliesResult",
    "Check",
    "Column",
    "CorrelationDataResult",
    "CorrelationResult",
    "DescribeResult",
    "ForecastResult",
    "HealthResult",
    "InsertResult",
    "PerformanceResult",
    "QualityResult",
    "QueryResult",
    "RejectedRow",
    "Result",
    "Rows",
    "Series",
    "TrendResult",
    "WindowShown",
    "as_json",
]
