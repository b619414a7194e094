"""Ratios of two metrics of a table: what they are, on which questions, and what is refused."""

from __future__ import annotations

from decimal import Decimal

import pytest

from chimera_metrics.analytics import QuestionError, aggregate, drivers, metric_of, metrics_of
from tests.analytics.conftest import Store, at, days
from tests.analytics.rows import llm

COST = "llm.cost_usd / llm.calls"


def test_a_ratio_of_sums_is_counted_by_hand(store: Store) -> None:
    """0.10 + 0.25 over three calls, one of them without a cost: a third of 0.35, not the mean of two."""
    calls = [llm(at(9), 1.0, cost_usd=cost) for cost in (Decimal("0.10"), Decimal("0.25"), None)]
    store.insert("llm_events", calls)
    for exact in (False, True):
        question = aggregate([COST], window=days(7), exact=exact)
        [row] = store.run(question.select)
        assert row == {"cost_usd_per_calls": pytest.approx(0.35 / 3, rel=1e-15)}
    assert question.source == "llm_events"


def test_nothing_to_divide_by_is_null(store: Store) -> None:
    store.insert("llm_events", [llm(at(9), 1.0, tokens_in=0)])
    [row] = store.run(aggregate(["llm.calls / llm.tokens_in"], window=days(7)).select)
    assert row == {"calls_per_tokens_in": None}


@pytest.mark.parametrize(
    ("text", "unit", "better"),
    [
        (COST, "USD per call", "lower"),
        ("llm.tokens_in / llm.tokens_out", "ratio", "neutral"),
        ("llm.latency_p99_ms / llm.latency_p50_ms", "ratio", "neutral"),
        ("llm.tokens_out/sum(llm_events.latency_ms)", "tokens per ms", "neutral"),
    ],
)
def test_a_ratio_has_the_unit_and_direction_of_its_parts(text: str, unit: str, better: str) -> None:
    metric = metric_of(text)
    assert (metric.unit, metric.better, metric.empty) == (unit, better, "gap")


def test_two_metrics_divide_in_python_too() -> None:
    assert metric_of("llm.cost_usd") / metric_of("llm.calls") == metric_of(COST)


def test_a_slash_within_a_value_is_part_of_it() -> None:
    metric = metric_of("rate(llm_events.model = meta/llama)")
    assert metric.condition is not None
    assert metric.condition.values == ("meta/llama",)


def test_a_ratio_stands_in_a_list_that_is_text() -> None:
    assert [metric.text for metric in metrics_of(f"{COST}, llm.calls")] == [COST, "llm.calls"]


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("llm.calls / ui.events", "is of llm_events and 'ui.events' of ui_events; a ratio takes two metrics of one"),
        ("llm.calls / llm.calls / llm.calls", "divides twice"),
        ("ui.events / ui.abandonment_rate", "counts sessions, not rows"),
        ("max(llm_events.ts) / llm.calls", "is a time, which cannot be divided"),
        ("llm.calls /", "lacks a metric beside the slash"),
    ],
)
def test_what_cannot_be_divided_is_refused_with_a_sentence(text: str, sentence: str) -> None:
    with pytest.raises(QuestionError, match=sentence):
        metric_of(text)


def test_the_drivers_of_a_ratio_are_those_of_its_parts() -> None:
    with pytest.raises(
        QuestionError, match=r"ask what drives llm\.cost_usd or llm\.calls, or the mean avg\(llm_events"
    ):
        drivers(COST, window=days(7))


@pytest.mark.parametrize(("text", "level"), [("p75", 0.75), ("p999", 0.999), ("p99.9", 0.999)])
def test_percentiles_are_named_by_their_digits(text: str, level: float) -> None:
    assert metric_of(f"{text}(llm_events.latency_ms)").aggregate.level == level
