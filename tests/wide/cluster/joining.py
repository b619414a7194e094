"""`muse adopt` on two servers with ZooKeeper: tables of one become replicated, and the other joins them.

chDB makes replicas and reads them, but opens no port for others to fetch from: what the second server makes are its
places in Keeper, beside those of the first, for the same tables. The first has the second do what is for all.
"""

from __future__ import annotations

import contextlib
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

from sqlalchemy import Connection

from chimera_metrics.integrations.clickhouse_client import ClickHouseClient
from chimera_metrics.integrations.config import ClickHouseSettings
from chimera_metrics.integrations.evolution import adopt, replicate, runner
from chimera_metrics.integrations.evolution.canonical import differences, read
from chimera_metrics.integrations.evolution.engines import migration_connection
from chimera_metrics.models import FACT_TABLES
from tests.copying.conftest import copy
from tests.support.wire_process import Wire
from tests.wide.cluster.chdb_servers import CLUSTER, configuration
from tests.wide.cluster.sharded_servers import one_server
from tests.wide.cluster.tables import Finding, refused
from tests.wide.cluster.zookeeper import Keeper
from tests.wide.environments import ROOT
from tests.writing.rows import make_rows

#: Where `muse adopt` is killed: tables become replicated, are made on the other server, its views are made.
KILLED_AT = ("RESTORE REPLICA `llm_events`", "CREATE TABLE IF NOT EXISTS llm_events ON", "CREATE MATERIALIZED VIEW")
_REPLICA = "<replica><host>127.0.0.1</host><port>9000</port></replica>"


class Grown:
    """A server with a store, which gets a second one beside it."""

    def __init__(self, folder: Path, keeper: Keeper, stack: contextlib.ExitStack) -> None:
        folder.mkdir(parents=True)
        self._folder, self._keeper = folder, keeper
        self._wires = [stack.enter_context(Wire()) for _ in range(2)]
        for wire in self._wires:
            stack.callback(wire.kill)
        at = self._wires[0].start(path=folder / "r1")
        self.alone = ClickHouseSettings(host="127.0.0.1", port=at.port, secure=False, database="grown")

    @property
    def wire(self) -> Wire:
        return self._wires[0]

    def grow(self) -> tuple[ClickHouseSettings, ClickHouseSettings]:
        """Restarts the server with a configuration that names a cluster, and starts the other."""
        second = self._wires[1].start(
            path=self._folder / "r2", config_file=self._configured("r2"), alone=True, replicated=True
        )
        self.wire.kill()
        self.wire.start(
            path=self._folder / "r1",
            config_file=self._configured("r1"),
            port=self.alone.port,
            alone=True,
            replicated=True,
            peers=[second.port],
        )
        first = self.alone.model_copy(update={"cluster": CLUSTER})
        return first, first.model_copy(update={"port": second.port})

    def _configured(self, name: str) -> Path:
        text = configuration(self._folder, self._keeper, name)
        assert _REPLICA in text
        file = self._folder / f"{name}.xml"
        file.write_text(text.replace(_REPLICA, _REPLICA * 2))
        return file


def joined(folder: Path, keeper: Keeper) -> Iterator[Finding]:
    """Killed three times on the way; in the end both servers have every table and view, and the rows stand."""
    with contextlib.ExitStack() as stack:
        grown = Grown(folder, keeper, stack)
        runner.upgrade(grown.alone)
        with ClickHouseClient(grown.alone) as client:
            for table in FACT_TABLES:
                getattr(client, f"insert_{table}")(make_rows(table, 300, 7, days=3))
        before = _contents(grown.alone)
        first, second = grown.grow()
        yield "an upgrade before it", refused(lambda: runner.upgrade(first), "Run `muse adopt --yes`")
        for place in KILLED_AT:
            _adopt_until(grown.wire, first, place)
            plan = adopt.plan(first)
            yield f"killed at {place}: there is something left", "" if not plan.settled else plan.sentence
        # What adopting left, an upgrade makes, as it does for a server that came later.
        runner.upgrade(first)
        yield "nothing is left", "" if adopt.plan(first).settled else adopt.plan(first).sentence
        yield "the rows are the same", "" if _contents(first) == before else "they are not"
        yield from _alike(first, second)
        yield "drift", "; ".join(runner.check(first))
        with one_server(folder / "copy") as other:
            yield from _copied(first, other)


def _copied(replicated: ClickHouseSettings, other: ClickHouseSettings) -> Iterator[Finding]:
    """Replicated tables are copied from. This engine's take no rows, so that a copy into them ends with a sentence."""
    outcome = copy(replicated, other)
    yield "copied to a single server", str(outcome.behind) if outcome.behind else ""
    before = _contents(replicated)
    fault = refused(lambda: copy(other, replicated), "take no rows at the moment")
    yield "a copy into tables that take no rows", fault
    yield "which stay as they were", "" if _contents(replicated) == before else "they do not"


def _contents(settings: ClickHouseSettings) -> dict[str, replicate.Content]:
    with migration_connection(settings.model_copy(update={"cluster": None})) as connection:
        return {table: replicate.content(connection, table) for table in FACT_TABLES}


def _adopt_until(wire: Wire, settings: ClickHouseSettings, place: str) -> None:
    """Runs `muse adopt --yes`, and kills it when its statement has come there."""
    wire.arm("query_received", "stall", table=place)
    there = len(wire.struck())
    process = subprocess.Popen(
        [sys.executable, "-m", "chimera_metrics.apps.muse_cli", "adopt", "--yes"],
        cwd=ROOT,
        env=_clean()
        | {"CH_HOST": "127.0.0.1", "CH_PORT": str(settings.port), "CH_SECURE": "false"}
        | {"CH_DATABASE": settings.database, "CH_CLUSTER": CLUSTER},
        stdout=subprocess.DEVNULL,
    )
    while process.poll() is None and len(wire.struck()) == there:
        with contextlib.suppress(subprocess.TimeoutExpired):
            process.wait(0.05)
    ended = process.poll() is not None
    process.kill()
    process.wait()
    wire.disarm()
    if ended:
        raise RuntimeError(f"muse adopt ended before it came to {place}")


def _clean() -> dict[str, str]:
    return {name: value for name, value in os.environ.items() if not name.startswith(("CH_", "MUSE_"))}


def _alike(first: ClickHouseSettings, second: ClickHouseSettings) -> Iterator[Finding]:
    """Each table at one place in Keeper, with two replicas there, and of the same form on both servers."""
    with migration_connection(first) as one, migration_connection(second) as other:
        here, there = (read(connection, first.database) for connection in (one, other))
        places = [_places(connection, first.database) for connection in (one, other)]
        yield "places in Keeper", "" if places[0] == places[1] and places[0] else str(places)
        for name, form in here.items():
            if name not in there:
                yield name, "the second server lacks it"
            else:
                yield name, "; ".join(differences(there[name], form))


def _places(connection: Connection, database: str) -> dict[str, tuple[str, int]]:
    asked = f"SELECT table, zookeeper_path, total_replicas FROM system.replicas WHERE database = '{database}'"
    return {str(table): (str(path), int(total)) for table, path, total in connection.exec_driver_sql(asked)}
