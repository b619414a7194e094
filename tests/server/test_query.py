"""The `query` tool through the in-memory client, on both engines."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

import pytest
from mcp_types import CallToolResult, TextContent

from chimera_metrics.integrations.clickhouse_client import ClickHouseClient
from chimera_metrics.integrations.config import Settings

Call = Callable[..., CallToolResult]


def _text(result: CallToolResult) -> str:
    [content] = result.content
    assert isinstance(content, TextContent)
    return content.text


def test_a_query_answers_columns_rows_and_what_it_took(call: Call) -> None:
    result = call("query", sql="SELECT 1 AS one, 'a' AS letter")
    answer = result.structured_content
    assert answer is not None
    took = {name: answer.pop(name) for name in ("elapsed_ms", "rows_read", "bytes_read", "query_id")}
    assert answer == {
        "columns": [{"name": "one", "type": "UInt8"}, {"name": "letter", "type": "String"}],
        "rows": [[1, "a"]],
        "row_count": 1,
    }
    assert took["elapsed_ms"] > 0
    assert len(took["query_id"]) == 36


def test_the_text_is_the_structured_content_as_compact_json(call: Call) -> None:
    result = call("query", sql="SELECT 1")
    assert json.loads(_text(result)) == result.structured_content
    assert ": " not in _text(result)


EXACT: list[tuple[str, Any]] = [
    ("9007199254740992", 9007199254740992),
    ("9007199254740993", "9007199254740993"),
    ("toUInt64(18446744073709551615)", "18446744073709551615"),
    ("toInt64(-9223372036854775808)", "-9223372036854775808"),
    ("toDecimal64('0.100000', 6)", "0.100000"),
    ("toDecimal64('0.00000001', 8)", "0.00000001"),
    ("toDateTime64('2026-01-02 03:04:05.678', 3, 'UTC')", "2026-01-02T03:04:05.678Z"),
    ("toDateTime('2026-01-02 03:04:05', 'UTC')", "2026-01-02T03:04:05Z"),
    ("toDate('2026-01-02')", "2026-01-02"),
    ("toUUID('61f0c404-5cb3-11e7-907b-a6006ad3dba0')", "61f0c404-5cb3-11e7-907b-a6006ad3dba0"),
    ("[toUInt64(1), 18446744073709551615]", [1, "18446744073709551615"]),
    ("NULL", None),
    ("true", True),
]


@pytest.mark.parametrize(("expression", "value"), EXACT, ids=[text for text, _ in EXACT])
def test_json_keeps_every_digit(call: Call, expression: str, value: Any) -> None:
    answer = call("query", sql=f"SELECT {expression} AS value").structured_content
    assert answer is not None
    assert answer["rows"] == [[value]]


def test_nan_and_infinity_are_null_and_said(call: Call) -> None:
    answer = call("query", sql="SELECT nan AS a, inf AS b, 1.5 AS c").structured_content
    assert answer is not None
    assert answer["rows"] == [[None, None, 1.5]]
    assert answer["notes"] == [f"Column {name} holds NaN or infinity, shown as null." for name in "ab"]


def test_a_cut_result_says_why_and_how_to_get_the_rest(call: Call) -> None:
    answer = call("query", sql="SELECT number FROM numbers(1000000)", max_rows=2).structured_content
    assert answer is not None
    assert (answer["rows"], answer["row_count"], answer["truncated"]) == ([[0], [1]], 2, True)
    assert answer["truncated_reason"] == "Stopped at 2 rows; raise max_rows (at most 10000), filter, or aggregate."


def test_a_wide_result_is_cut_by_its_bytes(call: Call) -> None:
    answer = call("query", sql="SELECT repeat('x', 10000) FROM numbers(100)").structured_content
    assert answer is not None
    assert answer["row_count"] == 5
    assert answer["truncated_reason"].startswith("Stopped after 5 rows at 60000 bytes; ")


def test_parameters_are_bound_by_their_type(call: Call) -> None:
    result = call(
        "query",
        sql="SELECT {text:String} AS a, {list:Array(UInt8)} AS b, {when:DateTime64(3, 'UTC')} AS c, '{text:String}'",
        parameters={"text": "it's '); DROP TABLE x", "list": [1, 2], "when": "2026-01-02 03:04:05.678"},
    )
    answer = result.structured_content
    assert answer is not None
    assert answer["rows"] == [["it's '); DROP TABLE x", [1, 2], "2026-01-02T03:04:05.678Z", "{text:String}"]]


WRONG = [
    ({"sql": "SELECT 1; SELECT 2"}, "Several statements in one text; send them one by one, each without the others."),
    ({"sql": "INSERT INTO episodes (series) VALUES ('x')"}, "INSERT may not run here"),
    ({"sql": "SELECT nope FROM episodes"}, "Unknown column nope. episodes has: ts, run_id, series, "),
    ({"sql": "SELECT nope"}, "`describe` with a table's name lists its columns."),
    ({"sql": "SELECT e.latencyms FROM ui_events AS e"}, "Unknown column latencyms. Did you mean latency_ms? ui_events"),
    ({"sql": "SELECT model FROM ui_events"}, "schema_version. bench_runs, llm_events have model."),
    (
        {"sql": "SELECT quant FROM ui_events AS u JOIN llm_events AS l ON u.ts = l.ts"},
        "error_msg. bench_runs has quant.",
    ),
    ({"sql": "SELECT * FROM episode"}, "Did you mean 'episodes'?"),
    ({"sql": "SELECT {a:UInt8}"}, "Parameter a has no value; add it to `parameters` (given: none)."),
    ({"sql": "SELECT 1", "parameters": {"a": 1}}, "Parameter a is not in the statement; write it there as {a:String}"),
    (
        {"sql": "SELECT {t:Identifier}", "parameters": {"t": "x"}},
        "which is not a value's type such as String or UInt32.",
    ),
    ({"sql": "SELECT 1", "max_rows": 0}, "max_rows is 0: input should be greater than or equal to 1."),
    ({"sql": "SELECT 1", "max_rows": 20000}, "max_rows is 20000, but takes 1 to 10000 (MUSE_MAX_ROWS)."),
    ({"sql": "SELECT 1", "timeout_s": 1000}, "timeout_s is 1000, but takes a number above 0 and at most 30"),
    (
        {"sql": "SELECT 1", "colour": 5},
        "Unknown argument colour. query takes sql, parameters, max_rows, timeout_s, max_bytes, export.",
    ),
    ({"text": "SELECT 1"}, "Unknown argument text."),
    ({}, "query needs sql; it takes sql, parameters, max_rows, timeout_s, max_bytes, export."),
    ({"sql": "SELECT 'a\x00b'"}, "The statement holds a NUL character"),
    ({"sql": "  "}, "The statement is empty; send one SELECT, EXPLAIN, SHOW or DESCRIBE."),
]


@pytest.mark.parametrize(("arguments", "sentence"), WRONG, ids=[sentence[:40] for _, sentence in WRONG])
def test_a_mistake_in_the_call_is_one_sentence(call: Call, arguments: dict[str, Any], sentence: str) -> None:
    result = call("query", **arguments)
    assert result.is_error
    assert sentence in _text(result)
    assert "\n" not in _text(result)
    assert "Traceback" not in _text(result)


def test_explain_shows_the_statement_and_no_other(call: Call) -> None:
    answer = call("query", sql="EXPLAIN SYNTAX SELECT count() FROM ui_events").structured_content
    assert answer is not None
    assert answer["rows"] == [["SELECT count()\nFROM ui_events"]]
    assert "notes" not in answer
    answer = call("query", sql="EXPLAIN SELECT count() FROM ui_events", max_rows=1).structured_content
    assert answer is not None
    assert (answer["row_count"], answer["truncated"]) == (1, True)


def test_lists_and_objects_sent_as_json_text_are_read(call: Call) -> None:
    answer = call("query", sql="SELECT {a:UInt8} AS a", parameters='{"a": 3}').structured_content
    assert answer is not None
    assert answer["rows"] == [[3]]


def test_json_text_is_read_a_level_down_too(call: Call) -> None:
    filters = [{"column": "event_type", "op": "in", "values": '["error", "overlay_open"]'}]
    for given in (filters, json.dumps(filters), [json.dumps(filters[0])]):
        answer = call("query.aggregate", metrics=["ui.events"], filters=given)
        assert not answer.is_error, _text(answer)
    answer = call("query.aggregate", metrics=["ui.events"], filters=[{"column": "event_type", "value": '["error"]'}])
    assert not answer.is_error, "a text stays one"


def test_nanoseconds_that_are_not_shown_are_said(call: Call) -> None:
    nine = "toDateTime64('2026-01-02 03:04:05.123456489', 9, 'UTC')"
    answer = call("query", sql=f"SELECT {nine} AS t, [{nine}] AS l, toString(t) AS s").structured_content
    assert answer is not None
    assert answer["rows"] == [["2026-01-02T03:04:05.123456Z", ["2026-01-02T03:04:05.123456Z"], answer["rows"][0][2]]]
    assert answer["rows"][0][2].endswith(".123456489")
    assert answer["notes"] == ["Times in t, l are shown to the microsecond; toString(column) has every digit."]


@pytest.mark.parametrize("sql", ["SHOW TABLES LIKE 'zz'", "SHOW COLUMNS FROM episodes LIKE 'zz'"])
def test_an_empty_list_has_its_columns(call: Call, sql: str) -> None:
    answer = call("query", sql=sql).structured_content
    assert answer is not None
    assert answer["rows"] == []
    assert [column["name"] for column in answer["columns"]][:1] in (["name"], ["field"])


def test_the_caller_s_own_time_limit_is_named(call: Call) -> None:
    heavy = "SELECT sum(cityHash64(number)) FROM numbers(100000000000)"
    assert "or raise timeout_s (at most CH_TIMEOUT)" in _text(call("query", sql=heavy, timeout_s=0.3))


def test_explain_estimate_answers_rows_bytes_and_the_share_of_the_table(call: Call, store: Settings) -> None:
    """Two days of 100 rows: a window of one day reads half the table. Its parts are small, so whole rows count."""
    size = "SELECT sum(data_uncompressed_bytes) FROM system.parts WHERE active AND table = 'ui_events'"
    with ClickHouseClient(store.clickhouse, store.muse) as client:
        for day in (1, 2):
            row = {"ts": datetime(2026, 5, day, tzinfo=UTC), "event_type": "query_submit"}
            client.insert_ui_events([row | {"session_id": str(UUID(int=n))} for n in range(100)])
        stored = client.executor.scalar(f"{size} AND database = currentDatabase()")
    statement = "SELECT latency_ms FROM ui_events WHERE ts >= toDateTime('2026-05-02 00:00:00', 'UTC')"
    answer = call("query", sql=f"EXPLAIN ESTIMATE {statement}").structured_content
    assert answer is not None
    names = [column["name"] for column in answer["columns"]]
    assert names == ["database", "table", "parts", "rows", "marks", "bytes", "percent_of_table"]
    [row] = (dict(zip(names, values, strict=True)) for values in answer["rows"])
    assert (row["table"], row["rows"], row["bytes"], row["percent_of_table"]) == ("ui_events", 100, stored / 2, 50.0)
    assert "at most" in answer["notes"][-1]


def test_an_estimate_of_nothing_says_so(call: Call) -> None:
    answer = call("query", sql="EXPLAIN ESTIMATE SELECT count() FROM ui_events").structured_content
    assert answer is not None
    assert (answer["rows"], answer["notes"][0][:39]) == ([], "No part of a table would be read: the t")


def test_a_statement_that_would_read_more_than_max_bytes_is_refused(call: Call) -> None:
    statement = "SELECT sum(number) AS total FROM numbers(100000)"
    refused = call("query", sql=statement, max_bytes=1000)
    assert refused.is_error
    assert _text(refused).startswith(
        "The statement would read more than 1,000 bytes (max_bytes) and was refused; narrow"
    )
    answer = call("query", sql=statement, max_bytes=10_000_000).structured_content
    assert answer is not None
    assert answer["rows"] == [[4999950000]]
    assert answer["bytes_read"] <= 10_000_000
