"""`muse copy`: a store that is copied is the same store, rows, ledger, rules, watches, quarantine and rollups."""

from __future__ import annotations

from functools import partial
from pathlib import Path

import pytest

from chimera_metrics.integrations.clickhouse_client import ClickHouseClient
from chimera_metrics.integrations.config import ClickHouseSettings
from chimera_metrics.integrations.errors import StatementFailed
from chimera_metrics.integrations.operations import retention
from chimera_metrics.integrations.operations.copying.moving import Mover
from chimera_metrics.integrations.operations.copying.work import Copy
from chimera_metrics.integrations.operations.verify import verify
from tests.conftest import empty
from tests.copying.conftest import copy, held, send
from tests.operations.conftest import day
from tests.writing.rows import make_rows


def run(settings: ClickHouseSettings, statement: str) -> None:
    with ClickHouseClient(settings) as client:
        client.executor.command(statement)


def test_there_and_back_everything_is_as_it_was(
    source: ClickHouseSettings, target: ClickHouseSettings, tmp_path: Path
) -> None:
    there = copy(source, target)
    back = ClickHouseSettings(path=str(tmp_path / "back"))
    copy(target, back)
    assert held(source) == held(target) == held(back)
    assert (there.behind, there.notes) == ({}, [])
    with ClickHouseClient(back) as client:
        assert verify(client)["holds"]
        assert retention.rules(client)["ui_events"].set_by == "ada"
        assert [watch["name"] for watch in client.watch_list()["watches"]] == ["slow"]
        # The run that was sent again counts once, and of its two copies the later.
        [(_, moment)] = client.executor.read(
            "SELECT run_id, ts FROM bench_runs WHERE run_id = '00000000-0000-4000-8000-000000000001'"
        ).rows
        assert moment == day(9)


def test_the_ledger_knows_a_batch_on_the_other_side(
    source: ClickHouseSettings, target: ClickHouseSettings, tmp_path: Path
) -> None:
    copy(source, target)
    with ClickHouseClient(target) as client:
        again = client.insert_ui_events(make_rows("ui_events", 2_000, days=9), "two thousand")
        # A server's ledger has a row for the claim too.
        assert client.insert_ui_events(make_rows("ui_events", 5, seed=1), "there")["inserted"] == 5
    assert (again["inserted"], again["duplicates"]) == (0, 2_000)
    back = ClickHouseSettings(path=str(tmp_path / "back"))
    copy(target, back)
    assert held(target) == held(back)
    with ClickHouseClient(back) as client:
        assert client.insert_ui_events(make_rows("ui_events", 5, seed=1), "there")["duplicates"] == 5


def test_a_second_run_copies_what_came_since_and_nothing_else(
    source: ClickHouseSettings, target: ClickHouseSettings
) -> None:
    copy(source, target)
    for table in ("ui_events", "insert_ledger"):
        run(source, f"OPTIMIZE TABLE {table} FINAL")
    assert copy(source, target).copied == {}
    send(source, 40)
    again = copy(source, target)
    assert set(again.copied) == {"ui_events", "insert_ledger"}
    assert held(source) == held(target)


def test_rows_that_come_while_it_runs_are_copied_too(
    source: ClickHouseSettings, target: ClickHouseSettings, monkeypatch: pytest.MonkeyPatch
) -> None:
    move, left = Mover.move, iter(range(6))

    def busy(self: Mover, *arguments: object) -> int:
        if (n := next(left, None)) is not None:
            send(source, 5 + n)
        return move(self, *arguments)  # type: ignore[arg-type]

    monkeypatch.setattr(Mover, "move", busy)
    first = copy(source, target)
    assert set(first.behind) <= {"ui_events", "insert_ledger"}
    for _ in left:
        pass
    assert copy(source, target).behind == {}
    assert held(source) == held(target)


def test_what_the_source_no_longer_has_goes(source: ClickHouseSettings, target: ClickHouseSettings) -> None:
    copy(source, target)
    with ClickHouseClient(source) as client:
        retention.set_rule(client, "ui_events", 5)
        retention.apply(client, retention.plan(client))
    copy(source, target)
    assert held(source) == held(target)


def test_a_rollup_that_is_the_last_copy_is_carried_over(source: ClickHouseSettings, target: ClickHouseSettings) -> None:
    run(source, f"ALTER TABLE ui_events DROP PARTITION '{day(2):%Y-%m-%d}'")
    run(source, f"ALTER TABLE ui_events DELETE WHERE toDate(ts) = '{day(3):%Y-%m-%d}' SETTINGS mutations_sync = 2")
    [note] = copy(source, target).notes
    assert "tells of more than its rows" in note
    assert held(source) == held(target)
    assert copy(source, target).copied == {}
    assert held(source) == held(target)


