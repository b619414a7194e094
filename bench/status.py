"""`muse status` on a large store, alone and while a server is using it.

    python -m bench.status [--rows 100000000] [--path DIR]

Fills a temporary store with `ui_events` over 400 days (about 4 GB and 4 minutes for 100 million rows; `--path` keeps a
store for the next run), then asks for its health: once alone, once with a server on the same store that is asked once
every 200 ms. "after start-up" is what `muse status` takes once Python's imports and the engine are loaded.
"""

from __future__ import annotations

import argparse
import os
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from functools import partial
from pathlib import Path

import anyio
import mcp
from mcp.client.stdio import StdioServerParameters, stdio_client

from bench.generate import statements
from chimera_metrics.integrations.clickhouse.executor import Executor
from chimera_metrics.integrations.clickhouse_client import ClickHouseClient
from chimera_metrics.integrations.config import ClickHouseSettings
from chimera_metrics.integrations.evolution import runner

MUSE = str(Path(sys.executable).with_name("muse"))
TIMES = 7


def fill(settings: ClickHouseSettings, rows: int) -> None:
    """Brings `ui_events` to `rows` rows, unless it has some already."""
    runner.upgrade(settings)
    executor = Executor(settings.model_copy(update={"timeout": 3600}))
    if not executor.scalar("SELECT count() FROM ui_events"):
        started = time.perf_counter()
        for sql in statements("ui_events", rows, 400, datetime.now(UTC).date()):
            executor.command(sql)
        print(f"{rows:,} rows made in {time.perf_counter() - started:.0f} s")
    executor.close()


def asked(settings: ClickHouseSettings) -> list[float]:
    """Milliseconds of each health check, the store let go before each as in a new process."""
    found = []
    with ClickHouseClient(settings) as client:
        client.health()  # imports and the engine's own start
        for _ in range(TIMES):
            client.close()
            started = time.perf_counter()
            answer = client.health()
            found.append((time.perf_counter() - started) * 1000)
            assert all(check["name"] != "connection" or check["level"] == "ok" for check in answer["checks"])
            time.sleep(0.3)
    return found


@contextmanager
def server(settings: ClickHouseSettings) -> Iterator[list[float]]:
    """A server on the store that is asked every 200 ms by a client of its own, in the background."""
    took: list[float] = []
    stop, ready = threading.Event(), threading.Event()
    thread = threading.Thread(target=lambda: anyio.run(partial(_serve, settings, took, stop, ready)))
    thread.start()
    ready.wait(60)
    try:
        yield took
    finally:
        stop.set()
        thread.join()


async def _serve(
    settings: ClickHouseSettings, took: list[float], stop: threading.Event, ready: threading.Event
) -> None:
    environment = {key: value for key, value in os.environ.items() if not key.startswith(("CH_", "MUSE_"))}
    parameters = StdioServerParameters(command=MUSE, args=["serve"], env=environment | {"CH_PATH": settings.path})
    statement = "SELECT event_type, count() AS n FROM ui_events WHERE ts > now() - INTERVAL 7 DAY GROUP BY event_type"
    async with mcp.Client(stdio_client(parameters)) as client:
        while not stop.is_set():
            started = time.perf_counter()
            result = await client.call_tool("query", {"sql": statement})
            took.append((time.perf_counter() - started) * 1000)
            assert not result.is_error, result.content
            ready.set()
            await anyio.sleep(0.2)


def command(settings: ClickHouseSettings) -> float:
    """Seconds of the whole command as a user types it."""
    started = time.perf_counter()
    subprocess.run([MUSE, "status"], env=os.environ | {"CH_PATH": settings.path}, capture_output=True, check=False)
    return time.perf_counter() - started


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rows", type=int, default=1_000_000)
    parser.add_argument("--path", help="folder of the store; a temporary one by default")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        settings = ClickHouseSettings(path=options.path or folder)
        fill(settings, options.rows)
        alone = asked(settings)
        with server(settings) as took:
            shared = asked(settings)
            whole = command(settings)
    print(f"{'status after start-up':<34}{'p50 ms':>9}{'max ms':>9}")
    for name, values in (("alone", alone), ("while a server uses the store", shared)):
        print(f"{name:<34}{statistics.median(values):>9.0f}{max(values):>9.0f}")
    print(f"{'the server meanwhile, per call':<34}{statistics.median(took):>9.0f}{max(took):>9.0f}")
    print(f"the whole command, imports and all: {whole:.1f} s")
    return 0 if max(shared) < 1000 else 1


if __name__ == "__main__":
    sys.exit(main())
