"""What cannot be stored waits on disk, masked, for its owner only, and is stored once."""

from __future__ import annotations

import json
import stat
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path

import pytest
from click.testing import CliRunner

from chimera_metrics.apps.muse_cli import main
from chimera_metrics.integrations.clickhouse.executor import Executor
from chimera_metrics.integrations.clickhouse_client import ClickHouseClient
from chimera_metrics.integrations.config import ClickHouseSettings
from chimera_metrics.integrations.errors import AccessRefused, InvalidInput, StatementFailed, StoreBusy, StoreUnusable
from chimera_metrics.integrations.writing.ledger import Ledger
from chimera_metrics.integrations.writing.quarantine import quarantine_folder
from tests.conftest import empty
from tests.writing.rows import adds_up, counts, make_rows


@pytest.fixture
def broken(settings: ClickHouseSettings, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[ClickHouseClient]:
    """A client whose disk is full until `mend`, on each engine."""
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path))
    with ClickHouseClient(settings) as client:
        empty(client.executor)
        for kept in client.quarantine.batches():
            client.quarantine.drop(kept)
        monkeypatch.setattr(client.executor, "insert", _full)
        yield client


def _full(table: str, *_: object, **__: object) -> int:
    raise StatementFailed("Cannot reserve 1.00 MiB, not enough space.", 243)


def _mend(client: ClickHouseClient) -> None:
    client.executor.insert = partial(Executor.insert, client.executor)  # type: ignore[method-assign]


def test_a_batch_that_cannot_be_stored_waits_and_is_stored_once(broken: ClickHouseClient) -> None:
    rows = [*make_rows("ui_events", 30, days=3), {"event_type": "x"}]
    answer = broken.insert_ui_events(rows, "mine", "skip")
    assert (answer["received"], answer["quarantined"], answer["rejected_count"]) == (31, 30, 1)
    assert adds_up(answer)
    assert "not enough space" in answer["note"]
    again = broken.insert_ui_events(rows, "mine", "skip")
    assert again["quarantined"] == 30
    [kept] = broken.quarantine.batches()
    _mend(broken)
    stored = broken.replay(kept)
    assert (stored["inserted"], stored["rejected_count"], adds_up(stored)) == (30, 1, True)
    assert broken.quarantine.batches() == []
    assert counts(broken, "ui_events") == (30, 30)
    assert broken.insert_ui_events(rows, "mine", "skip")["duplicates"] == 30


def test_a_batch_sent_again_by_its_caller_is_not_stored_again_by_the_replay(broken: ClickHouseClient) -> None:
    rows = make_rows("llm_events", 5)
    assert broken.insert_llm_events(rows)["quarantined"] == 5
    _mend(broken)
    assert broken.insert_llm_events(rows)["inserted"] == 5
    [kept] = broken.quarantine.batches()
    stored = broken.replay(kept)
    assert (stored["inserted"], stored["duplicates"]) == (0, 5)
    assert counts(broken, "llm_events") == (5, 5)


