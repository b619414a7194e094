"""Rows: what is filled in, what is left out, what is said."""

from __future__ import annotations

import time
from collections import UserDict
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

import pytest

from bench.validation import ui_rows
from chimera_metrics.integrations.errors import InvalidInput
from chimera_metrics.integrations.validation.row_path import Rejected, validate_rows
from chimera_metrics.models import FACT_TABLES
from tests.validation.paths import ID, NOW, REQUIRED, by_rows, only, row


@pytest.mark.parametrize("table", FACT_TABLES)
def test_the_least_row_of_each_table_is_enough(table: str) -> None:
    batch = by_rows(table, row(table))
    assert batch.rejected == []
    assert batch.rows == 1
    assert set(batch.columns) >= set(REQUIRED[table])


def test_time_and_id_are_always_filled_in_and_constants_left_to_the_engine() -> None:
    batch = by_rows("episodes", row("episodes"), row("episodes"))
    assert batch.columns == ["ts", "run_id", "series", "episode_num", "title"]
    assert batch.data[0] == [NOW, NOW]
    first, second = batch.data[1]
    assert first != second
    assert isinstance(first, UUID)
    assert (first.version, second.version) == (4, 4)


def test_a_constant_named_by_one_row_is_filled_in_for_the_others() -> None:
    batch = by_rows("episodes", row("episodes", status="failed"), row("episodes"), row("episodes", status=None))
    assert batch.data[batch.columns.index("status")] == ["failed", "draft", "draft"]


def test_columns_come_in_the_order_of_the_table_with_the_engines_types() -> None:
    given = row("ui_events", user_agent="curl/8.0", commit_sha=None)
    batch = by_rows("ui_events", dict(reversed(given.items())))
    assert dict(zip(batch.columns, batch.types, strict=True)) == {
        "ts": "DateTime64(3, 'UTC')",
        "session_id": "UUID",
        "commit_sha": "Nullable(FixedString(40))",
        "event_type": "LowCardinality(String)",
        "user_agent": "LowCardinality(Nullable(String))",
    }


def test_wrong_rows_are_left_out_and_listed_in_order() -> None:
    rows: list[Any] = [
        row("ui_events", latencyp95=1),
        row("ui_events", latency_ms=-1, ts="never"),
        row("ui_events"),
        "not a row",
        row("ui_events", event_type=None),
        row("ui_events", latency_ms=2),
    ]
    batch = validate_rows("ui_events", rows, now=NOW)
    assert batch.kept == [2, 5]
    assert batch.data[batch.columns.index("latency_ms")] == [None, 2.0]
    assert [(bad.index, bad.field) for bad in batch.rejected] == [
        (0, "latencyp95"),
        (1, "ts"),
        (3, ""),
        (4, "event_type"),
    ]
    assert batch.rejected[0].error == (
        "Unknown column 'latencyp95'. Did you mean 'latency_ms'? ui_events has: ts, session_id, commit_sha, "
        "event_type, latency_ms, user_agent, metadata, schema_version."
    )
    assert batch.rejected[2].error == (
        "A row is an object of columns and values of ui_events; this one is 'not a row'."
    )


def test_a_column_that_the_store_sets_is_refused_as_such() -> None:
    batch = by_rows("bench_runs", row("bench_runs", received_at=NOW))
    assert batch.rejected == [Rejected(0, "received_at", "'received_at' is set by the store; leave it out.")]


def test_days_are_counted_from_1970() -> None:
    times = ["1970-01-01T23:59:59Z", "2026-05-31T23:30:00-05:00", "2149-06-06T12:00:00Z"]
    batch = by_rows("ui_events", *(row("ui_events", ts=time) for time in times))
    assert batch.days == [0, 20_605, 65_535]


def test_what_was_masked_is_counted_for_the_rows_kept_only() -> None:
    good = row("ui_events", metadata={"who": "bob@example.com"}, user_agent="curl/8.5.0")
    batch = by_rows("ui_events", good, good | {"latency_ms": -1})
    assert batch.masked == {"email": 1, "user_agent": 1}
    assert only(by_rows("ui_events", good), "user_agent") == "curl 8 / other"


def test_masking_can_be_turned_off() -> None:
    batch = by_rows("ui_events", row("ui_events", metadata='{"who": "bob@example.com"}'), mask=False)
    assert only(batch, "metadata") == '{"who": "bob@example.com"}'
    assert batch.masked == {}


def test_no_rows_are_a_batch_of_none() -> None:
    batch = by_rows("ui_events")
    assert (batch.rows, batch.rejected, batch.days) == (0, [], [])


def test_any_mapping_is_a_row() -> None:
    batch = validate_rows("ui_events", [UserDict(row("ui_events"))], now=NOW)
    assert only(batch, "session_id") == UUID(ID)


def test_the_rows_received_are_not_changed() -> None:
    given = row("ui_events", metadata={"who": "bob@example.com"}, commit_sha="A" * 40)
    copy = {**given, "metadata": dict(given["metadata"])}
    by_rows("ui_events", given)
    assert given == copy


def test_an_unknown_table_is_refused_with_its_neighbour() -> None:
    with pytest.raises(InvalidInput, match=r"Unknown table 'ui_event'\. Did you mean 'ui_events'\?"):
        validate_rows("ui_event", [])


def test_one_bad_row_among_many_is_found_wherever_it_stands() -> None:
    rows = ui_rows(10_000, personal=False)
    for index in (0, 4_095, 4_096, 9_999):
        rows[index] = rows[index] | {"latency_ms": -1}
    batch = validate_rows("ui_events", rows)
    assert [bad.index for bad in batch.rejected] == [0, 4_095, 4_096, 9_999]
    assert batch.rows == 9_996
    assert batch.data[0][0] == datetime.fromisoformat(rows[1]["ts"]).astimezone(UTC)


def test_rows_are_checked_a_column_at_a_time() -> None:
    # Far above what it takes (bench/validation.py), far below what a slip into one-by-one checks would take.
    rows = ui_rows(10_000, personal=False)
    times = []
    for _ in range(3):
        begin = time.process_time()
        validate_rows("ui_events", rows)
        times.append(time.process_time() - begin)
    assert min(times) * 10 < 1.5
