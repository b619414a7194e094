"""What each kind of column takes, as what, and the sentence for what it does not."""

from __future__ import annotations

import math
from datetime import UTC, date, datetime, timedelta, timezone
from decimal import Decimal
from typing import Any
from uuid import UUID

import numpy as np
import pytest

from chimera_metrics.integrations.validation.values import show
from tests.validation.paths import ID, by_rows, only, refusal, row

MAY = datetime(2026, 5, 31, 12, 0, tzinfo=UTC)
SHA = "3f786850e387550fdaba836e7e6e3e1d2b8a9c4f"

TAKEN: list[tuple[str, str, Any, Any]] = [
    ("ui_events", "ts", MAY, MAY),
    ("ui_events", "ts", datetime(2026, 5, 31, 12, 0), MAY),  # naive is UTC
    ("ui_events", "ts", datetime(2026, 5, 31, 7, 0, tzinfo=timezone(timedelta(hours=-5))), MAY),
    ("ui_events", "ts", "2026-05-31T12:00:00Z", MAY),
    ("ui_events", "ts", "2026-05-31 14:00:00+02:00", MAY),
    ("ui_events", "ts", "2026-05-31T12:00:00.123999", MAY.replace(microsecond=123_000)),  # truncated
    ("ui_events", "ts", "2026-05-31", MAY.replace(hour=0)),
    ("ui_events", "ts", date(2026, 5, 31), MAY.replace(hour=0)),
    ("ui_events", "ts", "1970-01-01T00:00:00Z", datetime(1970, 1, 1, tzinfo=UTC)),
    ("ui_events", "ts", "2149-06-06T23:59:59.999Z", datetime(2149, 6, 6, 23, 59, 59, 999_000, tzinfo=UTC)),
    ("session_stats", "hour", "2026-05-31T12:34:56Z", MAY),
    ("ui_events", "session_id", UUID(ID), UUID(ID)),
    ("ui_events", "session_id", ID.upper(), UUID(ID)),
    ("ui_events", "session_id", ID.replace("-", ""), UUID(ID)),
    ("ui_events", "commit_sha", SHA.upper(), SHA),
    ("ui_events", "commit_sha", None, None),
    ("ui_events", "event_type", "a word never seen", "a word never seen"),
    ("ui_events", "latency_ms", 12, 12.0),
    ("ui_events", "latency_ms", "12.5", 12.5),
    ("ui_events", "latency_ms", Decimal("0.1"), 0.1),
    ("ui_events", "latency_ms", np.float32(0.5), 0.5),
    ("ui_events", "schema_version", 65_535, 65_535),
    ("ui_events", "schema_version", 2.0, 2),
    ("ui_events", "schema_version", "2", 2),
    ("ui_events", "schema_version", np.int64(2), 2),
    ("ui_events", "schema_version", None, 1),  # null means the default
    ("ui_events", "metadata", {"b": 1, "a": [1.5, None]}, '{"b":1,"a":[1.5,null]}'),
    ("ui_events", "metadata", '{"b": 1}', '{"b": 1}'),
    ("ui_events", "metadata", None, "{}"),
    ("llm_events", "cost_usd", 0.1, Decimal("0.1")),
    ("llm_events", "cost_usd", "12.345678", Decimal("12.345678")),
    ("llm_events", "cost_usd", 3, Decimal(3)),
    ("llm_events", "error_msg", "", ""),
    ("llm_events", "error_msg", "x" * 1_000_000, "x" * 1_000_000),
    ("watcher_runs", "lag_seconds", -3.5, -3.5),
    ("episodes", "correlation_strength", -1, -1.0),
    ("episodes", "tokens_total", 2**64 - 1, 2**64 - 1),
]


@pytest.mark.parametrize(("table", "column", "given", "clean"), TAKEN)
def test_a_value_is_taken_as(table: str, column: str, given: Any, clean: Any) -> None:
    value = only(by_rows(table, row(table, **{column: given})), column)
    assert value == clean
    assert type(value) is type(clean)


