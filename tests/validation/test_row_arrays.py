"""Many rows by arrays: whatever a stretch lacks, mixes or has too much, it is as by rows."""

from __future__ import annotations

from typing import Any

import pytest

from chimera_metrics.integrations.validation.row_arrays import RowArrays
from tests.validation.paths import ID, NOW, assert_same, by_rows, in_stretches, row


def event(**values: Any) -> dict[str, Any]:
    return row("ui_events", **{"ts": "2026-06-01 12:00:00"} | values)


@pytest.mark.parametrize(
    "given",
    [
        [event(), event(latency_ms=1.5), event(), event(user_agent="curl/8"), event(latency_ms=2)],
        [event(latency_ms=1), event(latency_ms=2.5), event(latency_ms=None), event(latency_ms="3"), event()],
        [event(latency_ms=-1), event(latency_ms=-1.0), event(latency_ms=True), event(latency_ms=[1]), event()],
        [event(nothing=1), event(schema_version=2**70), event(), event(event_type="\ud800"), event(event_type=7)],
        [event(metadata={"a": None, "mail": "bob@example.com"}), event(metadata='{"b": 1}'), event(metadata=3)],
        [event(), 7, None, event(session_id=None), event(session_id="x"), {}, {"session_id": ID}],
        [event(ts="2026-02-30 12:00:00"), event(ts="2026-06-01T12:00:00.123Z"), event(ts=NOW), event(ts=1.5)],
        [event(ts=f"2026-06-01{apart}12:00:00{rest}") for apart in "T " for rest in ("", "Z", ".123", ".123456Z")],
    ],
)
def test_many_rows_are_as_rows(given: list[Any]) -> None:
    for size in (1, 2, len(given)):
        assert_same(in_stretches("ui_events", given, size), by_rows("ui_events", *given))


def test_no_rows_are_a_table_of_none() -> None:
    found = RowArrays("ui_events").validated(now=NOW)
    assert (found.rows, found.rejected, found.data.column_names) == (0, [], ["ts", "session_id", "event_type"])
