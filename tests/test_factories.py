"""The factories' rows are accepted, repeatable, and their traits have the answers that they promise."""

from __future__ import annotations

from typing import Any

import pytest

from chimera_metrics.integrations.clickhouse_client import ClickHouseClient
from chimera_metrics.models import FACT_TABLES, insertable
from tests.factories import FACTORIES, LEVEL, STEP, BenchRunFactory, LlmEventFactory, UiEventFactory, rows


def _one(client: ClickHouseClient, sql: str) -> dict[str, Any]:
    [row] = client.execute_query(sql)
    return row


def test_every_table_has_a_factory() -> None:
    assert list(FACTORIES) == list(FACT_TABLES)


@pytest.mark.parametrize("table", FACTORIES)
def test_rows_name_every_column_are_accepted_and_repeatable(client: ClickHouseClient, table: str) -> None:
    made = rows(FACTORIES[table], 30)
    assert made == rows(FACTORIES[table], 30)
    assert set(made[0]) == {column.name for column in insertable(FACT_TABLES[table])}
    assert client.insert(table, made)["inserted"] == 30


def test_constant_does_not_vary(client: ClickHouseClient) -> None:
    client.insert_bench_runs(rows(BenchRunFactory, 10, constant=True))
    found = _one(client, "SELECT avg(latency_p95_ms) AS mean, stddevPopStable(latency_p95_ms) AS sd FROM bench_runs")
    assert found == {"mean": LEVEL, "sd": 0.0}


def test_linear_trend_rises_by_its_slope_a_day(client: ClickHouseClient) -> None:
    client.insert_bench_runs(rows(BenchRunFactory, 30, linear_trend=True, slope=1.5))
    line = "simpleLinearRegression(toUnixTimestamp(ts) / 86400 - 20454, assumeNotNull(latency_p95_ms))"
    slope = _one(client, f"SELECT {line} AS line FROM bench_runs")["line"][0]
    assert slope == pytest.approx(1.5, abs=1e-9)


def test_step_changes_the_level_where_it_says(client: ClickHouseClient) -> None:
    client.insert_ui_events(rows(UiEventFactory, 20, step=True, step_at=12))
    found = client.execute_query(
        "SELECT latency_ms AS level, count() AS n FROM ui_events GROUP BY level ORDER BY level"
    )
    assert found == [{"level": LEVEL, "n": 12}, {"level": LEVEL + STEP, "n": 8}]


def test_with_gap_leaves_three_days_out(client: ClickHouseClient) -> None:
    client.insert_llm_events(rows(LlmEventFactory, 10, with_gap=True))
    found = _one(
        client, "SELECT uniqExact(toDate(ts)) AS days, dateDiff('day', min(ts), max(ts)) + 1 AS span FROM llm_events"
    )
    assert found == {"days": 10, "span": 13}


def test_failing_is_every_fourth(client: ClickHouseClient) -> None:
    client.insert_llm_events(rows(LlmEventFactory, 40, failing=True))
    assert _one(client, "SELECT countIf(status != 'success') / count() AS rate FROM llm_events") == {"rate": 0.25}
