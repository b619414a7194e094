"""A call of each tool that has to succeed on the samples. This runs in the project's own environment."""

from __future__ import annotations

from typing import Any

from chimera_metrics.server.catalog.names import underscored
from tests import factories

READS: dict[str, dict[str, Any]] = {
    "query": {"sql": "SELECT model, count() AS calls FROM llm_events GROUP BY model ORDER BY calls DESC"},
    "describe": {"table": "llm_events"},
    "query.aggregate": {"metrics": ["llm.calls"], "group_by": ["model"], "days": 30},
    "query.correlation": {"x": "bench.latency_p95_ms", "y": "ui.latency_p95_ms"},
    "query.trend": {"metric": "llm.calls", "days": 30},
    "query.compare": {"metrics": ["llm.calls"], "group_by": ["model"]},
    "query.drivers": {"metric": "llm.error_rate"},
    "query.forecast": {"metric": "llm.cost_usd"},
    "query.anomalies": {"metrics": ["llm.calls"], "granularity": "day"},
    "watch.set": {"name": "calls", "metric": "llm.calls", "when": "above", "value": 1000000},
    "watch.list": {},
    "watch.remove": {"name": "calls"},
    "get.correlation_data": {"days": 30},
    "get.trend_data": {"metric": "llm.calls"},
    "get.performance_summary": {"days": 14},
    "get.quality_metrics": {"days": 30},
}


def calls() -> dict[str, dict[str, Any]]:
    """The arguments of one call by the name that frameworks see."""
    writes = {
        f"insert.{table}": {"rows": factories.rows(made, 2), "idempotency_key": f"framework {table}"}
        for table, made in factories.FACTORIES.items()
    }
    return {underscored(name): arguments for name, arguments in (READS | writes).items()}
