"""Derives `surface.json`: `python -m chimera_metrics.server.derive`, when arguments, answers or words changed."""

from __future__ import annotations

from typing import Any

import orjson
from pydantic import TypeAdapter

from chimera_metrics.integrations.validation.row_models import row_schema
from chimera_metrics.models import FACT_TABLES
from chimera_metrics.server.catalog import (
    analytics_answers,
    answers,
    comparison_answers,
    outlook_answers,
    watch_answers,
)
from chimera_metrics.server.catalog.prompts import listed_prompts
from chimera_metrics.server.catalog.resources import listed_resources, listed_templates
from chimera_metrics.server.catalog.schemas import input_schema, output_schema
from chimera_metrics.server.catalog.surface import FILE
from chimera_metrics.server.catalog.tool import MuseTool
from chimera_metrics.server.catalog.tools import InsertArguments, all_tools
from chimera_metrics.server.catalog.views import meta_of
from chimera_metrics.server.catalog.words import instructions

ANSWERS: dict[str, Any] = {
    "query": answers.QueryAnswer,
    "describe": answers.DescribeAnswer,
    "query.aggregate": analytics_answers.AggregateAnswer,
    "query.correlation": analytics_answers.CorrelationAnswer,
    "query.trend": analytics_answers.TrendAnswer,
    "query.compare": comparison_answers.CompareAnswer,
    "query.drivers": comparison_answers.DriversAnswer,
    "query.forecast": outlook_answers.ForecastAnswer,
    "query.anomalies": outlook_answers.AnomaliesAnswer,
    "get.correlation_data": analytics_answers.CorrelationDataAnswer,
    "get.trend_data": analytics_answers.TrendAnswer,
    "get.performance_summary": analytics_answers.PerformanceAnswer,
    "get.quality_metrics": analytics_answers.QualityAnswer,
    "watch.set": watch_answers.WatchAnswer,
    "watch.list": watch_answers.WatchesAnswer,
    "watch.remove": watch_answers.RemovedAnswer,
    **{f"insert.{table}": answers.InsertAnswer for table in FACT_TABLES},
}


def derive() -> dict[str, Any]:
    """All that the file holds."""
    return {
        "instructions": instructions(),
        "tools": [derive_tool(tool) for tool in all_tools()],
        "prompts": listed_prompts(),
        "resources": listed_resources(),
        "resource_templates": listed_templates(),
    }


def derive_tool(tool: MuseTool) -> dict[str, Any]:
    """A tool as the protocol lists it, under its dotted name; each client is shown the form that it takes."""
    insert = tool.group == "insert"
    return {
        "name": tool.name,
        "title": f"{tool.title} ({tool.name})",
        "description": tool.description,
        "inputSchema": insert_schema(tool.name.removeprefix("insert.")) if insert else input_schema(tool.arguments),
        "outputSchema": output_schema(TypeAdapter(ANSWERS[tool.name])),
        "annotations": tool.annotations(),
        **meta_of(tool.name),
    }


def insert_schema(table: str) -> dict[str, Any]:
    """The arguments of one insert tool, the columns of its table written out."""
    schema = input_schema(InsertArguments)
    rows = schema["properties"]["rows"]
    schema["properties"]["rows"] = rows | {"items": row_schema(table)}
    return schema


if __name__ == "__main__":
    # Names of columns are a kind of text of SQLAlchemy's own.
    layout = orjson.OPT_INDENT_2 | orjson.OPT_APPEND_NEWLINE | orjson.OPT_NON_STR_KEYS
    FILE.write_bytes(orjson.dumps(derive(), option=layout))
