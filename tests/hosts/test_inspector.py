"""The MCP Inspector's command line lists and calls every tool, over HTTP and stdio."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from chimera_metrics.integrations.config import ClickHouseSettings
from chimera_metrics.server.catalog.surface import surface as committed
from tests.hosts import node
from tests.server.processes import MUSE, environment
from tests.server.test_insert import ROWS

CALLS: dict[str, dict[str, Any]] = {
    "query": {"sql": "SELECT 1"},
    "query.aggregate": {"metrics": ["llm.calls"], "days": 1},
    "query.correlation": {"x": "bench.latency_p95_ms", "y": "ui.latency_p95_ms"},
    "query.trend": {"metric": "llm.calls"},
    "get.correlation_data": {},
    "query.compare": {"metrics": ["llm.calls"]},
    "query.drivers": {"metric": "llm.calls"},
    "query.forecast": {"metric": "llm.calls"},
    "query.anomalies": {},
    "watch.set": {"name": "calls", "metric": "llm.calls", "when": "above", "value": 1000000},
    "watch.list": {},
    "watch.remove": {"name": "calls"},
    "get.trend_data": {"metric": "llm.calls"},
    "get.performance_summary": {},
    "get.quality_metrics": {},
    "describe": {"table": "episodes"},
    **{f"insert.{table}": {"rows": [row]} for table, row in ROWS.items()},
}


def inspect(*arguments: str) -> Any:
    done = node.run(node.INSPECTOR, "--cli", *arguments)
    assert done.returncode == 0, done.stdout + done.stderr
    return json.loads(done.stdout)


def test_every_tool_is_called_here() -> None:
    assert sorted(CALLS) == sorted(tool["name"] for tool in committed()["tools"])


def test_it_lists_every_tool_over_http_by_its_dotted_name(url: str) -> None:
    found = inspect(url, "--transport", "http", "--method", "tools/list")
    assert sorted(tool["name"] for tool in found["tools"]) == sorted(CALLS)


@pytest.mark.parametrize("tool", CALLS)
def test_it_calls_every_tool_over_http(url: str, tool: str) -> None:
    given = [f"{name}={value if isinstance(value, str) else json.dumps(value)}" for name, value in CALLS[tool].items()]
    words = [word for argument in given for word in ("--tool-arg", argument)]
    found = inspect(url, "--transport", "http", "--method", "tools/call", "--tool-name", tool, *words)
    assert not found.get("isError"), found
    assert json.loads(found["content"][0]["text"]) == found["structuredContent"]


def test_it_lists_every_tool_over_stdio(embedded: ClickHouseSettings, tmp_path: Path) -> None:
    ours = {name: value for name, value in environment(embedded, tmp_path).items() if name.startswith(("CH_", "MUSE_"))}
    words = [word for name, value in ours.items() for word in ("-e", f"{name}={value}")]
    found = inspect(MUSE, "serve", *words, "--method", "tools/list")
    assert sorted(tool["name"] for tool in found["tools"]) == sorted(CALLS)
