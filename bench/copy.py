"""`muse copy` of a large store to the test server and back, while rows keep arriving, killed at random moments.

    python -m bench.copy [--rows 10000000] [--kills 20] [--folder DIR]

Both ways: a writer stores batches at the source all the time; the copy is started and ended by kill -9 at random
moments, then once to its end; the writer stops, and the last copy runs. Every batch that was acknowledged must be on
the other side once, and both sides must hold the same rows, checksums and rollups, which another program counts
(that of the backups). The rate is that of a copy from scratch, beside the engine's own INSERT SELECT of the same rows.
"""

from __future__ import annotations

import argparse
import json
import os
import random
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from bench.generate import statements
from chimera_metrics.integrations.clickhouse_client import ClickHouseClient
from chimera_metrics.integrations.config import ClickHouseSettings
from chimera_metrics.integrations.evolution import runner
from chimera_metrics.integrations.operations.backup_engine import contents, session
from chimera_metrics.integrations.operations.copying.addresses import settings_of
from tests.support.wire_process import ROOT, Wire

# Of a hundred rows so many are events; the rest are what goes with them.
SHARES = {"ui_events": 75, "llm_events": 15, "session_stats": 8, "bench_runs": 1.8, "watcher_runs": 0.2}
DAYS = 400
BATCH = 200
PAUSE_S = 0.5
Address = str


def fill(settings: ClickHouseSettings, rows: int) -> None:
    runner.upgrade(settings)
    with ClickHouseClient(settings) as client:
        for table, share in SHARES.items():
            for statement in statements(table, int(rows * share / 100), DAYS, datetime.now(UTC).date()):
                client.executor.command(statement)


def write(address: Address, stop: Path) -> None:
    """Stores batches until `stop` is there; says how many rows were acknowledged."""
    draw, stored = random.Random(7), 0
    with ClickHouseClient(settings_of(address, "--write", ClickHouseSettings())) as client:
        while not stop.exists():
            moment = datetime.now(UTC) - timedelta(days=draw.choice((0, 0, 0, 1, 30)))
            rows = [
                {"ts": moment, "session_id": f"00000000-0000-4000-8000-{draw.getrandbits(40):012x}"}
                | {"event_type": "arriving", "latency_ms": draw.uniform(1, 900)}
                for _ in range(BATCH)
            ]
            answer = client.insert_ui_events(rows)
            stored += answer["inserted"] + answer["quarantined"]
            time.sleep(PAUSE_S)
    print(json.dumps({"stored": stored}))


def copying(source: Address, target: Address) -> subprocess.Popen[str]:
    words = ["copy", "--from", source, "--to", target, "--json"]
    return subprocess.Popen(
        [sys.executable, "-m", "chimera_metrics.apps.muse_cli", *words],
        cwd=ROOT,
        env={**os.environ, "CH_STORE_WAIT": "120"},
        stdout=subprocess.PIPE,
        text=True,
    )


def to_its_end(source: Address, target: Address) -> dict[str, Any]:
    process = copying(source, target)
    said, _ = process.communicate()
    if process.returncode:
        raise SystemExit(f"the copy failed with exit code {process.returncode}")
    outcome: dict[str, Any] = json.loads(said)
    return outcome


@contextmanager
def writing(address: Address, folder: Path) -> Iterator[list[int]]:
    """A writer at work; the rows that it stored are in the list afterwards."""
    stop = folder / "stop"
    stored: list[int] = []
    words = [sys.executable, "-m", "bench.copy", "--write", address, "--stop", str(stop)]
    environment = {**os.environ, "CH_STORE_WAIT": "120"}
    process = subprocess.Popen(words, cwd=ROOT, env=environment, stdout=subprocess.PIPE, text=True)
    try:
        yield stored
    finally:
        stop.touch()
        said, _ = process.communicate()
        stored.append(json.loads(said)["stored"])
        stop.unlink()