def test_a_batch_half_stored_is_finished_by_the_replay_also_when_midnight_lies_between(
    broken: ClickHouseClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    _mend(broken)
    rows = [{key: value for key, value in row.items() if key != "ts"} for row in make_rows("ui_events", 5)]

    def full(*_: object, **__: object) -> None:
        raise StatementFailed("not enough space", 243)

    with monkeypatch.context() as patch:
        patch.setattr(Ledger, "acknowledge", full)
        assert broken.insert_ui_events(rows)["quarantined"] == 5
    [kept] = broken.quarantine.batches()
    # As if this attempt had never heard of the claim that came first.
    text = kept.path.read_bytes()
    kept.path.write_bytes(
        text.replace(kept.now.isoformat().encode(), (kept.now - timedelta(days=1)).isoformat().encode())
    )
    assert broken.replay(broken.quarantine.batches()[0])["inserted"] == 5
    assert counts(broken, "ui_events") == (5, 5)


def test_the_quarantine_holds_masked_rows_readable_by_their_owner_only(broken: ClickHouseClient) -> None:
    row = make_rows("ui_events", 1)[0] | {"metadata": {"who": "ann@example.com"}}
    assert broken.insert_ui_events([row])["quarantined"] == 1
    [kept] = broken.quarantine.batches()
    assert b"ann@example.com" not in kept.path.read_bytes()
    assert stat.S_IMODE(kept.path.stat().st_mode) == 0o600
    assert stat.S_IMODE(kept.path.parent.stat().st_mode) == 0o700


def test_the_key_of_a_waiting_batch_takes_no_other_rows(broken: ClickHouseClient) -> None:
    broken.insert_episodes(make_rows("episodes", 2), "k")
    with pytest.raises(InvalidInput, match=r"wait in the quarantine|was used at .* for other rows"):
        broken.insert_episodes(make_rows("episodes", 3, 1), "k")


@pytest.mark.parametrize("error", [StoreBusy("in use"), AccessRefused("password")])
def test_what_the_caller_can_help_is_an_error_and_nothing_waits(
    broken: ClickHouseClient, monkeypatch: pytest.MonkeyPatch, error: Exception
) -> None:
    def refuse(*_: object, **__: object) -> int:
        raise error

    monkeypatch.setattr(broken.executor, "insert", refuse)
    with pytest.raises(type(error)):
        broken.insert_episodes(make_rows("episodes", 2))
    assert broken.quarantine.batches() == []


def test_a_server_that_is_not_there_quarantines_and_the_answer_says_so(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path))
    settings = ClickHouseSettings(host="127.0.0.1", port=9, secure=False, retry_attempts=1)
    with ClickHouseClient(settings) as client:
        answer = client.insert_episodes(make_rows("episodes", 3))
        assert (answer["inserted"], answer["quarantined"]) == (0, 3)
        assert "cannot be reached" in answer["note"]
        assert quarantine_folder(settings).is_relative_to(tmp_path)


