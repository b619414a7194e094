"""The analytic tools: what each question is asked with, and one call on the client."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from functools import cache, partial
from typing import Any, cast

from pydantic import BaseModel

from chimera_metrics.analytics import (
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
from chimera_metrics.analytics.questions.asked import AskedWith
from chimera_metrics.integrations.clickhouse.statements import Cancellation
from chimera_metrics.integrations.questions.asked import ExportedAggregate
from chimera_metrics.integrations.results import PerformanceResult, Result
from chimera_metrics.server.catalog.analytics_words import TITLES_AND_DESCRIPTIONS
from chimera_metrics.server.catalog.asked import asked_of, model_of
from chimera_metrics.server.catalog.tool import Call, MuseTool
from chimera_metrics.server.context import ServerContext


def ask(kind: type[AskedWith], context: ServerContext, args: BaseModel, cancellation: Cancellation) -> Result:
    return context.client.ask(asked_of(kind, args), cancellation)


def aggregate(context: ServerContext, args: Any, cancellation: Cancellation) -> Result:
    asked = asked_of(ExportedAggregate, args)
    return context.exports.whole(
        args.export, lambda export: context.client.ask(replace(asked, export=export), cancellation)
    )


def performance_summary(context: ServerContext, args: BaseModel, cancellation: Cancellation) -> Result:
    from chimera_metrics.integrations.questions.brief import brief

    return brief(cast(PerformanceResult, ask(PerformanceArguments, context, args, cancellation)))


def analytics_tools() -> Iterator[MuseTool]:
    """The analytic tools, under their dotted names."""
    yield _tool("query.aggregate", ExportedAggregate, aggregate, written_out=True)
    yield _tool("query.correlation", CorrelationArguments, written_out=True)
    yield _tool("query.trend", TrendArguments, written_out=True)
    yield _tool("query.compare", CompareArguments)
    yield _tool("query.drivers", DriversArguments)
    yield _tool("get.correlation_data", CorrelationDataArguments)
    yield _tool("get.trend_data", TrendDataArguments)
    yield _tool("get.performance_summary", PerformanceArguments, performance_summary)
    yield _tool("get.quality_metrics", QualityArguments)
    yield _tool("query.forecast", ForecastArguments)
    yield _tool("query.anomalies", AnomaliesArguments)


def _tool(name: str, kind: type[AskedWith], call: Call | None = None, *, written_out: bool = False) -> MuseTool:
    title, description = TITLES_AND_DESCRIPTIONS[name]
    model = cache(partial(model_of, kind, written_out))
    group = name.partition(".")[0]
    return MuseTool(name, group, title, description, model, call or partial(ask, kind), analytic=True)
