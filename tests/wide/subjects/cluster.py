"""Clusters: chDB with Debian's ZooKeeper, and four of Debian's servers 18.16 with replication of their own."""

from __future__ import annotations

import subprocess
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path

from tests.support.debian_server import available
from tests.wide.cluster import everything, faults, joining, old_errors, races, sharded, suite, tables
from tests.wide.cluster.chdb_servers import server
from tests.wide.cluster.old_servers import OldCluster, old_cluster
from tests.wide.cluster.sharded_servers import one_server, shards
from tests.wide.cluster.tables import Finding
from tests.wide.cluster.zookeeper import Keeper, zookeeper
from tests.wide.environments import ROOT
from tests.wide.outcomes import Outcome

RUNS = 15  # each fault on each way
SEED = 21
CHDB, SHARDS, OLD = "chDB, ZooKeeper", "chDB, 2 shards", "4 servers 18.16"


def run() -> Iterator[Outcome]:
    with tempfile.TemporaryDirectory(prefix="muse-cluster-") as name:
        folder = Path(name)
        with zookeeper(folder / "zookeeper") as keeper:
            yield from _on_chdb(folder, keeper)
            yield suite.run(folder / "suite", keeper)
            yield from _on_shards(folder, keeper)
        yield from _on_old_servers(folder / "old")


def _on_chdb(folder: Path, keeper: Keeper) -> Iterator[Outcome]:
    with server(folder / "replicated", keeper, alone=False) as bare:
        yield _outcome("replicated tables", lambda: tables.made_and_dropped(bare))
        yield _outcome("adopted in place", lambda: tables.adopted(bare))
    yield _outcome("a second server joins", lambda: joining.joined(folder / "joined", keeper))
    with server(folder / "one", keeper) as one, server(folder / "two", keeper, "r2") as two:
        yield _outcome("migrations", lambda: everything.migrations(one, two))
        yield _outcome("claims by 8 processes", lambda: races.claims([one, two]))
        yield _outcome("lock after kill -9", lambda: races.lock(one))
        yield _outcome("retries elsewhere", lambda: everything.retries(one, two))
        yield _outcome("a program without CH_CLUSTER", lambda: everything.unaware(one))
        with one_server(folder / "to be copied") as alone:
            yield _outcome("copied to a cluster and back", lambda: everything.copied(one, two, alone))
        yield _outcome("backups", lambda: everything.backups(one, folder / "backups"))
        yield _outcome("operations", lambda: everything.operations(one))


def _on_shards(folder: Path, keeper: Keeper) -> Iterator[Outcome]:
    with shards(folder / "answers", keeper) as spread, one_server(folder / "alone") as one:
        yield _outcome("selects across shards", lambda: sharded.answers(spread, one), SHARDS)
        yield _outcome("copied to shards", lambda: sharded.copied(spread, one), SHARDS)
    with shards(folder / "shards", keeper) as spread:
        for story in _STORIES:
            yield _outcome(f"shards: {story.__name__}", lambda story=story: story(spread), SHARDS)  # type: ignore[misc]


_STORIES = (
    sharded.migrations,
    sharded.refusals,
    sharded.unaware,
    sharded.batches,
    sharded.rebuilt,
    sharded.operations,
    sharded.grown,
)


def _on_old_servers(folder: Path) -> Iterator[Outcome]:
    subprocess.run(["bash", "tests/support/debian_packages.sh"], cwd=ROOT, check=True)
    if not available():
        yield Outcome(OLD, "Debian's packages cannot be had", 0, 0, 1, 0)
        return
    with zookeeper(folder / "zookeeper") as keeper, old_cluster(folder, keeper) as cluster:
        yield _faulted(cluster)
        yield _outcome("errors", lambda: old_errors.errors(cluster, keeper), OLD)
        yield _outcome("a server is away", lambda: old_errors.away(cluster), OLD)
    alone = folder / "alone"
    alone.mkdir()
    yield _outcome("without Keeper", lambda: old_errors.without_keeper(alone), OLD)


def _outcome(what: str, story: Callable[[], Iterator[Finding]], where: str = CHDB) -> Outcome:
    print(f"\n{what}", flush=True)
    started, found = time.monotonic(), []
    for name, fault in story():
        found.append(bool(fault))
        print(f"  {name}: {fault or 'ok'}", flush=True)
    return Outcome(where, what, found.count(False), found.count(True), 0, time.monotonic() - started)


def _faulted(cluster: OldCluster) -> Outcome:
    """Runs with a fault each: whether all rows are there, once, on every replica."""
    print(f"\n{OLD}: {RUNS} faulted runs", flush=True)
    started, failed, story = time.monotonic(), 0, faults.Story(cluster, SEED)
    for number in range(RUNS):
        found = story.run(number)
        if not found.holds:
            failed += 1
            print(f"  {number}: {found}", flush=True)
    doubled = story.control()
    print(f"  without the engine's memory of blocks a retry doubles {doubled} rows", flush=True)
    if doubled == 0:
        failed += 1
        print("  nothing was doubled there, so the runs show nothing", flush=True)
    return Outcome(OLD, "faulted runs", RUNS - failed, failed, 0, time.monotonic() - started)
