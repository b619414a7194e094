"""A benchmark run counts once, whatever day it carries, in every question and under every setting."""

from __future__ import annotations

from typing import Any

import pytest

from chimera_metrics.analytics import aggregate, correlation_data, overview, performance_summary, series
from tests.analytics.conftest import Store, at, days
from tests.analytics.rows import bench, uuid

# Our own way, the session's `final = 1`, and a plain session without it.
SETTINGS: list[dict[str, Any]] = [{}, {"final": 1}, {"final": 0, "defer_partition_pruning_after_final": 0}]


@pytest.fixture(params=SETTINGS, ids=["ours", "final", "plain"])
def settings(request: pytest.FixtureRequest) -> dict[str, Any]:
    made: dict[str, Any] = request.param
    return made


def send(store: Store, *rows: dict[str, Any]) -> None:
    """One by one, so that each is received later than the one before."""
    for row in rows:
        store.insert("bench_runs", [row])


def test_a_run_sent_again_counts_once_with_its_last_values(store: Store, settings: dict[str, Any]) -> None:
    send(store, bench(at(9), 1, 100.0), bench(at(9), 1, 200.0), bench(at(9), 2, 400.0))
    question = aggregate(["bench.runs", "bench.latency_p95_ms"], window=days(7))
    assert store.run(question.select, **settings) == [{"runs": 2, "latency_p95_ms": 300.0}]


def test_a_run_that_moved_to_another_day_counts_there_only(store: Store, settings: dict[str, Any]) -> None:
    """Run 1 first said day 8, then day 9; run 2 first said day 9, then day 1, before the window."""
    send(store, bench(at(8), 1, 100.0), bench(at(9), 1, 150.0), bench(at(9), 2, 400.0), bench(at(1), 2, 500.0))
    question = aggregate(["bench.runs", "bench.latency_p95_ms"], window=days(7), granularity="day")
    found = [(row["ts"].day, row["runs"], row["latency_p95_ms"]) for row in store.run(question.select, **settings)]
    assert found == [(9, 1, 150.0)]


def test_a_run_that_no_longer_meets_the_filter_is_left_out(store: Store, settings: dict[str, Any]) -> None:
    send(store, bench(at(9), 1, 100.0), bench(at(9), 1, 20.0))
    filters = [{"column": "latency_p95_ms", "op": ">", "value": 50}]
    assert store.run(aggregate(["bench.runs"], window=days(7), filters=filters).select, **settings) == [{"runs": 0}]


def test_copies_in_one_batch_count_once_too(store: Store, settings: dict[str, Any]) -> None:
    """Received in the same moment: the later day wins."""
    store.insert("bench_runs", [bench(at(8), 1, 100.0), bench(at(9), 1, 150.0), bench(at(7), 1, 50.0)])
    question = aggregate(["bench.runs", "bench.latency_p95_ms"], window=days(7), granularity="day")
    assert [row["latency_p95_ms"] for row in store.run(question.select, **settings)] == [150.0]


def test_the_same_run_of_another_model_is_another_run(store: Store, settings: dict[str, Any]) -> None:
    send(store, bench(at(9), 1, 100.0), bench(at(9), 1, 100.0, model="qwen"))
    assert store.run(aggregate(["bench.runs"], window=days(7)).select, **settings) == [{"runs": 2}]


def test_so_do_series_summaries_and_the_overview(store: Store, settings: dict[str, Any]) -> None:
    send(store, bench(at(8), 1, 100.0), bench(at(9), 1, 150.0))
    [point] = store.run(series("bench.latency_p95_ms", window=days(7)).select, **settings)
    assert (point["ts"].day, point["value"], point["n"]) == (9, 150.0, 1)
    data = correlation_data(window=days(7))
    assert [row["hearts_rows"] for row in store.run(data.points.select, **settings)] == [1]
    assert [row["runs"] for row in store.run(data.mix.select, **settings)] == [1]
    summary = performance_summary(window=days(7))
    assert [row["runs"] for row in store.run(summary.groups, **settings)] == [1]
    assert [row["latency_p95_ms"] for row in store.run(summary.runs, **settings)] == [150.0]
    assert [row["rows"] for row in store.run(overview(["bench_runs"]), **settings)] == [1]


def test_without_our_settings_a_plain_count_would_be_wrong(store: Store) -> None:
    """Why the Selects say it themselves: two rows are stored for one run."""
    from sqlalchemy import func, select

    from chimera_metrics.models import FACT_TABLES

    send(store, bench(at(8), 1, 100.0), bench(at(9), 1, 150.0))
    table = FACT_TABLES["bench_runs"]
    plain = select(func.count().label("rows")).where(table.c.run_id == uuid(1))
    assert store.run(plain, final=0) == [{"rows": 2}]
    assert store.run(plain) == [{"rows": 1}]