TIME = "it takes an ISO 8601 time such as '2026-05-31T12:00:00Z', from 1970-01-01 to 2149-06-06"
EPOCH = f"{TIME} (a bare number could mean seconds or milliseconds)."
AN_ID = "it takes a UUID such as '123e4567-e89b-12d3-a456-426614174000'."
COMMIT = "it takes a full commit id of 40 hexadecimal digits, or null."
POSITIVE = "it takes a number of 0 or more, or null."
AMOUNT = "it takes an amount from 0 up to, but not including, 1,000,000,000,000, or null."
OBJECT = "it takes a JSON object, or its text, of at most 1,000,000 bytes."
VERSION = "it takes a whole number from 0 to 65,535."
MESSAGE = "it takes text of at most 1,000,000 bytes, or null."
WORD = "it takes text of 1 to 1,000 bytes."

REFUSED: list[tuple[str, str, Any, str]] = [
    ("ui_events", "ts", 1_780_000_000, f"ts holds 1780000000; {EPOCH}"),
    ("ui_events", "ts", "1780000000", f"ts holds '1780000000'; {EPOCH}"),
    ("ui_events", "ts", "yesterday", f"ts holds 'yesterday'; {TIME}."),
    ("ui_events", "ts", "2200-01-01T00:00:00Z", f"ts holds '2200-01-01T00:00:00Z'; {TIME}."),
    ("ui_events", "ts", datetime(1969, 12, 31, tzinfo=UTC), f"ts holds 1969-12-31 00:00:00+00:00; {TIME}."),
    ("ui_events", "ts", "2026-W22-7", f"ts holds '2026-W22-7'; {TIME}."),
    ("ui_events", "ts", True, f"ts holds true; {TIME}."),
    (
        "session_stats",
        "hour",
        "2106-02-07T07:00:00Z",
        "hour holds '2106-02-07T07:00:00Z'; it takes an ISO 8601 time such as '2026-05-31T12:00:00Z', "
        "from 1970-01-01 to 2106-02-07.",
    ),
    ("ui_events", "session_id", "123", f"session_id holds '123'; {AN_ID}"),
    ("ui_events", "session_id", 5, f"session_id holds 5; {AN_ID}"),
    ("ui_events", "session_id", None, f"session_id is missing; {AN_ID}"),
    ("ui_events", "commit_sha", SHA[:7], f"commit_sha holds '3f78685'; {COMMIT}"),
    ("ui_events", "commit_sha", "", f"commit_sha holds empty text; {COMMIT}"),
    ("ui_events", "commit_sha", SHA[:-1] + "z", f"commit_sha holds '{SHA[:-1]}z'; {COMMIT}"),
    ("ui_events", "latency_ms", math.nan, f"latency_ms holds NaN; {POSITIVE}"),
    ("ui_events", "latency_ms", math.inf, f"latency_ms holds Infinity; {POSITIVE}"),
    ("ui_events", "latency_ms", -0.5, f"latency_ms holds -0.5; {POSITIVE}"),
    ("ui_events", "latency_ms", True, f"latency_ms holds true; {POSITIVE}"),
    ("ui_events", "latency_ms", "12 ms", f"latency_ms holds '12 ms'; {POSITIVE}"),
    ("ui_events", "latency_ms", 10**400, f"latency_ms holds a whole number of more than 40 digits; {POSITIVE}"),
    ("ui_events", "latency_ms", [1], f"latency_ms holds a list; {POSITIVE}"),
    ("ui_events", "schema_version", 65_536, f"schema_version holds 65536; {VERSION}"),
    ("ui_events", "schema_version", -1, f"schema_version holds -1; {VERSION}"),
    ("ui_events", "schema_version", 1.5, f"schema_version holds 1.5; {VERSION}"),
    ("ui_events", "event_type", "", f"event_type holds empty text; {WORD}"),
    ("ui_events", "event_type", "  ", f"event_type holds blank text; {WORD}"),
    ("ui_events", "event_type", 7, f"event_type holds 7; {WORD}"),
    ("ui_events", "event_type", "é" * 501, f"event_type holds '{'é' * 40}…' (1,002 bytes); {WORD}"),
    ("ui_events", "metadata", "{a: 1}", f"metadata holds '{{a: 1}}'; {OBJECT}"),
    ("ui_events", "metadata", "[1]", f"metadata holds '[1]'; {OBJECT}"),
    ("ui_events", "metadata", "", f"metadata holds empty text; {OBJECT}"),
    (
        "ui_events",
        "metadata",
        {"a": [math.nan]},
        f"metadata holds an object that JSON cannot hold (NaN or infinity); {OBJECT}",
    ),
    ("llm_events", "cost_usd", -1, f"cost_usd holds -1; {AMOUNT}"),
    ("llm_events", "cost_usd", 10**12, f"cost_usd holds 1000000000000; {AMOUNT}"),
    ("llm_events", "cost_usd", "12,50", f"cost_usd holds '12,50'; {AMOUNT}"),
    ("llm_events", "error_msg", "x" * 10_485_760, f"error_msg holds '{'x' * 40}…' (10,485,760 bytes); {MESSAGE}"),
    (
        "llm_events",
        "error_msg",
        "a\ud800b",
        f"error_msg holds text that is not valid UTF-8 (it has half of a surrogate pair); {MESSAGE}",
    ),
    ("llm_events", "error_msg", b"\xff\xfe", f"error_msg holds bytes that are not valid UTF-8; {MESSAGE}"),
    (
        "episodes",
        "confidence_score",
        1.01,
        "confidence_score holds 1.01; it takes a number from 0 to 1, or null.",
    ),
    (
        "episodes",
        "correlation_strength",
        -1.5,
        "correlation_strength holds -1.5; it takes a number from -1 to 1, or null.",
    ),
]


