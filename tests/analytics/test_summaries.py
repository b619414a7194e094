"""The summaries' numbers, on rows that are counted by eye."""

from __future__ import annotations

from decimal import Decimal

import pytest

from chimera_metrics.analytics import (
    correlation_data,
    overview,
    performance_summary,
    quality_metrics,
    top_words,
    words_of,
)
from tests.analytics.conftest import Store, at, days, whole_days
from tests.analytics.rows import bench, commit, deployment, episode, llm, ui, watcher


def test_the_points_of_correlation_data(store: Store) -> None:
    """Day 8: two runs; session 1 ends in an error, 2 goes on: 1 error in 4 events, 1 of 2 abandoned. Day 9: ui only."""
    cost = {"cost_per_1k": Decimal("0.002")}
    store.insert("bench_runs", [bench(at(8), 1, 100.0, **cost), bench(at(8), 2, 300.0, **cost)])
    events = [ui(at(8, 1), 1, latency_ms=10.0), ui(at(8, 2), 1, "error"), ui(at(8, 1), 2, latency_ms=20.0)]
    store.insert("ui_events", [*events, ui(at(8, 2), 2), ui(at(9), 3, latency_ms=40.0)])
    data = correlation_data(window=whole_days(3))
    rows = data.points.fill(store.run(data.points.select))
    assert data.points.source == "bench_runs, ui_events_hourly, ui_events"
    assert [tuple(row.values())[1:] for row in rows] == [
        (None, None, None, None, None, 0, 0, False),
        (200.0, 0.002, 15.0, 0.25, 0.5, 2, 4, False),
        (None, None, 40.0, 0.0, 1.0, 0, 1, False),
    ]
    assert list(rows[1]) == [
        "ts",
        "hearts_latency_p95_ms",
        "hearts_cost_per_1k",
        "packs_latency_ms",
        "packs_error_rate",
        "packs_abandonment_rate",
        "hearts_rows",
        "packs_rows",
        "partial",
    ]


def test_the_mix_of_models_by_day(store: Store) -> None:
    store.insert("bench_runs", [bench(at(8), 1, 100.0), bench(at(8), 2, 200.0), bench(at(9), 3, 30.0, model="qwen")])
    mix = correlation_data(window=whole_days(3)).mix
    found = [
        (r["ts"].day, r["model"], r["quant"], r["dataset"], r["runs"], r["latency_p95_ms"])
        for r in store.run(mix.select)
    ]
    assert found == [(8, "llama", "q4", "chat", 2, 150.0), (9, "qwen", "q4", "chat", 1, 30.0)]


def test_the_newest_rows_of_any_time(store: Store) -> None:
    store.insert("bench_runs", [bench(at(1), 1), bench(at(2), 2)])
    newest = correlation_data(window=whole_days(1)).newest
    assert store.run(newest) == [{"hearts": at(2), "packs": None}]
    store.insert("ui_events", [ui(at(3))])
    assert store.run(newest) == [{"hearts": at(2), "packs": at(3)}]


def test_quality_of_an_empty_store(store: Store) -> None:
    [row] = store.run(quality_metrics(window=days(7)).select)
    zero = {name for name, value in row.items() if value is not None and not value}
    assert zero == {
        "episodes_count",
        "episodes_by_status",
        "episodes_low_confidence_count",
        "episodes_cost_usd",
        "deployments_count",
        "llm_calls",
        "llm_cost_usd",
        "ui_events",
        "ui_sessions",
        "pipeline_watcher_runs",
    }
    assert all(value is None for name, value in row.items() if name not in zero)


def test_an_episode_and_a_deployment_count_once_in_their_last_state(store: Store) -> None:
    """Episode 1 is drafted, then published without its confidence, 2 fails. Deployment 1 builds, then is ready."""
    drafted = episode(at(8), 1, "draft", confidence_score=0.9, cost_total=Decimal("1.5"))
    published = episode(at(9), 1, "published", cost_total=Decimal("1.5"))
    failed = episode(at(9), 2, "failed", confidence_score=0.5, correlation_strength=-0.4, cost_total=Decimal("0.25"))
    store.insert("episodes", [drafted, published, failed])
    built = deployment(at(8), 1, "building")
    store.insert(
        "deployments", [built, deployment(at(9), 1, "ready", duration_ms=100.0), deployment(at(9), 2, "error")]
    )
    store.insert("deployments", [deployment(at(9), 3, "building")])
    [row] = store.run(quality_metrics(window=days(7)).select)
    assert {name: value for name, value in row.items() if name.startswith(("episodes", "deployments"))} == {
        "episodes_count": 2,
        "episodes_by_status": {"published": 1, "failed": 1},
        "episodes_confidence_mean": pytest.approx(0.7),
        "episodes_low_confidence_count": 1,
        "episodes_correlation_strength_mean": -0.4,
        "episodes_cost_usd": Decimal("1.75"),
        "deployments_count": 3,
        "deployments_success_rate": 0.5,
        "deployments_duration_p50_ms": 100.0,
    }


