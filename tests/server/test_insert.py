"""The `insert` tools through the in-memory client, on both engines."""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal
from typing import Any

import mcp
import pytest
from mcp_types import CallToolResult

from chimera_metrics.integrations.clickhouse_client import ClickHouseClient
from chimera_metrics.integrations.config import Settings
from chimera_metrics.models import FACT_TABLES
from tests.server.conftest import converse

Call = Callable[..., CallToolResult]
RUN = "61f0c404-5cb3-11e7-907b-a6006ad3dba0"
ROWS: dict[str, dict[str, Any]] = {
    "bench_runs": {
        "run_id": RUN,
        "model": "m",
        "quant": "q",
        "dataset": "d",
        "latency_p95_ms": 12.5,
        "cost_per_1k": 0.1,
    },
    "llm_events": {"source": "council", "model": "m", "operation": "write", "status": "success", "tokens_in": 7},
    "ui_events": {"session_id": RUN, "event_type": "overlay_open", "metadata": {"a": 1}},
    "episodes": {"series": "s", "episode_num": 1, "title": "t"},
    "deployments": {"status": "ready", "url": "https://example.org"},
    "watcher_runs": {"status": "valid", "lag_seconds": 1.5},
    "session_stats": {
        "hour": "2026-01-02T03:00:00Z",
        "session_id": RUN,
        "error_rate": 0,
        "abandonment_rate": 0,
        "events_count": 3,
        "duration_seconds": 4.5,
    },
}


def _answer(result: CallToolResult) -> dict[str, Any]:
    assert not result.is_error, result.content
    answer: dict[str, Any] | None = result.structured_content
    assert answer is not None
    return answer


@pytest.mark.parametrize("table", FACT_TABLES)
def test_a_row_goes_into_each_table_once(call: Call, store: Settings, table: str) -> None:
    first, second = (_answer(call(f"insert.{table}", rows=[ROWS[table]])) for _ in range(2))
    assert (first["received"], first["inserted"], first["duplicates"]) == (1, 1, 0)
    assert (second["received"], second["inserted"], second["duplicates"]) == (1, 0, 1)
    assert second["batch_id"] == first["batch_id"]
    assert second["note"].endswith("To store the same rows once more, send them with an idempotency_key of your own.")
    with ClickHouseClient(store.clickhouse) as client:
        assert client.execute_query(f"SELECT count() AS n FROM {table}") == [{"n": 1}]


def test_the_same_key_with_other_rows_is_refused(call: Call) -> None:
    _answer(call("insert.episodes", rows=[ROWS["episodes"]], idempotency_key="k"))
    result = call("insert.episodes", rows=[ROWS["episodes"] | {"episode_num": 2}], idempotency_key="k")
    assert result.is_error
    assert "The idempotency_key 'k' was used at" in str(result.content[0])


def test_a_bad_row_is_named_and_the_batch_is_left_out_whole(call: Call, store: Settings) -> None:
    rows = [ROWS["episodes"], ROWS["episodes"] | {"episode_num": "many"}]
    answer = _answer(call("insert.episodes", rows=rows))
    assert answer["rejected"] == [
        {
            "index": 1,
            "field": "episode_num",
            "error": "episode_num holds 'many'; it takes a whole number from 0 to 4,294,967,295.",
        }
    ]
    assert (answer["received"], answer["inserted"], answer["rejected_count"]) == (2, 0, 2)
    assert answer["note"].startswith("1 of 2 rows are wrong, so none was stored;")
    with ClickHouseClient(store.clickhouse) as client:
        assert client.execute_query("SELECT count() AS n FROM episodes") == [{"n": 0}]


def test_skip_stores_the_others(call: Call) -> None:
    rows = [ROWS["episodes"], ROWS["episodes"] | {"episode_num": "many"}]
    answer = _answer(call("insert.episodes", rows=rows, on_invalid="skip"))
    assert (answer["received"], answer["inserted"], answer["rejected_count"]) == (2, 1, 1)


