"""What an operator and a reader learn about the server's version."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from chimera_metrics.integrations.clickhouse_client import ClickHouseClient
from chimera_metrics.integrations.config import ClickHouseSettings
from chimera_metrics.integrations.errors import StatementFailed
from chimera_metrics.integrations.evolution import runner

TREES_FROM = (26, 8)


@pytest.fixture(scope="module")
def client(on_engine: ClickHouseSettings) -> Iterator[ClickHouseClient]:
    settings = on_engine.model_copy(update={"database": "status"})
    runner.upgrade(settings)
    with ClickHouseClient(settings) as made:
        yield made


def test_status_says_that_the_version_is_supported_and_who_parses(client: ClickHouseClient) -> None:
    version = str(client.executor.scalar("SELECT version()"))
    figures = [line["figure"] for line in client.health()["checks"]]
    assert f"ClickHouse {version}, supported" in figures
    old = tuple(map(int, version.split(".")[:2])) < TREES_FROM
    tree = "the embedded engine's tree: a server before 26.8 shows none" if old else "the engine's own tree"
    assert f"parser: only listed statements, tables and functions: enforced by this program, on {tree}" in figures


def test_an_unknown_column_is_named_with_those_that_there_are(client: ClickHouseClient) -> None:
    with pytest.raises(StatementFailed, match=r"Unknown column nope\. episodes has: ts, run_id"):
        client.query("SELECT nope FROM episodes")


def test_a_run_sent_again_is_one_run_whatever_the_window(client: ClickHouseClient) -> None:
    key = {"run_id": "00000000-0000-0000-0000-00000000000a", "model": "a", "quant": "q4", "dataset": "d"}
    for day, latency in ((1, 10), (3, 30), (2, 20)):
        client.insert_bench_run(key | {"ts": f"2026-05-0{day}T00:00:00Z", "latency_p95_ms": latency})
    for day, found in ((1, []), (2, [[20.0]]), (3, [])):
        window = f"ts >= '2026-05-0{day}' AND ts < '2026-05-0{day + 1}'"
        assert client.query(f"SELECT latency_p95_ms FROM bench_runs WHERE {window}")["rows"] == found
