"""Who comes first on a real Keeper: claims of eight processes by two servers, and the lock of a migration."""

from __future__ import annotations

import subprocess
import sys
import time
from collections import Counter
from collections.abc import Iterator

from chimera_metrics.integrations.clickhouse.executor import Executor
from chimera_metrics.integrations.config import ClickHouseSettings
from chimera_metrics.integrations.evolution.keeper_lock import KeeperLock
from chimera_metrics.integrations.evolution.lock import LockTerms, MigrationLocked
from tests.wide.cluster.holding import STALE_S
from tests.wide.cluster.tables import Finding
from tests.wide.environments import ROOT

PROCESSES = 8
NAMES = 60


def claims(servers: list[ClickHouseSettings], names: int = NAMES) -> Iterator[Finding]:
    """Each name is one process's own, and nobody won them all."""
    racing = [
        _started("claiming", str(servers[who % len(servers)].port), servers[0].database, str(who), str(names))
        for who in range(PROCESSES)
    ]
    for process in racing:
        assert process.stdout is not None
        assert process.stdout.readline() == "ready\n"
    start = time.time() + 0.3
    for process in racing:
        assert process.stdin is not None
        process.stdin.write(f"{start}\n")
        process.stdin.flush()
    told = [process.communicate(timeout=300)[0] for process in racing]
    owners = Counter(name for text in told for name in text.split())
    wins = [len(text.split()) for text in told]
    wrong = [str(name) for name in range(names) if owners[str(name)] != 1]
    yield f"{names} claims of {PROCESSES} processes, won {min(wins)} to {max(wins)} each", ", ".join(wrong[:5])
    yield "claims: a race", "" if max(wins) < names else "one process won them all"


def lock(settings: ClickHouseSettings) -> Iterator[Finding]:
    """A holder that lives keeps it; of one that was killed it is taken over."""
    for host, within in (("here", 5.0), ("elsewhere", STALE_S + 5)):
        holder = _started("holding", str(settings.port), settings.database, host)
        assert holder.stdout is not None
        assert holder.stdout.readline() == "held\n"
        yield f"lock: kept by a process {host}", "" if _taken(settings, 2 * STALE_S) is None else "it was taken"
        holder.kill()
        holder.wait()
        took = _taken(settings, STALE_S + 20)
        fault = "it was not taken over" if took is None else "" if took <= within else f"only after {took:.1f} s"
        yield f"lock: taken over after kill -9 of a process {host}", fault


def _taken(settings: ClickHouseSettings, wait_s: float) -> float | None:
    """Seconds until this process had the lock, or None."""
    started = time.monotonic()
    executor = Executor(settings)
    try:
        with KeeperLock(executor, LockTerms(wait_s=wait_s, stale_s=STALE_S)):
            return time.monotonic() - started
    except MigrationLocked:
        return None
    finally:
        executor.close()


def _started(module: str, *words: str) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-m", f"tests.wide.cluster.{module}", *words],
        cwd=ROOT,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
