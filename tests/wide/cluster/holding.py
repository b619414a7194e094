"""`python -m tests.wide.cluster.holding PORT DATABASE HOST`: takes the lock of migrations as a process of HOST, and
holds it until it is killed."""

from __future__ import annotations

import socket
import sys
import time

from chimera_metrics.integrations.clickhouse.executor import Executor
from chimera_metrics.integrations.config import ClickHouseSettings
from chimera_metrics.integrations.evolution.keeper_lock import KeeperLock
from chimera_metrics.integrations.evolution.lock import LockTerms
from tests.wide.cluster.chdb_servers import CLUSTER

STALE_S = 8.0


def main(port: int, database: str, host: str) -> None:
    if host != "here":
        socket.gethostname = lambda: host
    settings = ClickHouseSettings(host="127.0.0.1", port=port, secure=False, database=database, cluster=CLUSTER)
    with KeeperLock(Executor(settings), LockTerms(wait_s=30, stale_s=STALE_S)):
        print("held", flush=True)
        time.sleep(600)


if __name__ == "__main__":
    main(int(sys.argv[1]), sys.argv[2], sys.argv[3])
