"""Metrics as objects: the same as by their text, and mistakes that a type checker or a sentence names."""

from __future__ import annotations

from typing import Any

import pytest

from chimera_metrics.analytics import QuestionError, metric, metric_of
from chimera_metrics.analytics.metrics.aggregates import AGGREGATES
from chimera_metrics.integrations.clickhouse_client import ClickHouseClient
from chimera_metrics.models import BenchRun, LlmEvent, UiEvent
from tests.analytics.conftest import at
from tests.analytics.rows import llm

SAME: list[tuple[Any, str]] = [
    (metric.p95(LlmEvent.latency_ms), "p95(llm_events.latency_ms)"),
    (metric.p999(UiEvent.latency_ms), "p999(ui_events.latency_ms)"),
    (metric.sum(LlmEvent.cost_usd), "sum(llm_events.cost_usd)"),
    (metric.avg(LlmEvent.tokens_in), "avg(llm_events.tokens_in)"),
    (metric.max(UiEvent.ts), "max(ui_events.ts)"),
    (metric.count(LlmEvent), "count(llm_events)"),
    (metric.count(LlmEvent.tokens_in), "count(llm_events.tokens_in)"),
    (metric.uniq(UiEvent.session_id), "uniq(ui_events.session_id)"),
    (metric.rate(LlmEvent.status != "success"), "rate(llm_events.status != success)"),
    (metric.rate(BenchRun.latency_p95_ms >= 12.5), "rate(bench_runs.latency_p95_ms >= 12.5)"),
    (metric.sum(LlmEvent.cost_usd) / metric.count(LlmEvent), "sum(llm_events.cost_usd) / count(llm_events)"),
    (metric.named("llm.error_rate"), "llm.error_rate"),
]


@pytest.mark.parametrize(("made", "text"), SAME, ids=[text for _, text in SAME])
def test_an_object_is_what_its_text_says(made: Any, text: str) -> None:
    assert made == metric_of(text)
    assert made.text == text


def test_every_aggregate_of_the_language_has_one() -> None:
    assert all(callable(getattr(metric, name)) for name in AGGREGATES)


def test_a_value_may_hold_what_text_could_not() -> None:
    condition = metric.rate(LlmEvent.model == "a) / b(").condition
    assert condition is not None
    assert condition.values == ("a) / b(",)


@pytest.mark.parametrize("wrong", [LlmEvent.model.is_(None), LlmEvent.tokens_in > LlmEvent.tokens_out, True])
def test_a_rate_takes_one_column_and_a_value(wrong: Any) -> None:
    with pytest.raises(QuestionError, match=r"LlmEvent.status != 'success'"):
        metric.rate(wrong)


def test_other_mistakes_are_sentences_and_seen_by_type_checkers() -> None:
    """mypy warns of an `ignore` that it does not need."""
    with pytest.raises(QuestionError, match="avg needs numbers"):
        metric.avg(LlmEvent.model)  # type: ignore[arg-type]
    with pytest.raises(QuestionError, match="min needs numbers or times"):
        metric.min(LlmEvent.run_id)  # type: ignore[arg-type]
    with pytest.raises(QuestionError, match="takes a column of a model"):
        metric.avg("latency_ms")  # type: ignore[arg-type]


def test_the_client_takes_objects_wherever_it_takes_text(client: ClickHouseClient) -> None:
    client.insert("llm_events", [llm(at(day), 10.0 * day, cost_usd="0.5") for day in range(1, 10)])
    p95, calls = metric.p95(LlmEvent.latency_ms), metric.count(LlmEvent)
    given: dict[str, Any] = {"since": "2026-06-01", "until": "2026-06-10"}
    both = [client.aggregate(form, **given) for form in ([p95, calls], [p95.text, calls.text])]
    assert both[0].rows == both[1].rows == [[86.0, 9]]
    assert client.aggregate(p95, **given).rows == [[86.0]]
    assert client.trend(calls, **given).metric == "count(llm_events)"
    assert client.correlate(p95, calls, **given).x.metric == "p95(llm_events.latency_ms)"
    assert client.compare(calls, **given).comparisons[0].metric == "count(llm_events)"
    assert client.forecast(calls, **given).reason.code == "too_few"
    assert client.anomalies(calls, **given).judged == 24
    assert client.drivers(calls, **given).metric == "count(llm_events)"
