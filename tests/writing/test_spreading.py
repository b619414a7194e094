"""Each row of a batch has its shard, the same in every attempt, and the one that the engine would choose for its id."""

from __future__ import annotations

import hashlib
from datetime import UTC, datetime
from uuid import UUID

import pytest
from sqlalchemy import create_engine

from chimera_metrics.integrations.clickhouse.executor import Executor
from chimera_metrics.integrations.config import ClickHouseSettings
from chimera_metrics.integrations.errors import SchemaMismatch
from chimera_metrics.integrations.validation.row_path import Batch
from chimera_metrics.integrations.writing.blocks import InsertBlock, blocks
from chimera_metrics.integrations.writing.ledger import content_hash
from chimera_metrics.integrations.writing.prepared import prepare_batch
from chimera_metrics.integrations.writing.spreading import ShardCounts, by_id, spread
from tests.writing.rows import make_rows

NOW = datetime(2026, 3, 5, tzinfo=UTC)


def block_of(table: str, count: int, seed: int = 3) -> InsertBlock:
    rows = make_rows(table, count, seed, days=1)
    if table == "llm_events":
        rows = [{name: value for name, value in row.items() if name != "run_id"} for row in rows]
    digest = content_hash(table, rows)
    [block] = blocks(prepare_batch(table, rows, digest, None, "reject_batch", None, NOW, (), masking=True).clean)
    return block


def test_a_row_goes_where_the_engine_would_send_its_id(embedded: ClickHouseSettings) -> None:
    block, executor = block_of("ui_events", 200), Executor(embedded)
    assert isinstance(block.batch, Batch)
    ids: list[UUID] = block.batch.data[block.batch.columns.index("session_id")]
    for shard, places in spread(block, 3, "0" * 64):
        listed = ", ".join(f"toUUID('{ids[place]}')" for place in places)
        assert executor.scalar(f"SELECT groupUniqArray(cityHash64(arrayJoin([{listed}])) % 3)") == [shard - 1]
    executor.close()


@pytest.mark.parametrize("table", ["ui_events", "bench_runs", "llm_events", "session_stats"])
def test_every_row_has_one_shard_and_each_shard_some(table: str) -> None:
    found = dict(spread(block_of(table, 90), 3, "a" * 64))
    assert sorted(found) == [1, 2, 3]
    assert sorted(place for places in found.values() for place in places) == list(range(90))


def test_rows_whose_ids_are_made_here_go_where_they_went_before() -> None:
    """Each attempt gives them new ids, by which they would go elsewhere, and be stored twice."""
    one, other = block_of("llm_events", 40), block_of("llm_events", 40)
    assert isinstance(one.batch, Batch)
    assert isinstance(other.batch, Batch)
    assert one.batch.data[one.batch.columns.index("run_id")] != other.batch.data[other.batch.columns.index("run_id")]
    assert list(spread(one, 3, "a" * 64)) == list(spread(other, 3, "a" * 64))


def test_batches_of_one_row_are_not_all_on_the_first_shard() -> None:
    block = block_of("llm_events", 1)
    tokens = (hashlib.sha256(bytes([number])).hexdigest() for number in range(64))
    assert {shard for token in tokens for shard, _ in spread(block, 4, token)} == {1, 2, 3, 4}


def test_bytes_of_an_arrow_batch_go_where_uuids_go() -> None:
    ids = [UUID(int=number) for number in range(50)]
    assert list(by_id(ids, 3)) == list(by_id([one.bytes for one in ids], 3))


@pytest.fixture
def counted(embedded: ClickHouseSettings) -> Executor:
    """A store with numbers of shards, which says of itself that it is a cluster's."""
    plain = Executor(embedded)
    plain.command(
        "CREATE OR REPLACE TABLE muse_shards (at DateTime64(6, 'UTC'), shards UInt32) ENGINE = MergeTree ORDER BY at"
    )
    settings = embedded.model_copy(update={"cluster": "muse", "sharded": True})
    return Executor(settings, engine=plain.engine)


def test_replaced_rows_stay_on_the_first_shards_and_others_take_all(counted: Executor) -> None:
    counted.command("INSERT INTO muse_shards VALUES ('2026-01-01', 2), ('2026-02-01', 3)")
    counts = ShardCounts(counted)
    assert (counts.of("bench_runs"), counts.of("ui_events"), counts.of("session_stats")) == (2, 3, 3)


def test_new_shards_are_seen_after_a_minute(counted: Executor) -> None:
    counted.command("INSERT INTO muse_shards VALUES ('2026-01-01', 2)")
    moment = [0.0]
    counts = ShardCounts(counted, clock=lambda: moment[0])
    assert counts.of("ui_events") == 2
    counted.command("INSERT INTO muse_shards VALUES ('2026-02-01', 3)")
    assert counts.of("ui_events") == 2
    moment[0] = 61.0
    assert counts.of("ui_events") == 3


def test_a_store_that_does_not_say_its_number_takes_no_rows(counted: Executor) -> None:
    with pytest.raises(SchemaMismatch, match="run `muse upgrade`"):
        ShardCounts(counted).of("ui_events")
    counted.command("DROP TABLE muse_shards")
    with pytest.raises(SchemaMismatch, match="run `muse upgrade`"):
        ShardCounts(counted).of("ui_events")


def test_without_shards_nothing_is_asked() -> None:
    settings = ClickHouseSettings(host="nowhere.invalid", cluster="muse")
    assert ShardCounts(Executor(settings, engine=create_engine("sqlite://"))).of("ui_events") is None
