"""Arguments as people and models write them: a plain meaning is taken, all else is answered with the right form."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from mcp_types import CallToolResult, TextContent

Call = Callable[..., CallToolResult]
DAY = {"since": "2026-05-01", "until": "2026-05-02"}
COUNT = "count(llm_events)"


def _text(result: CallToolResult) -> str:
    [content] = result.content
    assert isinstance(content, TextContent)
    return content.text


@pytest.fixture
def stored(call: Call) -> Call:
    """Four calls: two of opus, of which one failed with words, one of haiku, one of GPT."""
    rows = [
        {"ts": "2026-05-01T08:00:00Z", "model": "opus", "status": "success", "latency_ms": 100},
        {"ts": "2026-05-01T09:00:00Z", "model": "opus", "status": "failure", "error_msg": "late", "latency_ms": 200},
        {"ts": "2026-05-01T10:00:00Z", "model": "haiku", "status": "success", "latency_ms": 300},
        {"ts": "2026-05-01T11:00:00Z", "model": "GPT-4o", "status": "success", "latency_ms": 400},
    ]
    same = {"source": "council", "operation": "draft", "tokens_in": 1, "tokens_out": 1, "cost_usd": "0.01"}
    answer = call("insert.llm_events", rows=[row | same for row in rows])
    assert answer.structured_content is not None, _text(answer)
    assert answer.structured_content["inserted"] == 4
    return call


FILTERS: list[tuple[Any, int]] = [
    ({"column": "model", "op": "=", "value": "opus"}, 2),
    ({"model": "opus"}, 2),
    ({"model": "opus", "status": "failure"}, 1),
    ([{"model": "opus"}, {"status": "success"}], 1),
    ({"model": ["opus", "haiku"]}, 3),
    ({"error_msg": None}, 3),
    ('{"model": "opus"}', 2),
    ([{"column": "model", "op": "==", "value": "opus"}], 2),
    ([{"column": "model", "op": "<>", "value": "opus"}], 2),
    ([{"column": "model", "op": "IN", "values": ["opus"]}], 2),
    ([{"column": "model", "op": "in", "value": ["opus", "haiku"]}], 3),
    ([{"column": "model", "op": "in", "value": "opus"}], 2),
    ([{"column": "model", "op": "in", "values": "opus"}], 2),
    ([{"column": "model", "value": ["opus", "haiku"]}], 3),
    ([{"column": "model", "op": "NOT IN", "values": ["opus"]}], 2),
    ([{"column": "model", "op": "not_in", "value": ["opus"]}], 2),
    ([{"column": "model", "op": "LIKE", "value": "op%"}], 2),
    ([{"column": "model", "op": "not like", "value": "op%"}], 2),
    ([{"column": "model", "op": "ilike", "value": "gpt%"}], 1),
    ([{"column": "error_msg", "op": "is null"}], 3),
    ([{"column": "error_msg", "op": "IS NULL", "value": ""}], 3),
    ([{"column": "error_msg", "op": "is not null", "value": None, "values": []}], 1),
    ([{"column": "latency_ms", "op": "gte", "value": 300}], 2),
    ([{"column": "latency_ms", "op": ">", "value": "100", "values": []}], 3),
]


@pytest.mark.parametrize(("filters", "count"), FILTERS, ids=[str(filters) for filters, _ in FILTERS])
def test_a_filter_in_another_form_keeps_the_rows_that_it_means(stored: Call, filters: Any, count: int) -> None:
    answer = stored("query.aggregate", metrics=[COUNT], filters=filters, **DAY)
    assert answer.structured_content is not None, _text(answer)
    assert answer.structured_content["rows"] == [[count]]


ARGUMENTS: list[tuple[dict[str, Any], dict[str, Any]]] = [
    ({"metrics": "llm.calls"}, {"metrics": ["llm.calls"]}),
    ({"metrics": "llm.calls, llm.cost_usd"}, {"metrics": ["llm.calls", "llm.cost_usd"]}),
    (
        {"metrics": "rate(llm_events.model == opus), llm.calls"},
        {"metrics": ["rate(llm_events.model = opus)", "llm.calls"]},
    ),
    ({"metrics": ["llm.calls"], "group_by": "model"}, {"metrics": ["llm.calls"], "group_by": ["model"]}),
    (
        {"metrics": ["llm.calls"], "group_by": "source,model"},
        {"metrics": ["llm.calls"], "group_by": ["source", "model"]},
    ),
    *(
        ({"metrics": ["llm.calls"], "granularity": word}, {"metrics": ["llm.calls"], "granularity": plain})
        for word, plain in (("hourly", "hour"), ("Daily", "day"), ("weeks", "week"), ("MONTHLY", "month"))
    ),
]


@pytest.mark.parametrize(("given", "meant"), ARGUMENTS, ids=[str(given) for given, _ in ARGUMENTS])
def test_an_argument_in_another_form_answers_alike(stored: Call, given: Any, meant: Any) -> None:
    said, expected = stored("query.aggregate", **given, **DAY), stored("query.aggregate", **meant, **DAY)
    assert said.structured_content is not None, _text(said)
    assert expected.structured_content is not None
    assert said.structured_content["rows"] == expected.structured_content["rows"] != []


def test_the_trend_and_its_words_take_the_same_forms(stored: Call) -> None:
    asked = {"metric": ["llm.calls"], "group_by": ["model"], "granularity": "hourly", "filters": {"model": "opus"}}
    answer = stored("query.trend", **asked, **DAY).structured_content
    assert answer is not None
    assert answer["filters"] == ["model = opus"]
    assert [one["group"] for one in answer["series"]] == ["opus"]
    assert stored("get.trend_data", metric="llm.calls", granularity="Daily", days=1).is_error is False
    sides = {"x": "llm.calls", "y": "llm.latency_p50_ms", "x_filters": {"model": "opus"}, "granularity": "hourly"}
    assert stored("query.correlation", **sides, **DAY).is_error is False


def test_one_row_stands_without_a_list(call: Call) -> None:
    answer = call("insert.watcher_runs", rows={"status": "valid", "lag_seconds": 1.5}).structured_content
    assert answer is not None
    assert answer["inserted"] == 1


@pytest.mark.parametrize(
    "sql",
    ["```sql\nSELECT 7\n```", "```\nSELECT 7;\n```", "  ```SQL\nSELECT 7\n```\n", "```SELECT 7```"],
)
def test_sql_in_a_code_fence_runs(call: Call, sql: str) -> None:
    answer = call("query", sql=sql)
    assert answer.structured_content is not None, _text(answer)
    assert answer.structured_content["rows"] == [[7]]


MISTAKES: list[tuple[str, dict[str, Any], str]] = [
    ("query.aggregate", {"metrics": 5}, 'Write it such as ["llm.calls"].'),
    ("query.aggregate", {"metrics": ["llm.calls"], "filters": "model is opus or not"}, 'such as [{"column": "model"'),
    ("query.aggregate", {"metrics": ["llm.calls"], "filters": [{"modl": "opus"}]}, "Unknown argument modl."),
    (
        "query.aggregate",
        {"metrics": ["llm.calls"], "filters": [{"column": "model", "op": "in", "value": "a, b"}]},
        '"op": "in", "values": ["a", "b"]}',
    ),
    (
        "query.aggregate",
        {"metrics": ["llm.calls"], "filters": [{"column": "model", "op": "~", "value": "a"}]},
        "'not in', 'like', 'not like', 'ilike', 'is null' or 'is not null'",
    ),
    ("query.aggregate", {"metrics": ["llm.calls"], "granularity": "1m"}, "granularity is '1m', but takes 'none', "),
    ("query", {"sql": "SELECT 1", "timeout_s": 0}, "timeout_s is 0, but takes a number above 0"),
    ("query", {"sql": "SELECT 1", "parameters": "n=1"}, 'Write it such as {"model": "gpt-4o"}.'),
    ("insert.watcher_runs", {"rows": "valid"}, "Write it such as [{"),
]


@pytest.mark.parametrize(("tool", "arguments", "sentence"), MISTAKES, ids=[words for _, _, words in MISTAKES])
def test_what_has_no_plain_meaning_is_answered_with_the_right_form(
    call: Call, tool: str, arguments: dict[str, Any], sentence: str
) -> None:
    answer = call(tool, **arguments)
    assert answer.is_error
    assert sentence in _text(answer)


def test_a_left_join_without_a_match_has_nulls_throughout(call: Call) -> None:
    joined = (
        "SELECT a.number, b.model FROM numbers(2) AS a LEFT JOIN (SELECT 1 AS n, 'opus' AS model) AS b "
        "ON a.number = b.n ORDER BY a.number"
    )
    assert call("query", sql=joined).structured_content["rows"] == [[0, None], [1, "opus"]]
    own = call("query", sql=f"{joined} SETTINGS join_use_nulls = 0").structured_content
    assert own is not None
    assert own["rows"] == [[0, ""], [1, "opus"]]
