"""One step makes of a statement what a cluster takes, and its way back gives the engine's words as a model has them."""

from __future__ import annotations

import pytest

from chimera_metrics.integrations.clickhouse.cluster import HERE, SHARDED, SHARED, Cluster, clustered, like, plain
from chimera_metrics.integrations.clickhouse.executor import Executor
from chimera_metrics.integrations.clickhouse.literals import quote
from chimera_metrics.integrations.config import ClickHouseSettings
from chimera_metrics.integrations.errors import SettingsError
from chimera_metrics.models import metadata

CLUSTER = Cluster("muse", "shop")

STATEMENTS = [
    ("CREATE DATABASE IF NOT EXISTS `shop`", "CREATE DATABASE IF NOT EXISTS `shop` ON CLUSTER 'muse' ENGINE = Atomic"),
    ("DROP TABLE `x` SYNC", "DROP TABLE IF EXISTS `x` ON CLUSTER 'muse' SYNC"),
    ("DROP VIEW IF EXISTS shop.v SYNC", "DROP VIEW IF EXISTS shop.v ON CLUSTER 'muse' SYNC"),
    ("RENAME TABLE a TO b", "RENAME TABLE a TO b ON CLUSTER 'muse'"),
    ("EXCHANGE TABLES `a` AND `b`", "EXCHANGE TABLES `a` AND `b` ON CLUSTER 'muse'"),
    ("TRUNCATE TABLE ui_events", "TRUNCATE TABLE ui_events ON CLUSTER 'muse'"),
    ("OPTIMIZE TABLE t FINAL DEDUPLICATE", "OPTIMIZE TABLE t ON CLUSTER 'muse' FINAL DEDUPLICATE"),
    (
        "ALTER TABLE ui_events DROP PARTITION ID '20260301'",
        "ALTER TABLE ui_events ON CLUSTER 'muse' DROP PARTITION ID '20260301'",
    ),
    ("CREATE VIEW v AS SELECT 1", "CREATE VIEW IF NOT EXISTS v ON CLUSTER 'muse' AS SELECT 1"),
    (
        "CREATE MATERIALIZED VIEW v TO t AS SELECT 'ON CLUSTER'",
        "CREATE MATERIALIZED VIEW IF NOT EXISTS v ON CLUSTER 'muse' TO t AS SELECT 'ON CLUSTER'",
    ),
    # A shared table has one copy of its rows whichever replica changes it; comments and settings are each replica's.
    ("ALTER TABLE muse_claims DELETE WHERE name = 'a'", "ALTER TABLE muse_claims DELETE WHERE name = 'a'"),
    ("ALTER TABLE insert_ledger UPDATE a = 1 WHERE 1", "ALTER TABLE insert_ledger UPDATE a = 1 WHERE 1"),
    (
        "ALTER TABLE alembic_version MODIFY COMMENT 'Last step'",
        "ALTER TABLE alembic_version ON CLUSTER 'muse' MODIFY COMMENT 'Last step'",
    ),
    ("GRANT SELECT ON shop.* TO muse_reader", "GRANT ON CLUSTER 'muse' SELECT ON shop.* TO muse_reader"),
    (
        "BACKUP DATABASE `shop` EXCEPT TABLES `shop`.muse_claims TO Disk('d', 'n')",
        "BACKUP DATABASE `shop` EXCEPT TABLES `shop`.muse_claims ON CLUSTER 'muse' TO Disk('d', 'n')",
    ),
    (
        "RESTORE DATABASE a AS b FROM Disk('d', ' TO ')",
        "RESTORE DATABASE a AS b ON CLUSTER 'muse' FROM Disk('d', ' TO ')",
    ),
    ("SYSTEM SYNC REPLICA t", "SYSTEM SYNC REPLICA ON CLUSTER 'muse' t"),
    ("SELECT 'CREATE TABLE x'", "SELECT 'CREATE TABLE x'"),
    ("INSERT INTO t SELECT 1", "INSERT INTO t SELECT 1"),
    (f"{HERE}DROP TABLE x", f"{HERE}DROP TABLE x"),
]


@pytest.mark.parametrize(("given", "sent"), STATEMENTS, ids=[given[:40] for given, _ in STATEMENTS])
def test_a_statement_goes_to_all_servers_of_the_cluster(given: str, sent: str) -> None:
    assert clustered(given, CLUSTER) == sent
    assert clustered(sent, CLUSTER) == sent, "the step taken twice is the step taken once"
    assert clustered(given, None) == given


def test_the_engine_reads_each_form(embedded: ClickHouseSettings) -> None:
    executor = Executor(embedded)
    for _, sent in STATEMENTS:
        assert executor.scalar(f"SELECT formatQuery({quote(sent)})")
    executor.close()


RUNS = """CREATE TABLE bench_runs
(
    `ts` DateTime64(3, 'UTC') COMMENT 'ENGINE = MergeTree, it\\'s said'
)
ENGINE = ReplacingMergeTree(received_at)
ORDER BY ts
SETTINGS non_replicated_deduplication_window = 10000, index_granularity = 8192"""


def test_a_table_gets_a_replicated_engine_and_a_window_in_blocks_and_seconds() -> None:
    made = clustered(RUNS, CLUSTER)
    assert made.startswith("CREATE TABLE IF NOT EXISTS bench_runs ON CLUSTER 'muse'\n(")
    path = "'/clickhouse/tables/{shard}/shop/bench_runs', '{replica}', received_at"
    assert f"ENGINE = ReplicatedReplacingMergeTree({path})\n" in made
    assert (
        "SETTINGS replicated_deduplication_window = 10000, replicated_deduplication_window_seconds = 604800, " in made
    )
    assert plain(made.replace("IF NOT EXISTS ", "").replace(" ON CLUSTER 'muse'", "")) == RUNS


@pytest.mark.parametrize("engine", ["MergeTree", "MergeTree()", "MergeTree ()"])
def test_a_shared_table_has_one_path_on_all_shards_and_a_name_of_its_own_for_each_replica(engine: str) -> None:
    made = clustered(f"CREATE TABLE insert_ledger (a Int8) ENGINE = {engine} ORDER BY a", CLUSTER)
    assert "ReplicatedMergeTree('/clickhouse/books/shop/insert_ledger', '{shard}-{replica}')" in made
    assert "'{shard}-{replica}') ORDER BY a" in made.replace("))", ")")


def test_a_rebuilt_table_does_not_take_the_place_in_keeper_of_the_one_before_it() -> None:
    made = [clustered(RUNS.replace("bench_runs", "bench_runs__new").replace("8192", n), CLUSTER) for n in ("1", "2")]
    paths = [text.partition("MergeTree('")[2].partition("'")[0] for text in made]
    assert len({*paths, "/clickhouse/tables/{shard}/shop/bench_runs"}) == 3


def test_a_copy_for_a_moment_is_one_servers_own() -> None:
    made = like(clustered(RUNS, CLUSTER).replace("bench_runs ON CLUSTER 'muse'", "shop.bench_runs"), "beside")
    assert made.startswith(f"{HERE}CREATE TABLE `beside`\n(")
    assert "ENGINE = ReplacingMergeTree(received_at)" in made


def test_each_table_is_either_sharded_or_shared() -> None:
    assert set(metadata.tables) | {"alembic_version"} == SHARDED | SHARED
    assert set() == SHARDED & SHARED


def test_a_cluster_without_a_server_is_refused() -> None:
    with pytest.raises(SettingsError, match="CH_HOST is not set: set it to one of the cluster's servers"):
        ClickHouseSettings(cluster="muse")
    assert ClickHouseSettings(cluster=" ").cluster is None
