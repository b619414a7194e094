"""What somebody changed in a live store by hand: every kind is seen by `check`, and named by `verify` and `adopt`."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from chimera_metrics.integrations.clickhouse_client import ClickHouseClient
from chimera_metrics.integrations.config import ClickHouseSettings
from chimera_metrics.integrations.evolution import adopt, runner
from chimera_metrics.integrations.evolution.ddl_parts import constraints, type_and_clauses, writes_to
from chimera_metrics.integrations.operations.verify import verify

MV = "CREATE MATERIALIZED VIEW {} TO {} AS SELECT now64(3, 'UTC') AS ts, event_type AS status FROM ui_events"
REBUILD = [
    "CREATE TABLE e2 AS episodes ENGINE = {}",
    "DROP TABLE episodes SYNC",
    "RENAME TABLE e2 TO episodes",
]
MERGE_TREE = "MergeTree PARTITION BY toDate(ts) ORDER BY (series, episode_num)"

# The kind of change, its statements, and what is said of it.
KINDS: dict[str, tuple[list[str], str]] = {
    "column added": (["ALTER TABLE episodes ADD COLUMN mood String"], "column mood is not known"),
    "column dropped": (["ALTER TABLE episodes DROP COLUMN title"], "column title is missing"),
    "column renamed": (["ALTER TABLE episodes RENAME COLUMN title TO name"], "column title is missing"),
    "type": (["ALTER TABLE episodes MODIFY COLUMN confidence_score Nullable(Float32)"], "Nullable(Float32)"),
    "nullable": (["ALTER TABLE episodes MODIFY COLUMN title Nullable(String)"], "Nullable(String)"),
    "default": (["ALTER TABLE episodes MODIFY COLUMN status DEFAULT 'ready'"], "DEFAULT 'ready'"),
    "default dropped": (
        ["ALTER TABLE episodes MODIFY COLUMN status REMOVE DEFAULT"],
        "wanted LowCardinality(String) D",
    ),
    "materialized": (["ALTER TABLE episodes MODIFY COLUMN title String MATERIALIZED 'x'"], "MATERIALIZED 'x'"),
    "codec": (["ALTER TABLE episodes MODIFY COLUMN title CODEC(LZ4)"], "CODEC(LZ4)"),
    "column comment": (["ALTER TABLE episodes COMMENT COLUMN title 'other'"], "COMMENT 'other'"),
    "column TTL": (
        ["ALTER TABLE episodes MODIFY COLUMN cost_total TTL toDateTime(ts) + INTERVAL 1 DAY"],
        "TTL toDateTime(ts) + toIntervalDay(1)",
    ),
    "column statistics": (["ALTER TABLE episodes ADD STATISTICS episode_num TYPE minmax"], "STATISTICS(minmax)"),
    "column settings": (
        ["ALTER TABLE episodes MODIFY COLUMN title MODIFY SETTING min_compress_block_size = 9000"],
        "SETTINGS (min_compress_block_size = 9000)",
    ),
    "table comment": (["ALTER TABLE episodes MODIFY COMMENT 'x'"], "the comment is x"),
    "table TTL": (["ALTER TABLE episodes MODIFY TTL toDateTime(ts) + INTERVAL 9 YEAR"], "the TTL is"),
    "setting": (["ALTER TABLE episodes MODIFY SETTING min_rows_for_wide_part = 7"], "min_rows_for_wide_part"),
    "index added": (["ALTER TABLE episodes ADD INDEX i title TYPE set(3) GRANULARITY 1"], "index i is not known"),
    "index dropped": (["ALTER TABLE ui_events DROP INDEX session_id_bloom"], "index session_id_bloom is missing"),
    "projection": (["ALTER TABLE episodes ADD PROJECTION p (SELECT count())"], "projection p is not known"),
    "CHECK": (["ALTER TABLE episodes ADD CONSTRAINT few CHECK episode_num < 9"], "constraint few is not known"),
    "ASSUME": (["ALTER TABLE episodes ADD CONSTRAINT few ASSUME episode_num < 9"], "constraint few is not known"),
    "engine": ([REBUILD[0].format(MERGE_TREE.replace("Merge", "ReplacingMerge")), *REBUILD[1:]], "the engine is Repl"),
    "order key": ([REBUILD[0].format(MERGE_TREE.replace(", episode_num", "")), *REBUILD[1:]], "the order key is"),
    "partition key": (
        [REBUILD[0].format(MERGE_TREE.replace("toDate(", "toYYYYMM(")), *REBUILD[1:]],
        "partition key is",
    ),
    "table dropped": (["DROP TABLE episodes SYNC"], "episodes is missing"),
    "view dropped": (["DROP VIEW ui_events_hourly_mv SYNC"], "ui_events_hourly_mv is missing"),
    "view's SELECT": (
        [
            "ALTER TABLE ui_events_hourly_mv MODIFY QUERY SELECT toStartOfHour(toDateTime(ts, 'UTC')) AS hour, "
            "event_type, count() AS events FROM ui_events GROUP BY hour, event_type"
        ],
        "the SELECT is",
    ),
    "view's target": (
        [
            "CREATE TABLE other AS ui_events_hourly",
            "DROP VIEW ui_events_hourly_mv SYNC",
            "CREATE MATERIALIZED VIEW ui_events_hourly_mv TO other AS SELECT toStartOfHour(ts) AS hour FROM ui_events",
        ],
        "the target is other, wanted ui_events_hourly",
    ),
    "view's comment": (["ALTER TABLE ui_events_hourly_mv MODIFY COMMENT 'x'"], "the comment is x"),
    "view of somebody else": (
        [MV.format("theirs_mv", "deployments")],
        "view theirs_mv, which no revision creates, writes into deployments",
    ),
    "view in another database": (
        ["CREATE DATABASE IF NOT EXISTS elsewhere", MV.format("elsewhere.theirs_mv", "deployments")],
        "view elsewhere.theirs_mv, which no revision creates, writes into deployments",
    ),
    "view that appends by the clock": (
        ["CREATE MATERIALIZED VIEW r REFRESH EVERY 1 YEAR APPEND TO deployments EMPTY AS SELECT 'x' AS status"],
        "view r, which no revision creates, writes into deployments",
    ),
    "view that replaces by the clock": (
        ["CREATE MATERIALIZED VIEW r REFRESH EVERY 1 YEAR TO deployments EMPTY AS SELECT 'x' AS status"],
        "view r, which no revision creates, replaces the rows of deployments",
    ),
}


@pytest.fixture
def client(embedded: ClickHouseSettings) -> Iterator[ClickHouseClient]:
    """A migrated store, which goes at the end, with what lies beside it."""
    runner.upgrade(embedded)
    with ClickHouseClient(embedded) as made:
        yield made
        made.executor.command(f"DROP DATABASE {embedded.database} SYNC")
        made.executor.command("DROP DATABASE IF EXISTS elsewhere SYNC")


@pytest.mark.parametrize("kind", KINDS)
def test_a_change_by_hand_is_seen_and_named(kind: str, client: ClickHouseClient) -> None:
    statements, said = KINDS[kind]
    assert runner.check(client.settings) == []
    for statement in statements:
        client.executor.command(statement, {"allow_suspicious_codecs": 1})
    assert runner.check(client.settings) != []
    drift = next(line for line in verify(client)["checks"] if line["name"] == "drift")
    assert (drift["level"], said in drift["figure"]) == ("error", True), drift["figure"]
    report = adopt.plan(client.settings)
    named = [f"{table.name} is {table.state}" for table in report.tables]
    named += [difference for table in report.tables for difference in table.differences]
    assert any(said in text for text in [*named, report.sentence]), named


def test_a_store_as_migrated_has_no_drift(client: ClickHouseClient) -> None:
    assert runner.check(client.settings) == []
    assert adopt.plan(client.settings).settled
    assert next(line for line in verify(client)["checks"] if line["name"] == "drift")["level"] == "ok"


def test_the_clauses_of_a_column_are_read_from_the_engines_text() -> None:
    text = (
        "Nullable(String) DEFAULT 'a, TTL b' COMMENT 'it\\'s (x' CODEC(ZSTD(1)) STATISTICS(uniq, minmax) TTL t + f(3)"
    )
    assert type_and_clauses(text) == (
        "Nullable(String)",
        {
            "DEFAULT": "'a, TTL b'",
            "COMMENT": "'it\\'s (x'",
            "CODEC": "(ZSTD(1))",
            "STATISTICS": "(uniq, minmax)",
            "TTL": "t + f(3)",
        },
    )
    create = (
        "CREATE TABLE d.t (`a b` UInt8, CONSTRAINT `c d` CHECK (x > 0) AND (y < 3), CONSTRAINT e ASSUME x = 1) ENGINE"
    )
    assert constraints(create) == {"c d": "CHECK (x > 0) AND (y < 3)", "e": "ASSUME x = 1"}
    target = writes_to(
        "CREATE MATERIALIZED VIEW `o o`.v REFRESH EVERY 1 DAY DEPENDS ON a.b TO `d`.t (`x` UInt8) AS SELECT"
    )
    assert target is not None
    assert (target.database, target.table, target.replaced) == ("d", "t", True)
