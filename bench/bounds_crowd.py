"""Twelve of the worst statements at once on one client, and how long another caller's `SELECT 1` takes meanwhile."""

from __future__ import annotations

import contextlib
import statistics
import tempfile
import threading
import time
from collections.abc import Sequence

from chimera_metrics.errors import MuseError
from chimera_metrics.integrations.clickhouse_client import ClickHouseClient
from chimera_metrics.integrations.config import ClickHouseSettings, MuseSettings

CROWD = 12
_LIMIT_S = 5.0
_FOR_S = 20.0
# Beside what `bench.bounds` found: statements that use all of their time, as long as there is somebody to ask for them.
ENDLESS = (
    "SELECT max(SHA512(repeat(toString(number), 1000))) FROM numbers(100000000000)",
    "SELECT count() FROM numbers(1000000000) AS a, numbers(1000000000) AS b",
    "SELECT max(cityHash64(x)) FROM numbers(100000) ARRAY JOIN range(100000) AS x",
    "SELECT arraySort(groupArray(cityHash64(number))) FROM numbers(100000000)",
)


def crowd(worst: Sequence[str]) -> int:
    """0 if another caller's `SELECT 1` stayed under a second at p95."""
    statements = [*ENDLESS, *(sql for sql in worst if len(sql) < 159)][:CROWD]
    with tempfile.TemporaryDirectory(prefix="muse-crowd-") as folder:
        settings = ClickHouseSettings(path=folder, timeout=_LIMIT_S, retry_attempts=0)
        with ClickHouseClient(settings, MuseSettings(audit=False)) as client:
            client.ensure_schema()
            waits = _waits(client, statements)
    p95 = statistics.quantiles(waits, n=20)[-1]
    print(
        f"{len(statements)} at once under {_LIMIT_S:g} s: {len(waits)} times SELECT 1, "
        f"median {statistics.median(waits):.3f} s, p95 {p95:.3f} s, worst {max(waits):.3f} s."
    )
    return 0 if p95 < 1 else 1


def _waits(client: ClickHouseClient, statements: Sequence[str]) -> list[float]:
    ends = threading.Event()

    def ask(sql: str) -> None:
        while not ends.is_set():
            with contextlib.suppress(MuseError):
                client.query(sql)

    threads = [threading.Thread(target=ask, args=(sql,), daemon=True) for sql in statements]
    for thread in threads:
        thread.start()
    time.sleep(1)
    waits, until = [], time.monotonic() + _FOR_S
    while time.monotonic() < until:
        started = time.perf_counter()
        client.query("SELECT 1")
        waits.append(time.perf_counter() - started)
        time.sleep(0.05)
    ends.set()
    for thread in threads:
        thread.join()
    return waits
