"""Rows of each table with everything filled in that a test does not say."""

from __future__ import annotations

from datetime import datetime
from typing import Any
from uuid import UUID

Row = dict[str, Any]


def uuid(number: int) -> UUID:
    return UUID(int=number + 1)


def commit(number: int) -> str:
    return f"{number:040x}"


def ui(ts: datetime, session: int = 0, event_type: str = "query_submit", latency_ms: float | None = None) -> Row:
    return {
        "ts": ts,
        "session_id": uuid(session),
        "event_type": event_type,
        "latency_ms": latency_ms,
        "metadata": "{}",
        "schema_version": 1,
    }


def llm(
    ts: datetime,
    latency_ms: float | None = None,
    *,
    model: str = "opus",
    source: str = "council",
    status: str = "success",
    cost_usd: Any = None,
    tokens_in: int | None = None,
) -> Row:
    return {
        "ts": ts,
        "run_id": uuid(0),
        "source": source,
        "model": model,
        "operation": "write",
        "status": status,
        "latency_ms": latency_ms,
        "cost_usd": cost_usd,
        "tokens_in": tokens_in,
        "tokens_out": None,
    }


def bench(ts: datetime, run: int, latency_p95_ms: float | None = None, **others: Any) -> Row:
    named = {"model": "llama", "quant": "q4", "dataset": "chat"}
    return {"ts": ts, "run_id": uuid(run), "latency_p95_ms": latency_p95_ms, **named, **others}


def episode(ts: datetime, number: int, status: str = "published", **others: Any) -> Row:
    named = {"run_id": uuid(number), "series": "chimera", "episode_num": number, "title": "A title"}
    return {"ts": ts, "status": status, **named, **others}


def deployment(ts: datetime, run: int, status: str = "ready", **others: Any) -> Row:
    return {"ts": ts, "run_id": uuid(run), "status": status, **others}


def watcher(ts: datetime, status: str = "valid", lag_seconds: float | None = None) -> Row:
    return {"ts": ts, "run_id": uuid(0), "status": status, "lag_seconds": lag_seconds}


def session(hour: datetime, number: int, error_rate: float) -> Row:
    return {
        "hour": hour,
        "session_id": uuid(number),
        "error_rate": error_rate,
        "abandonment_rate": 0.0,
        "events_count": 2,
        "duration_seconds": 1.0,
    }
