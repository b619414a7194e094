"""Questions that cannot be asked so, and what `fill` makes of an answer."""

from __future__ import annotations

from typing import Any

import pytest

from chimera_metrics.analytics import QuestionError, aggregate, window_of
from tests.analytics.conftest import NOW, Store, at, days
from tests.analytics.rows import llm


@pytest.mark.parametrize(
    ("given", "sentence"),
    [
        (
            {"group_by": ["modle"]},
            "Unknown dimension 'modle'. Did you mean 'model'? llm_events can be grouped by: day_of_week, hour_of_day, ",
        ),
        (
            {"group_by": ["latency_ms"]},
            "'latency_ms' may have any number of values; group by it in the SQL of `query`. llm_events can be ",
        ),
        ({"group_by": ["ts"]}, "'ts' is the time of a row; choose a granularity instead of grouping by it."),
        ({"group_by": ["model", "model"]}, "`group_by` names a column twice: model, model; leave one out."),
        ({"limit": 0}, "`limit` is 0; it must be 1 to 10,000 groups."),
        (
            {"order_by": "cals", "group_by": ["model"]},
            "Unknown column to order by 'cals'. Did you mean 'calls'? The answer can be ordered by: calls, llm.calls, ",
        ),
        (
            {"granularity": "minute"},
            "By the minute this window has 10,801 points, more than 10,000; use 'hour' or shorten",
        ),
    ],
)
def test_a_wrong_question_is_one_sentence_with_the_correction(given: dict[str, Any], sentence: str) -> None:
    with pytest.raises(QuestionError) as error:
        aggregate(["llm.calls"], window=days(7), **given)
    assert str(error.value).startswith(sentence)


def test_an_answer_without_buckets_comes_back_as_it_is(store: Store) -> None:
    question = aggregate(["llm.calls"], window=days(7))
    assert question.fill(store.run(question.select)) == [{"calls": 0}]


def test_groups_are_filled_and_marked(store: Store) -> None:
    store.insert("llm_events", [llm(at(8), 5.0, model="a"), llm(at(10, 1), 7.0, model="b")])
    question = aggregate(["llm.calls", "llm.latency_mean_ms"], window=days(2), granularity="day", group_by=["model"])
    assert [tuple(row.values())[1:] for row in question.fill(store.run(question.select))] == [
        ("a", 1, 5.0, False),
        ("b", 0, None, False),
        ("a", 0, None, False),
        ("b", 0, None, False),
        ("a", 0, None, True),
        ("b", 1, 7.0, True),
    ]


def test_an_answer_in_another_order_is_marked_but_not_filled(store: Store) -> None:
    store.insert("llm_events", [llm(at(8)), llm(at(10, 1)), llm(at(10, 2))])
    question = aggregate(["llm.calls"], window=days(7), granularity="day", order_by="llm.calls", descending=True)
    found = question.fill(store.run(question.select))
    assert [(row["ts"].day, row["calls"], row["partial"]) for row in found] == [(10, 2, True), (8, 1, False)]


def test_a_bucket_that_lies_ahead_is_kept_and_partial(store: Store) -> None:
    store.insert("llm_events", [llm(at(12))])
    window = window_of(now=NOW, since="2026-06-09", until="2026-06-14")
    question = aggregate(["llm.calls"], window=window, granularity="day")
    found = question.fill(store.run(question.select))
    assert [(row["ts"].day, row["calls"], row["partial"]) for row in found] == [
        (9, 0, False),
        (10, 0, True),
        (12, 1, True),
    ]
