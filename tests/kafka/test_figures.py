"""How far a consumer is, where people look: the log, `muse status`, `/metrics`, Datadog."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx2
import pytest

from chimera_metrics.integrations.clickhouse_client import ClickHouseClient
from chimera_metrics.integrations.config import ClickHouseSettings, MuseSettings
from chimera_metrics.integrations.kafka.figures import Telling
from chimera_metrics.integrations.kafka.lanes import Lane
from chimera_metrics.integrations.operations import consumers
from tests.kafka.made import given
from tests.operations.test_datadog import Agent
from tests.server.processes import environment, http


@pytest.fixture
def agent() -> Iterator[Agent]:
    made = Agent()
    yield made
    made.close()


def lane_behind() -> Lane:
    """Read to 3, of which nothing is stored; the first was made a minute ago."""
    lane = Lane("ui", 0, 0, None)
    ago = int(time.time() * 1000) - 60_000
    lane.add([given(b"{}", offset, ms=ago + offset) for offset in range(3)])
    return lane


@contextmanager
def told(path: str, said: list[str], muse: MuseSettings | None = None) -> Iterator[Telling]:
    with ClickHouseClient(ClickHouseSettings(path=path), muse or MuseSettings()) as client:
        telling = Telling(client, "muse", "ui", "ui_events", said.append)
        telling.tell([lane_behind()], {0: 10}, {"stored": 0, "poison": 2})
        try:
            yield telling
        finally:
            telling.close()


def test_a_consumer_that_is_behind_is_seen_everywhere(migrated_path: str, agent: Agent) -> None:
    said: list[str] = []
    muse = MuseSettings(statsd_host="127.0.0.1", statsd_port=agent.port)
    with told(migrated_path, said, muse):
        [line] = consumers.lines(ClickHouseSettings(path=migrated_path))
        assert (line["name"], line["level"]) == ("consume ui", "ok")
        assert line["figure"].startswith("lag 10, oldest unread 1.0 min, ")
        assert line["figure"].endswith(", 1 partition, 2 set aside")
        assert said == [line["figure"]]
        heard = {one.name: one for one in agent.heard() if one.name.startswith("muse.kafka.")}
        assert {name: one.kind for name, one in heard.items()} == {
            f"muse.kafka.{name}": "g" for name in ("lag", "oldest_unread_s", "per_second")
        }
        assert heard["muse.kafka.lag"].value == 10
        assert heard["muse.kafka.lag"].tags >= {"topic:ui", "table:ui_events", "group:muse"}
        assert 59 < heard["muse.kafka.oldest_unread_s"].value < 120
    assert consumers.lines(ClickHouseSettings(path=migrated_path)) == []


def test_metrics_hold_what_all_consumers_are_behind(migrated_path: str, tmp_path: Path) -> None:
    store = ClickHouseSettings(path=migrated_path)
    with told(migrated_path, []), http(environment(store, tmp_path)) as (url, _):
        page = httpx2.get(url.removesuffix("/mcp") + "/metrics").text
    lines = dict(line.rsplit(" ", 1) for line in page.splitlines() if line.startswith("muse_kafka_"))
    assert float(lines["muse_kafka_consumers"]) == 1
    assert float(lines["muse_kafka_lag_messages"]) == 10
    assert 59 < float(lines["muse_kafka_oldest_unread_seconds"]) < 120


def test_a_consumer_in_trouble_says_what_it_waits_for(migrated_path: str) -> None:
    with told(migrated_path, []) as telling:
        telling.troubled("The store is in use.")
        telling.tell([lane_behind()], {0: 10}, {})
        [line] = consumers.lines(ClickHouseSettings(path=migrated_path))
        assert (line["level"], line["advice"]) == ("warning", "The store is in use.")
