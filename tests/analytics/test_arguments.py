"""Arguments in another form: one with a plain meaning is taken, any other is a QuestionError."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, date, datetime
from typing import Any

import pytest

from chimera_metrics.analytics import (
    QuestionError,
    aggregate,
    correlation,
    filters_of,
    metric_of,
    metrics_of,
    series,
    trend,
    window_of,
)
from chimera_metrics.models import FACT_TABLES

NOW = datetime(2026, 6, 1, 12, tzinfo=UTC)
WINDOW = window_of(now=NOW, days=7)
ONE = {"column": "model", "op": "=", "value": "opus"}

# Any, because a type checker would refuse each of these, and callers in a notebook have none.
ask: Any = lambda **named: aggregate(**{"metrics": ["llm.calls"], "window": WINDOW} | named)  # noqa: E731
draw: Any = lambda **named: series(**{"metric": "llm.calls", "window": WINDOW} | named)  # noqa: E731
reach: Any = lambda **named: window_of(now=NOW, **named)  # noqa: E731

MISTAKES: dict[str, tuple[Callable[[], Any], str]] = {
    "a number as metric": (lambda: metric_of(5), "`metric` takes text, such as 'llm.error_rate'; this is int."),  # type: ignore[arg-type]
    "no metrics": (lambda: metrics_of(None), "`metrics` takes a name or a list of names; this is NoneType."),  # type: ignore[arg-type]
    "a mapping of metrics": (lambda: ask(metrics={"a": 1}), "`metrics` takes a name or a list of names; this is dict."),
    "a number as group": (lambda: ask(group_by=3), "`group_by` takes a name or a list of names; this is int."),
    "a list with a number": (lambda: ask(group_by=[3]), "`group_by` takes names, and 3 is int."),
    "three groups of a series": (
        lambda: draw(group_by=["model", "source", "status"]),
        "`group_by` takes one or two columns here, not 3: model, source, status.",
    ),
    "text as limit": (lambda: ask(limit="ten"), "`limit` takes a whole number; this is 'ten'."),
    "half a group": (lambda: ask(limit=1.5), "`limit` takes a whole number; this is 1.5."),
    "text as days": (lambda: reach(days="week"), "`days` takes a whole number; this is 'week'."),
    "no number of days": (lambda: reach(days=float("nan")), "`days` takes a whole number; this is nan."),
    "a number as time": (lambda: reach(since=5), "`since` takes a time or text; this is int. Write ISO 8601"),
    "text as filter": (
        lambda: ask(filters=["model"]),
        "`filters` is the text 'model', which is no list of conditions joined by `and`.",
    ),
    "a number as filters": (lambda: ask(filters=7), "`filters` takes a list of {column, op, value}; this is int."),
    "a number as granularity": (lambda: ask(granularity=1), "Unknown granularity '1'."),
    "a number to order by": (lambda: ask(order_by=3), "`order_by` takes text, such as 'llm.calls'; this is int."),
    "a list to order by": (
        lambda: ask(order_by=["calls"]),
        "`order_by` takes text, such as 'llm.calls'; this is list.",
    ),
    "a side that is none": (
        lambda: correlation(None, "llm.calls", window=WINDOW),  # type: ignore[call-overload]
        "`metric` takes text, such as 'llm.error_rate'; this is NoneType.",
    ),
}


@pytest.mark.parametrize(("mistake", "sentence"), list(MISTAKES.values()), ids=list(MISTAKES))
def test_another_type_is_one_sentence(mistake: Callable[[], Any], sentence: str) -> None:
    with pytest.raises(QuestionError) as caught:
        mistake()
    assert str(caught.value).startswith(sentence)


@pytest.mark.parametrize("group_by", ["model", ["model"], ("model",), {"model": 1}.keys()], ids=str)
def test_one_name_may_stand_without_a_list_and_in_one(group_by: Any) -> None:
    assert ask(group_by=group_by).names("group") == ["model"]


@pytest.mark.parametrize("group_by", ["model", ["model"], ("model",)], ids=str)
def test_a_series_takes_its_one_group_in_a_list(group_by: Any) -> None:
    assert draw(group_by=group_by).names("group") == ["model"]
    behind = trend("bench.latency_p95_ms", window=WINDOW, group_by=group_by).commits
    assert behind is not None
    assert behind.selected_columns.keys()[0] == "model"


@pytest.mark.parametrize("nothing", [None, [], (), ""], ids=repr)
def test_nothing_is_no_group(nothing: Any) -> None:
    assert ask(group_by=nothing).names("group") == draw(group_by=nothing).names("group") == []


def test_metrics_come_from_any_iterable() -> None:
    assert ask(metrics=iter(["llm.calls"])).names("metric") == ["calls"]


def test_one_filter_may_stand_without_a_list() -> None:
    table = FACT_TABLES["llm_events"]
    given: Any = ONE
    nothing: Any = None
    assert filters_of(table, given) == filters_of(table, [ONE])
    assert filters_of(table, nothing) == ()


def test_a_date_is_its_midnight() -> None:
    assert reach(since=date(2026, 5, 1)).since == datetime(2026, 5, 1, tzinfo=UTC)
