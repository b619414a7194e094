"""A question has the same arguments everywhere: in the tool, the client's method, the operation and `analytics`."""

from __future__ import annotations

import importlib
import inspect
from typing import Any

import pytest

from chimera_metrics import analytics
from chimera_metrics.integrations.clickhouse_client import ClickHouseClient
from chimera_metrics.server.catalog.tools import all_tools

QUESTIONS = {
    "query.aggregate": "aggregate",
    "query.correlation": "correlate",
    "query.trend": "trend",
    "query.drivers": "drivers",
    "query.forecast": "forecast",
    "query.anomalies": "anomalies",
}
TOOLS = {tool.name: tool for tool in all_tools()}
# What only the tools take, what only Python takes, and what a window and the answer's form are made of.
FOR_READERS, IN_PYTHON = {"include_sql"}, {"self", "client", "cancellation"}
NOT_OF_ANALYTICS = {
    "days",
    "hours",
    "since",
    "until",
    "baseline_since",
    "baseline_until",
    "commit",
    "chart",
    "dry_run",
} | {*("export", "method", "max_lag", "depth", "limit")}


def taken(call: Any) -> dict[str, Any]:
    """The names that it takes, each with its default."""
    given = inspect.signature(call).parameters.values()
    return {one.name: one.default for one in given if one.name not in IN_PYTHON}


@pytest.mark.parametrize(("tool", "method"), QUESTIONS.items())
def test_tool_method_and_operation_take_the_same(tool: str, method: str) -> None:
    of_tool = TOOLS[tool].arguments.model_fields
    of_method = taken(getattr(ClickHouseClient, method))
    module = importlib.import_module(f"chimera_metrics.integrations.questions.{method}")
    of_operation = taken(getattr(module, method))
    assert set(of_tool) - FOR_READERS == set(of_method) == set(of_operation)
    for name, default in of_method.items():
        assert default == of_operation[name] or not (default or of_operation[name]), name
        by_tool = of_tool[name].get_default(call_default_factory=True) if not of_tool[name].is_required() else default
        assert by_tool == default or not (by_tool or default), name


@pytest.mark.parametrize("method", [name for name in QUESTIONS.values() if name != "correlate"])
def test_what_is_asked_of_analytics_has_the_same_name(method: str) -> None:
    asked = set(taken(getattr(ClickHouseClient, method))) - NOT_OF_ANALYTICS
    assert asked <= set(taken(getattr(analytics, method))) | {"interval"}
