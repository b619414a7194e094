"""A cluster's errors as real servers give them, by the driver's own exception, and what is decided about each."""

from __future__ import annotations

import contextlib
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from clickhouse_driver import Client
from clickhouse_driver.errors import ServerException

from chimera_metrics.integrations.clickhouse import cluster_errors
from tests.support.debian_server import PASSWORD, debian_server
from tests.wide.cluster.old_servers import NAME, OldCluster
from tests.wide.cluster.tables import Finding
from tests.wide.cluster.zookeeper import Keeper

_QUORUM = {"insert_quorum": 2, "insert_quorum_timeout": 2000}
_INSERT = "INSERT INTO faults.t VALUES"


def errors(cluster: OldCluster, keeper: Keeper) -> Iterator[Finding]:
    """242, 279, 286, 319 and 999, each brought about."""
    one, other, *second_shard = cluster.servers
    cluster.everywhere("CREATE DATABASE IF NOT EXISTS faults ON CLUSTER 'muse'")
    cluster.everywhere("CREATE TABLE faults.t (a UInt32) ENGINE = MergeTree() ORDER BY a")
    cluster.everywhere("CREATE TABLE faults.d (a UInt32) ENGINE = Distributed(muse, faults, t, a)")
    other.run("SYSTEM STOP FETCHES")
    yield _decided("an insert whose quorum does not come", 319, "retry", lambda: one.run(_INSERT, [(1,)], **_QUORUM))
    yield _decided("the next one with a quorum", 286, "stop", lambda: one.run(_INSERT, [(2,)], **_QUORUM))
    yield "the next one without", _passes(lambda: one.run(_INSERT, [(3,)]))
    other.run("SYSTEM START FETCHES")
    for server in second_shard:
        server.kill()
    yield _decided("a read of a shard that is gone", 279, "retry", lambda: one.run("SELECT count() FROM faults.d"))
    for server in second_shard:
        server.start()
    with keeper.standing_still():
        # Which of the three it is depends on how far the server is with giving its session up.
        lost = (999, 242, 225)
        yield _decided("an insert while Keeper stands", lost, "wait", lambda: one.run(_INSERT, [(4,)], patience_s=60))
        yield _decided("an insert without a session", lost, "wait", lambda: one.run(_INSERT, [(5,)], patience_s=60))
    yield "rows again when Keeper is back", _passes(lambda: one.run(_INSERT, [(6,)]), within_s=30)


def without_keeper(folder: Path) -> Iterator[Finding]:
    """225, from a server that has none."""
    made = "CREATE TABLE t (a UInt32) ENGINE = ReplicatedMergeTree('/t', 'r') ORDER BY a"
    with debian_server(folder) as server:
        client = Client("127.0.0.1", server.plain, password=PASSWORD)
        yield _decided("a replicated table on a server without Keeper", 225, "refuse", lambda: client.execute(made))
        client.disconnect()


def away(cluster: OldCluster) -> Iterator[Finding]:
    """A step that a server misses because it is away, and takes by itself when it is back."""
    one, other = cluster.servers[:2]
    other.kill()
    step = f"CREATE TABLE IF NOT EXISTS faults.late ON CLUSTER '{NAME}' (a UInt32) ENGINE = Log"
    with contextlib.suppress(Exception):  # this old server goes on waiting where newer ones give 159
        one.run(step, patience_s=5)
    yield "the others have the step", "" if _has(one) and _has(cluster.servers[2]) else "they lack it"
    yield "rows are taken meanwhile", _passes(lambda: one.run(_INSERT, [(7,)]))
    other.start()
    deadline = time.monotonic() + 30
    while time.monotonic() < deadline and not _has(other):
        time.sleep(0.2)
    yield "it takes the step when it is back", "" if _has(other) else "it lacks it"
    yield "and the same step again does no harm", _passes(lambda: one.run(step, patience_s=30))
    other.run("SYSTEM SYNC REPLICA faults.t")
    yield "and it has the rows", "" if other.run("SELECT count() FROM faults.t WHERE a = 7") == [(1,)] else "they lack"


def _has(server: Any) -> bool:
    with contextlib.suppress(Exception):
        asked = "SELECT count() FROM system.tables WHERE database = 'faults' AND name = 'late'"
        return bool(server.run(asked) == [(1,)])
    return False


def _decided(what: str, codes: int | tuple[int, ...], decision: str, act: Callable[[], Any]) -> Finding:
    among = (codes,) if isinstance(codes, int) else codes
    name = f"{what}: {' or '.join(map(str, among))}, {decision}"
    try:
        act()
    except ServerException as error:
        words = str(error.message).partition("Stack trace")[0].strip()
        if error.code not in among:
            return name, f"it is {error.code}: {words}"
        decided, sentence = cluster_errors.policy(error.code, words), cluster_errors.sentence(error.code, words)
        return name, "" if decided == decision and sentence else f"decided {decided}: {words}"
    return name, "there was no error"


def _passes(act: Callable[[], Any], within_s: float = 0) -> str:
    deadline = time.monotonic() + within_s
    while True:
        try:
            act()
        except Exception as error:  # noqa: BLE001  # whatever it is, it is the finding
            if time.monotonic() >= deadline:
                return str(error).partition("Stack trace")[0]
            time.sleep(0.5)
        else:
            return ""
