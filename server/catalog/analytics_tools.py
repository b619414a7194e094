"""The analytic tools, each its typed arguments and one call on the client."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial
from typing import Any, Literal

from pydantic import BaseModel, Field

from chimera_metrics.analytics import CompareArguments
from chimera_metrics.analytics.questions.asked import AskedWith
from chimera_metrics.integrations.answers.exporting import FileFormat
from chimera_metrics.integrations.clickhouse.statements import Cancellation
from chimera_metrics.integrations.results import Result
from chimera_metrics.server.catalog.analytics_words import (
    BUCKET,
    CHART,
    DAYS,
    EXPORT,
    FILTERS,
    GROUPS,
    HOURS,
    INTERVAL,
    METRIC,
    METRICS,
    SAME_FILTERS,
    SINCE,
    SQL,
    TITLES_AND_DESCRIPTIONS,
    UNTIL,
)
from chimera_metrics.server.catalog.arguments import Arguments
from chimera_metrics.server.catalog.asked import (
    Bucket,
    Bucketed,
    FilterArguments,
    MoreFilters,
    asked_of,
    filters_given,
    model_of,
)
from chimera_metrics.server.catalog.tool import Call, MuseTool
from chimera_metrics.server.context import ServerContext

_DAYS = Field(None, ge=0, description=DAYS, json_schema_extra={"default": 7})
_HOURS = Field(None, ge=0, description=HOURS)
PICTURE = Field(False, description=CHART)
SQL_TOO = Field(False, description=SQL)


class WindowArguments(Arguments):
    days: int | None = Field(None, ge=0, description=DAYS)
    hours: int | None = _HOURS
    since: str | None = Field(None, description=SINCE)
    until: str | None = Field(None, description=UNTIL)


class AggregateArguments(WindowArguments):
    metrics: list[str] = Field(min_length=1, description=METRICS)
    group_by: list[str] = Field(default_factory=list, description=GROUPS)
    granularity: Bucket = Field("none", description=BUCKET)
    filters: list[FilterArguments] = Field(default_factory=list, description=FILTERS)
    order_by: str | None = Field(None, description="ts, column or metric")
    descending: bool = Field(False, description="Highest first")
    limit: int = Field(100, ge=1, description="Groups")
    exact: bool = Field(False, description="Not from sketches")
    dry_run: bool = Field(False, description="Estimate cost")
    interval: bool = Field(False, description=INTERVAL)
    export: FileFormat | None = Field(None, description=EXPORT)
    include_sql: bool = SQL_TOO


def aggregate(context: ServerContext, args: AggregateArguments, cancellation: Cancellation) -> Result:
    given = plain(args, "filters", "export")
    run = partial(context.client.aggregate, **given, filters=filters_given(args.filters), cancellation=cancellation)
    return context.exports.whole(args.export, lambda export: run(export=export))


class CorrelationArguments(WindowArguments):
    x: str = Field(description=METRIC)
    y: str = Field(description=METRIC)
    x_filters: list[FilterArguments] = Field(default_factory=list, description=FILTERS)
    y_filters: list[FilterArguments] = Field(default_factory=list, description=FILTERS)
    granularity: Bucketed = Field("day", description=BUCKET)
    method: Literal["pearson", "spearman", "kendall"] = Field("pearson", description="Coefficient")
    max_lag: int = Field(0, ge=0, description="Buckets, at most 60")
    chart: bool = PICTURE
    include_sql: bool = SQL_TOO


def correlation(context: ServerContext, args: CorrelationArguments, cancellation: Cancellation) -> Result:
    given = plain(args, "x_filters", "y_filters")
    x_filters, y_filters = filters_given(args.x_filters), filters_given(args.y_filters)
    return context.client.correlate(**given, x_filters=x_filters, y_filters=y_filters, cancellation=cancellation)


class TrendArguments(WindowArguments):
    metric: str = Field(description=METRIC)
    granularity: Bucketed = Field("day", description=BUCKET)
    group_by: list[str] = Field(default_factory=list, description="At most two")
    filters: list[FilterArguments] = Field(default_factory=list, description=FILTERS)
    chart: bool = PICTURE
    include_sql: bool = SQL_TOO


def trend(context: ServerContext, args: TrendArguments, cancellation: Cancellation) -> Result:
    given = plain(args, "filters")
    return context.client.trend(**given, filters=filters_given(args.filters), cancellation=cancellation)


class DriversArguments(WindowArguments):
    metric: str = Field(description=METRIC)
    baseline_since: str | None = Field(None, description="Start of the window before; default whole weeks earlier")
    baseline_until: str | None = Field(None, description="Its end, exclusive")
    dimensions: list[str] = Field(default_factory=list, description="Columns of few values; default all")
    depth: int = Field(2, ge=1, description="1: words, 2: and their pairs")
    filters: MoreFilters = Field(default_factory=list, description=SAME_FILTERS)
    limit: int = Field(5, ge=1, description="Drivers at most, up to 20")
    chart: bool = PICTURE
    include_sql: bool = SQL_TOO


def drivers(context: ServerContext, args: DriversArguments, cancellation: Cancellation) -> Result:
    given = plain(args, "filters")
    return context.client.drivers(**given, filters=filters_given(args.filters), cancellation=cancellation)


class CorrelationDataArguments(Arguments):
    days: int | None = _DAYS
    hours: int | None = _HOURS
    granularity: Bucketed = Field("day", description=BUCKET)
    include_sql: bool = SQL_TOO


def correlation_data(context: ServerContext, args: CorrelationDataArguments, cancellation: Cancellation) -> Result:
    return context.client.get_correlation_data(args.days, args.granularity, cancellation, hours=args.hours)


class TrendDataArguments(Arguments):
    metric: str = Field(description=METRIC)
    days: int | None = Field(None, ge=0, description=DAYS, json_schema_extra={"default": 30})
    hours: int | None = _HOURS
    granularity: Bucketed = Field("day", description=BUCKET)
    group_by: list[str] = Field(default_factory=list, description="At most two")
    chart: bool = PICTURE
    include_sql: bool = SQL_TOO


def trend_data(context: ServerContext, args: TrendDataArguments, cancellation: Cancellation) -> Result:
    return context.client.get_trend_data(**plain(args), cancellation=cancellation)


class PerformanceArguments(Arguments):
    days: int | None = _DAYS
    hours: int | None = _HOURS
    model: str | None = Field(None, description="Only this model")
    dataset: str | None = Field(None, description="Only this dataset")
    chart: bool = PICTURE
    include_sql: bool = SQL_TOO


def performance_summary(context: ServerContext, args: PerformanceArguments, cancellation: Cancellation) -> Result:
    from chimera_metrics.integrations.questions.brief import brief

    given = plain(args)
    return brief(context.client.get_performance_summary(**given, cancellation=cancellation))


class QualityArguments(Arguments):
    days: int | None = _DAYS
    hours: int | None = _HOURS
    include_sql: bool = SQL_TOO


def quality_metrics(context: ServerContext, args: QualityArguments, cancellation: Cancellation) -> Result:
    return context.client.get_quality_metrics(args.days, cancellation, hours=args.hours)


def analytics_tools() -> Iterator[MuseTool]:
    """The analytic tools, under their dotted names."""
    yield tool_of("query.aggregate", AggregateArguments, aggregate)
    yield tool_of("query.correlation", CorrelationArguments, correlation)
    yield tool_of("query.trend", TrendArguments, trend)
    yield question_tool("query.compare", CompareArguments)
    yield tool_of("query.drivers", DriversArguments, drivers)
    yield tool_of("get.correlation_data", CorrelationDataArguments, correlation_data)
    yield tool_of("get.trend_data", TrendDataArguments, trend_data)
    yield tool_of("get.performance_summary", PerformanceArguments, performance_summary)
    yield tool_of("get.quality_metrics", QualityArguments, quality_metrics)


def plain(args: Arguments, *apart: str) -> dict[str, Any]:
    """The arguments that the client's method takes as they are; those `apart` are handed over in another form."""
    return args.model_dump(exclude={"include_sql", *apart})


def question_tool(name: str, kind: type[AskedWith]) -> MuseTool:
    """The tool that asks the client a question of that kind."""

    def call(context: ServerContext, args: BaseModel, cancellation: Cancellation) -> Result:
        return context.client.ask(asked_of(kind, args), cancellation)

    return tool_of(name, model_of(kind), call)


def tool_of(name: str, arguments: type[Arguments], call: Call) -> MuseTool:
    title, description = TITLES_AND_DESCRIPTIONS[name]
    group = name.partition(".")[0]
    return MuseTool(name, group, title, description, arguments, call, analytic=True)
