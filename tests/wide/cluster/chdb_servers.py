"""chDB behind the test wire, with ZooKeeper for its Keeper: what that engine has of a cluster.

It makes, reads and drops replicated tables and has KeeperMap whole, but opens no port for other replicas: rows do not
go into replicated tables, and ON CLUSTER is not there. A wire that is `alone` leaves both out, so that everything else
of a cluster runs as it is.
"""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from pathlib import Path

from chimera_metrics.integrations.config import ClickHouseSettings
from tests.support.wire_process import Wire
from tests.wide.cluster.zookeeper import Keeper

CLUSTER = "muse"
_CONFIG = """<clickhouse>
<zookeeper><node><host>127.0.0.1</host><port>{keeper}</port></node></zookeeper>
<keeper_map_path_prefix>/keeper_map</keeper_map_path_prefix>
<macros><shard>1</shard><replica>{replica}</replica></macros>
<storage_configuration><disks><common><type>local</type><path>{folder}/backups/</path></common></disks>
</storage_configuration><backups><allowed_disk>common</allowed_disk></backups>
<remote_servers><muse><shard><replica><host>127.0.0.1</host><port>9000</port></replica></shard></muse></remote_servers>
</clickhouse>"""


def configuration(folder: Path, keeper: Keeper, replica: str) -> str:
    """What the engine has to know of a cluster."""
    return _CONFIG.format(keeper=keeper.port, replica=replica, folder=folder)


@contextlib.contextmanager
def server(folder: Path, keeper: Keeper, replica: str = "r1", alone: bool = True) -> Iterator[ClickHouseSettings]:
    """A server with a store of its own; killed in the end, since it does not close over replicated tables."""
    folder.mkdir(parents=True, exist_ok=True)
    config = folder / "config.xml"
    config.write_text(configuration(folder, keeper, replica))
    with Wire() as wire:
        at = wire.start(path=folder / "store", config_file=config, alone=alone)
        try:
            yield ClickHouseSettings(
                host=at.host, port=at.port, secure=False, database="shop", cluster=CLUSTER if alone else None
            )
        finally:
            wire.kill()
