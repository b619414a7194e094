"""`muse backfill`: every format, again, killed, grown, moved, and the sums rebuilt."""

from __future__ import annotations

import bz2
import csv
import gzip
import io
import json
import lzma
import os
import subprocess
import sys
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import UUID

import pyarrow as pa
import pytest
from click.testing import CliRunner, Result
from pyarrow import parquet

from chimera_metrics.apps.muse_cli import main
from chimera_metrics.integrations.backfill import files
from chimera_metrics.integrations.clickhouse_client import ClickHouseClient
from chimera_metrics.integrations.config import ClickHouseSettings
from chimera_metrics.integrations.writing.rebuilding import rebuild_day, stored_days
from tests.writing.rows import START, counts, make_rows

ROOT = Path(__file__).parents[2]
DAYS = str((datetime.now(UTC) - START).days + 5)
Ingest = Callable[..., dict[str, dict[str, int]]]


def _run(source: Path, *more: str) -> Result:
    return CliRunner().invoke(main, ["backfill", "--days", DAYS, "--source", str(source), *more])


def _ingest(source: Path, *more: str) -> dict[str, dict[str, int]]:
    done = _run(source, "--json", *more)
    found: dict[str, dict[str, int]] = json.loads(done.stdout)
    return found


def _jsonl(rows: list[dict[str, Any]]) -> bytes:
    return "".join(json.dumps(row) + "\n" for row in rows).encode()


def _csv(rows: list[dict[str, Any]]) -> bytes:
    text = io.StringIO()
    writer = csv.DictWriter(text, list(rows[0]))
    writer.writeheader()
    writer.writerows(rows)
    return text.getvalue().encode()


def _parquet(rows: list[dict[str, Any]]) -> bytes:
    sink = pa.BufferOutputStream()
    parquet.write_table(pa.Table.from_pylist(rows), sink, row_group_size=70)
    return bytes(sink.getvalue())


def _zstd(data: bytes) -> bytes:
    return bytes(pa.compress(data, codec="zstd", asbytes=True))


FORMATS = {"jsonl": _jsonl, "csv": _csv, "parquet": _parquet}
PACKERS: dict[str, Callable[[bytes], bytes]] = {
    "": bytes,
    ".gz": gzip.compress,
    ".bz2": bz2.compress,
    ".xz": lzma.compress,
    ".zst": _zstd,
}


@pytest.mark.parametrize("packer", PACKERS)
@pytest.mark.parametrize("form", FORMATS)
def test_every_format_plain_or_compressed_is_stored_once(
    store: ClickHouseClient, tmp_path: Path, form: str, packer: str
) -> None:
    rows = make_rows("llm_events", 120, days=3)
    path = tmp_path / f"llm_events.{form}{packer}"
    path.write_bytes(PACKERS[packer](FORMATS[form](rows)))
    assert _ingest(path)["llm_events"]["inserted"] == 120
    again = _ingest(tmp_path)["llm_events"]
    assert (again["inserted"], again["duplicates"]) == (0, 120)
    assert counts(store, "llm_events") == (120, 120)


def test_times_and_ids_of_parquet_s_own_types(store: ClickHouseClient, tmp_path: Path) -> None:
    rows = make_rows("ui_events", 60, days=3)
    table = pa.Table.from_pylist(
        [row | {"ts": datetime.fromisoformat(row["ts"]), "session_id": UUID(row["session_id"]).bytes} for row in rows]
    )
    ids = table.column("session_id").cast(pa.binary(16))
    parquet.write_table(table.set_column(1, "session_id", ids), tmp_path / "ui_events.parquet")
    told = [_ingest(tmp_path)["ui_events"] for _ in range(2)]
    assert [(one["inserted"], one["duplicates"]) for one in told] == [(60, 0), (0, 60)]
    found = store.execute_query("SELECT ts, session_id FROM ui_events ORDER BY ts, session_id")
    assert sorted((row["ts"].isoformat(), str(row["session_id"])) for row in found) == sorted(
        (row["ts"], row["session_id"]) for row in rows
    )


def test_only_rows_of_the_last_days_and_more_of_them_later(store: ClickHouseClient, tmp_path: Path) -> None:
    today = datetime.now(UTC).replace(hour=0, minute=0, second=0, microsecond=0)
    rows = [
        row | {"ts": (today - timedelta(days=n % 10)).isoformat()} for n, row in enumerate(make_rows("episodes", 40))
    ]
    (tmp_path / "episodes.jsonl").write_bytes(_jsonl(rows))
    for days, inserted, duplicates in (("2", 12, 0), ("5", 12, 12), ("2", 0, 12), ("9", 16, 24)):
        done = CliRunner().invoke(main, ["backfill", "--days", days, "--source", str(tmp_path), "--json"])
        told = json.loads(done.stdout)["episodes"]
        assert (told["received"], told["inserted"], told["duplicates"]) == (inserted + duplicates, inserted, duplicates)
    assert counts(store, "episodes")[0] == 40


@pytest.mark.parametrize("form", FORMATS)
def test_a_file_that_has_grown_adds_what_is_new(
    store: ClickHouseClient, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, form: str
) -> None:
    monkeypatch.setattr(files, "ROWS_PER_WINDOW", 50)
    monkeypatch.setattr(files, "ARROW_ROWS_PER_WINDOW", 50)
    rows = make_rows("ui_events", 230, days=4)
    path = tmp_path / f"ui_events.{form}"
    for upto, inserted in ((70, 70), (130, 60), (130, 0), (230, 100)):
        path.write_bytes(FORMATS[form](rows[:upto]))
        assert _ingest(path)["ui_events"]["inserted"] == inserted
    assert counts(store, "ui_events") == (230, 230)