def test_the_command_lists_and_replays(embedded: ClickHouseSettings, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CH_PATH", embedded.path)
    command = CliRunner()
    assert command.invoke(main, ["quarantine", "list"]).output == "Nothing waits in the quarantine.\n"
    with ClickHouseClient(embedded) as client, monkeypatch.context() as patch:
        patch.setattr(client.executor, "insert", _full)
        client.insert_episodes(make_rows("episodes", 2, 4), "shown")
    [told] = json.loads(command.invoke(main, ["quarantine", "list", "--json"]).output)
    assert (told["table"], told["rows"], told["idempotency_key"]) == ("episodes", 2, "shown")
    assert datetime.now(UTC) - datetime.fromisoformat(told["since"]) < timedelta(minutes=1)
    assert "not enough space" in command.invoke(main, ["quarantine", "list"]).output
    assert command.invoke(main, ["quarantine", "replay", "nope"]).exit_code == 1
    done = command.invoke(main, ["quarantine", "replay", told["batch"]])
    assert (done.exit_code, done.output.split()[2:4]) == (0, ["2", "stored,"])
    assert command.invoke(main, ["quarantine", "replay"]).output == "Nothing waits in the quarantine.\n"


def _versions(client: ClickHouseClient) -> dict[str, float]:
    rows = client.query("SELECT toString(run_id), latency_p95_ms FROM bench_runs")["rows"]
    return {str(run): value for run, value in rows}


@pytest.mark.parametrize("late", [1, 3], ids=["one run", "all runs"])
def test_a_run_that_was_received_after_its_batch_was_quarantined_stays_as_it_is(
    broken: ClickHouseClient, late: int
) -> None:
    runs = make_rows("bench_runs", 3, days=2)
    assert broken.insert_bench_runs(runs)["quarantined"] == 3
    [kept] = broken.quarantine.batches()
    _mend(broken)
    # On another day too: a run is one run whatever day it carries.
    newer = [run | {"ts": "2026-03-09T00:00:00Z", "latency_p95_ms": 99.0} for run in runs[:late]]
    broken.insert_bench_runs(newer)
    stored = broken.replay(kept)
    assert (stored["received"], stored["inserted"], stored["duplicates"]) == (3, 3 - late, late)
    assert adds_up(stored)
    assert f"{late} of these runs" in stored["note"]
    assert "received again after this batch" in stored["note"]
    assert _versions(broken) == {run["run_id"]: 99.0 if place < late else 12.5 for place, run in enumerate(runs)}
    again = broken.insert_bench_runs(runs)
    assert (again["inserted"], again["duplicates"]) == (0, 3)
    assert broken.quarantine.batches() == []


def test_a_run_that_was_known_before_its_batch_was_quarantined_is_replaced_by_the_replay(
    broken: ClickHouseClient,
) -> None:
    _mend(broken)
    [run] = make_rows("bench_runs", 1)
    broken.insert_bench_runs([run | {"latency_p95_ms": 1.0}])
    broken.executor.insert = _full  # type: ignore[method-assign]
    assert broken.insert_bench_runs([run, run | {"latency_p95_ms": 7.0}])["quarantined"] == 2
    [kept] = broken.quarantine.batches()
    _mend(broken)
    stored = broken.replay(kept)
    assert (stored["inserted"], stored["replaced"], stored["note"]) == (2, 2, None)
    assert _versions(broken) == {run["run_id"]: 7.0}


DAMAGE = {
    "empty": b"",
    "cut in its header": b'{"table": "epis',
    "no header": b"[1, 2]\n",
    "words missing": b'{"table": "episodes"}\n',
    "no text": b"\xff\xfe\x00",
}


@pytest.mark.parametrize("damage", DAMAGE)
def test_a_file_that_cannot_be_read_is_a_line_and_the_others_are_stored(
    embedded: ClickHouseSettings, monkeypatch: pytest.MonkeyPatch, damage: str
) -> None:
    monkeypatch.setenv("CH_PATH", embedded.path)
    command = CliRunner()
    rows = make_rows("episodes", 2, len(damage))
    with ClickHouseClient(embedded) as client, monkeypatch.context() as patch:
        patch.setattr(client.executor, "insert", _full)
        client.insert_episodes(rows)
    bad = quarantine_folder(embedded) / "episodes-0123456789abcdef0123456789abcdef.batch"
    bad.write_bytes(DAMAGE[damage])
    try:
        listed = command.invoke(main, ["quarantine", "list"])
        assert (listed.exit_code, str(bad) in listed.output, "not enough space" in listed.output) == (0, True, True)
        assert "0123456" in listed.output
        told = json.loads(command.invoke(main, ["quarantine", "list", "--json"]).output)
        assert sorted(batch["rows"] for batch in told) == [0, 2]
        done = command.invoke(main, ["quarantine", "replay"])
        assert (done.exit_code, str(bad) in done.output, "2 stored" in done.output) == (1, True, True)
        assert isinstance(done.exception, SystemExit)
        checked = command.invoke(main, ["verify"])
        assert isinstance(checked.exception, SystemExit | None)
        assert "quarantine" in checked.output
    finally:
        bad.unlink()


def test_a_batch_whose_rows_are_cut_short_is_a_sentence_and_stays(broken: ClickHouseClient) -> None:
    broken.insert_episodes(make_rows("episodes", 500))
    [kept] = broken.quarantine.batches()
    kept.path.write_bytes(kept.path.read_bytes()[:-40])
    _mend(broken)
    with pytest.raises(StoreUnusable, match=rf"{kept.path} cannot be read"):
        broken.replay(broken.quarantine.batches()[0])
    assert len(broken.quarantine.batches()) == 1
    assert counts(broken, "episodes")[0] == 0


def test_a_batch_that_comes_again_does_not_overwrite_what_cannot_be_read(broken: ClickHouseClient) -> None:
    rows = make_rows("episodes", 2)
    broken.insert_episodes(rows)
    [kept] = broken.quarantine.batches()
    kept.path.write_bytes(b"{")
    assert broken.insert_episodes(rows)["quarantined"] == 2
    found = broken.quarantine.batches()
    assert sorted(kept.rows for kept in found) == [0, 2]
    assert {b"{"} < {kept.path.read_bytes() for kept in found}
    for kept in found:
        broken.quarantine.drop(kept)
