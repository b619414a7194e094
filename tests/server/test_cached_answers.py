"""Answers of `muse serve` that are given again: which, how long, and what is said and recorded of them."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from chimera_metrics.integrations.clickhouse.statements import Cancellation
from chimera_metrics.integrations.clickhouse_client import ClickHouseClient
from chimera_metrics.integrations.config import ClickHouseSettings
from chimera_metrics.server.catalog.tool import Sentence
from tests.analytics.rows import llm
from tests.conftest import empty
from tests.factories import BenchRunFactory, rows
from tests.server.cached import SUMMARY, CalledServer, called, fields

NOW = datetime(2026, 6, 15, 12, 0, 30, tzinfo=UTC).timestamp()


@pytest.fixture
def server(client: ClickHouseClient, tmp_path: Path) -> Iterator[CalledServer]:
    start = datetime.now(UTC) - timedelta(days=20)
    client.insert_bench_runs(rows(BenchRunFactory, 20, start=start))
    with called(client.settings, tmp_path) as made:
        made.cache._clock = lambda: NOW
        yield made


QUESTIONS: list[tuple[str, dict[str, Any]]] = [
    (SUMMARY, {"days": 30}),
    ("get.quality_metrics", {}),
    ("get.correlation_data", {}),
    ("get.trend_data", {"metric": "bench.latency_p95_ms"}),
    ("query.aggregate", {"metrics": ["bench.runs"], "days": 30, "group_by": ["model"]}),
    ("query.correlation", {"x": "bench.latency_p95_ms", "y": "ui.latency_p95_ms"}),
    ("query.trend", {"metric": "bench.latency_p95_ms", "include_sql": True}),
    ("query.compare", {"metrics": ["bench.latency_p95_ms"]}),
    ("query.drivers", {"metric": "bench.latency_p95_ms"}),
    ("query.forecast", {"metric": "bench.latency_p95_ms"}),
    ("query.anomalies", {"metrics": ["bench.latency_p95_ms"]}),
]


@pytest.mark.parametrize(("tool", "arguments"), QUESTIONS, ids=[tool for tool, _ in QUESTIONS])
def test_a_question_asked_again_is_answered_without_its_statements(
    server: CalledServer, tool: str, arguments: dict[str, Any]
) -> None:
    first = server.call(tool, **arguments)
    assert server.questions() != []
    again = server.call(tool, **arguments)
    assert server.questions() == []
    assert (again.json, again.fields, again.images) == (first.json, fields(first), first.images)
    assert server.looks() == (1, 1)


NOT_KEPT: list[tuple[str, dict[str, Any]]] = [
    ("query", {"sql": "SELECT count() FROM bench_runs"}),
    ("describe", {"table": "bench_runs"}),
    ("query.aggregate", {"metrics": ["bench.runs"], "dry_run": True}),
    ("query.aggregate", {"metrics": ["bench.runs"], "export": "csv"}),
    ("watch.list", {}),
]


@pytest.mark.parametrize(("tool", "arguments"), NOT_KEPT, ids=[f"{tool}-{given}" for tool, given in NOT_KEPT])
def test_other_calls_are_not_kept(server: CalledServer, tool: str, arguments: dict[str, Any]) -> None:
    for _ in range(2):
        server.call(tool, **arguments)
    assert server.looks() == (0, 0)


def test_a_batch_is_in_the_next_answer_and_others_stay_kept(server: CalledServer) -> None:
    count = {"metrics": ["bench.runs"], "days": 60}
    trend = {"metric": "bench.latency_p95_ms"}
    before = fields(server.call("query.aggregate", **count))["rows"]
    server.call("query.trend", **trend)
    event = llm(datetime.now(UTC), 5.0)
    server.call("insert.llm_events", rows=[event | {name: str(event[name]) for name in ("ts", "run_id")}])
    server.call("query.trend", **trend)
    assert server.looks() == (1, 2)
    run = rows(BenchRunFactory, 21, start=datetime.now(UTC) - timedelta(days=20))[20]
    server.call("insert.bench_runs", rows=[run | {"ts": run["ts"].isoformat()}])
    assert fields(server.call("query.aggregate", **count))["rows"] == [[before[0][0] + 1]]
    assert server.looks() == (1, 3)


def test_rows_past_the_ledger_are_seen_in_the_next_minute(server: CalledServer, client: ClickHouseClient) -> None:
    count = {"metrics": ["bench.runs"], "days": 60}
    before = fields(server.call("query.aggregate", **count))["rows"]
    client.executor.command(
        "INSERT INTO bench_runs SELECT * REPLACE (generateUUIDv4() AS run_id) FROM bench_runs LIMIT 1"
    )
    assert fields(server.call("query.aggregate", **count))["rows"] == before
    server.cache._clock = lambda: NOW + 30
    assert fields(server.call("query.aggregate", **count))["rows"] == [[before[0][0] + 1]]


def test_each_call_is_on_record_with_the_statement_that_answers_it(server: CalledServer) -> None:
    for _ in range(2):
        server.call(SUMMARY, days=30)
    first, again = server.audit()
    assert (first["tool"], first["bytes"], first["outcome"]) == (again["tool"], again["bytes"], again["outcome"])
    assert again["call_id"] != first["call_id"]
    assert again["query_id"] == first["query_id"]
    assert again["statement"][:100] == f"/* answered from the cache */ {first['statement']}"[:100]


def test_the_window_says_when_the_answer_was_made(server: CalledServer) -> None:
    first, again = (fields(server.call(SUMMARY)) for _ in range(2))
    assert first["window"] == again["window"]
    made = datetime.fromisoformat(again["window"]["until"])
    assert datetime.now(UTC) - made < timedelta(minutes=1)


def test_a_picture_comes_again_and_the_statement_only_where_it_was_asked_for(server: CalledServer) -> None:
    asked = {"metric": "bench.latency_p95_ms", "chart": True}
    first, again = (server.call("query.trend", **asked) for _ in range(2))
    assert first.images
    assert again.images == first.images
    assert "sql" not in again.fields
    assert "sql" in server.call("query.trend", include_sql=True, **asked).fields


def test_roles_do_not_share_answers_and_a_mistake_is_not_kept(server: CalledServer) -> None:
    server.call(SUMMARY, "writer")
    server.call(SUMMARY, "reader")
    assert server.looks() == (0, 2)
    for _ in range(2):
        with pytest.raises(Sentence, match="Unknown metric"):
            server.call("query.trend", metric="bench.latency")
    assert server.looks() == (0, 4)


def test_hits_and_misses_are_counted_for_prometheus(server: CalledServer) -> None:
    for _ in range(3):
        server.call(SUMMARY)
    text = server.context.metrics.text({})
    assert '\nmuse_cache_lookups_total{result="hit"} 2\nmuse_cache_lookups_total{result="miss"} 1\n' in text


def test_off_keeps_nothing_and_neither_does_the_client(client: ClickHouseClient, tmp_path: Path) -> None:
    with called(client.settings, tmp_path, cache="off") as server:
        for _ in range(2):
            server.call(SUMMARY)
            assert server.questions() != []
        assert server.looks() == (0, 0)
        for _ in range(2):
            server.context.client.get_performance_summary()
            assert server.questions() != []


def test_that_the_store_is_empty_is_not_said_again(settings: ClickHouseSettings, tmp_path: Path) -> None:
    with ClickHouseClient(settings) as client:
        empty(client.executor)
    with called(settings, tmp_path) as server:
        asked = {"metric": "bench.latency_p95_ms"}
        assert "The store is empty" in server.call("query.trend", **asked).json.decode()
        event = llm(datetime.now(UTC), 5.0)
        server.call("insert.llm_events", rows=[event | {name: str(event[name]) for name in ("ts", "run_id")}])
        assert "The store is empty" not in server.call("query.trend", **asked).json.decode()


def test_one_call_makes_the_answer_that_many_ask_for(server: CalledServer) -> None:
    server.call(SUMMARY, days=1)  # the modules are loaded
    server.questions()
    server.call(SUMMARY, days=2)
    one = len(server.questions())
    with ThreadPoolExecutor(8) as pool:
        found = list(pool.map(lambda _: server.call(SUMMARY, days=3).json, range(8)))
    assert len(set(found)) == 1
    assert len(server.questions()) == one
    assert server.looks() == (7, 3)


def test_who_waits_for_another_s_answer_can_be_cancelled(server: CalledServer) -> None:
    stop = Cancellation()
    with server.cache.looking(Cancellation(), "q") as first:
        assert first is not None
        threading.Timer(0.1, stop.cancel).start()
        with server.cache.looking(stop, "q") as second:
            assert second is not None
            assert second.found is None
    assert server.cache._making == {}
