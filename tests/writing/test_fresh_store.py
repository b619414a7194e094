"""A store that is new, and a call that stored nothing: neither leaves anything in the way of the next call."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest

from chimera_metrics.integrations.clickhouse_client import ClickHouseClient
from chimera_metrics.integrations.config import ClickHouseSettings
from chimera_metrics.integrations.errors import (
    AccessRefused,
    InvalidInput,
    SchemaMismatch,
    StatementFailed,
    StoreBusy,
    Unreachable,
)
from chimera_metrics.integrations.evolution import runner
from chimera_metrics.integrations.writing.blocks import InsertBlock
from chimera_metrics.integrations.writing.claims import Claim
from chimera_metrics.integrations.writing.ledger import Ledger, claim_files
from tests.conftest import empty
from tests.writing.rows import counts, make_rows


def _left(settings: ClickHouseSettings) -> list[Path]:
    files = claim_files(settings)
    return list(files.folder.iterdir()) if files is not None and files.folder.exists() else []


@pytest.mark.parametrize("how", ["one", "list", "iterator"])
def test_the_first_insert_of_a_client_makes_a_new_embedded_store_ready(store_path: str, how: str) -> None:
    settings = ClickHouseSettings(path=store_path)
    rows = make_rows("episodes", 3)
    with ClickHouseClient(settings) as client:
        if how == "one":
            assert client.insert_episode(rows[0])["inserted"] == 1
        else:
            assert client.insert_episodes(rows if how == "list" else iter(rows))["inserted"] == 3
        assert runner.is_current(settings)
    assert _left(settings) == []


def test_the_schema_is_looked_at_once_a_client(store_path: str, monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[Any] = []
    real = runner.is_current

    def look(settings: ClickHouseSettings) -> bool:
        asked.append(settings)
        return real(settings)

    monkeypatch.setattr(runner, "is_current", look)
    with ClickHouseClient(ClickHouseSettings(path=store_path)) as client:
        for row in make_rows("episodes", 3):
            client.insert_episode(row)
    assert len(asked) == 1


def test_a_server_without_the_schema_is_a_sentence_and_is_not_touched(native: ClickHouseSettings) -> None:
    settings = native.model_copy(update={"database": "empty_one"})
    with ClickHouseClient(native) as client:
        client.executor.command("CREATE DATABASE empty_one")
    try:
        with ClickHouseClient(settings) as client:
            with pytest.raises(SchemaMismatch, match=r"The schema of empty_one on .* Run `muse upgrade` there"):
                client.insert_episodes(make_rows("episodes", 1))
            assert client.executor.read("SELECT name FROM system.tables WHERE database = 'empty_one'").rows == []
    finally:
        with ClickHouseClient(native) as client:
            client.executor.command("DROP DATABASE empty_one")


@pytest.fixture
def embedded_client(embedded: ClickHouseSettings) -> Any:
    with ClickHouseClient(embedded) as client:
        empty(client.executor)
        yield client


@pytest.mark.parametrize(("where", "what"), [(Ledger, "find"), (InsertBlock, "send")])
@pytest.mark.parametrize("error", [StoreBusy("in use"), AccessRefused("no"), StatementFailed("no such table", 60)])
def test_a_call_that_stored_nothing_leaves_its_key_free(
    embedded_client: ClickHouseClient, monkeypatch: pytest.MonkeyPatch, where: type, what: str, error: Exception
) -> None:
    def fail(*_: object, **__: object) -> None:
        raise error

    with monkeypatch.context() as patch:
        patch.setattr(where, what, fail)
        with pytest.raises((type(error), SchemaMismatch)):
            embedded_client.insert_episodes(make_rows("episodes", 2), "k")
    assert _left(embedded_client.settings) == []
    assert embedded_client.insert_episodes(make_rows("episodes", 3, 1), "k")["inserted"] == 3


def test_a_call_that_may_have_stored_something_keeps_its_key(
    embedded_client: ClickHouseClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    answers: list[Exception] = [Unreachable("cut"), AccessRefused("no")]

    def fail(*_: object, **__: object) -> None:
        raise answers.pop(0)

    with monkeypatch.context() as patch:
        patch.setattr(InsertBlock, "send", fail)
        with pytest.raises(AccessRefused):
            embedded_client.insert_episodes(make_rows("episodes", 2), "unsure")
    with pytest.raises(InvalidInput, match=r"'unsure' was used at .* for other rows"):
        embedded_client.insert_episodes(make_rows("episodes", 3, 1), "unsure")
    assert embedded_client.insert_episodes(make_rows("episodes", 2), "unsure")["inserted"] == 2


def test_a_claim_that_is_taken_back_under_the_eyes_of_another_is_made_anew(
    embedded_client: ClickHouseClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The first caller claims, the second finds the claim, the first fails and takes it back, the second goes on."""
    rows, files = make_rows("episodes", 4), claim_files(embedded_client.settings)
    assert files is not None
    real = Ledger.join
    joined: list[bool] = []

    def join(ledger: Ledger, batch: Any) -> bool:
        if not joined:
            claim = files.find(batch.address)
            assert claim is not None
            files.withdraw(batch.address, claim.batch_id)
        joined.append(real(ledger, batch))
        return joined[-1]

    def die(*_: object) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(InsertBlock, "send", die)
        with pytest.raises(KeyboardInterrupt):
            embedded_client.insert_episodes(rows, "eyes")
    monkeypatch.setattr(Ledger, "join", join)
    assert embedded_client.insert_episodes(rows, "eyes")["inserted"] == 4
    assert joined == [False]
    assert counts(embedded_client, "episodes")[0] == 4
    assert _left(embedded_client.settings) == []


def test_a_claim_that_another_has_joined_is_not_taken_back(embedded_client: ClickHouseClient) -> None:
    files = claim_files(embedded_client.settings)
    assert files is not None
    now = datetime.now(UTC)
    claim = Claim("ab" * 32, uuid4(), now, now, 0)
    files.make("mine", "episodes", claim)
    files.withdraw("mine", uuid4())
    assert files.find("mine") == claim, "another's claim stays"
    assert files.join("mine")
    files.withdraw("mine", claim.batch_id)
    assert files.find("mine") == claim
    files.drop("mine")
    assert not files.join("mine")
