"""`get_quality_metrics`, counted by eye."""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal

from chimera_metrics.integrations.clickhouse_client import ClickHouseClient
from tests.analytics.rows import deployment, episode, llm, ui, watcher
from tests.questions.conftest import NOW, Fill

DAY = NOW - timedelta(days=1)


def test_one_page_of_everything(client: ClickHouseClient, fill: Fill) -> None:
    fill("episodes", [
        episode(DAY, 1, "draft", confidence_score=0.5, cost_total="1.5"),
        episode(DAY + timedelta(hours=1), 1, "published", confidence_score=0.9, cost_total="1.5"),
        episode(DAY, 2, "failed", confidence_score=0.5, correlation_strength=-0.3, cost_total="0.5"),
    ])  # fmt: skip
    fill("deployments", [deployment(DAY, 1, "ready", duration_ms=10.0), deployment(DAY, 2, "error", duration_ms=30.0)])
    fill("llm_events", [llm(DAY, 1.0, cost_usd="0.25"), llm(DAY, 1.0, status="failure"), llm(DAY), llm(DAY)])
    fill("ui_events", [ui(DAY, 1, latency_ms=10.0), ui(DAY, 1, "error", 20.0), ui(DAY, 2), ui(DAY, 2)])
    fill("watcher_runs", [watcher(DAY, "valid", 5.0), watcher(DAY, "degraded", 9.0)])
    answer = client.get_quality_metrics(days=7)
    assert answer.pop("sql").startswith("SELECT ")
    freshness = answer.pop("freshness")
    levels = {line["name"]: line["level"] for line in freshness["checks"]}
    assert levels == {"hearts freshness": "ok", "packs freshness": "warning", "watcher": "ok"}
    assert freshness["fresh"] is False
    assert answer == {
        "episodes": {
            "count": 2,
            "by_status": {"published": 1, "failed": 1},
            "confidence_mean": 0.7,
            "low_confidence_count": 1,
            "correlation_strength_mean": -0.3,
            "cost_usd": 2.0,
        },
        "deployments": {"count": 2, "success_rate": 0.5, "duration_p50_ms": 20.0},
        "llm": {"calls": 4, "error_rate": 0.25, "cost_usd": 0.25},
        "ui": {"events": 4, "sessions": 2, "error_rate": 0.25, "abandonment_rate": 0.5, "latency_p95_ms": 19.5},
        "pipeline": {"watcher_runs": 2, "valid_rate": 0.5, "lag_max_seconds": 9.0, "last_run": "2026-06-09T12:00:00Z"},
        "comparisons": [],
        "notes": answer.notes,
        "source": "episodes, deployments, llm_events, ui_events, watcher_runs",
        "window": {"since": "2026-06-03T00:00:00Z", "until": "2026-06-10T12:00:00Z", "timezone": "UTC"},
    }


def test_no_digit_of_a_sum_of_money_is_lost(client: ClickHouseClient, fill: Fill) -> None:
    fill("llm_events", [llm(DAY, cost_usd="98765432.123456"), llm(DAY, cost_usd="0.000001")])
    assert client.get_quality_metrics(days=7).llm.cost_usd == 98765432.123457
    [calls] = client.get_performance_summary(days=7).llm
    assert calls.cost_usd == 98765432.123457
    assert client.aggregate(["llm.cost_usd"]).rows[0][0] == Decimal("98765432.123457")
