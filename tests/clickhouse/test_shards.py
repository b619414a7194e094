"""A statement becomes those of the shards and of the table above them, and what they have is told as one table."""

from __future__ import annotations

import pytest

from chimera_metrics.integrations.clickhouse.cluster import HERE, SHARDED, Cluster
from chimera_metrics.integrations.clickhouse.executor import Executor
from chimera_metrics.integrations.clickhouse.literals import quote
from chimera_metrics.integrations.clickhouse.shards import SESSION, above, folded, id_of, key_of, sent
from chimera_metrics.integrations.config import ClickHouseSettings
from chimera_metrics.integrations.errors import SettingsError
from chimera_metrics.models import RUN_IDENTITY

CLUSTER = Cluster("muse", "shop", sharded=True)
ON = "ON CLUSTER 'muse'"
ADDS = "ADD COLUMN IF NOT EXISTS `a` Array(Tuple(Int8, Int8)) CODEC(ZSTD(1)) AFTER ts"
MADE = "Distributed('muse', 'shop', 'ui_events_local', cityHash64(session_id))"

STATEMENTS = [
    (
        "ALTER TABLE `ui_events` ADD INDEX i a TYPE minmax",
        [f"ALTER TABLE `ui_events_local` {ON} ADD INDEX i a TYPE minmax"],
    ),
    (
        f"ALTER TABLE `ui_events` {ADDS}",
        [f"ALTER TABLE `ui_events_local` {ON} {ADDS}", f"ALTER TABLE `ui_events` {ON} {ADDS}"],
    ),
    (  # the other way round: what is above must not ask shards for a column that is gone
        "ALTER TABLE ui_events DROP COLUMN IF EXISTS a",
        [
            f"ALTER TABLE ui_events {ON} DROP COLUMN IF EXISTS a",
            f"ALTER TABLE ui_events_local {ON} DROP COLUMN IF EXISTS a",
        ],
    ),
    (  # the key is the shards' business
        "ALTER TABLE ui_events ADD COLUMN a Int8 TTL ts + toIntervalDay(1), MODIFY ORDER BY (ts, a)",
        [
            f"ALTER TABLE ui_events_local {ON} ADD COLUMN a Int8 TTL ts + toIntervalDay(1), MODIFY ORDER BY (ts, a)",
            f"ALTER TABLE ui_events {ON} ADD COLUMN a Int8",
        ],
    ),
    (
        "ALTER TABLE ui_events MODIFY COLUMN a REMOVE TTL",
        [f"ALTER TABLE ui_events_local {ON} MODIFY COLUMN a REMOVE TTL"],
    ),
    (
        "ALTER TABLE ui_events MODIFY COMMENT 'ui_events, a'",
        [
            f"ALTER TABLE ui_events_local {ON} MODIFY COMMENT 'ui_events, a'",
            f"ALTER TABLE ui_events {ON} MODIFY COMMENT 'ui_events, a'",
        ],
    ),
    (
        "ALTER TABLE bench_runs DELETE WHERE run_id IN (SELECT run_id FROM bench_runs FINAL)",
        [f"ALTER TABLE bench_runs_local {ON} DELETE WHERE run_id IN (SELECT run_id FROM bench_runs_local FINAL)"],
    ),
    (
        "ALTER TABLE `ui_events_hourly` REPLACE PARTITION '2026-03-01' FROM `ui_events_hourly__fill`",
        [
            f"ALTER TABLE `ui_events_hourly_local` {ON} REPLACE PARTITION '2026-03-01' FROM "
            "`ui_events_hourly__fill_local`"
        ],
    ),
    (
        "ALTER TABLE ui_events_hourly_mv MODIFY QUERY SELECT a FROM ui_events",
        [f"ALTER TABLE ui_events_hourly_mv {ON} MODIFY QUERY SELECT a FROM ui_events_local"],
    ),
    (
        "CREATE MATERIALIZED VIEW v TO ui_events_hourly AS SELECT 'ui_events' FROM ui_events",
        [
            f"CREATE MATERIALIZED VIEW IF NOT EXISTS v {ON} TO ui_events_hourly_local AS SELECT 'ui_events' FROM "
            "ui_events_local"
        ],
    ),
    (
        "DROP TABLE IF EXISTS `ui_events_rebuild_0123abcd` SYNC",
        [
            f"DROP TABLE IF EXISTS `ui_events_rebuild_0123abcd` {ON} SYNC",
            f"DROP TABLE IF EXISTS `ui_events_rebuild_0123abcd_local` {ON} SYNC",
        ],
    ),
    (
        "EXCHANGE TABLES `ui_events` AND `ui_events__new`",
        [
            f"EXCHANGE TABLES `ui_events_local` AND `ui_events__new_local` {ON}",
            f"CREATE OR REPLACE TABLE ui_events {ON} AS ui_events_local ENGINE = {MADE}",
            f"CREATE OR REPLACE TABLE ui_events__new {ON} AS ui_events__new_local ENGINE = "
            f"{MADE.replace('_local', '__new_local')}",
        ],
    ),
    ("TRUNCATE TABLE ui_events", [f"TRUNCATE TABLE ui_events_local {ON}"]),
    ("SYSTEM SYNC REPLICA `ui_events`", [f"SYSTEM SYNC REPLICA {ON} `ui_events_local`"]),
    ("SELECT count() FROM ui_events", ["SELECT count() FROM ui_events"]),
    ("INSERT INTO ui_events_hourly SELECT a FROM ui_events", ["INSERT INTO ui_events_hourly SELECT a FROM ui_events"]),
    (f"{HERE}DROP TABLE ui_events", [f"{HERE}DROP TABLE ui_events"]),
    # Books, and tables of the user's own, are whole on every shard.
    ("ALTER TABLE insert_ledger DELETE WHERE 1", ["ALTER TABLE insert_ledger DELETE WHERE 1"]),
    ("DROP TABLE IF EXISTS mine", [f"DROP TABLE IF EXISTS mine {ON}"]),
]


