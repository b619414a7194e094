"""Names and forms of arguments as other programs have them: read into what the schema says, before any tool runs."""

from __future__ import annotations

from typing import Any

import pytest

from chimera_metrics.integrations.errors import InvalidInput
from chimera_metrics.server.catalog.arguments import read_arguments
from chimera_metrics.server.catalog.tools import all_tools

TOOLS = {tool.name: tool.arguments for tool in all_tools()}
CALLS = {"metrics": ["llm.calls"]}
OPUS = {"column": "model", "op": "=", "value": "opus"}


def read(tool: str, given: dict[str, Any]) -> dict[str, Any]:
    """What was given or follows from it, without defaults."""
    return read_arguments(tool, TOOLS[tool], given).model_dump(exclude_defaults=True, exclude_none=True)


MEANT: list[tuple[str, dict[str, Any], dict[str, Any]]] = [
    ("query.aggregate", {"metrics": "llm.calls", "groupBy": ["model"]}, {**CALLS, "group_by": ["model"]}),
    ("query.aggregate", {"metric": "llm.calls", "dimensions": "model"}, {**CALLS, "group_by": ["model"]}),
    (
        "query.aggregate",
        {**CALLS, "where": {"model": "opus"}},
        {**CALLS, "filters": [{"column": "model", "value": "opus"}]},
    ),
    (
        "query.aggregate",
        {**CALLS, "start": "2026-05-01", "end": "now"},
        {**CALLS, "since": "2026-05-01", "until": "now"},
    ),
    ("query.aggregate", {**CALLS, "startDate": "2026-05-01"}, {**CALLS, "since": "2026-05-01"}),
    ("query.aggregate", {**CALLS, "since": 1793000000}, {**CALLS, "since": "1793000000"}),
    ("query.aggregate", {**CALLS, "weeks": 2}, {**CALLS, "days": 14}),
    ("query.aggregate", {**CALLS, "days": "7d"}, {**CALLS, "days": 7}),
    ("query.aggregate", {**CALLS, "days": "last 2 weeks"}, {**CALLS, "days": 14}),
    ("query.aggregate", {**CALLS, "last": "30 days"}, {**CALLS, "days": 30}),
    ("query.aggregate", {**CALLS, "hours": "6h"}, {**CALLS, "hours": 6}),
    ("query.aggregate", {**CALLS, "order_by": "-calls"}, {**CALLS, "order_by": "calls", "descending": True}),
    ("query.aggregate", {**CALLS, "sort": "calls desc"}, {**CALLS, "order_by": "calls", "descending": True}),
    (
        "query.aggregate",
        {**CALLS, "orderBy": "calls", "order": "DESC"},
        {**CALLS, "order_by": "calls", "descending": True},
    ),
    (
        "query.aggregate",
        {**CALLS, "order_by": [{"column": "calls", "direction": "desc"}]},
        {**CALLS, "order_by": "calls", "descending": True},
    ),
    ("query.aggregate", {**CALLS, "export": "CSV"}, {**CALLS, "export": "csv"}),
    ("query.aggregate", {"arguments": {"metrics": "llm.calls"}}, CALLS),
    ("query.aggregate", {"input": '{"metrics": ["llm.calls"]}'}, CALLS),
    ("query.aggregate", {"metrics": [{"name": "llm.calls"}]}, CALLS),
    ("query.trend", {"metric": {"aggregate": "p95", "column": "t.c"}}, {"metric": "p95(t.c)"}),
    ("query.trend", {"metrics": [{"function": "avg", "table": "t", "field": "c"}]}, {"metric": "avg(t.c)"}),
    (
        "query.correlation",
        {"metrics": ["a.b", "c.d"], "method": "Spearman"},
        {"x": "a.b", "y": "c.d", "method": "spearman"},
    ),
    ("query", {"query": "SELECT 1", "params": {"n": 1}}, {"sql": "SELECT 1", "parameters": {"n": 1}}),
    ("query", {"statement": "SELECT 1", "limit": 5}, {"sql": "SELECT 1", "max_rows": 5}),
    ("query", {"sql": "SELECT 1", "timeout": 5}, {"sql": "SELECT 1", "timeout_s": 5.0}),
    ("describe", {"table_name": "ui_events"}, {"table": "ui_events"}),
    ("insert.episodes", {"records": [{"title": "a"}]}, {"rows": [{"title": "a"}]}),
]


@pytest.mark.parametrize(("tool", "given", "meant"), MEANT, ids=[f"{tool} {given}" for tool, given, _ in MEANT])
def test_an_argument_under_another_name_or_form_is_read_as_meant(tool: str, given: Any, meant: Any) -> None:
    assert read(tool, given) == meant


