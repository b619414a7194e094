"""The analytic tools, each its typed arguments and one call on the client."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial
from typing import Annotated, Any, Literal

from pydantic import BeforeValidator, ConfigDict, Field

from chimera_metrics.analytics.metrics.forms import spelled_out
from chimera_metrics.analytics.sql.buckets import Granularity, plain_granularity
from chimera_metrics.integrations.answers.exporting import FileFormat
from chimera_metrics.integrations.clickhouse.statements import Cancellation
from chimera_metrics.integrations.results import Result
from chimera_metrics.models import FACT_TABLES, insertable
from chimera_metrics.server.catalog.analytics_words import (
    CHART,
    DAYS,
    EXPORT,
    FILTERS,
    INTERVAL,
    METRIC,
    SINCE,
    TITLES_AND_DESCRIPTIONS,
    UNTIL,
)
from chimera_metrics.server.catalog.arguments import Arguments
from chimera_metrics.server.catalog.tool import Call, MuseTool
from chimera_metrics.server.context import ServerContext

Bucketed = Annotated[Literal["minute", "hour", "day", "week", "month"], BeforeValidator(plain_granularity)]
Bucket = Annotated[Granularity, BeforeValidator(plain_granularity)]
Operator = Literal[
    "=", "!=", "<", "<=", ">", ">=", "in", "not in", "like", "not like", "ilike", "is null", "is not null"
]
# Every column that a filter may be on.
_COLUMNS = frozenset(column.name for table in FACT_TABLES.values() for column in insertable(table))
_DAYS = Field(7, ge=0, description="Whole days back, and today so far")
PICTURE = Field(False, description=CHART)


def _as_text(value: Any) -> Any:
    return str(value).lower() if isinstance(value, bool) else value


class FilterArguments(Arguments):
    model_config = ConfigDict(extra="forbid", coerce_numbers_to_str=True)

    column: str = Field(description="Column of the metric's table")
    op: Operator = Field("=", description="Operator")
    value: Annotated[str | None, BeforeValidator(_as_text)] = Field(None, description="Value as text")
    values: list[str] | None = Field(None, description="Values, for in and not in")

    @classmethod
    def spelled_out(cls, given: dict[str, Any]) -> list[dict[str, Any]]:
        return [dict(one) for one in spelled_out(given, _COLUMNS)]

    def given(self) -> dict[str, Any]:
        return self.model_dump(exclude_none=True)


class WindowArguments(Arguments):
    days: int | None = Field(None, ge=0, description=DAYS)
    since: str | None = Field(None, description=SINCE)
    until: str | None = Field(None, description=UNTIL)


class AggregateArguments(WindowArguments):
    metrics: list[str] = Field(min_length=1, description=f"Metrics of one table. {METRIC}")
    group_by: list[str] = Field(default_factory=list, description="Columns to group by")
    granularity: Bucket = Field("none", description="Bucket of time")
    filters: list[FilterArguments] = Field(default_factory=list, description=FILTERS)
    order_by: str | None = Field(None, description="ts, a group or a metric")
    descending: bool = Field(False, description="Highest first")
    limit: int = Field(100, ge=1, description="Groups to keep")
    exact: bool = Field(False, description="From the rows: percentiles and distinct counts exact")
    dry_run: bool = Field(False, description="Only estimate rows, bytes and parts")
    interval: bool = Field(False, description=INTERVAL)
    export: FileFormat | None = Field(None, description=EXPORT)


def aggregate(context: ServerContext, args: AggregateArguments, cancellation: Cancellation) -> Result:
    given = args.model_dump(exclude={"filters", "export"})
    run = partial(context.client.aggregate, **given, filters=filters_given(args.filters), cancellation=cancellation)
    return context.exports.whole(args.export, lambda export: run(export=export))


class CorrelationArguments(WindowArguments):
    x: str = Field(description=METRIC)
    y: str = Field(description="As x, of any table")
    x_filters: list[FilterArguments] = Field(default_factory=list, description=FILTERS)
    y_filters: list[FilterArguments] = Field(default_factory=list, description=FILTERS)
    granularity: Bucketed = Field("day", description="Bucket of time")
    method: Literal["pearson", "spearman", "kendall"] = Field("pearson", description="Linear, by rank, or by order")
    max_lag: int = Field(0, ge=0, description="Buckets to shift either way, at most 60")
    chart: bool = PICTURE


def correlation(context: ServerContext, args: CorrelationArguments, cancellation: Cancellation) -> Result:
    given = args.model_dump(exclude={"x_filters", "y_filters"})
    x_filters, y_filters = filters_given(args.x_filters), filters_given(args.y_filters)
    return context.client.correlate(**given, x_filters=x_filters, y_filters=y_filters, cancellation=cancellation)


class TrendArguments(WindowArguments):
    metric: str = Field(description=METRIC)
    granularity: Bucketed = Field("day", description="Bucket of time")
    group_by: str | None = Field(None, description="One column of few values: a series each")
    filters: list[FilterArguments] = Field(default_factory=list, description=FILTERS)
    chart: bool = PICTURE


def trend(context: ServerContext, args: TrendArguments, cancellation: Cancellation) -> Result:
    given = args.model_dump(exclude={"filters"})
    return context.client.trend(**given, filters=filters_given(args.filters), cancellation=cancellation)


class CorrelationDataArguments(Arguments):
    days: int = _DAYS
    granularity: Bucketed = Field("day", description="Bucket of time")


def correlation_data(context: ServerContext, args: CorrelationDataArguments, cancellation: Cancellation) -> Result:
    return context.client.get_correlation_data(args.days, args.granularity, cancellation)


class TrendDataArguments(Arguments):
    metric: str = Field(description=METRIC)
    days: int = Field(30, ge=0, description="Whole days back, and today so far")
    granularity: Bucketed = Field("day", description="Bucket of time")
    group_by: str | None = Field(None, description="One column of few values: a series each")
    chart: bool = PICTURE


def trend_data(context: ServerContext, args: TrendDataArguments, cancellation: Cancellation) -> Result:
    return context.client.get_trend_data(**args.model_dump(), cancellation=cancellation)


class PerformanceArguments(Arguments):
    days: int = _DAYS
    model: str | None = Field(None, description="Only this model")
    dataset: str | None = Field(None, description="Only this dataset")
    chart: bool = PICTURE


def performance_summary(context: ServerContext, args: PerformanceArguments, cancellation: Cancellation) -> Result:
    return context.client.get_performance_summary(**args.model_dump(), cancellation=cancellation)


class QualityArguments(Arguments):
    days: int = _DAYS


def quality_metrics(context: ServerContext, args: QualityArguments, cancellation: Cancellation) -> Result:
    return context.client.get_quality_metrics(args.days, cancellation)


def analytics_tools() -> Iterator[MuseTool]:
    """The seven, under their dotted names."""
    yield tool_of("query.aggregate", AggregateArguments, aggregate)
    yield tool_of("query.correlation", CorrelationArguments, correlation)
    yield tool_of("query.trend", TrendArguments, trend)
    yield tool_of("get.correlation_data", CorrelationDataArguments, correlation_data)
    yield tool_of("get.trend_data", TrendDataArguments, trend_data)
    yield tool_of("get.performance_summary", PerformanceArguments, performance_summary)
    yield tool_of("get.quality_metrics", QualityArguments, quality_metrics)


def filters_given(given: list[FilterArguments]) -> list[dict[str, Any]]:
    return [one.given() for one in given]


def tool_of(name: str, arguments: type[Arguments], call: Call) -> MuseTool:
    title, description = TITLES_AND_DESCRIPTIONS[name]
    group = name.partition(".")[0]
    return MuseTool(name, group, title, description, arguments, call)
