"""`muse backfill` of a file that was read before: changed in place it is refused, grown or merely touched it is not."""

from __future__ import annotations

import json
import os
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
from tests.writing.rows import counts, make_rows

TODAY = datetime.now(UTC).replace(hour=0, minute=0, second=0, microsecond=0)


def _rows(count: int, seed: int = 0) -> list[dict[str, Any]]:
    made = make_rows("ui_events", count, seed)
    return [row | {"ts": (TODAY - timedelta(days=n % 5)).isoformat()} for n, row in enumerate(made)]


def _write(path: Path, rows: list[dict[str, Any]]) -> None:
    if path.suffix == ".parquet":
        parquet.write_table(pa.Table.from_pylist(rows), path)
    else:
        path.write_text("".join(json.dumps(row) + "\n" for row in rows))


def _run(source: Path, *more: str, days: int = 30) -> Result:
    return CliRunner().invoke(main, ["backfill", "--days", str(days), "--source", str(source), "--json", *more])


def _told(source: Path, *more: str, days: int = 30) -> tuple[int, int]:
    done = _run(source, *more, days=days)
    assert done.stdout, done.stderr
    told = json.loads(done.stdout)["ui_events"]
    return told["inserted"], told["duplicates"]


@pytest.fixture
def corrected(store: ClickHouseClient, tmp_path: Path) -> Path:
    """A file of ten rows of which one was refused and then corrected."""
    path, rows = tmp_path / "ui_events.jsonl", _rows(10)
    _write(path, [row | ({"latency_ms": -1} if n == 5 else {}) for n, row in enumerate(rows)])
    assert _told(path) == (9, 0)
    _write(path, rows)
    return path


def test_corrected_in_place_it_is_refused_before_anything_is_stored(store: ClickHouseClient, corrected: Path) -> None:
    _write(corrected.with_name("episodes.jsonl"), make_rows("episodes", 3))
    done = _run(corrected.parent)
    assert done.exit_code == 1
    [sentence] = done.stderr.splitlines()
    assert sentence.startswith(f"muse: {corrected} was changed among the 10 rows that were read before, ")
    assert "into a file of their own, such as ui_events.corrected.jsonl, and name that with --source" in sentence
    assert f"the rows that were refused are in {state_folder(store.settings)}/rejected-" in sentence
    assert "--as-new" in sentence
    assert counts(store, "ui_events") == (9, 9)


def test_the_corrected_row_in_a_file_of_its_own(store: ClickHouseClient, corrected: Path) -> None:
    own = corrected.with_name("ui_events.corrected.jsonl")
    own.write_text(corrected.read_text().splitlines()[5] + "\n")
    assert _told(own) == (1, 0)
    assert counts(store, "ui_events") == (10, 10)


def test_taken_as_new_it_is_stored_again_once(store: ClickHouseClient, corrected: Path) -> None:
    assert _told(corrected, "--as-new") == (10, 0)
    assert _told(corrected, "--as-new") == (0, 10)
    assert _told(corrected) == (0, 10)
    assert counts(store, "ui_events") == (19, 19)


@pytest.mark.parametrize("form", ["jsonl", "parquet"])
@pytest.mark.parametrize("change", ["first row", "last row", "shorter", "empty"])
def test_any_change_among_the_rows_that_were_read(
    store: ClickHouseClient, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, form: str, change: str
) -> None:
    monkeypatch.setattr(files, "ROWS_PER_WINDOW", 8)
    monkeypatch.setattr(files, "ARROW_ROWS_PER_WINDOW", 8)
    path, rows = tmp_path / f"ui_events.{form}", _rows(20)
    _write(path, rows)
    assert _told(path) == (20, 0)
    other = {
        "first row": [rows[0] | {"latency_ms": 1.5}, *rows[1:]],
        "last row": [*rows[:-1], rows[-1] | {"latency_ms": 1.5}, *_rows(5, 1)],
        "shorter": rows[:17],
        "empty": [],
    }
    _write(path, other[change])
    assert "was changed among the 20 rows that were read before" in _run(path).stderr
    assert counts(store, "ui_events") == (20, 20)


def test_grown_or_touched_or_asked_for_other_days_it_is_not_refused(store: ClickHouseClient, tmp_path: Path) -> None:
    path, rows = tmp_path / "ui_events.jsonl", _rows(20)
    _write(path, rows)
    assert _told(path, days=1) == (8, 0)
    os.utime(path, (1, 1))
    assert _told(path, days=2) == (4, 8)
    _write(path, [*rows, *_rows(10, 1)])
    assert _told(path, days=2) == (6, 12)
    assert _told(path, days=30) == (12, 18)
    assert counts(store, "ui_events") == (30, 30)


def test_with_the_state_folder_deleted_the_ledger_knows_what_is_stored(store: ClickHouseClient, tmp_path: Path) -> None:
    path = tmp_path / "ui_events.jsonl"
    _write(path, _rows(20))
    assert _told(path, days=1) == (8, 0)
    for state in state_folder(store.settings).glob("*.json"):
        state.unlink()
    assert _told(path, days=30) == (12, 8)
    assert counts(store, "ui_events") == (20, 20)


def test_a_file_of_which_nothing_was_stored_may_be_corrected(store: ClickHouseClient, tmp_path: Path) -> None:
    path, rows = tmp_path / "ui_events.jsonl", _rows(10)
    _write(path, [row | {"latency_ms": -1} for row in rows])
    assert _told(path) == (0, 0)
    _write(path, rows[:9])
    assert _told(path) == (9, 0)


def test_in_a_store_that_was_made_anew_it_is_not_known(store: ClickHouseClient, corrected: Path) -> None:
    for state in state_folder(store.settings).glob("*.json"):
        state.write_text(state.read_text().replace('"store":"', '"store":"other-'))
    assert _told(corrected) == (10, 0)


@pytest.mark.parametrize("grown", [False, True], ids=["changed", "grown"])
def test_stopped_before_it_was_acknowledged_and_then(
    store: ClickHouseClient, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, grown: bool
) -> None:
    monkeypatch.setattr(files, "ROWS_PER_WINDOW", 8)
    path, rows = tmp_path / "ui_events.jsonl", _rows(15)
    _write(path, rows)
    with dying_after(1, monkeypatch):
        _run(path)
    assert counts(store, "ui_events") == (15, 15)
    if grown:
        _write(path, [*rows, *_rows(10, 1)])
        assert _told(path) == (17, 8)
        assert counts(store, "ui_events") == (25, 25)
    else:
        _write(path, [*rows[:14], rows[14] | {"latency_ms": 1.5}])
        assert "was changed among the 15 rows" in _run(path).stderr
