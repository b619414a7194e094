"""Fifty clients at once, and a table that is much larger than an answer."""

from __future__ import annotations

import time
from collections.abc import Iterator
from pathlib import Path

import anyio
import mcp
import pytest

from chimera_metrics.integrations.clickhouse_client import ClickHouseClient
from chimera_metrics.integrations.config import ClickHouseSettings
from chimera_metrics.integrations.evolution import runner
from tests.server import load
from tests.server.processes import environment, http

ROWS = 5_000_000


@pytest.fixture(scope="module")
def large(tmp_path_factory: pytest.TempPathFactory) -> ClickHouseSettings:
    """A store of its own with five million events."""
    settings = ClickHouseSettings(path=str(tmp_path_factory.mktemp("large") / "store"), timeout=300)
    runner.upgrade(settings)
    with ClickHouseClient(settings) as client:
        # One plain statement: what is read is what matters here, not how it looks.
        client.executor.command(
            "INSERT INTO ui_events (ts, session_id, event_type, latency_ms, user_agent, metadata) "
            "SELECT toDateTime64('2026-01-01 00:00:00', 3, 'UTC') + number % 864000, generateUUIDv4(), "
            "['overlay_open', 'query_submit', 'error'][number % 3 + 1], number % 1000 / 10, 'Chrome 126', "
            f"concat('{{\"n\":', toString(number), '}}') FROM numbers({ROWS})"
        )
    return settings


@pytest.fixture(scope="module")
def served(large: ClickHouseSettings, tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[str, int]]:
    with http(environment(large, tmp_path_factory.mktemp("load"))) as found:
        yield found


def test_all_of_a_large_table_answers_at_the_speed_of_its_first_rows_with_flat_memory(served: tuple[str, int]) -> None:
    url, pid = served

    async def session() -> tuple[list[float], list[float]]:
        took, resident = [], []
        async with mcp.Client(url) as client:
            for _ in range(12):
                started = time.perf_counter()
                result = await client.call_tool("query", {"sql": "SELECT * FROM ui_events", "max_rows": 200})
                took.append(time.perf_counter() - started)
                resident.append(load.resident_bytes(pid))
                answer = result.structured_content
                assert answer is not None
                assert (answer["row_count"], answer["truncated"]) == (200, True)
                assert answer["truncated_reason"].startswith("Stopped at 200 rows; raise max_rows (at most 10000)")
                assert answer["rows_read"] < ROWS / 5
        return took, resident

    took, resident = anyio.run(session)
    assert sorted(took)[6] < 1.0
    assert max(resident[6:]) - resident[5] < 60_000_000


def test_a_sort_of_everything_ends_in_a_sentence_not_in_a_dead_process(
    large: ClickHouseSettings, tmp_path: Path
) -> None:
    with ClickHouseClient(large.model_copy(update={"max_memory_mb": 64})) as client:
        with pytest.raises(Exception, match="needed more than 64 MB of memory and was stopped"):
            client.query("SELECT * FROM ui_events ORDER BY metadata, session_id LIMIT 4000000, 10")
        assert client.query("SELECT 1")["rows"] == [[1]]


def test_fifty_clients_at_once_wait_little_fail_never_and_leave_memory_flat(served: tuple[str, int]) -> None:
    url, pid = served
    found = anyio.run(load.run, url, pid, 50, 6.0, 5.0)
    assert found.errors == []
    assert len(found.took_s) > 100
    assert found.p95_s < 5.0
    assert found.last_bytes - found.first_bytes < 150_000_000