def one_way(source: Address, target: Address, folder: Path, kills: int, longest: float) -> None:
    draw, killed = random.Random(11), 0
    with writing(source, folder) as stored:
        while killed < kills:
            process = copying(source, target)
            try:
                process.wait(draw.uniform(0.5, longest))
            except subprocess.TimeoutExpired:
                process.send_signal(signal.SIGKILL)
                killed += 1
            process.communicate()
            if process.returncode not in (0, -signal.SIGKILL):
                raise SystemExit(f"the copy failed with exit code {process.returncode}")
        first = to_its_end(source, target)
    last = to_its_end(source, target)
    again = to_its_end(source, target)
    theirs, ours = held(source), held(target)
    say("rows that arrived meanwhile", f"{stored[0]:,}")
    say(
        "killed",
        f"{killed} times; then to its end in {first['seconds']:.0f} s, after the writer {last['seconds']:.0f} s",
    )
    say("the target in the end", "equal" if theirs == ours else f"DIFFERS: {theirs} {ours}")
    say("copied by one run more", f"{sum(table['copied'] for table in again['tables'].values()):,} rows")
    if theirs != ours or not last["equal"]:
        raise SystemExit(1)


def held(address: Address) -> dict[str, Any]:
    settings = settings_of(address, "--of", ClickHouseSettings()).model_copy(update={"timeout": 3600})
    with session(settings, Path("/nowhere")) as store:
        return dict(contents(store))


def insert_select(settings: ClickHouseSettings) -> float:
    """Rows a second of the engine's own copy of the events, beside the table."""
    patient = settings.model_copy(update={"timeout": 3600})
    with ClickHouseClient(patient) as client:
        client.executor.command("CREATE TABLE beside AS ui_events")
        began = time.perf_counter()
        client.executor.command(
            "INSERT INTO beside SELECT * FROM ui_events", {"max_partitions_per_insert_block": 0, "async_insert": 0}
        )
        rate = int(client.executor.scalar("SELECT count() FROM beside")) / (time.perf_counter() - began)
        client.executor.command("DROP TABLE beside SYNC")
    return rate


def say(what: str, figure: str) -> None:
    print(f"{what:<44}{figure}", flush=True)


def run(rows: int, kills: int, folder: Path) -> None:
    source = ClickHouseSettings(path=str(folder / "source"), timeout=3600)
    fill(source, rows)
    with Wire() as wire:
        (folder / "server").mkdir()
        address = wire.start(path=folder / "server", user="muse", password="hush")  # noqa: S106  # of a server that ends with this program
        server = f"clickhouse://muse:hush@{address.host}:{address.port}/{{}}?secure=false"
        say("rows", f"{rows:,} on {DAYS} days")
        say("INSERT SELECT of the events", f"{insert_select(source):,.0f} rows/s")
        plain = {}
        for name, pair in (
            ("to the server", (source.path, server.format("plain"))),
            ("back", (server.format("plain"), str(folder / "plain"))),
        ):
            found = to_its_end(*pair)
            plain[name] = found["seconds"]
            copied = sum(table["copied"] for table in found["tables"].values())
            say(f"copy from scratch, {name}", f"{copied / found['seconds']:,.0f} rows/s, {found['seconds']:.0f} s")
        say("", "")
        for name, pair in (
            ("to the server", (source.path, server.format("killed"))),
            ("back", (server.format("killed"), str(folder / "back"))),
        ):
            say(name, "")
            one_way(*pair, folder, kills, longest=max(4.0, plain[name] / 8))


def main() -> None:
    parser = argparse.ArgumentParser(description="muse copy, killed at random moments while rows arrive.")
    parser.add_argument("--rows", type=int, default=10_000_000)
    parser.add_argument("--kills", type=int, default=20)
    parser.add_argument("--folder", type=Path, help="where the stores are made; a temporary folder by default")
    parser.add_argument("--write", help=argparse.SUPPRESS)
    parser.add_argument("--stop", type=Path, help=argparse.SUPPRESS)
    args = parser.parse_args()
    if args.write:
        write(args.write, args.stop)
        return
    with tempfile.TemporaryDirectory(dir=args.folder) as folder:
        run(args.rows, args.kills, Path(folder))


if __name__ == "__main__":
    main()
