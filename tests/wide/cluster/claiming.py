"""`python -m tests.wide.cluster.claiming PORT DATABASE WHO NAMES`: claims every name, and says which are its own."""

from __future__ import annotations

import sys
import time
from datetime import UTC, datetime
from uuid import UUID

from chimera_metrics.integrations.clickhouse.executor import Executor
from chimera_metrics.integrations.config import ClickHouseSettings
from chimera_metrics.integrations.writing.claims import Claim
from chimera_metrics.integrations.writing.keeper_claims import KeeperClaims
from tests.wide.cluster.chdb_servers import CLUSTER

EVERY_S = 0.5


def main(port: int, database: str, who: int, names: int) -> None:
    executor = Executor(
        ClickHouseSettings(host="127.0.0.1", port=port, secure=False, database=database, cluster=CLUSTER)
    )
    claims, now = KeeperClaims(executor), datetime(2026, 3, 1, tzinfo=UTC)
    executor.scalar("SELECT 1")
    print("ready", flush=True)
    start = float(sys.stdin.readline())
    mine = UUID(int=who)
    for name in range(names):
        # All at once for each name: who is ahead once would otherwise be ahead in all of them.
        time.sleep(max(0.0, start + name * EVERY_S - time.time()))
        claims.make(f"race {name}", "ui_events", Claim("ab" * 32, mine, now, now, 0))
    own = [name for name in range(names) if claims.is_alone(f"race {name}", mine)]
    print(" ".join(map(str, own)), flush=True)
    executor.close()


if __name__ == "__main__":
    main(int(sys.argv[1]), sys.argv[2], int(sys.argv[3]), int(sys.argv[4]))
