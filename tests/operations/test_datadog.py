"""Figures to DogStatsD, as a UDP listener that parses the packets sees them."""

from __future__ import annotations

import re
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import pytest

from chimera_metrics.integrations.clickhouse_client import ClickHouseClient
from chimera_metrics.integrations.config import ClickHouseSettings, MuseSettings
from chimera_metrics.integrations.errors import InvalidInput, StatementFailed

_PACKET = re.compile(r"(?P<name>[\w.]+):(?P<value>-?[\d.]+)\|(?P<kind>c|g|ms)\|#(?P<tags>[^|]+)")


class Figure(NamedTuple):
    name: str
    value: float
    kind: str
    tags: frozenset[str]


class Agent:
    """What an agent would hear."""

    def __init__(self) -> None:
        self._socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self._socket.bind(("127.0.0.1", 0))
        self._socket.settimeout(0.3)
        self.port = self._socket.getsockname()[1]

    def heard(self) -> list[Figure]:
        found: list[Figure] = []
        while True:
            try:
                packet = self._socket.recv(65_536).decode()
            except TimeoutError:
                return found
            for line in packet.splitlines():
                match = _PACKET.fullmatch(line)
                assert match, line
                tags = frozenset(match["tags"].split(","))
                found.append(Figure(match["name"], float(match["value"]), match["kind"], tags))

    def close(self) -> None:
        self._socket.close()


@pytest.fixture
def agent() -> Iterator[Agent]:
    made = Agent()
    yield made
    made.close()


@pytest.fixture
def watched(path: Path, agent: Agent) -> Iterator[ClickHouseClient]:
    muse = MuseSettings(statsd_host="127.0.0.1", statsd_port=agent.port, statsd_tags=("env:test",))
    with ClickHouseClient(ClickHouseSettings(path=str(path)), muse) as client:
        yield client


COMMON = {"engine:embedded", "database:chimera_metrics", "env:test"}


def named(found: list[Figure], name: str) -> list[tuple[float, str, set[str]]]:
    return [(one.value, one.kind, set(one.tags - COMMON)) for one in found if one.name == f"muse.clickhouse.{name}"]


def test_a_read_is_a_duration_and_the_pool(watched: ClickHouseClient, agent: Agent) -> None:
    watched.executor.scalar("SELECT 1")
    found = agent.heard()
    assert all(one.tags >= COMMON for one in found)
    [(value, kind, tags)] = named(found, "query_duration")
    assert (kind, tags) == ("ms", {"kind:read", "outcome:ok"})
    assert 0 < value < 60_000
    assert named(found, "connection_pool") == [(1, "g", {"state:used"}), (10, "g", {"state:size"})]


def test_a_failed_read_says_so(watched: ClickHouseClient, agent: Agent) -> None:
    with pytest.raises(StatementFailed):
        watched.executor.scalar("SELECT nope")
    assert named(agent.heard(), "query_duration")[0][2] == {"kind:read", "outcome:error"}


def test_inserts_are_counted_by_table_and_by_what_became_of_them(watched: ClickHouseClient, agent: Agent) -> None:
    rows = [{"status": "ready", "ts": f"2026-05-0{n}T00:00:00Z"} for n in (1, 2, 3)]
    watched.insert_deployments(rows)
    assert named(agent.heard(), "insert_success") == [(3, "c", {"table:deployments", "answer:stored"})]
    watched.insert_deployments(rows)
    assert named(agent.heard(), "insert_success") == [(3, "c", {"table:deployments", "answer:duplicate"})]
    watched.insert_deployments([{"status": None}])
    assert named(agent.heard(), "insert_success") == [(1, "c", {"table:deployments", "answer:rejected"})]
    watched.insert_deployment({"status": "ready"}, "key")
    agent.heard()
    with pytest.raises(InvalidInput):
        watched.insert_deployment({"status": "error"}, "key")
    assert named(agent.heard(), "insert_error") == [(1, "c", {"table:deployments", "error:invalid_input"})]


def test_nobody_listening_harms_nothing(path: Path) -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    muse = MuseSettings(statsd_host="127.0.0.1", statsd_port=port)
    with ClickHouseClient(ClickHouseSettings(path=str(path)), muse) as client:
        assert [client.executor.scalar("SELECT 1") for _ in range(5)] == [1] * 5


def test_off_it_is_free() -> None:
    program = (
        "import sys\nfrom integrations.clickhouse_client import ClickHouseClient\n"
        "from chimera_metrics.integrations.config import ClickHouseSettings\n"
        "client = ClickHouseClient(ClickHouseSettings(path=':memory:'))\n"
        "assert client.executor._tracer is None and client._figures is None\n"
        "print('datadog' in sys.modules)\n"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert done.stdout == "False\n"
