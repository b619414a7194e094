"""Derives the schemas of the tools and keeps them: `python -m server.derive`, when arguments or answers changed."""

from __future__ import annotations

from typing import Any

from pydantic import TypeAdapter

from integrations.clickhouse.row_models import row_schema
from models import FACT_TABLES
from server import analytics_answers, answers
from server.schemas import input_schema, keep, output_schema
from server.tools import ROWS_PER_CALL, InsertArguments, all_tools

ANSWERS: dict[str, Any] = {
    "query": answers.QueryAnswer,
    "describe": answers.DescribeAnswer,
    "query.aggregate": analytics_answers.AggregateAnswer,
    "query.correlation": analytics_answers.CorrelationAnswer,
    "query.trend": analytics_answers.TrendAnswer,
    "get.correlation_data": analytics_answers.CorrelationDataAnswer,
    "get.trend_data": analytics_answers.TrendAnswer,
    "get.performance_summary": analytics_answers.PerformanceAnswer,
    "get.quality_metrics": analytics_answers.QualityAnswer,
    **{f"insert.{table}": answers.InsertAnswer for table in FACT_TABLES},
}


def derive() -> dict[str, dict[str, Any]]:
    """By tool: `input` and `output`."""
    found = {}
    for tool in all_tools():
        table = tool.name.removeprefix("insert.")
        given = insert_schema(table) if tool.group == "insert" else input_schema(tool.arguments_model)
        found[tool.name] = {"input": given, "output": output_schema(TypeAdapter(ANSWERS[tool.name]))}
    return found


def insert_schema(table: str) -> dict[str, Any]:
    """The arguments of one insert tool, the columns of its table written out."""
    schema = input_schema(InsertArguments)
    rows = schema["properties"]["rows"]
    items = row_schema(table)
    for column in items["properties"].values():
        # Seven tools say it many times; the instructions of the server say it once.
        column["description"] = column["description"].replace("ISO 8601, UTC if no zone", "ISO 8601")
    schema["properties"]["rows"] = rows | {"items": items, "minItems": 1, "maxItems": ROWS_PER_CALL}
    return schema


if __name__ == "__main__":
    keep(derive())
