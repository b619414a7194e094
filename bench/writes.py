"""Inserts, beside clickhouse-connect's plain insert of the same rows into the same table of the same store.

    python -m bench.writes [--stored 1000000] [--parquet 1000000]

Ours hashes, checks and masks every row, stores it exactly once and keeps the rollup; the plain insert does none of
that but the rollup. `--stored`: rows that the store holds when the tools are called; `--parquet`: rows of the file.
"""

from __future__ import annotations

import argparse
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

import anyio
import clickhouse_connect
import mcp
import pyarrow as pa

from bench.generate import statements
from bench.validation import ui_rows
from chimera_metrics.integrations.clickhouse_client import ClickHouseClient
from chimera_metrics.integrations.config import ClickHouseSettings, MuseSettings, Settings
from chimera_metrics.integrations.evolution import runner
from chimera_metrics.server.http.build import build_server

ROWS = 100_000
MILLION = 1_000_000
CALLS = 60
NAMES = ["ts", "session_id", "commit_sha", "event_type", "latency_ms", "user_agent", "metadata", "schema_version"]


def fresh(folder: Path, name: str) -> ClickHouseSettings:
    """A migrated store."""
    settings = ClickHouseSettings(path=str(folder / name), timeout=3600)
    runner.upgrade(settings)
    return settings


def seconds(run: Callable[[], object]) -> float:
    began = time.perf_counter()
    run()
    return time.perf_counter() - began


def say(what: str, ours: str, plain: str, ratio: str, wanted: str) -> None:
    print(f"{what:<44}{ours:>16}{plain:>16}{ratio:>10}  {wanted}", flush=True)


def rows_and_arrow(folder: Path) -> None:
    """100,000 rows as dicts and as an Arrow table; the best of three."""
    settings = fresh(folder, "rows")
    times: dict[str, list[float]] = {}
    with ClickHouseClient(settings) as client:
        for _ in range(3):
            rows = [row | {"session_id": str(uuid4())} for row in ui_rows(ROWS, personal=False)]
            plain = [[*map(row.get, NAMES)] for row in rows]
            for row in plain:
                row[0], row[1] = datetime.fromisoformat(str(row[0])), UUID(str(row[1]))
            table = pa.table({name: [row[name] for row in rows] for name in NAMES})
            frame = table.set_column(0, "ts", pa.array([row[0] for row in plain], pa.timestamp("ms", "UTC")))
            times.setdefault("rows", []).append(seconds(lambda: client.insert_ui_events(rows)))  # noqa: B023
            times.setdefault("arrow", []).append(seconds(lambda: client.insert_ui_events(frame)))  # noqa: B023
            driver = clickhouse_connect.get_client(
                interface="chdb", path=settings.store_path, database=settings.database
            )
            times.setdefault("plain rows", []).append(
                seconds(lambda: driver.insert("ui_events", plain, column_names=NAMES))  # noqa: B023
            )
            times.setdefault("plain arrow", []).append(
                seconds(lambda: driver.insert_arrow("ui_events", _plain_arrow(frame)))  # noqa: B023
            )
            driver.close()
    best = {name: min(found) / ROWS * 1e6 for name, found in times.items()}
    for name, wanted in (("rows", "at most 20 µs a row"), ("arrow", "at most 3 times")):
        ours, theirs = best[name], best[f"plain {name}"]
        say(f"100,000 rows, {name}", f"{ours:.1f} µs/row", f"{theirs:.1f} µs/row", f"{ours / theirs:.2f}", wanted)


def _plain_arrow(frame: Any) -> Any:
    ids = pa.array([UUID(text).bytes for text in frame["session_id"].to_pylist()], pa.binary(16))
    return frame.set_column(1, "session_id", ids)


def million(folder: Path) -> None:
    """A million rows from an iterable, in a process of its own whose memory is measured."""
    settings = fresh(folder, "million")
    words = [sys.executable, "-m", "bench.writes", "--million", settings.store_path]
    done = subprocess.run(words, capture_output=True, text=True, check=True)
    took, peak = map(float, done.stdout.split())
    say("1,000,000 rows from an iterable, peak RSS", f"{peak:.0f} MB", "", "", "under 500 MB")
    say("1,000,000 rows from an iterable, time", f"{took:.1f} µs/row", "", "", "")


def _million(path: str) -> None:
    def rows() -> Iterator[dict[str, Any]]:
        start = datetime(2026, 1, 1, tzinfo=UTC)
        for number in range(MILLION):
            yield {
                "ts": (start + timedelta(seconds=5 * number)).isoformat(),
                "session_id": str(UUID(int=number)),
                "event_type": "overlay_open",
                "latency_ms": number % 977 / 3,
                "metadata": {"panel": number % 40},
            }

    with ClickHouseClient(ClickHouseSettings(path=path, timeout=3600)) as client:
        took = seconds(lambda: client.insert_stream("ui_events", rows()))
        assert int(client.executor.scalar("SELECT count() FROM ui_events")) == MILLION
    # Not ru_maxrss, which a process inherits from the one that started it.
    status = dict(line.split(":", 1) for line in Path("/proc/self/status").read_text().splitlines())
    print(took, int(status["VmHWM"].split()[0]) / 1024)


