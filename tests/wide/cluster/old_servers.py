"""Four of Debian's servers 18.16, two shards of two replicas: real replication, by an engine too old for this program.

What they lack (DateTime64, tokens, codecs) a reduced model leaves out; its DDL takes the way of every statement of ours
(`clustered`), and its rows go in by our order of work.
"""

from __future__ import annotations

import contextlib
import logging
import os
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from clickhouse_driver import Client

from chimera_metrics.integrations.clickhouse.cluster import Cluster, clustered
from tests.support.debian_server import BINARY, ROOT
from tests.support.listening import end, free_port, wait_for
from tests.wide.cluster.zookeeper import Keeper

NAME = "muse"
# The driver logs each failed attempt with its traceback; here many fail on purpose.
logging.getLogger("clickhouse_driver.connection").setLevel(logging.CRITICAL)
_START_S = 30.0
_USERS = """<yandex><profiles><default/></profiles><quotas><default/></quotas><users><default><password></password>
<networks><ip>127.0.0.1</ip></networks><profile>default</profile><quota>default</quota></default></users></yandex>"""
_CONFIG = """<yandex>
<logger><level>warning</level><log>{folder}/log</log><errorlog>{folder}/errors</errorlog></logger>
<tcp_port>{port}</tcp_port><listen_host>127.0.0.1</listen_host>
<interserver_http_port>{interserver}</interserver_http_port><interserver_http_host>127.0.0.1</interserver_http_host>
<path>{folder}/data/</path><tmp_path>{folder}/tmp/</tmp_path><users_config>{folder}/users.xml</users_config>
<default_profile>default</default_profile><default_database>default</default_database>
<mark_cache_size>16777216</mark_cache_size>
<zookeeper><node index="1"><host>127.0.0.1</host><port>{keeper}</port></node>
<session_timeout_ms>5000</session_timeout_ms></zookeeper>
<macros><shard>{shard}</shard><replica>r{shard}{replica}</replica></macros>
<distributed_ddl><path>/ddl</path></distributed_ddl>
<remote_servers><muse>{servers}</muse></remote_servers>
</yandex>"""


@dataclass
class Server:
    """One server, which can be killed and started again."""

    shard: int
    replica: int
    folder: Path
    port: int = field(default_factory=free_port)
    interserver: int = field(default_factory=free_port)
    process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        libraries = {str(file.parent) for file in ROOT.rglob("*.so*")}
        variables = os.environ | {"LD_LIBRARY_PATH": os.pathsep.join(sorted(libraries))}
        with open(self.folder / "out", "ab") as out:
            words = [str(BINARY), f"--config-file={self.folder}/config.xml"]
            self.process = subprocess.Popen(words, env=variables, stdout=out, stderr=out)
        wait_for(self.process, self.port, f"server {self.shard}/{self.replica}", _START_S)

    def kill(self) -> None:
        """kill -9."""
        if self.process is not None:
            self.process.kill()
            self.process.wait()
            self.process = None

    def run(self, statement: str, rows: Any = None, patience_s: float = 20, **settings: Any) -> list[tuple[Any, ...]]:
        client = Client("127.0.0.1", self.port, connect_timeout=2, send_receive_timeout=patience_s, settings=settings)
        try:
            found = client.execute(statement, rows) if rows is not None else client.execute(statement)
            return list(found) if isinstance(found, list) else []
        finally:
            client.disconnect()


@dataclass
class OldCluster:
    """The four servers."""

    servers: list[Server]
    database: str = "shop"

    def everywhere(self, statement: str) -> None:
        """A statement of ours, as the cluster takes it, sent to one of its servers."""
        self.servers[0].run(clustered(statement, Cluster(NAME, self.database)), patience_s=60)

    def others(self, server: Server) -> list[Server]:
        """The other replicas of a server's shard."""
        return [one for one in self.servers if one.shard == server.shard and one is not server]


@contextlib.contextmanager
def old_cluster(folder: Path, keeper: Keeper) -> Iterator[OldCluster]:
    """Starts the servers, and ends them."""
    servers = [Server(shard, replica, folder / f"s{shard}r{replica}") for shard in (1, 2) for replica in (1, 2)]
    listed = "".join(
        "<shard><internal_replication>true</internal_replication>"
        + "".join(
            f"<replica><host>127.0.0.1</host><port>{one.port}</port></replica>" for one in servers if one.shard == shard
        )
        + "</shard>"
        for shard in (1, 2)
    )
    for one in servers:
        one.folder.mkdir(parents=True)
        (one.folder / "users.xml").write_text(_USERS)
        place = {"folder": one.folder, "port": one.port, "interserver": one.interserver, "keeper": keeper.port}
        text = _CONFIG.format(**place, shard=one.shard, replica=one.replica, servers=listed)
        (one.folder / "config.xml").write_text(text)
    try:
        for one in servers:
            one.start()
        yield OldCluster(servers)
    finally:
        for one in servers:
            if one.process is not None:
                end(one.process)
