"""Times of Parquet files, of every kind that Arrow has: stored, shifted, or refused with a reason, without pandas."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest
from pyarrow import parquet

from chimera_metrics.integrations.clickhouse_client import ClickHouseClient
from chimera_metrics.integrations.config import ClickHouseSettings

ROOT = Path(__file__).parents[2]
NOW = datetime.now(UTC).replace(microsecond=123_456)
NS = int(NOW.timestamp()) * 10**9 + 123_456_789
OLD = 40 * 86_400 * 10**9
WITHOUT_PANDAS = """
import sys
class Absent:
    def find_spec(self, name, *_):
        if name.partition(".")[0] == "pandas":
            raise ModuleNotFoundError(name)
sys.meta_path.insert(0, Absent())
from chimera_metrics.apps.muse_cli import main
main()
"""


def _episodes(folder: Path, times: pa.Array, **more: Any) -> Path:
    count = len(times)
    columns = {"ts": times, "series": ["s"] * count, "episode_num": list(range(count)), "title": ["t"] * count}
    parquet.write_table(pa.table(columns | more), folder / "episodes.parquet")
    return folder / "episodes.parquet"


def _backfill(store: str, source: Path, *more: str) -> tuple[dict[str, int], list[dict[str, Any]]]:
    """What was told, and the refused rows with their reasons."""
    words = [sys.executable, "-c", WITHOUT_PANDAS, "backfill", "--days", "7", "--source", str(source), "--json", *more]
    done = subprocess.run(words, cwd=ROOT, env={**os.environ, "CH_PATH": store}, capture_output=True, text=True)
    assert done.stdout, done.stderr
    told: dict[str, int] = json.loads(done.stdout)["episodes"]
    _, named, path = done.stderr.partition("The rejected rows and why: ")
    return told, [json.loads(line) for line in Path(path.strip()).read_text().splitlines()] if named else []


def _stored(store: str) -> list[datetime]:
    with ClickHouseClient(ClickHouseSettings(path=store)) as client:
        return [row["ts"] for row in client.execute_query("SELECT ts FROM episodes ORDER BY episode_num")]


def _nanoseconds(*values: int, zone: str | None = None) -> pa.Array:
    return pa.array(values, pa.timestamp("ns", zone))


ZONES = [None, "UTC", "Europe/Berlin"]


@pytest.mark.parametrize("zone", ZONES)
def test_nanoseconds_are_stored_and_their_refused_rows_told(
    migrated_path: str, tmp_path: Path, zone: str | None
) -> None:
    source = _episodes(tmp_path, _nanoseconds(NS, NS, NS - OLD, zone=zone), confidence_score=[0.5, 7.0, 0.5])
    told, [refused] = _backfill(migrated_path, source)
    assert (told["received"], told["inserted"], told["rejected_count"]) == (2, 1, 1)
    assert refused["field"] == "confidence_score"
    assert datetime.fromisoformat(refused["row"]["ts"]).replace(tzinfo=None).microsecond == 123_456
    assert _stored(migrated_path) == [NOW.replace(microsecond=123_000)]


@pytest.mark.parametrize("zone", ZONES)
def test_nanoseconds_are_shifted(migrated_path: str, tmp_path: Path, zone: str | None) -> None:
    told, _ = _backfill(
        migrated_path, _episodes(tmp_path, _nanoseconds(NS - OLD, NS - OLD - 10**9, zone=zone)), "--shift-to-now"
    )
    assert told["inserted"] == 2
    newest, other = _stored(migrated_path)
    assert newest - other == timedelta(seconds=1)
    assert timedelta() <= datetime.now(UTC) - newest < timedelta(minutes=1)


@pytest.mark.parametrize(("unit", "zone"), [("ms", None), ("us", "UTC"), ("ms", "Europe/Berlin")])
@pytest.mark.parametrize("more", [[], ["--shift-to-now"]], ids=["", "shifted"])
def test_a_time_that_no_calendar_holds_is_refused_with_a_reason(
    migrated_path: str, tmp_path: Path, unit: str, zone: str | None, more: list[str]
) -> None:
    scale = {"ms": 10**6, "us": 10**3}[unit]
    times = pa.array([2**60, -(2**60), NS // scale, None], pa.timestamp(unit, zone))
    told, refused = _backfill(migrated_path, _episodes(tmp_path, times), *more)
    assert (told["received"], told["inserted"], told["rejected_count"]) == (4, 2, 2)
    assert [one["field"] for one in refused] == ["ts", "ts"]
    assert refused[0]["row"]["ts"].startswith(str(2**60))
    assert "it takes an ISO 8601 time" in refused[0]["error"]


@pytest.mark.parametrize("type_", [pa.date32(), pa.date64()])
def test_dates_are_times_too(migrated_path: str, tmp_path: Path, type_: pa.DataType) -> None:
    days = [NOW.date() - timedelta(days=n) for n in (0, 3, 40)]
    told, _ = _backfill(migrated_path, _episodes(tmp_path, pa.array(days, type_)))
    assert (told["received"], told["inserted"]) == (2, 2)
    assert [moment.date() for moment in _stored(migrated_path)] == days[:2]


@pytest.mark.parametrize("type_", [pa.date32(), pa.date64()])
def test_dates_are_shifted(migrated_path: str, tmp_path: Path, type_: pa.DataType) -> None:
    days = [NOW.date() - timedelta(days=n) for n in (100, 103)]
    told, _ = _backfill(migrated_path, _episodes(tmp_path, pa.array(days, type_)), "--shift-to-now")
    assert told["inserted"] == 2
    newest, other = _stored(migrated_path)
    assert newest - other == timedelta(days=3)
    assert timedelta() <= datetime.now(UTC) - newest < timedelta(minutes=1)


def test_a_date_that_no_calendar_holds_is_refused(migrated_path: str, tmp_path: Path) -> None:
    times = pa.array([2**31 - 1, -(2**31)], pa.int32()).cast(pa.date32())
    for more in ([], ["--shift-to-now"]):
        told, refused = _backfill(migrated_path, _episodes(tmp_path, times), *more)
        assert (told["rejected_count"], len(refused)) == (2, 2)


def test_a_far_time_in_a_line_of_json_does_not_move_the_others(migrated_path: str, tmp_path: Path) -> None:
    rows = [{"ts": ts, "series": "s", "episode_num": 1, "title": "t"} for ts in ("9999-12-31T00:00:00Z", "2026-03-01")]
    (tmp_path / "episodes.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    told, [refused] = _backfill(migrated_path, tmp_path / "episodes.jsonl", "--shift-to-now")
    assert (told["inserted"], refused["row"]["ts"]) == (1, "9999-12-31T00:00:00Z")
    assert datetime.now(UTC) - _stored(migrated_path)[0] < timedelta(minutes=1)