def test_rejected_rows_are_in_a_file_with_the_reason(store: ClickHouseClient, tmp_path: Path) -> None:
    rows = make_rows("episodes", 10)
    rows[3]["episode_num"] = "many"
    (tmp_path / "episodes.jsonl").write_bytes(_jsonl(rows))
    done = _run(tmp_path)
    assert done.exit_code == 1
    path = Path(done.stdout.rpartition("The rejected rows and why: ")[2].strip())
    [told] = [json.loads(line) for line in path.read_text().splitlines()]
    assert (told["file"], told["field"], told["row"]["episode_num"]) == ("episodes.jsonl", "episode_num", "many")
    assert path.stat().st_mode & 0o777 == 0o600
    again = _ingest(tmp_path)["episodes"]
    assert (again["inserted"], again["duplicates"], again["rejected_count"]) == (0, 9, 1)


def test_killed_it_goes_on_where_it_stopped(store_path: str, tmp_path: Path) -> None:
    folder = tmp_path / "source"
    folder.mkdir()
    (folder / "ui_events.jsonl").write_bytes(_jsonl(make_rows("ui_events", 3_000, days=2)))
    program = (
        "import sys; from chimera_metrics.integrations.backfill import files; files.ROWS_PER_WINDOW = 100\n"
        "from chimera_metrics.apps.muse_cli import main; main(sys.argv[1:])"
    )
    words = [sys.executable, "-c", program, "backfill", "--days", DAYS, "--source", str(folder), "--json"]
    environment = {**os.environ, "CH_PATH": store_path}
    first = subprocess.Popen(words, cwd=ROOT, env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    states = Path(store_path + ".backfill")
    deadline = time.monotonic() + 30
    while time.monotonic() < deadline:
        found = [json.loads(path.read_text()) for path in states.glob("*.json")] if states.is_dir() else []
        if found and found[0]["rows"] >= 500:
            break
        time.sleep(0.02)
    first.kill()
    assert first.wait() == -9
    done = subprocess.run(words, cwd=ROOT, env=environment, capture_output=True, text=True, check=True)
    told = json.loads(done.stdout)["ui_events"]
    assert told["received"] == 3_000 == told["inserted"] + told["duplicates"]
    assert 500 <= told["duplicates"] < 3_000
    with ClickHouseClient(ClickHouseSettings(path=store_path)) as client:
        assert counts(client, "ui_events") == (3_000, 3_000)


def test_moved_to_now_the_same_rows_are_still_known(store: ClickHouseClient, tmp_path: Path) -> None:
    (tmp_path / "ui_events.csv").write_bytes(_csv(make_rows("ui_events", 30, days=2)))
    told = [_ingest(tmp_path, "--shift-to-now")["ui_events"] for _ in range(2)]
    assert [(one["inserted"], one["duplicates"]) for one in told] == [(30, 0), (0, 30)]
    assert datetime.now(UTC) - store.execute_query("SELECT max(ts) AS t FROM ui_events")[0]["t"] < timedelta(minutes=1)


def test_the_sums_of_a_day_are_made_anew_and_only_of_sessions_with_events(client: ClickHouseClient) -> None:
    """A session of three events over 60 s that ends in an error, one of a single event, and one that an agent sent."""
    one, two, agents = (f"00000000-0000-4000-8000-00000000000{n}" for n in (1, 2, 3))
    events = [
        (one, 0, "overlay_open", 10.0),
        (one, 30, "query_submit", 30.0),
        (one, 60, "error", None),
        (two, 5, "x", 7.0),
    ]
    client.insert_ui_events(
        [
            {"session_id": id_, "ts": (START + timedelta(seconds=s)).isoformat(), "event_type": kind, "latency_ms": ms}
            for id_, s, kind, ms in events
        ]
    )
    stale = {"error_rate": 0, "abandonment_rate": 0, "events_count": 9, "duration_seconds": 1}
    client.insert_session_stats([{"hour": START.isoformat(), "session_id": id_, **stale} for id_ in (one, agents)])
    client.executor.command("TRUNCATE TABLE ui_events_hourly")
    [day] = stored_days(client.executor, START.date())
    for _ in range(2):
        assert rebuild_day(client.executor, day) == {"llm_events_hourly": 0, "ui_events_hourly": 4, "session_stats": 3}
    names = "session_id, avg_latency_ms, round(error_rate, 3), abandonment_rate, events_count, duration_seconds"
    rows = client.executor.read(f"SELECT {names} FROM session_stats ORDER BY session_id").rows
    assert [tuple(map(str, row)) for row in rows] == [
        (one, "20.0", "0.333", "1.0", "3", "60.0"),
        (two, "7.0", "0.0", "1.0", "1", "0.0"),
        (agents, "None", "0.0", "0.0", "9", "1.0"),
    ]
    assert counts(client, "ui_events") == (4, 4)
    assert client.executor.read("SHOW TABLES LIKE '%rebuild%'").rows == []


def test_the_script_is_the_command(store_path: str) -> None:
    words = [sys.executable, "scripts/backfill-data.py", "--days", "1"]
    done = subprocess.run(words, cwd=ROOT, env={**os.environ, "CH_PATH": store_path}, capture_output=True, text=True)
    assert done.returncode == 1
    assert done.stderr.startswith("muse: No source: name a file or folder with --source")


def test_a_broken_file_is_a_sentence(store: ClickHouseClient, tmp_path: Path) -> None:
    (tmp_path / "episodes.jsonl.gz").write_bytes(gzip.compress(b'{"a": 1}\n' * 5000)[:-20])
    done = _run(tmp_path)
    assert done.exit_code == 1
    assert "cannot be read to its end" in done.stderr
