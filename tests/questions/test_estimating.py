"""Which columns a plan reads, where the engine says it."""

from __future__ import annotations

import json

import pytest

from chimera_metrics.integrations.clickhouse_client import ClickHouseClient
from chimera_metrics.integrations.config import ClickHouseSettings
from chimera_metrics.integrations.errors import InvalidInput
from chimera_metrics.integrations.questions.estimating import columns_read
from tests.conftest import empty

RUN = {"run_id": "00000000-0000-4000-8000-000000000001", "model": "m", "quant": "q", "dataset": "d"}
READ = [
    ("SELECT latency_ms FROM ui_events", {"ui_events": {"latency_ms"}}),
    ("SELECT latency_ms FROM ui_events WHERE event_type = 'error'", {"ui_events": {"latency_ms", "event_type"}}),
    ("SELECT title FROM episodes PREWHERE series = 'x'", {"episodes": {"title", "series"}}),
    (
        "SELECT b.quant FROM bench_runs AS b JOIN llm_events AS e ON e.model = b.model",
        {"bench_runs": {"quant", "model"}, "llm_events": {"model"}},
    ),
]


@pytest.mark.parametrize(("statement", "expected"), READ, ids=[statement for statement, _ in READ])
def test_the_columns_of_a_plan(settings: ClickHouseSettings, statement: str, expected: dict[str, set[str]]) -> None:
    with ClickHouseClient(settings) as client:
        empty(client.executor)
        client.insert_ui_event({"event_type": "error", "session_id": "00000000-0000-4000-8000-000000000001"})
        client.insert_episode({"series": "x", "episode_num": 1, "title": "t"})
        assert client.insert_bench_run(RUN).inserted == 1
        client.insert_llm_event({"source": "council", "model": "m", "operation": "o", "status": "success"})
        [[plan]] = client.executor.read(f"EXPLAIN json = 1, header = 1, actions = 1 {statement}").rows
        found = columns_read(json.loads(plan))
    named = {f"{settings.database}.{table}": columns for table, columns in expected.items()}
    # The engine adds the key where duplicates are left out on the way (FINAL).
    assert {table: columns & named[table] for table, columns in found.items()} == named


def test_a_table_that_the_estimate_leaves_out_is_named(embedded: ClickHouseSettings) -> None:
    """The engine plans what stands in IN by itself."""
    with ClickHouseClient(embedded) as client:
        empty(client.executor)
        client.insert_llm_event({"source": "council", "model": "m", "operation": "o", "status": "success"})
        assert client.insert_bench_run(RUN).inserted == 1
        answer = client.query(
            "EXPLAIN ESTIMATE SELECT quant FROM bench_runs WHERE model IN (SELECT model FROM llm_events)"
        )
    assert answer.notes[-1] == "Not in it is what subqueries of IN, and empty tables, have to read: llm_events."


@pytest.mark.parametrize("most", [0, -1, True, "10"])
def test_max_bytes_takes_a_whole_number(embedded: ClickHouseSettings, most: int) -> None:
    with ClickHouseClient(embedded) as client, pytest.raises(InvalidInput, match="takes a whole number above 0"):
        client.query("SELECT 1", max_bytes=most)
