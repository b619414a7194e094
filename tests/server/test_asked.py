"""A question's arguments are said once: the tool, the client's method and `analytics` take what its class says."""

from __future__ import annotations

import inspect
from dataclasses import fields
from datetime import UTC, datetime
from typing import Any

import pytest

from chimera_metrics import analytics
from chimera_metrics.analytics import CompareArguments, QuestionError, window_of
from chimera_metrics.analytics.questions.asked import AskedWith
from chimera_metrics.analytics.questions.by_name import given, taken
from chimera_metrics.integrations.clickhouse_client import ClickHouseClient
from chimera_metrics.integrations.questions.asked import ExportedAggregate
from chimera_metrics.server.catalog.asked import asked_of
from chimera_metrics.server.catalog.tools import all_tools

QUESTIONS: dict[str, tuple[type[AskedWith], str]] = {
    "query.aggregate": (ExportedAggregate, "aggregate"),
    "query.correlation": (analytics.CorrelationArguments, "correlate"),
    "query.trend": (analytics.TrendArguments, "trend"),
    "query.compare": (CompareArguments, "compare"),
    "query.drivers": (analytics.DriversArguments, "drivers"),
    "query.forecast": (analytics.ForecastArguments, "forecast"),
    "query.anomalies": (analytics.AnomaliesArguments, "anomalies"),
    "get.trend_data": (analytics.TrendDataArguments, "get_trend_data"),
    "get.correlation_data": (analytics.CorrelationDataArguments, "get_correlation_data"),
    "get.performance_summary": (analytics.PerformanceArguments, "get_performance_summary"),
    "get.quality_metrics": (analytics.QualityArguments, "get_quality_metrics"),
}
TOOLS = {tool.name: tool for tool in all_tools()}
WINDOW = window_of(now=datetime(2026, 6, 10, 12, tzinfo=UTC), days=7)
SAME_MODEL = {"group_by": "model", "filters": [{"column": "model", "op": "=", "value": "opus"}]}


@pytest.mark.parametrize(("tool", "kind"), [(tool, kind) for tool, (kind, _) in QUESTIONS.items()])
def test_a_tool_takes_what_the_question_is_asked_with(tool: str, kind: type[AskedWith]) -> None:
    of_tool = TOOLS[tool].arguments.model_fields
    said = {parameter.name: argument for parameter, argument in taken(kind)}
    assert set(of_tool) == {*said, "include_sql"}
    for parameter, argument in taken(kind):
        field = of_tool[parameter.name]
        assert argument.meaning
        assert field.description
        assert field.is_required() == (parameter.default is parameter.empty), parameter.name
        if not field.is_required():
            default = field.get_default(call_default_factory=True)
            assert default == parameter.default or default == [] == list(parameter.default or ()), parameter.name


@pytest.mark.parametrize(("kind", "method"), QUESTIONS.values())
def test_a_method_shows_the_arguments_in_their_order(kind: type[AskedWith], method: str) -> None:
    asks = getattr(ClickHouseClient, method)
    assert asks.__doc__ == kind.__doc__
    shown = list(inspect.signature(asks).parameters.values())[1:]
    assert [(one.name, one.default, one.kind) for one in shown] == [
        (one.name, one.default, one.kind) for one, _ in taken(kind)
    ]


def test_what_a_tool_was_given_reaches_the_question() -> None:
    sent = {"metrics": "llm.calls", "days": 3, "filters": {"model": "opus"}, "include_sql": True}
    asked = asked_of(CompareArguments, TOOLS["query.compare"].read(sent))
    told = CompareArguments(["llm.calls"], 3, filters=[{"column": "model", "op": "=", "value": "opus"}])
    assert {**given(asked), "group_by": (), "a_filters": (), "b_filters": ()} == given(told)


def test_analytics_takes_the_object_or_its_arguments_by_name() -> None:
    by_name = analytics.compare("llm.calls", window=WINDOW, **SAME_MODEL)
    whole: dict[str, Any] = {**SAME_MODEL, "days": 30}
    by_object = analytics.compare(CompareArguments("llm.calls", **whole), window=WINDOW)
    assert str(by_name.second.by_day.select) == str(by_object.second.by_day.select)


def test_analytics_takes_no_window_in_words_by_name() -> None:
    with pytest.raises(TypeError, match="unexpected keyword argument 'days'"):
        analytics.compare("llm.calls", days=7, window=WINDOW)


def test_arguments_do_not_change_once_made() -> None:
    asked = CompareArguments("llm.calls")
    for field in fields(CompareArguments):
        with pytest.raises(AttributeError):
            setattr(asked, field.name, None)


@pytest.mark.parametrize("kind", [analytics.AggregateArguments, ExportedAggregate])
def test_an_object_asks_what_the_method_asks(client: ClickHouseClient, kind: type[AskedWith]) -> None:
    asked: Any = kind
    found = client.ask(asked("llm.calls", "model", granularity="week"))
    assert found["sql"] == client.aggregate("llm.calls", "model", granularity="week")["sql"]


def test_what_is_no_question_is_refused_in_a_sentence(client: ClickHouseClient) -> None:
    not_asked: Any = "llm.calls"
    with pytest.raises(QuestionError, match=r"^`asked` is str; it takes .*CompareArguments"):
        client.ask(not_asked)
