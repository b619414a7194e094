"""Eight writers and four readers on one embedded server over HTTP; then the counts must reconcile.

    python -m bench.crowd [--seconds 120]

A call either answers or says that it must wait (back-pressure: busy store, all connections in use, too many calls);
a writer whose call was turned away sends the same rows again.
"""

from __future__ import annotations

import argparse
import os
import re
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from uuid import uuid4

import anyio
import mcp

from chimera_metrics.integrations.clickhouse_client import ClickHouseClient
from chimera_metrics.integrations.config import ClickHouseSettings

WRITERS, READERS, ROWS = 8, 4, 50
BACK_PRESSURE = re.compile(r"stayed in use|is in use|too many|Too many|Try again|try again", re.IGNORECASE)
MUSE = [sys.executable, "-m", "chimera_metrics.apps.muse_cli"]


@dataclass
class Tally:
    """What the callers saw."""

    acknowledged: int = 0
    written: int = 0
    read: int = 0
    turned_away: Counter[str] = field(default_factory=Counter)
    errors: Counter[str] = field(default_factory=Counter)


@contextmanager
def server(path: str) -> Iterator[str]:
    """`muse serve --transport http` on the store at `path`; its address."""
    environment = {name: value for name, value in os.environ.items() if not name.startswith(("CH_", "MUSE_"))}
    environment |= {"CH_PATH": path, "MUSE_RATE_LIMIT": "0", "XDG_DATA_HOME": f"{path}.data"}
    words = [*MUSE, "serve", "--transport", "http", "--port", "0"]
    process = subprocess.Popen(words, env=environment, stderr=subprocess.PIPE, text=True)
    assert process.stderr is not None
    try:
        line = process.stderr.readline()
        while line and "Listening on" not in line:
            line = process.stderr.readline()
        yield line.split()[-1]
    finally:
        process.terminate()
        process.communicate(timeout=30)


async def crowd(url: str, seconds: float) -> Tally:
    """All callers side by side, each on a session of its own."""
    tally, end = Tally(), time.monotonic() + seconds
    async with anyio.create_task_group() as group:
        for _ in range(WRITERS):
            group.start_soon(_write, url, end, tally)
        for number in range(READERS):
            group.start_soon(_read, url, end, tally, number)
    return tally


async def _write(url: str, end: float, tally: Tally) -> None:
    async with mcp.Client(url) as client:
        while time.monotonic() < end:
            kind = "overlay_open"
            rows = [{"session_id": str(uuid4()), "event_type": kind, "latency_ms": 1.5} for _ in range(ROWS)]
            while not await _sent(client, rows, tally):
                await anyio.sleep(0.1)


async def _sent(client: mcp.Client, rows: list[dict[str, object]], tally: Tally) -> bool:
    """Whether the rows are acknowledged; else they are to be sent again."""
    result = await client.call_tool("insert.ui_events", {"rows": rows})
    if result.is_error:
        _note(result, tally)
        return False
    answer = result.structured_content or {}
    assert answer["received"] == answer["inserted"] + answer["duplicates"] == len(rows), answer
    tally.acknowledged += answer["received"]
    tally.written += 1
    return True


QUESTIONS = (
    ("query", {"sql": "SELECT event_type, count() FROM ui_events GROUP BY event_type"}),
    ("query.aggregate", {"metrics": ["count(ui_events.latency_ms)"], "days": 1}),
)


async def _read(url: str, end: float, tally: Tally, number: int) -> None:
    tool, arguments = QUESTIONS[number % len(QUESTIONS)]
    async with mcp.Client(url) as client:
        while time.monotonic() < end:
            result = await client.call_tool(tool, arguments)
            if result.is_error:
                _note(result, tally)
            else:
                tally.read += 1


def _note(result: object, tally: Tally) -> None:
    text = str(getattr(result, "content", result))
    (tally.turned_away if BACK_PRESSURE.search(text) else tally.errors)[text[:300]] += 1


def stored(path: str) -> tuple[int, int]:
    """Rows in the table and in its rollup."""
    with ClickHouseClient(ClickHouseSettings(path=path)) as client:
        rows, rolled_up = client.executor.read(
            "SELECT (SELECT count() FROM ui_events), (SELECT sum(events) FROM ui_events_hourly)"
        ).rows[0]
        return int(rows), int(rolled_up)


def main() -> None:
    parser = argparse.ArgumentParser(description="Eight writers and four readers on one embedded server over HTTP.")
    parser.add_argument("--seconds", type=float, default=120)
    seconds = parser.parse_args().seconds
    with tempfile.TemporaryDirectory() as folder:
        path = str(Path(folder) / "store")
        with server(path) as url:
            tally = anyio.run(crowd, url, seconds)
        rows, rolled_up = stored(path)
    print(f"{WRITERS} writers, {READERS} readers, {seconds:g} s: {tally.written:,} batches, {tally.read:,} reads")
    print(f"rows acknowledged {tally.acknowledged:,}, stored {rows:,}, in the rollup {rolled_up:,}")
    print(f"turned away {tally.turned_away.total():,}, errors {tally.errors.total():,}")
    for text, count in [*tally.turned_away.items(), *tally.errors.items()]:
        print(f"  {count:,} x {text}")
    if tally.errors or not tally.acknowledged == rows == rolled_up:
        sys.exit(1)


if __name__ == "__main__":
    main()