UI, BENCH = "ui_events", "bench_runs"
BAD = [
    (UI, {"nope": 1}, "nope", "Unknown column 'nope'"),
    (UI, {"latency_ms": "fast"}, "latency_ms", "'fast'"),
    (UI, {"latency_ms": -1}, "latency_ms", "-1"),
    (UI, {"latency_ms": "NaN"}, "latency_ms", "NaN"),
    (UI, {"schema_version": 65536}, "schema_version", "65,535"),
    (UI, {"ts": "1969-12-31T23:59:59Z"}, "ts", "1970"),
    (UI, {"ts": "2200-01-01T00:00:00Z"}, "ts", "2149"),
    (UI, {"ts": "yesterday"}, "ts", "'yesterday'"),
    (UI, {"metadata": "x" * 10_000_000}, "metadata", "bytes"),
    (UI, {"event_type": "\ud800"}, "event_type", "UTF-8"),
    (UI, {"session_id": "1"}, "session_id", "UUID"),
    (BENCH, {"commit_sha": "abc"}, "commit_sha", "40"),
    (BENCH, {"model": None}, "model", "model"),
]


@pytest.mark.parametrize(("table", "change", "field", "part"), BAD, ids=[f"{f}-{p}" for _, _, f, p in BAD])
def test_each_kind_of_bad_value_has_its_sentence(
    store: Settings, table: str, change: dict[str, Any], field: str, part: str
) -> None:
    with ClickHouseClient(store.clickhouse) as client:
        answer = client.insert(table, [ROWS[table] | change])
    [rejected] = answer["rejected"]
    assert (rejected["index"], rejected["field"]) == (0, field)
    assert part in rejected["error"]
    assert len(rejected["error"]) < 400
    assert rejected["error"].endswith(".")


def test_a_time_without_a_zone_is_utc(call: Call, store: Settings) -> None:
    _answer(call("insert.ui_events", rows=[ROWS["ui_events"] | {"ts": "2026-01-02T03:04:05.678"}]))
    with ClickHouseClient(store.clickhouse) as client:
        answer = client.query("SELECT ts FROM ui_events")
    assert answer["rows"] == [["2026-01-02T03:04:05.678Z"]]


def test_an_amount_finer_than_its_scale_is_rounded_half_even_and_said(call: Call, store: Settings) -> None:
    row = ROWS["bench_runs"] | {"cost_per_1k": "0.0000000025"}
    answer = _answer(call("insert.bench_runs", rows=[row]))
    assert answer["rounded"] == {"cost_per_1k": 1}
    with ClickHouseClient(store.clickhouse) as client:
        assert client.query("SELECT cost_per_1k FROM bench_runs")["rows"] == [[Decimal("0.000000002")]]


def test_a_benchmark_run_sent_again_is_one_run_whatever_day_it_carries(call: Call, store: Settings) -> None:
    for day, latency in (("2026-01-01", 10.0), ("2026-01-03", 30.0), ("2026-01-02", 20.0)):
        row = ROWS["bench_runs"] | {"ts": f"{day}T12:00:00Z", "latency_p95_ms": latency}
        _answer(call("insert.bench_runs", rows=[row]))
    with ClickHouseClient(store.clickhouse) as client:
        assert client.query("SELECT ts, latency_p95_ms FROM bench_runs")["rows"] == [["2026-01-02T12:00:00Z", 20]]
        assert client.query("SELECT count() FROM bench_runs WHERE ts < '2026-01-02'")["rows"] == [[0]]
        assert client.query("SELECT count() FROM bench_runs WHERE ts >= '2026-01-03'")["rows"] == [[0]]


@pytest.mark.parametrize("count", [0, 10_001])
def test_a_call_takes_1_to_10000_rows(call: Call, count: int) -> None:
    result = call("insert.episodes", rows=[ROWS["episodes"]] * count)
    assert result.is_error
    assert f"rows holds {count} rows; send 1 to 10000 in one call." in str(result.content[0])


def test_a_read_only_server_offers_no_insert_tool(store: Settings) -> None:
    async def names(client: mcp.Client) -> list[str]:
        return [tool.name for tool in (await client.list_tools()).tools]

    assert not [name for name in converse(store, names, read_only=True) if name.startswith("insert")]
