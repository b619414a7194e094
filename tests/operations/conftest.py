"""A store with three weeks of data, all in order; every test plants its fault in a copy of its own."""

from __future__ import annotations

import functools
import shutil
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from uuid import UUID

import pytest

from chimera_metrics.integrations.clickhouse_client import ClickHouseClient
from chimera_metrics.integrations.config import ClickHouseSettings
from chimera_metrics.integrations.evolution import runner

DAYS = 20
COMMIT = "c0ffee" + "0" * 34
Row = dict[str, object]


@functools.cache
def midnight() -> datetime:
    """Of the day on which this process asked first, as the session's store has it."""
    return datetime.now(UTC).replace(hour=0, minute=0, second=0, microsecond=0)


def day(n: int, hour: int = 12) -> datetime:
    """Noon of one of the days, 0 the oldest; the last is yesterday."""
    return midnight() - timedelta(days=DAYS - n) + timedelta(hours=hour)


def sessions(n: int) -> list[UUID]:
    return [UUID(int=1000 * n + index, version=4) for index in range(2)]


def fill(client: ClickHouseClient) -> None:
    """Each day two sessions of three events, two calls of models and one benchmark run; episodes now and then."""
    events: list[Row] = []
    stats: list[Row] = []
    for n in range(DAYS):
        for session in sessions(n):
            for index, kind in enumerate(("overlay_open", "query_submit", "error")):
                moment = day(n) + timedelta(minutes=index)
                events.append({"ts": moment, "session_id": session, "event_type": kind, "latency_ms": 100.5 + index})
            stats.append(
                {"hour": day(n), "session_id": session, "avg_latency_ms": 101.5, "error_rate": 1 / 3}
                | {"abandonment_rate": 1, "events_count": 3, "duration_seconds": 120}
            )
    client.insert_ui_events(events)
    client.insert_session_stats(stats)
    calls = [(n, status) for n in range(DAYS) for status in ("success", "failure")]
    client.insert_llm_events(
        [
            {"ts": day(n), "source": "council", "model": "m", "operation": "write", "status": status}
            | {"latency_ms": 250.25, "cost_usd": "0.01", "tokens_in": 10, "tokens_out": 20}
            for n, status in calls
        ]
    )
    client.insert_bench_runs(
        [
            {"ts": day(n), "run_id": UUID(int=n + 1, version=4), "model": "m", "quant": "q", "dataset": "d"}
            | {"latency_p95_ms": 100.0 + n, "commit_sha": COMMIT}
            for n in range(DAYS)
        ]
    )
    client.insert_episodes([{"ts": day(3), "series": "weekly", "episode_num": 1, "title": "One"}])
    client.insert_deployments([{"ts": day(4), "status": "ready"}])
    client.insert_watcher_runs([{"ts": day(19), "status": "valid", "hearts_commit": COMMIT}])


@pytest.fixture(scope="session")
def filled(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("operations") / "store"
    settings = ClickHouseSettings(path=str(path))
    runner.upgrade(settings)
    with ClickHouseClient(settings) as client:
        fill(client)
    return path


@pytest.fixture
def path(filled: Path, tmp_path: Path) -> Path:
    """A copy of the filled store."""
    return Path(shutil.copytree(filled, tmp_path / "store", symlinks=True))


@pytest.fixture
def full(path: Path) -> Iterator[ClickHouseClient]:
    """A client on a copy of the filled store."""
    with ClickHouseClient(ClickHouseSettings(path=str(path))) as client:
        yield client
