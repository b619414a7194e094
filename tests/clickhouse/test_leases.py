"""Places for statements: light ones need not wait behind large ones, and who reads slowly is not overdue."""

from __future__ import annotations

import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from chimera_metrics.integrations.clickhouse_client import ClickHouseClient
from chimera_metrics.integrations.config import ClickHouseSettings, MuseSettings
from chimera_metrics.integrations.errors import PoolExhausted

MANY = "SELECT number FROM numbers(1000000000000)"


@pytest.fixture
def client(tmp_path: Path) -> Iterator[ClickHouseClient]:
    """With one place for statements of any size."""
    settings = ClickHouseSettings(path=str(tmp_path / "store"), connection_pool_size=1, timeout=1, retry_attempts=0)
    with ClickHouseClient(settings, MuseSettings(audit=False)) as found:
        yield found


def test_light_statements_do_not_wait_behind_large_ones(client: ClickHouseClient) -> None:
    with client.executor.open(MANY) as running:
        next(running.blocks())
        started = time.monotonic()
        assert client.query("SELECT 1 AS n")["rows"] == [[1]]
        assert client.ready()
        with pytest.raises(PoolExhausted, match="All 1 connections"):
            client.query("SELECT count() FROM numbers(10)")
    assert client.query("SELECT count() AS n FROM numbers(10)")["rows"] == [[10]]
    assert time.monotonic() - started < 30


def test_who_reads_slowly_is_not_overdue(client: ClickHouseClient) -> None:
    with client.executor.open(MANY) as running:
        blocks = running.blocks()
        next(blocks)
        time.sleep(3)
        assert client.executor.overdue() == 0
    assert client.executor.overdue() == 0


def test_a_place_is_free_again_when_its_statement_ended(client: ClickHouseClient) -> None:
    for _ in range(3):
        assert client.executor.scalar("SELECT 1") == 1
        with pytest.raises(Exception, match="nosuch"):
            client.executor.read("SELECT nosuch")


def test_a_statement_runs_with_its_weight_on_both_engines(settings: ClickHouseSettings) -> None:
    """Smaller blocks, a bound for range() and less memory go along as settings of the session."""
    large = "SELECT max(length(arraySort(range(100000 + number % 3)))) AS n FROM numbers(1000)"
    gathered = "SELECT length(arraySort(groupArray(number))) AS n FROM numbers(1000)"
    with ClickHouseClient(settings, MuseSettings(audit=False)) as client:
        assert client.query(large)["rows"] == [[100_002]]
        assert client.query(gathered)["rows"] == [[1_000]]
        assert list(client.stream(gathered)) == [{"n": 1_000}]