@pytest.mark.parametrize(("table", "column", "given", "sentence"), REFUSED)
def test_a_value_is_refused_with(table: str, column: str, given: Any, sentence: str) -> None:
    batch = by_rows(table, row(table, **{column: given}))
    assert refusal(batch) == sentence
    assert batch.rejected[0].field == column
    assert batch.rows == 0


@pytest.mark.parametrize(
    ("given", "clean"),
    [
        ("0.0000000005", "0"),  # half to even: down
        ("0.0000000015", "0.000000002"),  # half to even: up
        (Decimal("1.23456789012"), "1.234567890"),
        (0.1 + 0.2, "0.3"),
    ],
)
def test_an_amount_finer_than_nine_places_is_rounded_and_said(given: Any, clean: str) -> None:
    batch = by_rows("llm_events", row("llm_events", cost_usd=given))
    assert only(batch, "cost_usd") == Decimal(clean)
    assert batch.rounded == {"cost_usd": 1}


def test_an_hour_that_is_not_whole_is_cut_and_said() -> None:
    whole, part = "2026-05-31T12:00:00Z", "2026-05-31T12:59:59Z"
    batch = by_rows("session_stats", *(row("session_stats", hour=hour) for hour in (whole, part)))
    assert batch.data[batch.columns.index("hour")] == [MAY, MAY]
    assert batch.rounded == {"hour": 1}


def test_a_refusal_repeats_no_secret() -> None:
    batch = by_rows("ui_events", row("ui_events", session_id="bob@example.com password=hunter2"))
    assert refusal(batch).startswith("session_id holds '[email] password=[secret]'; ")


def test_what_is_shown_is_short_and_valid_text() -> None:
    for value in ("\ud800" * 500, object(), {1: 2}, 10**50, Decimal("1" * 80), b"\xff", "a\n" * 300, 1e-300):
        shown = show(value)
        shown.encode()
        assert len(shown) < 90
