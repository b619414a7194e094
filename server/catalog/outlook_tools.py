"""The tools that say what will happen and what is odd now, each its typed arguments and one call on the client."""

from __future__ import annotations

from collections.abc import Iterator

from pydantic import Field

from chimera_metrics.integrations.clickhouse.statements import Cancellation
from chimera_metrics.integrations.results import Result
from chimera_metrics.server.catalog.analytics_tools import (
    PICTURE,
    SQL_TOO,
    WindowArguments,
    plain,
    tool_of,
)
from chimera_metrics.server.catalog.analytics_words import BUCKET, METRIC, SAME_FILTERS
from chimera_metrics.server.catalog.asked import Bucketed, MoreFilters, filters_given
from chimera_metrics.server.catalog.tool import MuseTool
from chimera_metrics.server.context import ServerContext


class ForecastArguments(WindowArguments):
    metric: str = Field(description=METRIC)
    horizon: int | None = Field(None, ge=1, description="Buckets ahead; by default a cycle, else 7")
    granularity: Bucketed = Field("day", description=BUCKET)
    filters: MoreFilters = Field(default_factory=list, description=SAME_FILTERS)
    chart: bool = PICTURE
    include_sql: bool = SQL_TOO


def forecast(context: ServerContext, args: ForecastArguments, cancellation: Cancellation) -> Result:
    given = plain(args, "filters")
    return context.client.forecast(**given, filters=filters_given(args.filters), cancellation=cancellation)


class AnomaliesArguments(WindowArguments):
    metrics: list[str] = Field(default_factory=list, description="Of any tables; the leading ones if left out")
    group_by: str | None = Field(None, description="One column of few values")
    granularity: Bucketed = Field("hour", description=BUCKET)
    last: int | None = Field(None, ge=1, description="Newest buckets to judge; a day of hours")
    filters: MoreFilters = Field(default_factory=list, description=SAME_FILTERS)
    chart: bool = PICTURE
    include_sql: bool = SQL_TOO


def anomalies(context: ServerContext, args: AnomaliesArguments, cancellation: Cancellation) -> Result:
    given = plain(args, "filters")
    return context.client.anomalies(**given, filters=filters_given(args.filters), cancellation=cancellation)


def outlook_tools() -> Iterator[MuseTool]:
    """Under their dotted names."""
    yield tool_of("query.forecast", ForecastArguments, forecast)
    yield tool_of("query.anomalies", AnomaliesArguments, anomalies)
