"""What the client's methods answer: mappings with attributes, which are tables too where they hold one."""

from chimera_metrics.integrations.results.json_text import as_json, lean
from chimera_metrics.integrations.results.kinds import (
    AggregateResult,
    AnomaliesResult,
    Check,
    Column,
    CompareResult,
    CorrelationDataResult,
    CorrelationResult,
    DescribeResult,
    DriversResult,
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
from chimera_metrics.integrations.results.points import points, records
from chimera_metrics.integrations.results.result import Result, Rows

__all__ = [
    "AggregateResult",
    "AnomaliesResult",
    "Check",
    "Column",
    "CompareResult",
    "CorrelationDataResult",
    "CorrelationResult",
    "DescribeResult",
    "DriversResult",
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
    "lean",
    "points",
    "records",
]