FILTERS: list[tuple[Any, list[dict[str, Any]]]] = [
    ("model = 'opus'", [OPUS]),
    ('model == "opus" AND latency_ms > 100', [OPUS, {"column": "latency_ms", "op": ">", "value": "100"}]),
    ("error_msg is not null", [{"column": "error_msg", "op": "is not null"}]),
    ("model not in ('a', 'b, c')", [{"column": "model", "op": "not in", "values": ["a", "b, c"]}]),
    ("model = 'Rock and Roll'", [{"column": "model", "op": "=", "value": "Rock and Roll"}]),
    (["model = opus", "status != success"], [OPUS, {"column": "status", "op": "!=", "value": "success"}]),
    (["model", "=", "opus"], [OPUS]),
    ([["model", "=", "opus"]], [OPUS]),
    ([{"field": "model", "operator": "eq", "value": "opus"}], [OPUS]),
    ({"model": {"op": "=", "value": "opus"}}, [OPUS]),
    ({"model": {"$eq": "opus"}}, [OPUS]),
    ({"latency_ms": {"gt": 100}}, [{"column": "latency_ms", "op": ">", "value": "100"}]),
    ({"latency_ms__gte": 100}, [{"column": "latency_ms", "op": ">=", "value": "100"}]),
    ({"and": [{"model": "opus"}]}, [OPUS]),
    (
        [{"column": "model", "op": "starts_with", "value": "op_"}],
        [{"column": "model", "op": "like", "value": "op\\_%"}],
    ),
    ([{"column": "model", "op": "contains", "value": "pu"}], [{"column": "model", "op": "like", "value": "%pu%"}]),
    ([{"column": "error_msg", "op": "is", "value": None}], [{"column": "error_msg", "op": "is null"}]),
    ([{"column": "error_msg", "op": "exists"}], [{"column": "error_msg", "op": "is not null"}]),
    (
        [{"column": "latency_ms", "op": "between", "values": [1, 2]}],
        [{"column": "latency_ms", "op": ">=", "value": "1"}, {"column": "latency_ms", "op": "<=", "value": "2"}],
    ),
]


@pytest.mark.parametrize(("filters", "meant"), FILTERS, ids=[str(filters) for filters, _ in FILTERS])
def test_filters_in_another_form_are_read_as_meant(filters: Any, meant: list[dict[str, Any]]) -> None:
    args = read_arguments("query.aggregate", TOOLS["query.aggregate"], {**CALLS, "filters": filters})
    assert [one.given() for one in args.filters] == meant  # type: ignore[attr-defined]


WRONG: list[tuple[str, dict[str, Any], str]] = [
    ("query.aggregate", {**CALLS, "days": True}, "days is true, but takes a number."),
    ("query.aggregate", {**CALLS, "days": "36h"}, "days is '36h'"),
    ("query.aggregate", {**CALLS, "minutes": 90}, "Unknown argument minutes. Write hours, or since such as -90m."),
    ("query.aggregate", {**CALLS, "timezone": "UTC"}, "Days follow the zone of the server, MUSE_TIMEZONE"),
    ("query.aggregate", {**CALLS, "interval": "day"}, "the length of a bucket is granularity."),
    ("query.aggregate", {**CALLS, "days": 7, "last_days": 7}, "Unknown argument last_days."),
    ("query.aggregate", {**CALLS, "filters": "model = a or model = b"}, "for `or` on one column use op in."),
    ("query.aggregate", {**CALLS, "filters": {"or": [{"model": "a"}]}}, "Rows must meet all filters. For any of"),
    (
        "query.aggregate",
        {**CALLS, "filters": [{"column": "ts", "op": "between", "value": 1}]},
        "needs two values, such",
    ),
    ("insert.episodes", {"title": "a"}, "Unknown argument title. Columns stand inside rows, a list of objects."),
]


@pytest.mark.parametrize(("tool", "given", "words"), WRONG, ids=[words for _, _, words in WRONG])
def test_what_has_no_one_meaning_is_answered_with_the_right_form(tool: str, given: Any, words: str) -> None:
    with pytest.raises(InvalidInput) as refusal:
        read(tool, given)
    assert words in str(refusal.value)


@pytest.mark.parametrize("blank", [None, "", " ", [], {}, [None], [""]])
def test_an_optional_argument_that_is_empty_is_left_out(blank: Any) -> None:
    """Hosts that cannot leave one out send something empty for it."""
    names = ("filters", "group_by", "since", "until", "order_by", "export", "days", "limit", "granularity")
    assert read("query.aggregate", {**CALLS, **dict.fromkeys(names, blank)}) == CALLS
    assert read("get.performance_summary", {"days": 7, "model": blank, "dataset": blank}) == {"days": 7}
    assert read("query", {"sql": "SELECT 1", "parameters": blank, "export": blank}) == {"sql": "SELECT 1"}
    assert read("query.aggregate", {**CALLS, "filters": [{}]}) == CALLS


def test_a_needed_argument_that_is_empty_is_missed() -> None:
    for tool, given in (
        ("query.aggregate", {"metrics": []}),
        ("query", {"sql": None}),
        ("insert.episodes", {"rows": None}),
    ):
        with pytest.raises(InvalidInput):
            read(tool, given)
    with pytest.raises(InvalidInput, match="idempotency_key is ''"):
        read("insert.episodes", {"rows": [{}], "idempotency_key": ""})
    asked = read("query.aggregate", {**CALLS, "filters": [{"column": "model", "value": ""}]})
    assert asked["filters"] == [{"column": "model", "value": ""}], "an empty text is a value"