@pytest.mark.parametrize(("given", "wanted"), STATEMENTS, ids=[given[:50] for given, _ in STATEMENTS])
def test_a_statement_becomes_those_of_the_shards(given: str, wanted: list[str]) -> None:
    assert sent(given, CLUSTER) == wanted


def test_the_engine_reads_each_form(embedded: ClickHouseSettings) -> None:
    executor = Executor(embedded)
    for _, wanted in STATEMENTS:
        for statement in wanted:
            assert executor.scalar(f"SELECT formatQuery({quote(statement)})")
    executor.close()


def test_a_table_is_made_on_the_shards_and_then_above_them() -> None:
    below, top = sent("CREATE TABLE ui_events (a Int8) ENGINE = MergeTree ORDER BY a COMMENT 'it\\'s'", CLUSTER)
    path = "'/clickhouse/tables/{shard}/shop/ui_events_local', '{replica}'"
    assert below == (
        f"CREATE TABLE IF NOT EXISTS ui_events_local {ON} (a Int8) ENGINE = ReplicatedMergeTree({path}) ORDER BY a "
        "COMMENT 'it\\'s'"
    )
    assert top == f"CREATE TABLE IF NOT EXISTS ui_events {ON} AS ui_events_local ENGINE = {MADE} COMMENT 'it\\'s'"


@pytest.mark.parametrize("name", ["insert_ledger", "alembic_version", "mine"])
def test_what_is_not_spread_is_the_same_on_every_shard(name: str) -> None:
    [made] = sent(f"CREATE TABLE {name} (a Int8) ENGINE = MergeTree ORDER BY a", CLUSTER)
    assert f"('/clickhouse/books/shop/{name}', '{{shard}}-{{replica}}')" in made


def test_what_stands_on_the_shards_is_told_under_the_models_names() -> None:
    text = "CREATE MATERIALIZED VIEW v TO ui_events_hourly_local AS SELECT a FROM ui_events_local, mine_local"
    assert folded(text) == "CREATE MATERIALIZED VIEW v TO ui_events_hourly AS SELECT a FROM ui_events, mine_local"


def test_the_key_follows_from_the_order_key_where_rows_replace_one_another() -> None:
    """FINAL is each shard's own: all copies of a run must lie on one."""
    assert id_of("bench_runs") in RUN_IDENTITY
    assert {key_of(table) for table in SHARDED} == {
        "cityHash64(session_id)",
        "cityHash64(run_id)",
        "cityHash64(hour)",
    }
    assert above("muse_copy_bench_runs", CLUSTER).endswith("'muse_copy_bench_runs_local', cityHash64(run_id))")


def test_parts_are_those_of_all_shards_under_the_tables_names(embedded: ClickHouseSettings) -> None:
    [text] = sent("SELECT sum(rows) FROM system.parts WHERE table = 'system.parts'", CLUSTER)
    assert "`shop`.muse_parts" in text
    assert text.endswith(") AS parts WHERE table = 'system.parts'")
    [named] = sent("SELECT p.rows FROM system.parts AS p", CLUSTER)
    assert named.endswith(") AS p")
    executor = Executor(embedded)
    assert executor.scalar(text.replace("`shop`.muse_parts", "system.parts").join(["SELECT ifNull((", "), 0)"])) == 0
    executor.close()


def test_the_engine_knows_the_settings_by_which_no_answer_lacks_a_shard(embedded: ClickHouseSettings) -> None:
    executor = Executor(embedded)
    names = ", ".join(map(quote, SESSION))
    assert executor.scalar(f"SELECT count() FROM system.settings WHERE name IN ({names})") == len(SESSION)
    executor.close()


def test_shards_without_a_cluster_are_refused() -> None:
    with pytest.raises(SettingsError, match="CH_SHARDED is set, but CH_CLUSTER is not"):
        ClickHouseSettings(host="node", sharded=True)
    assert not ClickHouseSettings(host="node", cluster="muse").on_shards
