"""Rows that `muse backfill` refuses: whenever some are counted, the file with the reasons is named."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest
from click.testing import CliRunner, Result
from pyarrow import parquet

from chimera_metrics.apps.muse_cli import main
from chimera_metrics.integrations.backfill import files
from chimera_metrics.integrations.backfill.checkpoint import state_folder
from chimera_metrics.integrations.clickhouse_client import ClickHouseClient
from tests.apps.support import dying_after
from tests.writing.rows import make_rows

TODAY = datetime.now(UTC).replace(hour=0, minute=0, second=0, microsecond=0)


@pytest.fixture
def store(store: ClickHouseClient) -> ClickHouseClient:
    for state in state_folder(store.settings).iterdir():
        state.unlink()
    return store


@pytest.fixture(params=["jsonl", "parquet"])
def source(request: pytest.FixtureRequest, tmp_path: Path) -> Path:
    """Twenty rows of ten days, of which that of four days ago has a wrong one."""
    rows = [
        row | {"ts": (TODAY - timedelta(days=n % 10)).isoformat(), "latency_ms": -1.0 if n == 4 else 1.0}
        for n, row in enumerate(make_rows("ui_events", 20))
    ]
    path = tmp_path / f"ui_events.{request.param}"
    if request.param == "parquet":
        parquet.write_table(pa.Table.from_pylist(rows), path)
    else:
        path.write_text("".join(json.dumps(row) + "\n" for row in rows))
    return path


def _run(source: Path, days: int, *more: str) -> Result:
    return CliRunner().invoke(main, ["backfill", "--days", str(days), "--source", str(source), *more])


def _reasons(done: Result) -> list[dict[str, Any]]:
    assert done.exit_code == 1
    [line] = [line for line in done.stdout.splitlines() if line.startswith("The rejected rows and why: ")]
    return [json.loads(line) for line in Path(line.partition(": ")[2]).read_text().splitlines()]


@pytest.mark.parametrize("lost", [False, True], ids=["", "the state folder deleted"])
def test_a_run_that_counts_them_again_names_the_file_again(store: ClickHouseClient, source: Path, lost: bool) -> None:
    assert len(_reasons(_run(source, 9))) == 1
    if lost:
        for state in state_folder(store.settings).iterdir():
            state.unlink()
    [reason] = _reasons(_run(source, 9))
    assert (reason["file"], reason["field"], reason["row"]["latency_ms"]) == (source.name, "latency_ms", -1.0)


def test_those_of_days_that_are_not_asked_for_are_not_counted(store: ClickHouseClient, source: Path) -> None:
    assert _run(source, 9).exit_code == 1
    assert _run(source, 3).exit_code == 0
    assert len(_reasons(_run(source, 4))) == 1


def test_a_run_that_was_stopped_goes_on_with_the_same_file(
    store: ClickHouseClient, source: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(files, "ROWS_PER_WINDOW", 8)
    monkeypatch.setattr(files, "ARROW_ROWS_PER_WINDOW", 8)
    with dying_after(1, monkeypatch):
        _run(source, 9)
    assert len(_reasons(_run(source, 9))) == 1


def test_the_reasons_are_on_the_screen_and_all_columns_at_fault_in_the_file(
    store: ClickHouseClient, tmp_path: Path
) -> None:
    file = tmp_path / "ui_events.jsonl"
    [row] = make_rows("ui_events", 1)
    wrong = row | {"ts": TODAY.isoformat(), "latency_ms": -1.0, "session_id": "x", "colour": "red"}
    late = row | {"ts": TODAY.isoformat(), "latency_ms": -2.0}
    file.write_text("".join(json.dumps(one) + "\n" for one in (wrong, late)))
    done = _run(file, 9)
    first, second = _reasons(done)
    assert [first["field"], *(one["field"] for one in first["also"])] == ["colour", "session_id", "latency_ms"]
    assert (second["field"], "also" in second) == ("latency_ms", False)
    shown = [line for line in done.stdout.splitlines() if line.startswith("ui_events.jsonl, ")]
    assert shown[0].startswith("ui_events.jsonl, colour: 1 row: Unknown column 'colour'.")
    assert shown[2].startswith("ui_events.jsonl, latency_ms: 2 rows, such as: latency_ms holds -1.0")


def test_a_file_that_is_named_after_no_table_is_answered_with_the_nearest(
    store: ClickHouseClient, tmp_path: Path
) -> None:
    (tmp_path / "watcher_runs.csv").write_text("status\nvalid\n")
    (tmp_path / "uievents.csv").write_text("event_type\nerror\n")
    (tmp_path / "notes.txt").touch()
    (tmp_path / "episodes.csv").symlink_to(tmp_path / "gone.csv")
    done = _run(tmp_path, 9)
    assert done.exit_code == 0, done.output
    assert "uievents.csv is named after no table; it was passed over. Did you mean ui_events?" in done.stderr
    assert "episodes.csv is a link that leads nowhere" in done.stderr
    assert "notes.txt" not in done.stderr
    alone = _run(tmp_path / "uievents.csv", 9)
    assert alone.exit_code == 1
    assert alone.stderr.endswith("Did you mean ui_events?\n")


def test_no_row_in_the_days_asked_for_is_said_with_the_newest_day(store: ClickHouseClient, tmp_path: Path) -> None:
    file = tmp_path / "watcher_runs.csv"
    moment = TODAY - timedelta(days=30)
    file.write_text(f"ts,status\n{moment:%Y-%m-%dT%H:%M:%SZ},valid\n")
    done = _run(file, 9)
    assert (
        f"No row of the files lies in the last 9 days: the newest is from {moment:%Y-%m-%d}, so take --days 30"
        in done.stderr
    )
    assert "No row of the files" not in _run(file, 30).stderr
    file.write_text("ts,status\n")
    assert "The files hold no row." in _run(file, 9, "--as-new").stderr
