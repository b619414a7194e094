"""Series, correlations, trends: what inference is given."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest

from chimera_metrics.analytics import Question, QuestionError, commits, correlation, first_commit, series, trend
from tests.analytics.conftest import Store, at, days, whole_days
from tests.analytics.rows import bench, commit, llm, ui, watcher


def points(store: Store, question: Question, *names: str) -> list[tuple[Any, ...]]:
    filled = question.fill(store.run(question.select))
    return [(row["ts"].day, *(row[name] for name in names)) for row in filled]


def test_an_empty_day_is_0_for_a_count_and_a_gap_for_a_mean(store: Store) -> None:
    """Calls on days 7 and 9; 8 is empty, 10 is today."""
    store.insert("llm_events", [llm(at(7), 10.0), llm(at(9), 30.0), llm(at(9))])
    counted = series("llm.calls", window=days(3))
    assert points(store, counted, "value", "partial") == [(7, 1, False), (8, 0, False), (9, 2, False), (10, 0, True)]
    meant = series("llm.latency_mean_ms", window=days(3))
    assert points(store, meant, "value", "n") == [(7, 10.0, 1), (8, None, 0), (9, 30.0, 1), (10, None, 0)]


def test_no_rows_are_buckets_all_the_same(store: Store) -> None:
    assert points(store, series("llm.cost_usd", window=days(2)), "value") == [(8, 0), (9, 0), (10, 0)]
    assert points(store, series("ui.latency_p95_ms", window=days(2)), "value") == [(8, None), (9, None), (10, None)]


def test_values_are_floats_also_of_money(store: Store) -> None:
    store.insert("llm_events", [llm(at(9), cost_usd=Decimal("0.25"))])
    [row] = store.run(series("llm.cost_usd", window=days(7)).select)
    assert (row["value"], type(row["value"]), row["n"]) == (0.25, float, 1)


def test_each_group_has_every_bucket(store: Store) -> None:
    store.insert("llm_events", [llm(at(8), model="a"), llm(at(9), model="b")])
    question = series("llm.calls", window=whole_days(2), group_by="model")
    assert points(store, question, "model", "value") == [(8, "a", 1), (8, "b", 0), (9, "a", 0), (9, "b", 1)]


def test_the_largest_groups_are_kept(store: Store) -> None:
    store.insert("llm_events", [llm(at(8), model=model) for model in "abbccc"])
    question = series("llm.calls", window=whole_days(2), group_by="model", limit=2)
    assert [row["model"] for row in store.run(question.select)] == ["b", "c"]


def test_the_n_of_a_rate_is_its_rows_and_of_sessions_the_sessions(store: Store) -> None:
    """Three events of two sessions, one of a single event."""
    store.insert("ui_events", [ui(at(9), 1), ui(at(9, 13), 1), ui(at(9), 2)])
    assert points(store, series("ui.error_rate", window=whole_days(1)), "value", "n") == [(9, 0.0, 3)]
    assert points(store, series("ui.abandonment_rate", window=whole_days(1)), "value", "n") == [(9, 0.5, 2)]


@pytest.mark.parametrize(
    ("given", "sentence"),
    [
        ({"metric": "max(ui_events.ts)"}, "'max(ui_events.ts)' is a time; ask for a number, such as count(ui_events)."),
        (
            {"metric": "ui.events", "group_by": "session_id"},
            "Unknown column to split a series by 'session_id'. Series of ui_events can be split by: commit_sha, ",
        ),
        ({"metric": "ui.events", "granularity": "none"}, "Unknown granularity 'none'."),
        ({"metric": "ui.events", "granularity": "minute"}, "By the minute this window has 10,801 points"),
    ],
)
def test_a_series_that_cannot_be_is_refused(given: dict[str, Any], sentence: str) -> None:
    with pytest.raises(QuestionError) as error:
        series(window=days(7), **given)
    assert str(error.value).startswith(sentence)


def test_two_tables_side_by_side(store: Store) -> None:
    """Day 7 has both, 8 only x, 9 only y."""
    store.insert("bench_runs", [bench(at(7), 1, 100.0), bench(at(7), 2, 200.0), bench(at(8), 3, 300.0)])
    store.insert("ui_events", [ui(at(7), latency_ms=10.0), ui(at(9), latency_ms=30.0), ui(at(9))])
    question = correlation("bench.latency_p95_ms", "ui.latency_mean_ms", window=whole_days(3))
    assert question.source == "bench_runs, ui_events_hourly"
    assert points(store, question, "x", "y", "x_n", "y_n") == [
        (7, 150.0, 10.0, 2, 1),
        (8, 300.0, None, 1, 0),
        (9, None, 30.0, 0, 1),
    ]


def test_a_count_that_a_side_lacks_is_0(store: Store) -> None:
    store.insert("watcher_runs", [watcher(at(7), lag_seconds=5.0)])
    question = correlation("pipeline.lag_max_seconds", "deploy.count", window=whole_days(3))
    assert points(store, question, "x", "y") == [(7, 5.0, 0), (8, None, 0), (9, None, 0)]


def test_one_table_under_other_filters_is_two_series(store: Store) -> None:
    store.insert("llm_events", [llm(at(9), 10.0, model="a"), llm(at(9), 30.0, model="b")])
    question = correlation(
        "llm.latency_mean_ms",
        "llm.latency_mean_ms",
        window=whole_days(1),
        x_filters=[{"column": "model", "value": "a"}],
        y_filters=[{"column": "model", "value": "b"}],
    )
    assert points(store, question, "x", "y") == [(9, 10.0, 30.0)]


def test_a_metric_beside_itself_shares_one_pass(store: Store) -> None:
    store.insert("llm_events", [llm(at(9), 10.0)])
    question = correlation("llm.latency_mean_ms", "llm.calls", window=whole_days(1))
    assert str(question.select).count("FROM llm_events_hourly") == 1
    assert points(store, question, "x", "y") == [(9, 10.0, 1)]


def test_the_commits_behind_a_trend(store: Store) -> None:
    """Commit 1 runs on day 7 and, once more, on day 9; commit 2 first runs late on day 8 and is slow; one has none."""
    runs = [(7, 1, 100.0), (8, 1, 102.0), (8, 2, 200.0), (9, 2, 198.0), (9, 1, 101.0)]
    rows = [bench(at(day, 8 + n), n, value, commit_sha=commit(sha)) for n, (day, sha, value) in enumerate(runs)]
    store.insert("bench_runs", [*rows, bench(at(9), 9, 500.0, commit_sha=None)])
    asked = trend("bench.latency_p95_ms", window=whole_days(3))
    assert asked.commits is not None
    found = store.run(asked.commits)
    assert [(row["commit_sha"], row["value"], row["n"]) for row in found] == [
        (commit(1), 101.0, 3),
        (commit(2), 199.0, 2),
    ]
    expected = asked.series.buckets()
    assert first_commit(found, expected, at(9, 0), before=101.0, after=199.0) == commit(2)
    assert first_commit(found, expected, at(9, 0), before=199.0, after=101.0) is None
    assert first_commit(found, expected, at(1, 0), before=101.0, after=199.0) is None


def test_the_commits_of_each_group(store: Store) -> None:
    rows = [bench(at(9), n, 10.0 * n, model=model, commit_sha=commit(n)) for n, model in enumerate("ab")]
    store.insert("bench_runs", rows)
    grouped = commits("bench.latency_p95_ms", window=days(7), group_by="model")
    assert [(row["model"], row["commit_sha"]) for row in store.run(grouped)] == [("a", commit(0)), ("b", commit(1))]
    assert trend("llm.calls", window=days(7)).commits is None