def test_quality_of_calls_events_and_checks(store: Store) -> None:
    store.insert("llm_events", [llm(at(9), cost_usd=Decimal("0.5")), llm(at(9), status="timeout")])
    store.insert("ui_events", [ui(at(9), 1, latency_ms=10.0), ui(at(9, 13), 1, "error", 20.0), ui(at(9), 2)])
    store.insert("watcher_runs", [watcher(at(8), lag_seconds=5.0), watcher(at(9), "degraded", 50.0)])
    [row] = store.run(quality_metrics(window=days(7)).select)
    sections = ("llm", "ui", "pipeline")
    assert {name: value for name, value in row.items() if name.startswith(sections)} == {
        "llm_calls": 2,
        "llm_error_rate": 0.5,
        "llm_cost_usd": Decimal("0.5"),
        "ui_events": 3,
        "ui_sessions": 2,
        "ui_error_rate": pytest.approx(1 / 3),
        "ui_latency_p95_ms": 19.5,
        "ui_abandonment_rate": 1.0,
        "pipeline_watcher_runs": 2,
        "pipeline_valid_rate": 0.5,
        "pipeline_lag_max_seconds": 50.0,
        "pipeline_last_run": at(9),
    }


def test_performance_against_the_previous_window(store: Store) -> None:
    """Window: 7 to 9 June, before it 4 to 6. llama ran twice and once before, qwen only before."""
    runs = [bench(at(8), 1, 120.0, memory_peak_mb=900.0), bench(at(9), 2, 140.0), bench(at(5), 3, 100.0)]
    store.insert("bench_runs", [*runs, bench(at(4), 4, 50.0, model="qwen"), bench(at(1), 5, 1.0)])
    summary = performance_summary(window=whole_days(3))
    assert (summary.previous_window.since, summary.previous_window.until) == (at(4, 0), at(7, 0))
    names = ("model", "runs", "latency_p95_ms", "memory_peak_mb", "runs_before", "latency_p95_ms_before")
    found = [tuple(row[name] for name in names) for row in store.run(summary.groups)]
    assert found == [("llama", 2, 130.0, 900.0, 1, 100.0), ("qwen", 0, None, None, 1, 50.0)]


def test_the_runs_of_each_group_in_the_order_of_time(store: Store) -> None:
    runs = [bench(at(9), 2, 140.0, commit_sha=commit(2)), bench(at(8), 1, 120.0), bench(at(5), 3, 100.0)]
    store.insert("bench_runs", [*runs, bench(at(9), 4, 9.0, model="another")])
    rows = store.run(performance_summary(window=whole_days(3), model="llama").runs)
    found = [(row["ts"].day, row["before"], row["latency_p95_ms"], row["commit_sha"]) for row in rows]
    assert found == [(5, 1, 100.0, None), (8, 0, 120.0, None), (9, 0, 140.0, commit(2))]


def test_of_many_runs_the_newest_200_a_side_are_judged(store: Store) -> None:
    store.insert("bench_runs", [bench(at(9, 0, n % 60), n, float(n)) for n in range(300)])
    assert len(store.run(performance_summary(window=whole_days(3)).runs)) == 200


def test_calls_and_events_of_a_performance_summary(store: Store) -> None:
    store.insert("llm_events", [llm(at(9), 10.0, tokens_in=5), llm(at(9), model="haiku"), llm(at(5), model="old")])
    store.insert("ui_events", [ui(at(9), latency_ms=10.0)])
    summary = performance_summary(window=whole_days(3), model="opus")
    assert store.run(summary.llm.select) == [
        {
            "source": "council",
            "model": "opus",
            "calls": 1,
            "error_rate": 0.0,
            "latency_p95_ms": 10.0,
            "tokens_in": 5,
            "tokens_out": 0,
            "cost_usd": 0,
        }
    ]
    assert store.run(summary.ui.select) == [{"event_type": "query_submit", "events": 1, "latency_p95_ms": 10.0}]


def test_the_overview_of_the_store(store: Store) -> None:
    store.insert("watcher_runs", [watcher(at(8)), watcher(at(9))])
    rows = {row["name"]: row for row in store.run(overview())}
    assert len(rows) == 7
    assert rows["watcher_runs"] == {"name": "watcher_runs", "rows": 2, "oldest": at(8), "newest": at(9)}
    assert rows["episodes"] == {"name": "episodes", "rows": 0, "oldest": None, "newest": None}
    [stats] = store.run(overview(["session_stats"]))
    assert stats["rows"] == 0


def test_the_words_in_use(store: Store) -> None:
    store.insert(
        "llm_events", [llm(at(9), model="a"), llm(at(9), model="a"), llm(at(9), model="b"), llm(at(1), model="old")]
    )
    words = top_words("llm_events", since=at(5))
    assert words is not None
    [row] = store.run(words)
    assert (list(row), list(row["model"])) == (words_of("llm_events"), ["a", "b"])
    assert top_words("session_stats") is None
