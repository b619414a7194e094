"""Keys belong to callers: one learns nothing of another's, and what ledgers hold already stays known."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest

from chimera_metrics.integrations.async_client import AsyncClickHouseClient
from chimera_metrics.integrations.clickhouse.call import Call, owner_of, serving
from chimera_metrics.integrations.clickhouse.executor import Executor
from chimera_metrics.integrations.clickhouse_client import ClickHouseClient
from chimera_metrics.integrations.errors import InvalidInput, StatementFailed
from chimera_metrics.integrations.results import Result
from chimera_metrics.integrations.writing.claims import ClaimFiles
from chimera_metrics.integrations.writing.ledger import Ledger
from chimera_metrics.integrations.writing.quarantine import Quarantine
from tests.writing.rows import counts, make_rows

ROWS = make_rows("episodes", 3)
OTHERS = make_rows("episodes", 3, seed=1)


@contextmanager
def caller(name: str | None) -> Iterator[None]:
    """What runs inside serves a caller of that name; None is the local user."""
    with serving(None if name is None else Call(owner=owner_of(name))):
        yield


def insert(client: ClickHouseClient, name: str | None, rows: Any = ROWS, key: str | None = None) -> Result:
    with caller(name):
        return client.insert("episodes", rows, key)


@pytest.mark.parametrize(("first", "second"), [("ann", "ben"), (None, "ann"), ("ann", None)])
def test_a_key_is_its_callers_alone(client: ClickHouseClient, first: str | None, second: str | None) -> None:
    assert insert(client, first, ROWS, "k")["inserted"] == 3
    assert insert(client, second, OTHERS, "k")["inserted"] == 3
    assert insert(client, first, ROWS, "k")["duplicates"] == insert(client, second, OTHERS, "k")["duplicates"] == 3
    for name, other in ((first, OTHERS), (second, ROWS)):
        with pytest.raises(InvalidInput, match="The idempotency_key 'k' was used at"):
            insert(client, name, other, "k")
    assert counts(client, "episodes") == (6, 6)


def test_the_same_rows_of_another_caller_are_known_without_their_batch_and_time(client: ClickHouseClient) -> None:
    first = insert(client, "ann")
    own, local, foreign = (insert(client, name) for name in ("ann", None, "ben"))
    assert first["batch_id"] == own["batch_id"] is not None
    assert "stored at 20" in own["note"]
    for answer in (local, foreign):
        assert (answer["duplicates"], answer["batch_id"]) == (3, None)
        assert answer["note"].startswith("These rows are stored already; nothing was stored again.")
        assert "20" not in answer["note"]


@pytest.mark.parametrize("form", [iter, pa.Table.from_pylist])
def test_pieces_of_a_stream_are_their_callers_too(client: ClickHouseClient, form: Any) -> None:
    assert insert(client, "ann", form(ROWS), "k")["inserted"] == 3
    assert insert(client, "ben", form(OTHERS), "k")["inserted"] == 3
    assert insert(client, "ann", form(ROWS), "k")["batch_id"] is not None
    assert insert(client, "ann", form(OTHERS))["inserted"] == 3
    assert insert(client, "ben", form(OTHERS))["batch_id"] is None


def test_the_async_client_stores_for_its_caller(client: ClickHouseClient) -> None:
    async def store(name: str, rows: Any) -> Result:
        with caller(name):
            async with AsyncClickHouseClient(client.settings) as asked:
                return await asked.insert("episodes", rows, "k")  # type: ignore[no-any-return]

    assert asyncio.run(store("ann", ROWS))["inserted"] == 3
    assert asyncio.run(store("ben", OTHERS))["inserted"] == 3


@pytest.mark.parametrize("key", ["file:abc", "kafka:topic:0:7", "otlp:1", "caller:x", "FILE:abc", " file:abc"])
@pytest.mark.parametrize("form", [list, iter, pa.Table.from_pylist])
@pytest.mark.parametrize("name", [None, "ann"])
def test_what_begins_like_a_key_of_ours_is_refused(
    client: ClickHouseClient, key: str, form: Any, name: str | None
) -> None:
    with pytest.raises(InvalidInput, match="begin yours with another word"):
        insert(client, name, form(ROWS), key)
    assert counts(client, "episodes") == (0, 0)


@pytest.mark.parametrize("key", ["files:abc", "profile:1", "kafka-7", "a file: b", "caller", "retention", "k" * 200])
def test_what_only_looks_like_one_is_taken(client: ClickHouseClient, key: str) -> None:
    assert insert(client, "ann", ROWS, key)["inserted"] == 3


# -- ledgers of versions that knew no owners -----------------------------------------------------------------------


def forget_owners(client: ClickHouseClient) -> None:
    """Makes the ledger one of an earlier version."""
    client.executor.command(
        'ALTER TABLE insert_ledger UPDATE answer = replaceRegexpOne(answer, \',"owner":"[^"]*"\', \'\') WHERE 1',
        {"mutations_sync": 2},
    )


@pytest.mark.parametrize("key", [None, "k"])
@pytest.mark.parametrize("name", [None, "ann"])
def test_a_batch_of_an_old_ledger_stays_known(client: ClickHouseClient, name: str | None, key: str | None) -> None:
    first = insert(client, None, ROWS, key)
    forget_owners(client)
    again = insert(client, name, ROWS, key)
    assert (again["inserted"], again["duplicates"]) == (0, 3)
    assert again["batch_id"] == (first["batch_id"] if name is None else None)
    assert counts(client, "episodes") == (3, 3)


def test_another_batch_under_a_key_of_an_old_ledger_is_stored_and_the_old_one_not_told(
    client: ClickHouseClient,
) -> None:
    insert(client, None, ROWS, "k")
    forget_owners(client)
    assert insert(client, "ann", OTHERS, "k")["inserted"] == 3
    with pytest.raises(InvalidInput, match="was used at"):
        insert(client, None, OTHERS, "k")


def test_a_batch_that_an_old_version_began_is_finished_under_its_key(
    client: ClickHouseClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as patch:
        patch.setattr(Ledger, "acknowledge", lambda *_: (_ for _ in ()).throw(KeyboardInterrupt))
        with pytest.raises(KeyboardInterrupt):
            insert(client, None, ROWS, "k")
    forget_owners(client)
    folder = client.writer.ledger._claims
    if isinstance(folder, ClaimFiles):
        for path in folder.folder.glob("[!.]*"):
            path.write_bytes(path.read_bytes().replace(b',"owner":"local"', b""))
    assert insert(client, "ann", ROWS, "k")["inserted"] == 3
    assert counts(client, "episodes") == (3, 3)


def test_a_batch_that_an_old_version_put_into_the_quarantine_is_stored_once(
    client: ClickHouseClient, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    client.writer.quarantine = Quarantine(tmp_path / "quarantine")

    def fails(*_: Any, **__: Any) -> None:
        raise StatementFailed("The store is too busy.", code=202)

    with monkeypatch.context() as patch:
        patch.setattr(Executor, "insert", fails)
        assert insert(client, None, ROWS, "k")["quarantined"] == 3
    (path,) = (tmp_path / "quarantine").iterdir()
    path.write_bytes(path.read_bytes().replace(b',"owner":"local"', b"", 1))
    assert insert(client, "ann", ROWS, "k")["inserted"] == 3
    (kept,) = client.quarantine.batches()
    assert client.replay(kept)["duplicates"] == 3
    assert counts(client, "episodes") == (3, 3)


def test_the_quarantine_keeps_whose_batch_it_is(
    client: ClickHouseClient, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    client.writer.quarantine = Quarantine(tmp_path / "quarantine")

    def fails(*_: Any, **__: Any) -> None:
        raise StatementFailed("The store is too busy.", code=202)

    with monkeypatch.context() as patch:
        patch.setattr(Executor, "insert", fails)
        first, again, foreign = (insert(client, name) for name in ("ann", "ann", "ben"))
        assert insert(client, "ann", OTHERS, "k")["quarantined"] == 3
    assert first["batch_id"] == again["batch_id"] is not None
    assert foreign["batch_id"] is None
    for kept in client.quarantine.batches():
        client.replay(kept)
    assert insert(client, "ann")["batch_id"] is not None
    assert insert(client, "ben")["batch_id"] is None
    assert insert(client, "ann", OTHERS, "k")["duplicates"] == 3


def test_an_owner_is_a_name_of_one_kind() -> None:
    marks = {owner_of("ann"), owner_of("ann", "https://issuer.example"), owner_of("ben"), owner_of("local"), "local"}
    assert len(marks) == 5
