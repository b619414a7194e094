"""An empty store says so, in every answer that comes from its tables."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest
from mcp_types import CallToolResult

from chimera_metrics.integrations.clickhouse_client import ClickHouseClient
from chimera_metrics.integrations.config import ClickHouseSettings, MuseSettings, Settings
from chimera_metrics.integrations.operations.contents import EMPTY, contents
from chimera_metrics.server.calls import Calls
from chimera_metrics.server.catalog.callers import Caller
from chimera_metrics.server.context import ServerContext
from chimera_metrics.server.offer import Offer
from tests.conftest import empty

Call = Callable[..., CallToolResult]
CALLS: list[tuple[str, dict[str, Any]]] = [
    ("query", {"sql": "SELECT count() FROM ui_events"}),
    ("query.aggregate", {"metrics": ["llm.calls"]}),
    ("query.correlation", {"x": "bench.latency_p95_ms", "y": "ui.latency_mean_ms"}),
    ("query.trend", {"metric": "llm.calls"}),
    ("get.correlation_data", {}),
    ("get.trend_data", {"metric": "llm.calls"}),
    ("get.performance_summary", {}),
    ("get.quality_metrics", {}),
    ("describe", {}),
]


def said(answer: dict[str, Any] | None) -> str:
    assert answer is not None
    return " ".join([*answer.get("notes", []), answer.get("note") or ""])


@pytest.mark.parametrize(("tool", "arguments"), CALLS, ids=[tool for tool, _ in CALLS])
def test_each_answer_of_an_empty_store_says_so(call: Call, tool: str, arguments: dict[str, Any]) -> None:
    assert EMPTY in said(call(tool, **arguments).structured_content)


def test_a_statement_that_reads_no_table_is_left_alone(call: Call) -> None:
    assert said(call("query", sql="SELECT 1").structured_content) == " ".strip()


def test_one_row_ends_the_note_on_a_server_that_runs(embedded: ClickHouseSettings) -> None:
    with ClickHouseClient(embedded) as client:
        empty(client.executor)
        offer = Offer.of(Settings(embedded, MuseSettings(audit=False)))
        context = ServerContext(Settings(embedded, MuseSettings(audit=False)), client)
        assert EMPTY in said(ask(offer.calls, context))
        client.insert_watcher_run({"status": "valid"})
        assert EMPTY not in said(ask(offer.calls, context))
        assert contents(client).rows == 1


def ask(calls: Calls, context: ServerContext) -> dict[str, Any]:
    from chimera_metrics.integrations.clickhouse.statements import Cancellation

    answered = calls.run(context, Caller("test", "reader", "test"), "get.quality_metrics", {}, Cancellation())
    found: dict[str, Any] = json.loads(answered.json)
    return found
