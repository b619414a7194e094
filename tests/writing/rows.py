"""Rows for each table, as many as one likes, each different from the others."""

from __future__ import annotations

import random
import uuid
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

from chimera_metrics.integrations.clickhouse_client import ClickHouseClient
from chimera_metrics.integrations.config import ClickHouseSettings
from tests.conftest import PASSWORD
from tests.support.wire_process import Address

START = datetime(2026, 3, 1, 12, tzinfo=UTC)
ROLLUPS = {"ui_events": "ui_events_hourly", "llm_events": "llm_events_hourly"}


def make_rows(table: str, count: int, seed: int = 0, days: int = 1) -> list[dict[str, Any]]:
    """`count` rows of `table`, spread over `days` days in random order."""
    rng = random.Random(f"{table} {seed}")
    return [
        _row(table, rng, START + timedelta(days=rng.randrange(days), seconds=index % 3600)) for index in range(count)
    ]


def _row(table: str, rng: random.Random, moment: datetime) -> dict[str, Any]:
    id_, ts = str(uuid.UUID(int=rng.getrandbits(128), version=4)), moment.isoformat()
    match table:
        case "ui_events":
            kind = rng.choice(["overlay_open", "query_submit", "error"])
            return {"ts": ts, "session_id": id_, "event_type": kind, "latency_ms": rng.uniform(1, 900)}
        case "llm_events":
            return {
                "ts": ts,
                "run_id": id_,
                "source": "council",
                "model": "m",
                "operation": "write",
                "status": "success",
            }
        case "bench_runs":
            return {"ts": ts, "run_id": id_, "model": "m", "quant": "q", "dataset": "d", "latency_p95_ms": 12.5}
        case "episodes":
            return {"ts": ts, "run_id": id_, "series": "s", "episode_num": rng.randrange(1000), "title": "t"}
        case "deployments":
            return {"ts": ts, "run_id": id_, "status": "ready", "duration_ms": rng.uniform(1, 9000)}
        case "watcher_runs":
            return {"ts": ts, "run_id": id_, "status": "valid", "lag_seconds": rng.uniform(1, 900)}
        case _:
            shares = {"error_rate": 0, "abandonment_rate": 0, "events_count": 3, "duration_seconds": 4.5}
            return {"hour": moment.replace(minute=0, second=0).isoformat(), "session_id": id_, **shares}


def counts(client: ClickHouseClient, table: str) -> tuple[int, int]:
    """Rows in the table, and rows that its rollup counts (those of the table where it has none)."""
    stored = int(client.executor.scalar(f"SELECT count() FROM {table}"))
    rollup = ROLLUPS.get(table)
    return stored, int(client.executor.scalar(f"SELECT sum(events) FROM {rollup}")) if rollup else stored


def adds_up(answer: Any) -> bool:
    """The promise of every answer."""
    parts: Sequence[str] = ("inserted", "duplicates", "rejected_count", "quarantined")
    return bool(answer["received"] == sum(answer[name] for name in parts))


def native_settings(address: Address, **more: Any) -> ClickHouseSettings:
    return ClickHouseSettings(
        host=address.host, port=address.port, password=PASSWORD, ca_cert=address.ca_path, secure=False, **more
    )
