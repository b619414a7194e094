"""Canonical forms: what a replica or a cloud adds is not a difference; which types change in place."""

from __future__ import annotations

import pytest

from chimera_metrics.integrations.evolution.canonical import engine_of, settings_of, unqualified
from chimera_metrics.integrations.evolution.types import converts_in_place

PATH = "'/clickhouse/tables/{uuid}/{shard}', '{replica}'"


@pytest.mark.parametrize(
    ("engine_full", "canonical"),
    [
        ("MergeTree ORDER BY a SETTINGS index_granularity = 8192", "MergeTree"),
        (f"SharedMergeTree({PATH}) ORDER BY a", "MergeTree"),
        ("SharedMergeTree ORDER BY a", "MergeTree"),
        (f"ReplicatedMergeTree({PATH}) PARTITION BY a ORDER BY a", "MergeTree"),
        (f"SharedReplacingMergeTree({PATH}, seen) ORDER BY a", "ReplacingMergeTree(seen)"),
        ("ReplacingMergeTree(seen, gone) ORDER BY a", "ReplacingMergeTree(seen, gone)"),
        (f"ReplicatedSummingMergeTree({PATH}, (a, b)) ORDER BY a", "SummingMergeTree((a, b))"),
        ("Log", "Log"),
    ],
)
def test_a_replicated_engine_counts_as_the_plain_one(engine_full: str, canonical: str) -> None:
    assert engine_of(engine_full) == canonical


def test_settings_are_read_with_their_quotes() -> None:
    text = "MergeTree ORDER BY a SETTINGS storage_policy = 'a, b', index_granularity = 8192"
    assert settings_of(text) == {"storage_policy": "'a, b'", "index_granularity": "8192"}


def test_only_the_databases_own_name_is_taken_away() -> None:
    text = "SELECT db.t.a, mydb.t FROM db.t JOIN `db`.u ON 'db.x' = other_db.y"
    assert unqualified(text, "db") == "SELECT t.a, mydb.t FROM t JOIN u ON 'db.x' = other_db.y"


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("UInt8", "UInt64"),
        ("UInt8", "Int16"),
        ("Int32", "Nullable(Int64)"),
        ("Float32", "Float64"),
        ("String", "LowCardinality(String)"),
        ("LowCardinality(Nullable(String))", "Nullable(String)"),
        ("Decimal(18, 6)", "Decimal(38, 6)"),
        ("DateTime64(3, 'UTC')", "DateTime64(6, 'UTC')"),
        ("DateTime('UTC')", "DateTime64(3, 'UTC')"),
        ("FixedString(40)", "String"),
    ],
)
def test_a_widening_is_made_in_place_and_its_reverse_is_not(old: str, new: str) -> None:
    assert converts_in_place(old, new)
    if "LowCardinality" not in old + new:
        assert not converts_in_place(new, old)


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("String", "UInt8"),
        ("UInt64", "Int64"),
        ("Nullable(String)", "String"),
        ("Decimal(18, 6)", "Decimal(18, 8)"),
        ("DateTime64(3, 'UTC')", "DateTime64(6, 'Europe/Berlin')"),
        ("Enum8('a' = 1)", "Enum8('b' = 1)"),
    ],
)
def test_what_could_lose_a_value_is_not_made_in_place(old: str, new: str) -> None:
    assert not converts_in_place(old, new)
