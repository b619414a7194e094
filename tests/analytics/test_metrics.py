"""The metric language: what parses to what, and the sentences about what does not."""

from __future__ import annotations

import pytest

from chimera_metrics.analytics import AGGREGATES, DIMENSIONS, MEASURES, METRICS, QuestionError, metric_of, metrics_of
from chimera_metrics.models import FACT_TABLES


@pytest.mark.parametrize(
    ("text", "label", "unit", "empty"),
    [
        ("p95(ui_events.latency_ms)", "p95_latency_ms", "ms", "gap"),
        (" P95 ( ui_events . latency_ms ) ", "p95_latency_ms", "ms", "gap"),
        ("sum(llm_events.cost_usd)", "sum_cost_usd", "USD", "zero"),
        ("stddev(session_stats.error_rate)", "stddev_error_rate", None, "gap"),
        ("uniq(ui_events.session_id)", "uniq_session_id", "values", "zero"),
        ("count(llm_events)", "count", "rows", "zero"),
        ("count(ui_events.latency_ms)", "count_latency_ms", "rows", "zero"),
        ("max(watcher_runs.ts)", "max_ts", None, "gap"),
        ("rate(llm_events.status = failure)", "rate_status_failure", "share", "gap"),
        ("rate(llm_events.status != 'time out')", "rate_status_not_time_out", "share", "gap"),
        ("rate(ui_events.latency_ms >= 1000)", "rate_latency_ms_from_1000", "share", "gap"),
        ("bench.latency_p95_ms", "latency_p95_ms", "ms", "gap"),
        ("llm.calls", "calls", "calls", "zero"),
        ("ui.abandonment_rate", "abandonment_rate", "share", "gap"),
    ],
)
def test_a_metric_knows_its_label_unit_and_empty_bucket(text: str, label: str, unit: str | None, empty: str) -> None:
    metric = metric_of(text)
    assert (metric.label, metric.unit, metric.empty) == (label, unit, empty)


def test_the_catalog_is_whole() -> None:
    """Every named metric parses, has a sentence, and lower is better for what costs or takes time."""
    assert len(METRICS) == 44
    for metric in map(metric_of, METRICS):
        assert metric.meaning.endswith(".")
        if any(word in metric.text for word in ("latency", "error", "abandonment", "cost", "lag")):
            assert metric.better == "lower", metric.text
    assert {table for table, _ in DIMENSIONS} | {table for table, _ in MEASURES} == set(FACT_TABLES)


def test_labels_never_collide() -> None:
    """Two named alike, and two conditions that spell alike."""
    texts = ["rate(llm_events.model = a b)", "rate(llm_events.model = a-b)", "llm.latency_p95_ms"]
    assert [m.label for m in metrics_of(texts, reserved=["latency_p95_ms"])] == [
        "rate_model_a_b",
        "rate_model_a_b_2",
        "latency_p95_ms_2",
    ]


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("llm.eror_rate", "Unknown metric 'llm.eror_rate'. Did you mean 'llm.error_rate'? Write"),
        (
            "error_rat",
            "Unknown metric 'error_rat'. Did you mean llm.error_rate or ui.error_rate or sessions.error_rate?",
        ),
        ("llm.p95_latency", "Unknown metric 'llm.p95_latency'. Did you mean 'llm.latency_p95_ms'? Write"),
        (
            "p95_latency",
            "Unknown metric 'p95_latency'. Did you mean bench.latency_p95_ms or llm.latency_p95_ms or ui.",
        ),
        ("llm.success_rate", "Unknown metric 'llm.success_rate'. Did you mean 'llm.error_rate'? Write"),
        ("cost", "Unknown metric 'cost'. Did you mean llm.cost_usd or episodes.cost_usd? Write"),
        ("median", "Unknown metric 'median'. Did you mean p50(table.column)? Write"),
        ("medium(ui_events.latency_ms)", "Unknown aggregate 'medium'. The aggregates are: "),
        ("Means(ui_events.latency_ms)", "Unknown aggregate 'means'. "),
        ("", "Unknown metric ''. The catalog has: bench.cost_per_1k, "),
        ("p96(ui_events.latency_ms)", "Unknown aggregate 'p96'. Did you mean 'p99'? The aggregates are: avg, count, "),
        ("p95(ui_event.latency_ms)", "Unknown table 'ui_event'. Did you mean 'ui_events'? There are: bench_runs, "),
        (
            "p95(bench_runs.latencyp95)",
            "Unknown column 'latencyp95'. Did you mean 'latency_p95_ms'? bench_runs has: commit_sha, ",
        ),
        (
            "avg(bench_runs.received_at)",
            "Unknown column 'received_at'. bench_runs has: ",
        ),
        (
            "avg(ui_events.event_type)",
            "avg needs numbers, and ui_events.event_type holds text; ui_events has the numbers latency_ms, ",
        ),
        (
            "max(ui_events.session_id)",
            "max needs numbers or times, and ui_events.session_id holds ids; use count or uniq.",
        ),
        ("count()", "'count()' names no table; write count(llm_events), or another table."),
        ("p95(ui_events)", "'p95(ui_events)' names no column; write p95(ui_events.column)."),
        ("rate(llm_events.status)", "'rate(llm_events.status)' states no condition; write rate(table.column = value)."),
        (
            "rate(llm_events.latency_ms > slow)",
            "'slow' is not a value for llm_events.latency_ms, which takes a number.",
        ),
    ],
)
def test_a_wrong_metric_is_one_sentence_with_the_correction(text: str, sentence: str) -> None:
    with pytest.raises(QuestionError) as error:
        metric_of(text)
    assert str(error.value).startswith(sentence)


def test_a_question_is_about_one_table_and_asks_each_metric_once() -> None:
    with pytest.raises(QuestionError, match=r"^'llm\.calls' is of llm_events and 'ui\.events' of ui_events; ask"):
        metrics_of(["llm.calls", "ui.events"])
    with pytest.raises(QuestionError, match=r"^'llm\.calls' is asked for twice; leave one out\."):
        metrics_of(["llm.calls", "llm.calls"])
    with pytest.raises(QuestionError, match=r"No metric is asked for\."):
        metrics_of([])


def test_approximate_functions_are_those_of_the_large_tables() -> None:
    named = {
        text: metric_of(text).approximate(exact=False)
        for text in (
            "ui.latency_p95_ms",
            "ui.sessions",
            "p95(llm_events.cost_usd)",
            "deploy.duration_p95_ms",
            "llm.calls",
        )
    }
    assert named == {
        "ui.latency_p95_ms": "quantileDD(0.01)",
        "ui.sessions": "uniq",
        "p95(llm_events.cost_usd)": None,
        "deploy.duration_p95_ms": None,
        "llm.calls": None,
    }
    assert all(
        metric_of(f"{a}(ui_events.latency_ms)").approximate(exact=True) is None for a in AGGREGATES if a != "rate"
    )
