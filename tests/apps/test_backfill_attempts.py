"""`muse backfill` after an attempt that was stopped, or whose rows wait in the quarantine, asked for other days."""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from chimera_metrics.apps.progress import Bar
from chimera_metrics.integrations.backfill.files import find_files
from chimera_metrics.integrations.backfill.ingest import Backfill
from chimera_metrics.integrations.clickhouse.executor import Executor
from chimera_metrics.integrations.clickhouse_client import ClickHouseClient
from chimera_metrics.integrations.config import ClickHouseSettings
from chimera_metrics.integrations.errors import StatementFailed
from chimera_metrics.integrations.writing.ledger import Ledger
from tests.conftest import empty
from tests.writing.rows import counts, make_rows

NOW = datetime.now(UTC).replace(hour=12, minute=0, second=0, microsecond=0)


class Killed(BaseException):
    """Stands for the death of the process: nothing catches it."""


@pytest.fixture
def work(settings: ClickHouseSettings, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[ClickHouseClient]:
    """A client on empty tables, on each engine, with an empty quarantine."""
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path / "data"))
    with ClickHouseClient(settings) as client:
        empty(client.executor)
        for kept in client.quarantine.batches():
            client.quarantine.drop(kept)
        if settings.embedded:
            shutil.rmtree(Path(settings.store_path) / "muse.windows", ignore_errors=True)
        yield client


@pytest.fixture
def source(tmp_path: Path) -> Path:
    """Three rows a day, of today and the twenty days before."""
    folder = tmp_path / "source"
    folder.mkdir()
    _write(folder / "ui_events.jsonl", _rows())
    return folder


def _rows() -> list[dict[str, Any]]:
    made = make_rows("ui_events", 63)
    return [row | {"ts": (NOW - timedelta(days=n % 21)).isoformat()} for n, row in enumerate(made)]


def _write(path: Path, rows: list[dict[str, Any]]) -> None:
    path.write_text("".join(json.dumps(row) + "\n" for row in rows))


def _backfill(
    client: ClickHouseClient, source: Path, days: int, shift: bool = False, now: datetime = NOW
) -> dict[str, int]:
    told = Backfill(client, find_files(source), days, shift, now).run(Bar(0, shown=False))["ui_events"]
    parts = ("inserted", "duplicates", "rejected_count", "quarantined")
    assert told["received"] == sum(told[name] for name in parts), told
    return told


@contextmanager
def full_disk() -> Iterator[None]:
    """No row of ui_events goes in."""
    with pytest.MonkeyPatch.context() as broken:
        broken.setattr(Executor, "insert", _full)
        yield


@contextmanager
def killed(moment: str) -> Iterator[None]:
    """The process dies when it comes to that step of the ledger's."""
    with pytest.MonkeyPatch.context() as broken:
        broken.setattr(Ledger, moment, _dies)
        with pytest.raises(Killed):
            yield


def _full(self: Executor, table: str, *args: Any, **more: Any) -> int:
    if table == "ui_events":
        raise StatementFailed("Cannot reserve 1.00 MiB, not enough space.", 243)
    return _insert(self, table, *args, **more)


def _dies(*_: object, **__: object) -> bool:
    raise Killed


_insert = Executor.insert


def _replay(client: ClickHouseClient) -> int:
    return sum(client.replay(kept)["inserted"] for kept in client.quarantine.batches())


@pytest.mark.parametrize("days", [10, 1], ids=["more days", "fewer days"])
def test_what_waits_in_the_quarantine_is_not_stored_under_another_key(
    work: ClickHouseClient, source: Path, days: int
) -> None:
    with full_disk():
        assert _backfill(work, source, 3)["quarantined"] == 12
    again = _backfill(work, source, days)
    assert (again["inserted"], again["quarantined"]) == ((21, 12) if days == 10 else (0, 6))
    assert _replay(work) == 12
    done = _backfill(work, source, 10)
    assert done["inserted"] + done["duplicates"] == 33
    assert counts(work, "ui_events") == (33, 33)


def test_the_same_command_on_the_next_day_neither(work: ClickHouseClient, source: Path) -> None:
    with full_disk():
        assert _backfill(work, source, 3)["quarantined"] == 12
    assert _backfill(work, source, 3, now=NOW + timedelta(days=1))["quarantined"] == 9
    assert _replay(work) == 12
    assert counts(work, "ui_events") == (12, 12)


def test_with_moved_times_neither(work: ClickHouseClient, source: Path) -> None:
    with full_disk():
        assert _backfill(work, source, 3, shift=True)["quarantined"] == 12
    again = _backfill(work, source, 10, shift=True, now=NOW + timedelta(days=2))
    assert (again["inserted"], again["quarantined"]) == (21, 12)
    assert _replay(work) == 12
    assert counts(work, "ui_events") == (33, 33)


@pytest.mark.parametrize("lost", [False, True], ids=["", "the state folder deleted"])
@pytest.mark.parametrize("moment", ["acknowledge", "claim"])
def test_an_attempt_that_died_is_finished_with_the_days_that_it_had(
    work: ClickHouseClient, source: Path, moment: str, lost: bool
) -> None:
    with killed(moment):
        _backfill(work, source, 3)
    if lost:
        _forget_states(work)
    again = _backfill(work, source, 10)
    assert (again["inserted"], again["duplicates"]) == (33, 0)
    assert counts(work, "ui_events") == (33, 33)
    assert _backfill(work, source, 20)["duplicates"] == 33
    assert counts(work, "ui_events") == (63, 63)


def test_asked_for_fewer_days_it_is_finished_whole(work: ClickHouseClient, source: Path) -> None:
    with killed("acknowledge"):
        _backfill(work, source, 10)
    assert _backfill(work, source, 3)["inserted"] == 33
    assert _backfill(work, source, 10)["duplicates"] == 33
    assert counts(work, "ui_events") == (33, 33)


def test_an_attempt_with_moved_times_is_finished_with_the_same_times(work: ClickHouseClient, source: Path) -> None:
    with killed("acknowledge"):
        _backfill(work, source, 3, shift=True, now=NOW + timedelta(hours=2))
    assert _backfill(work, source, 10, now=NOW + timedelta(hours=11))["inserted"] == 33
    assert counts(work, "ui_events") == (33, 33)
    found = work.execute_query("SELECT count() AS n, toHour(ts) AS hour FROM ui_events GROUP BY hour ORDER BY hour")
    assert [(row["hour"], row["n"]) for row in found] == [(12, 21), (14, 12)]


def test_the_same_file_under_another_name_finishes_it_too(work: ClickHouseClient, source: Path) -> None:
    with killed("acknowledge"):
        _backfill(work, source, 3)
    (source / "ui_events.jsonl").rename(source / "ui_events.moved.jsonl")
    assert _backfill(work, source, 10)["inserted"] == 33
    assert counts(work, "ui_events") == (33, 33)


def _forget_states(client: ClickHouseClient) -> None:
    from chimera_metrics.integrations.backfill.checkpoint import state_folder

    for path in state_folder(client.settings).glob("*.json"):
        path.unlink()
