"""A ratio of two metrics through every question that takes a metric, on the engine."""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest

from chimera_metrics.integrations.clickhouse_client import ClickHouseClient
from chimera_metrics.integrations.errors import MuseError
from tests.questions.conftest import NOW, Fill

COST = "llm.cost_usd / llm.calls"


@pytest.fixture
def calls(fill: Fill) -> None:
    """Two to four calls a day over 40 days, of 0.10 USD each, and 0.30 USD over the last week."""
    rows = []
    for back in range(1, 41):
        cost = Decimal("0.30") if back <= 7 else Decimal("0.10")
        for number in range(2 + back % 3):
            ts = NOW - timedelta(days=back, minutes=number)
            rows.append({"ts": ts.isoformat(), "source": "council", "model": "opus", "operation": "chat",
                         "latency_ms": 10.0 + back % 5, "cost_usd": str(cost + Decimal(back % 4) / 1000),
                         "tokens_in": 100, "tokens_out": 10, "status": "success"})  # fmt: skip
    fill("llm_events", rows)


@pytest.mark.usefixtures("calls")
def test_aggregate_trend_and_forecast_take_a_ratio(client: ClickHouseClient) -> None:
    [row] = client.aggregate(COST, days=7)["rows"]
    assert row[0] == pytest.approx(0.30, abs=0.004)
    found = client.trend(COST, days=40)
    [series] = found["series"]
    assert (found["unit"], found["better"]) == ("USD per call", "lower")
    assert [step["ts"] for step in series["change_points"]] == ["2026-06-03"]
    ahead = client.forecast(COST, days=40)
    assert (len(ahead["forecast"]["rows"]), ahead["total"]) == (7, None)


@pytest.mark.usefixtures("calls")
def test_compare_correlation_and_anomalies_take_a_ratio(client: ClickHouseClient) -> None:
    [compared] = client.compare(COST, days=7)["comparisons"]
    assert (compared["verdict"], compared["a"]) == ("worse", pytest.approx(0.10, abs=0.004))
    assert client.correlate(COST, "llm.calls", days=40)["n"] == 40
    assert client.anomalies([COST], granularity="day")["judged"] > 0


@pytest.mark.usefixtures("calls")
def test_an_interval_of_a_ratio_is_said_not_to_be_there(client: ClickHouseClient) -> None:
    found = client.aggregate([COST, "llm.error_rate"], interval=True)
    assert "cost_usd_per_calls has no interval; rates, means and quantiles have." in found["notes"]


@pytest.mark.usefixtures("calls")
def test_the_sql_of_ratios_and_percentiles_runs_again(client: ClickHouseClient, monkeypatch: Any) -> None:
    monkeypatch.setattr("chimera_metrics.analytics.row_counts.FEW", 0)
    for metrics in (["p75(llm_events.latency_ms)", "p999(llm_events.latency_ms)"], [COST, "llm.calls / llm.tokens_in"]):
        found = client.aggregate(metrics, group_by=["model"])
        [again], [first] = client.query(found["sql"], found["parameters"])["rows"], found["rows"]
        assert again[0] == first[0] == "opus"
        assert again[1:] == pytest.approx(first[1:])


def test_drivers_of_a_ratio_are_refused(client: ClickHouseClient) -> None:
    with pytest.raises(MuseError, match=r"ask what drives llm\.cost_usd or llm\.calls"):
        client.drivers(COST)


@pytest.mark.usefixtures("calls")
def test_every_question_takes_hours(client: ClickHouseClient) -> None:
    """30 hours back from noon are from 06:00 of the day before, in which two calls lie."""
    asked: list[Any] = [
        client.aggregate("llm.calls", hours=30),
        client.trend("llm.calls", "hour", hours=30),
        client.get_trend_data("llm.calls", hours=30),
        client.correlate("llm.calls", COST, granularity="hour", hours=30),
        client.forecast("llm.calls", hours=30),
        client.anomalies(["llm.calls"], hours=30),
        client.get_correlation_data(hours=30),
        client.get_performance_summary(hours=30),
        client.get_quality_metrics(hours=30),
    ]
    assert {found["window"]["since"] for found in asked} == {"2026-06-09T06:00:00Z"}
    assert asked[0]["rows"] == [[3]]


@pytest.mark.usefixtures("calls")
def test_compare_and_drivers_take_the_whole_days_of_hours(client: ClickHouseClient) -> None:
    for found in (client.compare("llm.calls", hours=200), client.drivers("llm.calls", hours=200)):
        assert found["window"]["since"] == "2026-06-03T00:00:00Z"
