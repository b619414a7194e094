"""Two stores for a copy: a filled embedded one, and an empty database on a server of its own."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from chimera_metrics.integrations.clickhouse_client import ClickHouseClient
from chimera_metrics.integrations.config import ClickHouseSettings
from chimera_metrics.integrations.evolution import runner
from chimera_metrics.integrations.operations import retention
from chimera_metrics.integrations.operations.backup_engine import Content, contents, session
from chimera_metrics.integrations.operations.copying.outcome import Outcome
from chimera_metrics.integrations.operations.copying.work import Copy
from chimera_metrics.models import metadata
from tests.operations.conftest import day, fill
from tests.support.wire_process import Wire
from tests.writing.rows import make_rows

PASSWORD = "hush/hush@here"


class Unseen:
    """Nobody looks at how far it is."""

    def grow(self, rows: int) -> None: ...
    def advance(self, position: int, rows: int) -> None: ...
    def file_done(self, size: int) -> None: ...


def copy(source: ClickHouseSettings, target: ClickHouseSettings) -> Outcome:
    return Copy(source, target, Unseen()).run()


def held(settings: ClickHouseSettings) -> dict[str, Content]:
    """Rows and checksum of every table, as backups know them."""
    with session(settings, Path("/nowhere")) as store:
        return contents(store)


@pytest.fixture(scope="session")
def stored(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A store with three weeks of rows, a run sent again on another day, a rule, a watch and equal rows."""
    path = tmp_path_factory.mktemp("copying") / "store"
    settings = ClickHouseSettings(path=str(path))
    runner.upgrade(settings)
    with ClickHouseClient(settings) as client:
        fill(client)
        client.insert_ui_events(make_rows("ui_events", 2_000, days=9), "two thousand")
        client.insert_bench_runs(
            [
                {
                    "ts": day(9),
                    "run_id": "00000000-0000-4000-8000-000000000001",
                    "model": "m",
                    "quant": "q",
                    "dataset": "d",
                }
            ]
        )
        client.insert_llm_events([{"ts": day(5), "source": "council", "model": "x", "operation": "twice"}] * 3)
        retention.set_rule(client, "ui_events", 300, who="ada")
        client.watch_set("slow", "avg(llm_events.latency_ms)", "above", value=900.0)
    return path


@pytest.fixture
def source(stored: Path, tmp_path: Path) -> ClickHouseSettings:
    """A copy of the filled store."""
    return ClickHouseSettings(path=str(shutil.copytree(stored, tmp_path / "source", symlinks=True)))


@pytest.fixture(scope="session")
def wire(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Wire]:
    with Wire() as made:
        yield made


@pytest.fixture(scope="session")
def database(wire: Wire, tmp_path_factory: pytest.TempPathFactory) -> ClickHouseSettings:
    """A migrated database on a server of its own."""
    address = wire.start(
        path=tmp_path_factory.mktemp("wire"), tls=tmp_path_factory.mktemp("tls"), user="muse", password=PASSWORD
    )
    settings = ClickHouseSettings(
        host=address.host, port=address.port, username="muse", password=PASSWORD, ca_cert=address.ca_path
    )
    runner.upgrade(settings)
    return settings


@pytest.fixture
def target(database: ClickHouseSettings, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> ClickHouseSettings:
    """The database, emptied."""
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path / "data"))
    with ClickHouseClient(database) as client:
        for table in metadata.tables:
            client.executor.command(f"TRUNCATE TABLE {table}")
        client.executor.command("DROP TABLE IF EXISTS muse_copies")
    return database


def send(settings: ClickHouseSettings, count: int, key: str = "") -> int:
    """Stores events of yesterday; answers how many were stored."""
    moment = (datetime.now(UTC) - timedelta(days=1)).replace(hour=9).isoformat()
    with ClickHouseClient(settings) as client:
        rows = [
            {"ts": moment, "session_id": f"00000000-0000-4000-8000-{n:012d}", "event_type": "late", "latency_ms": n}
            for n in range(count)
        ]
        return int(client.insert_ui_events(rows, key or None)["inserted"])
