"""Positions as a chain in the ledger: what two consumers, and one that died, leave in the store."""

from __future__ import annotations

from pathlib import Path
from uuid import UUID

import orjson
import pytest

from chimera_metrics.integrations.clickhouse_client import ClickHouseClient
from chimera_metrics.integrations.errors import InvalidInput, MuseError, StatementFailed
from chimera_metrics.integrations.kafka.lanes import Lane, TopicChanged
from chimera_metrics.integrations.kafka.mapping import RowMapping
from chimera_metrics.integrations.kafka.poison import PoisonFiles
from chimera_metrics.integrations.kafka.positions import Ending, key_of, stored_to
from chimera_metrics.integrations.kafka.storing import BatchStore
from tests.kafka.made import MS, Given, given


def message(offset: int, value: bytes | None = None) -> Given:
    body = {"session_id": str(UUID(int=offset)), "event_type": "error", "latency_ms": offset, "user_agent": "x"}
    return given(orjson.dumps(body) if value is None else value, offset, ms=MS + offset)


def messages(first: int, stop: int) -> list[Given]:
    return [message(offset) for offset in range(first, stop)]


@pytest.fixture
def store(client: ClickHouseClient, tmp_path: Path) -> BatchStore:
    return store_of(client, tmp_path)


def store_of(client: ClickHouseClient, folder: Path) -> BatchStore:
    aside = PoisonFiles(folder / "kafka", masking=True)
    return BatchStore(client, "ui_events", "ui", RowMapping("ui_events"), aside, lambda _: None)


def lane_of(client: ClickHouseClient) -> Lane:
    last = stored_to(client, "ui_events", "ui", 0)
    return Lane("ui", 0, 0 if last is None else last.offset + 1, last)


def rows(client: ClickHouseClient) -> list[int]:
    """Rows, different ones, and those in the rollup."""
    found = client.executor.read("SELECT count(), uniqExact(session_id) FROM ui_events").rows[0]
    return [*map(int, found), int(client.executor.scalar("SELECT sum(events) FROM ui_events_hourly"))]


def test_a_chain_goes_on_where_the_ledger_says(client: ClickHouseClient, store: BatchStore) -> None:
    lane = lane_of(client)
    store.warm_up()
    store.store(lane, messages(0, 40))
    store.store(lane, messages(40, 100))
    assert stored_to(client, "ui_events", "ui", 0) == Ending.at(message(99))
    assert lane_of(client).position == lane.position == lane.handled == 100
    assert rows(client) == [100, 100, 100]
    assert stored_to(client, "ui_events", "u", 0) is None


def test_of_two_consumers_of_one_partition_one_goes_on(client: ClickHouseClient, store: BatchStore) -> None:
    first, second = lane_of(client), lane_of(client)
    store.store(first, messages(0, 50))
    store.store(second, messages(0, 80))
    assert (second.position, [one.offset() for one in second.waiting]) == (50, list(range(50, 80)))
    store.store(second, second.take())
    store.store(first, messages(50, 80))
    assert rows(client) == [80, 80, 80]
    assert first.position == second.position == 80


def test_a_batch_that_was_begun_is_finished_with_its_messages(
    client: ClickHouseClient, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The first consumer dies between its block and the acknowledgement; the second has read more by then."""
    dying = store_of(client, tmp_path)
    with monkeypatch.context() as patch:
        patch.setattr(client.writer.ledger, "acknowledge", lambda *_: (_ for _ in ()).throw(SystemExit))
        with pytest.raises(SystemExit):
            dying.store(lane_of(client), messages(0, 30))
    lane, store = lane_of(client), store_of(client, tmp_path)
    assert lane.position == 0
    store.store(lane, messages(0, 70))
    assert lane.must_end == Ending.at(message(29))
    assert lane.is_ready(0)
    store.store(lane, lane.take())
    store.store(lane, lane.take())
    assert rows(client) == [70, 70, 70]


def test_poison_is_set_aside_once_with_its_offset(client: ClickHouseClient, tmp_path: Path) -> None:
    bad = [message(1, b"{"), message(2, b'{"event_type": "a jane.doe@example.org", "nothing": 1}'), message(4, b"")]
    given = [message(0), *bad[:2], message(3), bad[2]]
    for _ in range(2):  # killed after the poison was kept, and before the rows were
        store = store_of(client, tmp_path)
        store._aside.keep(store._prepared(lane_of(client), given, Ending.at(given[-1]))[1])
    store.store(lane_of(client), given)
    lines = [orjson.loads(line) for line in (tmp_path / "kafka" / "ui-0.jsonl").read_bytes().splitlines()]
    assert [line["offset"] for line in lines] == [1, 2, 4]
    assert {line["topic"] for line in lines} == {"ui"}
    assert "jane" not in str(lines)
    assert rows(client)[0] == 2
    assert store.counts == {"stored": 2, "duplicate": 0, "poison": 3}


def test_what_is_all_poison_moves_no_chain_and_the_next_rows_do(client: ClickHouseClient, store: BatchStore) -> None:
    lane = lane_of(client)
    store.store(lane, [message(0, b"["), message(1, b"[")])
    assert (lane.position, lane.handled) == (0, 2)
    store.store(lane, messages(2, 5))
    assert lane_of(client).position == 5
    keys = client.executor.scalar("SELECT any(idempotency_key) FROM insert_ledger")
    assert keys == key_of("ui", 0, 0)


def test_a_store_that_does_not_answer_is_waited_for(
    client: ClickHouseClient, store: BatchStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    errors: list[MuseError] = [StatementFailed("The server has no room.", 243), StatementFailed("Gone.", 210)]
    said: list[str | None] = []
    kept = client.writer.store
    monkeypatch.setattr(store, "_said", said.append)

    def failing(*arguments: object, **named: object) -> object:
        if errors:
            raise errors.pop()
        return kept(*arguments, **named)  # type: ignore[arg-type]

    monkeypatch.setattr(client.writer, "store", failing)
    store.store(lane_of(client), messages(0, 3))
    assert said == ["Gone.", "The server has no room.", None]
    assert rows(client) == [3, 3, 3]
    assert client.quarantine.batches() == []


def test_what_somebody_must_set_right_is_raised(client: ClickHouseClient, tmp_path: Path) -> None:
    store = BatchStore(client, "nothing", "ui", RowMapping("ui_events"), PoisonFiles(tmp_path, True), lambda _: None)
    with pytest.raises(InvalidInput):
        store.store(lane_of(client), messages(0, 3))


def test_the_last_stored_message_is_read_again_and_must_be_the_same(
    client: ClickHouseClient, store: BatchStore
) -> None:
    store.store(lane_of(client), messages(0, 10))
    same, other, shorter, gone = (lane_of(client) for _ in range(4))
    assert same.begins == 9
    same.add(messages(9, 12))
    assert [one.offset() for one in same.waiting] == [10, 11]
    with pytest.raises(TopicChanged, match="known-as"):
        other.add([message(9, b"{}")])
    with pytest.raises(TopicChanged):
        shorter.add([message(0)])
    gone.add([message(25)])  # Kafka has dropped what came between
    assert [one.offset() for one in gone.waiting] == [25]
