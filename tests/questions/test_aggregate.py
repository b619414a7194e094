"""`aggregate`: five calls, counted by eye."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import numpy as np
import orjson
import pytest

from chimera_metrics.integrations.clickhouse.executor import Executor
from chimera_metrics.integrations.clickhouse_client import ClickHouseClient
from chimera_metrics.integrations.config import MuseSettings
from tests.analytics.conftest import at
from tests.analytics.rows import llm
from tests.questions.conftest import Fill

CALLS = [
    llm(at(8), 100.0, model="opus", cost_usd="0.10"),
    llm(at(8), 200.0, model="opus", cost_usd="0.20", status="failure"),
    llm(at(8), 400.0, model="haiku", cost_usd="0.01"),
    llm(at(10, 9), 800.0, model="opus", cost_usd="0.30"),
    llm(at(10, 10), None, model="haiku", status="timeout"),
]
TOOK = ("elapsed_ms", "rows_read", "bytes_read", "query_id", "sql", "parameters")


@pytest.fixture(autouse=True)
def _calls(fill: Fill) -> None:
    fill("llm_events", CALLS)


def test_metrics_by_model_with_everything_that_the_answer_says(client: ClickHouseClient) -> None:
    answer = client.aggregate(["llm.calls", "llm.error_rate", "llm.cost_usd"], group_by=["model"], days=3)
    took = {name: answer.pop(name) for name in TOOK}
    assert answer == {
        "columns": [
            {"name": "model", "type": "LowCardinality(String)", "unit": None},
            {"name": "calls", "type": "UInt64", "unit": "calls"},
            {"name": "error_rate", "type": "Nullable(Float64)", "unit": "share"},
            {"name": "cost_usd", "type": "Decimal(38, 9)", "unit": "USD"},
        ],
        "rows": [["opus", 3, 0.3333333, Decimal("0.600000")], ["haiku", 2, 0.5, Decimal("0.010000")]],
        "row_count": 2,
        "truncated": False,
        "truncated_reason": None,
        "notes": [],
        "window": {"since": "2026-06-07T00:00:00Z", "until": "2026-06-10T12:00:00Z", "timezone": "UTC"},
        "source": "llm_events_hourly",
        "estimate": None,
    }
    assert took["rows_read"] > 0
    assert len(took["query_id"]) == 36


def test_the_sql_and_parameters_are_what_query_takes(client: ClickHouseClient) -> None:
    filters: list[dict[str, Any]] = [
        {"column": "model", "op": "in", "values": ["opus", "o'p\\us"]},
        {"column": "latency_ms", "op": ">", "value": "150"},
    ]
    answer = client.aggregate(["llm.calls", "max(llm_events.latency_ms)"], granularity="day", days=3, filters=filters)
    assert "opus" not in answer.sql
    again = client.query(answer.sql, answer.parameters)
    assert again.rows == [["2026-06-08T00:00:00Z", 1, 200], ["2026-06-10T00:00:00Z", 1, 800]]
    assert [[f"{row[0]}T00:00:00Z", *row[1:-1]] for row in answer.rows if row[1]] == again.rows


def test_empty_days_are_0_or_null_and_today_is_partial(client: ClickHouseClient, fill: Fill) -> None:
    fill("llm_events", [llm(at(5))])
    answer = client.aggregate(["llm.calls", "llm.latency_mean_ms"], granularity="day", days=3)
    assert [column.name for column in answer.columns] == ["ts", "calls", "latency_mean_ms", "partial"]
    assert answer.rows == [
        ["2026-06-07", 0, None, False],
        ["2026-06-08", 3, 233.333333333333, False],
        ["2026-06-09", 0, None, False],
        ["2026-06-10", 2, 800.0, True],
    ]


def test_days_are_those_of_the_zone_that_is_set(client: ClickHouseClient) -> None:
    client.muse = MuseSettings(timezone="Asia/Tokyo")
    answer = client.aggregate(["llm.calls"], granularity="day", days=1)
    assert answer.window == {"since": "2026-06-08T15:00:00Z", "until": "2026-06-10T12:00:00Z", "timezone": "Asia/Tokyo"}
    assert [row[0] for row in answer.rows] == ["2026-06-09", "2026-06-10"]


@pytest.mark.parametrize("exact", [False, True])
def test_a_percentile_of_few_rows_is_numpys(client: ClickHouseClient, exact: bool) -> None:
    answer = client.aggregate(["llm.latency_p95_ms"], days=3, exact=exact)
    assert answer.rows[0][0] == pytest.approx(np.quantile([100, 200, 400, 800], 0.95), rel=1e-6)
    assert answer.source == "llm_events"
    assert answer.notes == []


def test_a_percentile_of_many_rows_is_read_from_the_rollup_and_says_so(
    client: ClickHouseClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("chimera_metrics.analytics.row_counts.FEW", 3)
    answer = client.aggregate(["llm.latency_p95_ms"], days=3)
    assert answer.source == "llm_events_hourly"
    assert answer.rows[0][0] == pytest.approx(400, rel=0.01)
    assert [note.split(":")[0] for note in answer.notes] == ["latency_p95_ms by quantileDD(0.01)"]
    assert "few_or_many" not in answer.sql
    assert client.aggregate(["llm.latency_p95_ms"], days=3, exact=True).source == "llm_events"


def test_a_dry_run_estimates_and_reads_nothing(client: ClickHouseClient) -> None:
    answer = client.aggregate(["llm.calls"], group_by=["run_id"], days=3, dry_run=True)
    assert answer.estimate["rows"] == 5
    assert answer.estimate["parts"] == 2
    assert answer.estimate["bytes"] > 0
    assert (answer.rows, answer.rows_read, answer.query_id) == ([], 0, None)


CUTS: list[tuple[dict[str, Any], dict[str, Any], str]] = [
    ({}, {"limit": 1}, "1 of 2 groups are shown; raise limit (at most 10,000), or filter."),
    ({"max_rows": 1}, {}, "Stopped after 1 of 1 or more rows (MUSE_MAX_ROWS, MUSE_MAX_RESULT_BYTES);"),
    ({"max_result_bytes": 1000}, {"granularity": "hour"}, "Stopped after "),
]


@pytest.mark.parametrize(("muse", "asked", "reason"), CUTS, ids=["groups", "rows", "bytes"])
def test_a_cut_says_so(client: ClickHouseClient, muse: dict[str, Any], asked: dict[str, Any], reason: str) -> None:
    client.muse = MuseSettings(**muse)
    answer = client.aggregate(["llm.calls"], group_by=["model"], days=3, **asked)
    assert answer.truncated
    assert answer.row_count == len(answer.rows) > 0
    assert answer.truncated_reason.startswith(reason)


def test_what_stands_beside_the_rows_counts_too(client: ClickHouseClient, fill: Fill) -> None:
    fill("llm_events", [llm(at(9), 100.0, source="council", model=f"model{n}") for n in range(60)])
    client.muse = MuseSettings(max_result_bytes=12_000)
    filters = [{"column": "model", "op": "in", "values": [f"model{n}" for n in range(60)]}]
    answer = client.aggregate(["llm.calls"], group_by=["model"], granularity="hour", days=3, filters=filters)
    assert 8_000 < len(orjson.dumps(answer)) <= 12_000


@pytest.mark.parametrize("few", [3, 100])
def test_how_large_a_window_is_is_asked_once(
    client: ClickHouseClient, monkeypatch: pytest.MonkeyPatch, few: int
) -> None:
    monkeypatch.setattr("chimera_metrics.analytics.row_counts.FEW", few)
    source = "llm_events" if few == 100 else "llm_events_hourly"
    asked: list[str] = []
    real = Executor.read

    def read(executor: Executor, statement: Any, *arguments: Any) -> Any:
        asked.append(executor.compile(statement))
        return real(executor, statement, *arguments)

    monkeypatch.setattr(Executor, "read", read)
    assert [client.aggregate(["llm.latency_p95_ms"], days=3).source for _ in range(3)] == [source] * 3
    assert [text.startswith("SELECT (SELECT count(*)") for text in asked] == [True, False, False, False]
    assert client.aggregate(["llm.latency_p95_ms"], days=0).source == "llm_events"
    assert len(client.sizes) == (1 if few == 100 else 2)  # few in three days are few in the newest of them


def test_a_mean_of_large_values_keeps_its_digits(client: ClickHouseClient, fill: Fill) -> None:
    fill("llm_events", [llm(at(6), latency, model="slow") for latency in (10_000_000.1, 10_000_000.3)])
    metrics = ["llm.latency_mean_ms", "sum(llm_events.latency_ms)", "max(llm_events.latency_ms)"]
    slow = [{"column": "model", "value": "slow"}]
    assert client.aggregate(metrics, filters=slow).rows == [[10_000_000.2, 20_000_000.4, 10_000_000.3]]
    [point] = client.trend("llm.latency_mean_ms", filters=slow).series[0].points.records()[:1]
    assert point.value == 10_000_000.2


def test_money_is_an_amount_also_where_there_is_none(client: ClickHouseClient, fill: Fill) -> None:
    """Opus and haiku by week: each week and model has a sum, 0 in the same form as the others."""
    fill("llm_events", [llm(at(2), model="opus", cost_usd="0.150393"), llm(at(1), model="haiku")])
    answer = client.aggregate(["llm.cost_usd", "llm.calls"], granularity="week", group_by=["model"], days=8)
    sums = {(row[0][:10], row[1]): format(row[2], "f") for row in answer.rows}
    assert sums == {
        ("2026-06-01", "opus"): "0.150393000",
        ("2026-06-01", "haiku"): "0.000000000",
        ("2026-06-08", "opus"): "0.600000000",
        ("2026-06-08", "haiku"): "0.010000000",
    }
    by_day = client.aggregate(["llm.cost_usd"], granularity="day", group_by=["model"], days=8)
    assert {type(row[2]) for row in by_day.rows} == {Decimal}


def test_whole_numbers_too_large_for_json_make_their_column_text(client: ClickHouseClient) -> None:
    by_model = "SELECT model, if(model = 'opus', 9007199254740993, toUInt64(1)) AS n FROM llm_events GROUP BY model"
    assert sorted(client.query(by_model).rows) == [["haiku", "1"], ["opus", "9007199254740993"]]
    assert client.query("SELECT toUInt64(1) AS n").rows == [[1]]


def test_percentiles_that_differ_by_little_show_it(client: ClickHouseClient, fill: Fill) -> None:
    """Latencies of 10,000,000.00 to 10,000,000.19: seven digits would make one number of the median and its ends."""
    fill("llm_events", [llm(at(8, n), 1e7 + n / 100, model="close") for n in range(20)])
    [row] = client.aggregate(["llm.latency_p50_ms"], filters={"model": "close"}, interval=True).rows
    assert list(row) == [1e7 + 0.095, 20, 1e7 + 0.05, 1e7 + 0.14]
