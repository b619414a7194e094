"""What the two summaries say got better or worse, beside `query.compare`."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from chimera_metrics.integrations.clickhouse_client import ClickHouseClient
from tests.questions.conftest import NOW, Fill


def calls_of(fill: Fill, dear: str) -> None:
    """Twenty calls a day over 70 days; those of the last 28 days cost `dear`, the others 0.010."""
    rows = []
    for back in range(1, 71):
        for number in range(20):
            ts = NOW - timedelta(days=back, minutes=number)
            cost = dear if back <= 28 else "0.010"
            rows.append({"ts": ts.isoformat(), "source": "council", "model": "opus", "operation": "chat",
                         "latency_ms": 100.0 + (back * 7 + number) % 11, "cost_usd": f"{cost}{(back * 3) % 7}",
                         "tokens_in": 100, "tokens_out": 10, "status": "success"})  # fmt: skip
    fill("llm_events", rows)


def test_both_summaries_say_what_compare_says(client: ClickHouseClient, fill: Fill) -> None:
    calls_of(fill, "0.030")
    quality = client.get_quality_metrics(days=28)
    performance = client.get_performance_summary(days=28)
    alone = client.compare("llm.cost_usd", days=28)["comparisons"][0]
    for found, group in ((quality, None), (performance, {"source": "council", "model": "opus"})):
        [one] = found["comparisons"]
        assert (one["metric"], one["group"], one["verdict"]) == ("llm.cost_usd", group, "worse")
        assert one["change_pct"] == pytest.approx(alone["change_pct"])
        assert one["p_adjusted"] >= alone["p_adjusted"]  # others were looked at beside it


def test_without_a_change_there_are_none(client: ClickHouseClient, fill: Fill) -> None:
    calls_of(fill, "0.010")
    assert client.get_quality_metrics(days=28)["comparisons"] == []
    assert client.get_performance_summary(days=28)["comparisons"] == []


@pytest.mark.parametrize("given", [{"days": 0}, {"hours": 3}, {"hours": 0}])
def test_a_window_without_a_whole_day_has_none(client: ClickHouseClient, fill: Fill, given: Any) -> None:
    calls_of(fill, "0.030")
    assert client.get_quality_metrics(**given)["comparisons"] == []
    assert client.get_performance_summary(**given)["comparisons"] == []
