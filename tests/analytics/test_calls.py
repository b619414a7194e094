"""Metrics as people write them who know other languages: one meaning is taken, else the right form is said."""

from __future__ import annotations

import pytest

from chimera_metrics.analytics.errors import QuestionError
from chimera_metrics.analytics.metrics.calls import metric_text
from chimera_metrics.analytics.metrics.language import metric_of

SAME = [
    ("mean(llm_events.latency_ms)", "avg(llm_events.latency_ms)"),
    ("Average( llm_events.latency_ms )", "avg(llm_events.latency_ms)"),
    ("median(llm_events.latency_ms)", "p50(llm_events.latency_ms)"),
    ("quantile(0.95)(llm_events.latency_ms)", "p95(llm_events.latency_ms)"),
    ("percentile(llm_events.latency_ms, 99)", "p99(llm_events.latency_ms)"),
    ("approx_percentile(llm_events.latency_ms, 0.999)", "p999(llm_events.latency_ms)"),
    ("count(distinct llm_events.model)", "uniq(llm_events.model)"),
    ("nunique(llm_events.model)", "uniq(llm_events.model)"),
    ("count(llm_events.*)", "count(llm_events)"),
    ("std(llm_events.latency_ms)", "stddev(llm_events.latency_ms)"),
    ("sum(cost_usd)", "sum(llm_events.cost_usd)"),
    ("count(LLM_EVENTS)", "count(llm_events)"),
]


@pytest.mark.parametrize(("said", "meant"), SAME, ids=[said for said, _ in SAME])
def test_a_call_in_another_form_is_the_same_metric(said: str, meant: str) -> None:
    found, expected = metric_of(said), metric_of(meant)
    assert (found.table, found.aggregate, found.column, found.label) == (
        expected.table,
        expected.aggregate,
        expected.column,
        expected.label,
    )


WRONG = [
    ("count(*)", "names no table; write count(llm_events), or another table."),
    ("p95(latency_ms)", "write p95(llm_events.latency_ms) or p95(ui_events.latency_ms)."),
    ("rate(status = failure)", "write rate(llm_events.status = failure) or rate(episodes.status = failure)"),
    ("llm_events.latency_ms", "is a column; say what of it, such as count(llm_events.latency_ms), avg("),
    ("countIf(llm_events.status = 'failure')", "write it as a filter beside count(llm_events), or as its share"),
    ("quantile(0.42)(llm_events.latency_ms)", "Unknown aggregate 'quantile'. The aggregates are: avg,"),
]


@pytest.mark.parametrize(("said", "words"), WRONG, ids=[said for said, _ in WRONG])
def test_what_may_be_several_metrics_is_answered_with_the_right_form(said: str, words: str) -> None:
    with pytest.raises(QuestionError) as refusal:
        metric_of(said)
    assert words in str(refusal.value)


def test_a_metric_as_an_object_is_its_text() -> None:
    assert metric_text({"agg": "p95", "field": "llm_events.latency_ms"}) == "p95(llm_events.latency_ms)"
    assert metric_text({"function": "count", "table": "llm_events"}) == "count(llm_events)"
    assert metric_text([{"metric": "llm.calls"}]) == "llm.calls"
    unclear = {"agg": "p95", "field": "latency_ms", "window": 5}
    assert metric_text(unclear) is unclear
