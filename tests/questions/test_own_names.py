"""Columns with the table's name before them, in capitals or in another word are the table's own."""

from __future__ import annotations

import pytest

from chimera_metrics.integrations.clickhouse_client import ClickHouseClient
from chimera_metrics.integrations.errors import MuseError

DAY = "2026-05-01"


def test_columns_are_found_however_they_are_written(client: ClickHouseClient) -> None:
    same = {"source": "council", "operation": "draft", "tokens_in": 1, "tokens_out": 1, "cost_usd": "0.01"}
    client.insert_llm_events(
        [{**same, "model": "opus", "status": "success", "latency_ms": 5, "ts": f"{DAY}T08:00:00Z"}]
    )
    for name in ("llm_events.model", "Model", "LLM_EVENTS.MODEL"):
        assert client.aggregate(["llm.calls"], group_by=name, since=DAY, until=f"{DAY}T12:00:00Z").rows == [["opus", 1]]
        assert client.aggregate(
            ["llm.calls"], filters=f"{name} = 'opus'", since=DAY, until=f"{DAY}T12:00:00Z"
        ).rows == [[1]]
        [series] = client.trend("llm.calls", group_by=name, since=DAY, until=f"{DAY}T12:00:00Z").series
        assert series["group"] == "opus"
    assert len(client.aggregate(["llm.calls"], group_by="weekday", since=DAY, until=f"{DAY}T12:00:00Z").rows) == 1
    assert client.aggregate(
        ["llm.calls"], filters=["model", "!=", "opus"], since=DAY, until=f"{DAY}T12:00:00Z"
    ).rows == [[0]]
    assert client.describe("LLM_EVENTS").tables[0]["name"] == "llm_events"
    for name in ("day", "date", "Hour"):
        with pytest.raises(MuseError, match="choose a granularity instead of grouping by it"):
            client.aggregate(["llm.calls"], group_by=name, since=DAY, until=f"{DAY}T12:00:00Z")


def test_every_question_takes_a_column_in_other_letters(client: ClickHouseClient) -> None:
    for name in ("llm_events.model", "Model"):
        assert client.compare("llm.calls", group_by=name, days=7).comparisons == []
        assert client.trend("bench.latency_p95_ms", group_by=name.replace("llm_events", "bench_runs")).series == []
        for filters in (f"{name} = opus", [name, "=", "opus"], {name: {"eq": "opus"}}):
            assert client.anomalies(filters=filters, granularity="day").anomalies == []
    assert client.anomalies(group_by="Model", granularity="day").anomalies == []
