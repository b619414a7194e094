"""Statements that parse, but mean what they mean in another database: the error says what to write."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from chimera_metrics.integrations.clickhouse_client import ClickHouseClient
from chimera_metrics.integrations.config import ClickHouseSettings
from chimera_metrics.integrations.errors import StatementFailed


@pytest.fixture(scope="module")
def reader(embedded: ClickHouseSettings) -> Iterator[ClickHouseClient]:
    with ClickHouseClient(embedded) as made:
        # Only where rows are does the engine compare a time of the index with a text.
        made.insert_ui_event({"session_id": "6f1c1c9e-6d0e-4a55-9d5e-0b2f3a1c4d5e", "event_type": "error"})
        yield made


FAILED = [
    ("SELECT 1 FROM ui_events WHERE ts > '2026-11-01T00:00:00Z'", "Write '2026-11-01 08:30:00' (UTC) or parseDateTime"),
    ("SELECT 1 FROM ui_events WHERE ts > '2026-11-01 00:00'", "Write '2026-11-01 08:30:00' (UTC)"),
    ("SELECT 1 FROM ui_events WHERE ts > 'yesterday'", "Write '2026-11-01 08:30:00' (UTC)"),
    ("SELECT 1 FROM ui_events WHERE toDate(ts) = '2026-11-01T00:00:00Z'", "Write '2026-11-01', or toDate("),
    ("SELECT DATE_TRUNC(ts, DAY) FROM ui_events", "A unit of time comes first and as text: dateTrunc('day', ts)"),
    ("SELECT TIMESTAMP_DIFF(now(), ts, HOUR) FROM ui_events", "A unit of time comes first and as text"),
    ("SELECT 1 FROM ui_events WHERE ROWNUM <= 5", "Write LIMIT 10."),
    ('SELECT 1 FROM ui_events WHERE event_type = "error"', "If it is text, write 'error' in single quotes."),
    ("SELECT ISNULL(latency_ms, 0) FROM ui_events", "Write ifNull(x, y)."),
    ("SELECT 'a' + 'b'", "Write a || b."),
    ("SELECT event_type + 1 FROM ui_events", "Write toFloat64(text), or a || b to join texts."),
    ("SELECT time_bucket(INTERVAL '1 hour', ts) FROM ui_events", "Write toStartOfInterval(ts, INTERVAL 15 MINUTE)."),
    ("SELECT TRUNC(ts) FROM ui_events", "Write dateTrunc('month', ts)."),
    ("SELECT dateadd('day', -7, now())", "Write ts + INTERVAL 7 DAY."),
    ("SELECT age(now(), ts) FROM ui_events", "Write dateDiff('second', a, b)."),
    ("SELECT string_agg(DISTINCT model, ',') FROM llm_events", "Write arrayStringConcat(groupUniqArray(x), ', ')."),
    ("SELECT metadata->'key' FROM ui_events", "Write JSONExtractString(metadata, 'key')."),
    ("SELECT CAST(NULL AS INTEGER)", "Write CAST(x AS Nullable(Float64))."),
    ("SELECT CAST('5' AS NUMBER(10, 2))", "Write Int64, Float64, Decimal(18, 6), String,"),
    ("SELECT now() - '7 days'::interval", "Write now() - INTERVAL 7 DAY."),
    (
        "SELECT row_number() OVER (ORDER BY ts) AS n FROM ui_events WHERE n = 1",
        "Write a subquery around it, or QUALIFY",
    ),
    ("SELECT 1 % 0", "Write x / nullIf(y, 0)."),
    ("SELECT DATEDIFF(now(), ts) FROM ui_events", "Write dateDiff('day', a, b)."),
    ("SELECT metadata['page'] FROM ui_events", "Write JSONExtractString(metadata, 'key')."),
    ("SELECT 1 FROM ui_events WHERE event_type = ANY('{a,b}')", "Write has(['a', 'b'], x), or x IN ('a', 'b')."),
    ("SELECT 1 FROM ui_events WHERE ts > SYSDATE - 7", "Write now()."),
    ("SELECT date('now')", "Write now() or today()."),
    ("SELECT model, count(*) FROM llm_events", "Write it into GROUP BY too, or any(x)"),
    ("SELECT 1 FROM ui_events WHERE latency_ms > $1", "Write {name:Type} for a value"),
]


@pytest.mark.parametrize(("sql", "words"), FAILED, ids=[sql for sql, _ in FAILED])
def test_what_the_engine_does_not_take_is_answered_with_what_it_takes(
    sql: str, words: str, reader: ClickHouseClient
) -> None:
    with pytest.raises(StatementFailed) as failure:
        reader.query(sql)
    assert words in str(failure.value)
    assert "__table" not in str(failure.value)
