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
