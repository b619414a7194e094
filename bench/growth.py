"""How a store grows: bytes, parts, memory, inserts, questions and rollups at some sizes, and a year of partitions.

    python -m bench.growth [--sizes 1000000 10000000] [--days 365] [--inserts 12] [--folder DIR]

First stores of some sizes, each with a year of days. Then what 1, 10 and 100 billion rows would need, from what a row
takes in the largest: said apart from what was measured. Last a year as it comes: each day so many inserts, and what
parts, opening and an insert came to along the way.
"""

from __future__ import annotations

import argparse
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import UUID

from bench.generate import statements
from chimera_metrics.integrations.clickhouse_client import ClickHouseClient
from chimera_metrics.integrations.config import ClickHouseSettings
from chimera_metrics.integrations.evolution import runner
from chimera_metrics.integrations.operations.health import health, size

# Of a hundred rows: events, calls of models, sessions.
SHARES = {"ui_events": 80, "llm_events": 15, "session_stats": 5}
FORECAST = (1_000_000_000, 10_000_000_000, 100_000_000_000)
BATCH, TRIES = 1000, 9
_WEEK = "SELECT event_type, count() FROM ui_events WHERE ts >= '{}' GROUP BY event_type"


@dataclass
class Size:
    """What a store of so many rows comes to."""

    rows: int
    bytes: int = 0
    rollup_bytes: int = 0
    rollup_rows: int = 0
    parts: int = 0
    keys_bytes: int = 0
    """Order keys of all parts, which the engine may keep in memory."""
    open_ms: float = 0
    peak_mb: float = 0
    """Memory of a process that opens it and looks at its health."""
    status_ms: float = 0
    insert_ms: float = 0
    week_ms: float = 0
    rollup_ms: float = 0