def tool(folder: Path, stored: int) -> None:
    """The insert tool with 100 and 1,000 rows, on a store that holds many rows."""
    settings = fresh(folder, "tool")
    with ClickHouseClient(settings) as client:
        for statement in statements("ui_events", stored, 400, date(2026, 7, 1)):
            client.executor.command(statement)
        driver = clickhouse_connect.get_client(interface="chdb", path=settings.store_path, database=settings.database)
        for count in (100, 1000):
            plain = [[datetime.now(UTC), uuid4(), "overlay_open", 1.5] for _ in range(count)]
            names = ["ts", "session_id", "event_type", "latency_ms"]
            theirs = [seconds(lambda: driver.insert("ui_events", plain, column_names=names)) for _ in range(CALLS)]  # noqa: B023
            ours = anyio.run(_calls, settings, count)
            say(
                f"insert.ui_events, {count:,} rows, {stored:,} stored, p95",
                f"{_p95(ours):.1f} ms",
                f"{_p95(theirs):.1f} ms",
                f"{_p95(ours) / _p95(theirs):.2f}",
                f"under 50 ms (median {statistics.median(ours) * 1000:.1f})",
            )
        driver.close()


async def _calls(settings: ClickHouseSettings, count: int) -> list[float]:
    times = []
    server = build_server(Settings(clickhouse=settings, muse=MuseSettings()))
    async with mcp.Client(server) as client:
        for number in range(CALLS + 3):
            moment = datetime.now(UTC).isoformat()
            rows = [
                {"ts": moment, "session_id": str(uuid4()), "event_type": "overlay_open", "latency_ms": 1.5}
                for _ in range(count)
            ]
            began = time.perf_counter()
            result = await client.call_tool("insert.ui_events", {"rows": rows})
            if number >= 3:
                times.append(time.perf_counter() - began)
            assert not result.is_error, result.content
    return times


def _p95(times: list[float]) -> float:
    return sorted(times)[int(len(times) * 0.95)] * 1000


def parquet(folder: Path, rows: int) -> None:
    """`muse backfill` of a Parquet file, beside the engine's own INSERT … FROM INFILE of it."""
    source, file = fresh(folder, "source"), folder / "files" / "ui_events.parquet"
    file.parent.mkdir()
    with ClickHouseClient(source) as client:
        for statement in statements("ui_events", rows, 400, date(2026, 7, 1)):
            client.executor.command(statement)
        client.executor.command(
            f"INSERT INTO FUNCTION file('{file}', Parquet) SELECT {', '.join(NAMES)} FROM ui_events ORDER BY ts"
        )
    own, ours = fresh(folder, "own"), fresh(folder, "ours")
    with ClickHouseClient(own) as client:
        insert = f"INSERT INTO ui_events ({', '.join(NAMES)}) FROM INFILE '{file}' SETTINGS "
        engine = seconds(
            lambda: client.executor.command(f"{insert} max_partitions_per_insert_block = 0 FORMAT Parquet")
        )
    words = [
        sys.executable,
        "-m",
        "chimera_metrics.apps.muse_cli",
        "backfill",
        "--days",
        "36500",
        "--source",
        str(file),
        "--json",
    ]
    environment = {**os.environ, "CH_PATH": ours.store_path, "CH_TIMEOUT": "3600"}
    took = seconds(lambda: subprocess.run(words, env=environment, check=True, stdout=subprocess.DEVNULL))
    with ClickHouseClient(ours) as client:
        assert int(client.executor.scalar("SELECT count() FROM ui_events")) == rows
    mine, theirs = rows / took, rows / engine
    say(
        f"Parquet, {rows:,} rows", f"{mine:,.0f} rows/s", f"{theirs:,.0f} rows/s", f"{mine / theirs:.2f}", "0.3 or more"
    )


def main() -> None:
    parser = argparse.ArgumentParser(description="Inserts beside clickhouse-connect's plain insert.")
    parser.add_argument("--stored", type=int, default=MILLION)
    parser.add_argument("--parquet", type=int, default=MILLION)
    parser.add_argument("--only", nargs="*", choices=["rows", "million", "tool", "parquet"])
    parser.add_argument("--million", help=argparse.SUPPRESS)
    args = parser.parse_args()
    if args.million:
        _million(args.million)
        return
    work: dict[str, Callable[[Path], None]] = {
        "rows": rows_and_arrow,
        "million": million,
        "tool": lambda folder: tool(folder, args.stored),
        "parquet": lambda folder: parquet(folder, args.parquet),
    }
    say("", "ours", "plain", "ratio", "wanted")
    for name, run in work.items():
        if not args.only or name in args.only:
            with tempfile.TemporaryDirectory() as folder:
                run(Path(folder))


if __name__ == "__main__":
    main()