def test_a_rollup_that_lost_something_is_made_from_the_rows(
    source: ClickHouseSettings, target: ClickHouseSettings
) -> None:
    run(source, f"ALTER TABLE llm_events_hourly DROP PARTITION '{day(2):%Y-%m-%d}'")
    [note] = copy(source, target).notes
    assert "tells of less than its rows" in note
    with ClickHouseClient(target) as client:
        assert verify(client)["holds"]


def test_batches_in_the_quarantine_come_along_and_go(
    source: ClickHouseSettings, target: ClickHouseSettings, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_: object, **__: object) -> int:
        raise StatementFailed("not enough space", 243)

    with ClickHouseClient(source) as client:
        monkeypatch.setattr(client.executor, "insert", full)
        assert client.insert_ui_events(make_rows("ui_events", 7), "aside")["quarantined"] == 7
        assert copy(source, target).waiting == 1
        with ClickHouseClient(target) as other:
            [kept] = other.quarantine.batches()
            assert (kept.rows, kept.identity.key) == (7, "aside")
        client.executor.insert = partial(type(client.executor).insert, client.executor)  # type: ignore[method-assign]
        for kept in client.quarantine.batches():
            client.replay(kept)
    assert copy(source, target).waiting == 0
    with ClickHouseClient(target) as other:
        assert other.quarantine.batches() == []
        assert other.insert_ui_events(make_rows("ui_events", 7), "aside")["duplicates"] == 7


def test_a_batch_that_was_begun_on_a_server_is_not_stored_twice(
    target: ClickHouseSettings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from chimera_metrics.integrations.errors import InvalidInput
    from chimera_metrics.integrations.writing.ledger import Ledger

    def dies(*_: object, **__: object) -> bool:
        raise KeyboardInterrupt

    rows = make_rows("ui_events", 30)
    with ClickHouseClient(target) as client, monkeypatch.context() as dying:
        empty(client.executor)
        dying.setattr(Ledger, "acknowledge", dies)
        with pytest.raises(KeyboardInterrupt):
            client.insert_ui_events(rows, "begun")
    back = ClickHouseSettings(path=str(tmp_path / "back"))
    copy(target, back)
    with ClickHouseClient(back) as client:
        with pytest.raises(InvalidInput, match="never finished"):
            client.insert_ui_events(rows, "begun")
        assert client.executor.scalar("SELECT count() FROM ui_events") == 30
        assert client.insert_ui_events(make_rows("ui_events", 31), "another")["inserted"] == 31
    with ClickHouseClient(target) as client:
        assert client.insert_ui_events(rows, "begun")["inserted"] == 30


def test_from_one_server_to_another(source: ClickHouseSettings, target: ClickHouseSettings) -> None:
    copy(source, target)
    other = target.model_copy(update={"database": "elsewhere"})
    try:
        copy(target, other)
        assert held(other) == held(source)
    finally:
        run(target, "DROP DATABASE IF EXISTS elsewhere SYNC")


def test_texts_that_are_no_text_and_numbers_that_are_none_arrive(
    source: ClickHouseSettings, target: ClickHouseSettings
) -> None:
    run(
        source,
        "INSERT INTO llm_events (ts, source, model, operation, latency_ms, error_msg) "
        "SELECT toDateTime64('2026-01-02 03:04:05.678', 3, 'UTC'), unhex('FF'), '', 'x', nan, unhex('00FE') "
        "UNION ALL SELECT toDateTime64('1971-01-01', 3, 'UTC'), 'a\\0b', '', '', NULL, ''",
    )
    copy(source, target)
    assert held(source) == held(target)


def test_progress_counts_the_rows(source: ClickHouseSettings, target: ClickHouseSettings) -> None:
    class Counter:
        size = rows = done = 0

        def grow(self, rows: int) -> None:
            self.size += rows

        def advance(self, position: int, rows: int) -> None:
            self.rows += rows
            assert 0 < position <= self.size

        def file_done(self, size: int) -> None:
            self.done += size

    seen = Counter()
    outcome = Copy(source, target, seen).run()
    assert seen.rows == sum(outcome.copied.values())
    assert seen.done == seen.size >= seen.rows
