"""Claims: of several who begin a batch one owns it, and of several who finish it one is told that it was first."""

from __future__ import annotations

import multiprocessing
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

import pytest

from chimera_metrics.integrations.clickhouse_client import ClickHouseClient
from chimera_metrics.integrations.config import ClickHouseSettings
from chimera_metrics.integrations.errors import StoreUnusable
from chimera_metrics.integrations.writing.claims import Claim, ClaimFiles
from chimera_metrics.integrations.writing.ledger import Ledger, claim_files
from tests.writing.rows import counts, make_rows

PROCESSES = 8


def _claim(batch_id: UUID | None = None) -> Claim:
    now = datetime(2026, 3, 1, 12, 30, 15, 123456, tzinfo=UTC)
    return Claim("ab" * 32, batch_id or uuid4(), now, now, 2)


def _make(folder: Path, number: int, gate: Any) -> None:
    gate.wait()
    for batch in range(50):
        ClaimFiles(folder).make(f"batch {batch}", "episodes", _claim(UUID(int=number)))


def test_of_several_processes_one_makes_each_claim(tmp_path: Path) -> None:
    context = multiprocessing.get_context("fork")
    gate = context.Barrier(PROCESSES)
    processes = [context.Process(target=_make, args=(tmp_path, number, gate)) for number in range(PROCESSES)]
    for process in processes:
        process.start()
    for process in processes:
        process.join(60)
    files = ClaimFiles(tmp_path)
    owners = [claim for batch in range(50) if (claim := files.find(f"batch {batch}")) is not None]
    assert len(owners) == 50
    for batch, claim in enumerate(owners):
        assert sum(files.is_alone(f"batch {batch}", UUID(int=number)) for number in range(PROCESSES)) == 1, claim
    assert len(list(tmp_path.iterdir())) == 50, "nothing else is left"


def test_a_claim_reads_back_as_it_was_made_until_it_is_dropped(tmp_path: Path) -> None:
    files, claim = ClaimFiles(tmp_path / "claims"), _claim()
    files.make("k", "episodes", claim)
    assert files.find("k") == claim
    assert files.is_alone("k", claim.batch_id)
    files.join("k")
    assert files.find("k") == claim
    assert not files.is_alone("k", claim.batch_id)
    files.drop("k")
    files.join("k")
    assert files.find("k") is None
    assert not files.is_alone("k", claim.batch_id)


def test_a_folder_that_cannot_be_made_is_a_sentence(tmp_path: Path) -> None:
    (tmp_path / "claims").write_text("a file where the folder should be")
    with pytest.raises(StoreUnusable, match=r"cannot be written .*send the batch again"):
        ClaimFiles(tmp_path / "claims").make("k", "episodes", _claim())


@pytest.fixture
def meanwhile(monkeypatch: pytest.MonkeyPatch) -> Callable[[str, ClickHouseClient, Callable[[], Any]], None]:
    """Does something just before the next call of a method of one client's ledger."""

    def arrange(method: str, client: ClickHouseClient, act: Callable[[], Any]) -> None:
        real = getattr(Ledger, method)
        waiting = [act]

        def first_act(ledger: Ledger, *arguments: Any, **words: Any) -> Any:
            if ledger is client.writer.ledger and waiting:
                waiting.pop()()
            return real(ledger, *arguments, **words)

        monkeypatch.setattr(Ledger, method, first_act)

    return arrange


def _left(settings: ClickHouseSettings) -> list[Path]:
    files = claim_files(settings)
    return list(files.folder.iterdir()) if files is not None else []


def test_an_owner_whom_another_overtook_is_told_so(client: ClickHouseClient, meanwhile: Any) -> None:
    rows = make_rows("ui_events", 30)
    with ClickHouseClient(client.settings) as other:
        answers: list[Any] = []
        meanwhile("acknowledge", client, lambda: answers.append(other.insert_ui_events(rows)))
        mine = client.insert_ui_events(rows)
    assert (answers[0]["inserted"], mine["inserted"], mine["duplicates"]) == (30, 0, 30)
    assert counts(client, "ui_events") == (30, 30)
    assert _left(client.settings) == []


def test_one_who_joined_and_came_second_is_told_so(client: ClickHouseClient, meanwhile: Any) -> None:
    """The owner stands still after its claim; the other joins; before that one acknowledges, the owner has done so."""
    rows = make_rows("ui_events", 30)
    with ClickHouseClient(client.settings) as other:
        answers: dict[str, Any] = {}

        def join() -> None:
            answers["other"] = other.insert_ui_events(rows)

        def overtake() -> None:
            answers["owner"] = client.insert_ui_events(rows)

        # The owner is `client`: it claims, and before it looks the other goes all the way to its acknowledgement,
        # before which a second call of the owner's finishes the batch.
        meanwhile("find", client, join)
        meanwhile("acknowledge", other, overtake)
        third = client.insert_ui_events(rows)
    told = [answers["owner"]["inserted"], answers["other"]["inserted"], third["inserted"]]
    assert sorted(told) == [0, 0, 30]
    assert counts(client, "ui_events") == (30, 30)
    assert _left(client.settings) == []


def test_nothing_is_left_of_a_claim_when_its_batch_is_stored(client: ClickHouseClient) -> None:
    rows = make_rows("episodes", 5)
    assert client.insert_episodes(rows)["inserted"] == 5
    assert client.insert_episodes(rows)["duplicates"] == 5
    assert _left(client.settings) == []
