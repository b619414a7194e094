"""Shards of chDB behind the test wire, with ZooKeeper: the first is asked, and has the others do what is for all.

A shard has one replica here, and its tables are plain ones: chDB opens no port for replicas.
"""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from pathlib import Path

from chimera_metrics.integrations.config import ClickHouseSettings
from tests.support.listening import free_port
from tests.support.wire_process import Wire
from tests.wide.cluster.chdb_servers import CLUSTER, configuration
from tests.wide.cluster.zookeeper import Keeper

_ONE = "<remote_servers><muse><shard><replica><host>127.0.0.1</host><port>9000</port></replica></shard></muse>"
_SHARD = (
    "<shard><internal_replication>true</internal_replication>"
    "<replica><host>127.0.0.1</host><port>{}</port></replica></shard>"
)


class Shards:
    """Servers of one cluster, to which more can be added."""

    def __init__(self, folder: Path, keeper: Keeper, stack: contextlib.ExitStack, count: int) -> None:
        self._folder, self._keeper, self._stack = folder, keeper, stack
        self.ports = [free_port() for _ in range(count)]
        self.wires: list[Wire] = []
        for number in range(count):
            self._start(number)

    @property
    def settings(self) -> ClickHouseSettings:
        return ClickHouseSettings(
            host="127.0.0.1", port=self.ports[0], secure=False, database="shop", cluster=CLUSTER, sharded=True
        )

    def alone(self, number: int) -> ClickHouseSettings:
        """How to ask one shard for what lies on it."""
        return ClickHouseSettings(host="127.0.0.1", port=self.ports[number], secure=False, database="shop")

    def add(self) -> None:
        """A further shard: a new server, and a restart of the others with a configuration that names it."""
        self.ports.append(free_port())
        self._start(len(self.ports) - 1)
        for number, wire in enumerate(self.wires[:-1]):
            wire.kill()
            self._configure(number)
            self._launch(wire, number)

    def _start(self, number: int) -> None:
        wire = self._stack.enter_context(Wire())
        self.wires.append(wire)
        self._stack.callback(wire.kill)
        self._configure(number)
        self._launch(wire, number)

    def _launch(self, wire: Wire, number: int) -> None:
        wire.start(
            path=self._folder / f"store{number}",
            config_file=self._config(number),
            port=self.ports[number],
            alone=True,
            peers=[port for port in self.ports if port != self.ports[0]] if number == 0 else (),
        )

    def _config(self, number: int) -> Path:
        return self._folder / f"config{number}.xml"

    def _configure(self, number: int) -> None:
        shards = "".join(_SHARD.format(port) for port in self.ports)
        text = configuration(self._folder, self._keeper, f"r{number}")
        text = text.replace("<shard>1</shard><replica>", f"<shard>{number + 1}</shard><replica>")
        assert _ONE in text
        self._config(number).write_text(text.replace(_ONE, f"<remote_servers><muse>{shards}</muse>"))


@contextlib.contextmanager
def shards(folder: Path, keeper: Keeper, count: int = 2) -> Iterator[Shards]:
    folder.mkdir(parents=True, exist_ok=True)
    with contextlib.ExitStack() as stack:
        yield Shards(folder, keeper, stack, count)


@contextlib.contextmanager
def one_server(folder: Path) -> Iterator[ClickHouseSettings]:
    """A server of no cluster."""
    folder.mkdir(parents=True, exist_ok=True)
    with Wire() as wire:
        at = wire.start(path=folder / "store")
        yield ClickHouseSettings(host=at.host, port=at.port, secure=False, database="shop")