def measured(folder: Path, rows: int, days: int) -> Size:
    settings = ClickHouseSettings(path=str(folder / f"rows-{rows}"), timeout=3600)
    runner.upgrade(settings)
    found = Size(rows)
    with ClickHouseClient(settings) as client:
        for table, share in SHARES.items():
            for statement in statements(table, rows * share // 100, days, datetime.now(UTC).date()):
                client.executor.command(statement)
        for table in (*SHARES, "llm_events_hourly", "ui_events_hourly"):
            client.executor.command(f"OPTIMIZE TABLE {table}")
        [(found.bytes, found.rollup_bytes, found.rollup_rows, found.parts, found.keys_bytes)] = client.executor.read(
            "SELECT sum(bytes_on_disk), sumIf(bytes_on_disk, endsWith(table, '_hourly')), "
            "sumIf(rows, endsWith(table, '_hourly')), count(), sum(primary_key_bytes_in_memory_allocated) "
            "FROM system.parts WHERE active AND database = currentDatabase()"
        ).rows
        week = f"{datetime.now(UTC) - timedelta(days=7):%Y-%m-%d 00:00:00}"
        found.week_ms = middle(lambda: client.executor.read(_WEEK.format(week)))
        found.rollup_ms = middle(lambda: client.aggregate(["count(ui_events)"], days=90, granularity="day"))
        found.insert_ms = middle(lambda: client.insert_ui_events(batch()))
    words = [sys.executable, "-m", "bench.growth", "--look", settings.store_path]
    done = subprocess.run(words, capture_output=True, text=True, check=True)
    found.open_ms, found.status_ms, found.peak_mb = map(float, done.stdout.split())
    return found


def middle(run: Callable[[], object]) -> float:
    """The median of some runs, in milliseconds."""
    times = []
    for _ in range(TRIES):
        began = time.perf_counter()
        run()
        times.append((time.perf_counter() - began) * 1000)
    return statistics.median(times)


_numbers = iter(range(1, 10**12))


def batch(moment: datetime | None = None, rows: int = BATCH) -> list[dict[str, Any]]:
    moment = moment or datetime.now(UTC)
    return [
        {"ts": moment, "session_id": UUID(int=next(_numbers), version=4), "event_type": "grown", "latency_ms": n / 7}
        for n in range(rows)
    ]


def look(path: str) -> None:
    """In a process of its own: how long opening and looking at the health take, and the memory for both."""
    began = time.perf_counter()
    with ClickHouseClient(ClickHouseSettings(path=path, timeout=3600)) as client:
        client.executor.read("SELECT 1")
        opened = (time.perf_counter() - began) * 1000
        began = time.perf_counter()
        health(client)
        looked = (time.perf_counter() - began) * 1000
        status = dict(line.split(":", 1) for line in Path("/proc/self/status").read_text().splitlines())
    print(opened, looked, int(status["VmHWM"].split()[0]) / 1024)


LINES: tuple[tuple[str, Callable[[Size], str]], ...] = (
    ("on disk", lambda one: size(one.bytes)),
    ("a row", lambda one: f"{one.bytes / one.rows:.1f} B"),
    ("of it rollups", lambda one: f"{size(one.rollup_bytes)}, {one.rollup_rows:,} rows"),
    ("parts", lambda one: f"{one.parts:,}"),
    ("order keys in memory", lambda one: size(one.keys_bytes)),
    ("opening", lambda one: f"{one.open_ms:.0f} ms"),
    ("`muse status`", lambda one: f"{one.status_ms:.0f} ms"),
    ("memory of both, the whole process", lambda one: f"{one.peak_mb:.0f} MB"),
    (f"insert of {BATCH:,} rows", lambda one: f"{one.insert_ms:.1f} ms"),
    ("events of a week by type, from rows", lambda one: f"{one.week_ms:.1f} ms"),
    ("90 days by day, from the rollup", lambda one: f"{one.rollup_ms:.1f} ms"),
)


def table(found: list[Size], days: int) -> None:
    print(f"| rows, on {days} days | " + " | ".join(f"{one.rows:,}" for one in found) + " |")
    print("| --- |" + " ---: |" * len(found))
    for name, figure in LINES:
        print(f"| {name} | " + " | ".join(map(figure, found)) + " |")


def forecast(found: list[Size], days: int) -> None:
    """Rows on as many days: rows and their keys grow by what a row more took, parts and rollups hardly."""
    least, most = found[0], found[-1]
    of_rows = [(one.rows, one.bytes - one.rollup_bytes, one.keys_bytes) for one in (least, most)]
    (n, raw, keys), (n_, raw_, keys_) = of_rows if least is not most else ((0, 0, 0), of_rows[1])
    print(f"\nNot measured: what a row more took between {n:,} and {n_:,} rows, carried on over the same {days} days\n")
    print("| rows | rows a day | on disk, without rollups | order keys | a day of all tables |")
    print("| ---: | ---: | ---: | ---: | ---: |")
    for rows in FORECAST:
        on_disk, memory = (at + (now - at) / (n_ - n) * (rows - n) for at, now in ((raw, raw_), (keys, keys_)))
        cells = [f"{rows:,}", f"{rows // days:,}", size(on_disk), size(memory), size(on_disk / days)]
        print("| " + " | ".join(cells) + " |")


def year(folder: Path, days: int, inserts: int) -> None:
    """A year as it comes: each day some batches for it, and a late one for the day before."""
    print(f"\nA year of {days} days as it comes, {inserts} batches of 50 rows a day and a late one\n")
    print("| day | parts | partitions | most in one | insert p50 | slowest | opening |")
    print("| ---: | ---: | ---: | ---: | ---: | ---: | ---: |")
    settings = ClickHouseSettings(path=str(folder / "year"), timeout=3600)
    runner.upgrade(settings)
    first = datetime.now(UTC).replace(hour=12, minute=0) - timedelta(days=days)
    took: list[float] = []
    with ClickHouseClient(settings) as client:
        for day in range(1, days + 1):
            for n in range(inserts + 1):
                moment = first + timedelta(days=day - (n == inserts), seconds=n)
                began = time.perf_counter()
                client.insert_ui_events(batch(moment, 50))
                took.append((time.perf_counter() - began) * 1000)
            if day in {1, 30, 90, 180, 270, days}:
                _say_day(client, day, took)
                took.clear()


def _say_day(client: ClickHouseClient, day: int, took: list[float]) -> None:
    [(parts, partitions, most)] = client.executor.read(
        "SELECT sum(n), count(), max(n) FROM (SELECT table, partition_id, count() AS n FROM system.parts "
        "WHERE active AND database = currentDatabase() GROUP BY table, partition_id)"
    ).rows
    client.executor.close()
    began = time.perf_counter()
    client.executor.read("SELECT 1")
    opened = (time.perf_counter() - began) * 1000
    print(
        f"| {day} | {parts:,} | {partitions:,} | {most} | {statistics.median(took):.1f} ms | {max(took):.0f} ms "
        f"| {opened:.0f} ms |",
        flush=True,
    )


def main() -> None:
    parser = argparse.ArgumentParser(description="How a store grows.")
    parser.add_argument("--sizes", type=int, nargs="+", default=[1_000_000, 3_000_000, 10_000_000])
    parser.add_argument("--days", type=int, default=365)
    parser.add_argument("--inserts", type=int, default=12)
    parser.add_argument("--folder", type=Path, help="where the stores are made; a temporary folder by default")
    parser.add_argument("--look", help=argparse.SUPPRESS)
    args = parser.parse_args()
    if args.look:
        look(args.look)
        return
    found = []
    for rows in args.sizes:
        with tempfile.TemporaryDirectory(dir=args.folder) as folder:
            found.append(measured(Path(folder), rows, args.days))
    table(found, args.days)
    forecast(found, args.days)
    with tempfile.TemporaryDirectory(dir=args.folder) as folder:
        year(Path(folder), args.days, args.inserts)


if __name__ == "__main__":
    main()
