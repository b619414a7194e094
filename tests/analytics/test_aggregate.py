"""`aggregate` on rows so few that the answer is counted by eye, or against NumPy."""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal
from typing import Any

import numpy as np
import pytest

from chimera_metrics.analytics import AGGREGATES, aggregate
from tests.analytics.conftest import Store, at, days, whole_days
from tests.analytics.rows import bench, deployment, llm, session, ui

LATENCIES = [10.0, 20.0, 30.0, 40.0, None]
NUMBERS = ["sum", "avg", "min", "max", "p50", "p90", "p95", "p99", "stddev"]


def test_every_aggregate_of_four_latencies_and_a_null(store: Store) -> None:
    """10, 20, 30, 40 and a null: NumPy's answers, five rows, four values."""
    store.insert("llm_events", [llm(at(9), latency) for latency in LATENCIES])
    asked = [f"{name}(llm_events.latency_ms)" for name in [*NUMBERS, "count", "uniq"]] + ["count(llm_events)"]
    [row] = store.run(aggregate(asked, window=days(7), exact=True).select)
    known = np.array([10.0, 20.0, 30.0, 40.0])
    wanted = [np.sum(known), np.mean(known), 10, 40, *np.percentile(known, [50, 90, 95, 99]), np.std(known, ddof=1)]
    assert list(row.values()) == pytest.approx([*wanted, 4, 4, 5])
    assert list(row) == [*(f"{name}_latency_ms" for name in [*NUMBERS, "count", "uniq"]), "count"]


@pytest.mark.parametrize("exact", [False, True])
@pytest.mark.parametrize("rows", [[], [llm(at(9))]], ids=["no rows", "all null"])
def test_nothing_to_compute_from_is_null_and_0_for_count_sum_and_uniq(
    store: Store, rows: list[dict[str, object]], exact: bool
) -> None:
    if rows:
        store.insert("llm_events", rows)
    asked = {name: f"{name}(llm_events.latency_ms)" for name in AGGREGATES if name != "rate"}
    [row] = store.run(aggregate(list(asked.values()), window=days(7), exact=exact).select)
    for name in asked:
        assert row[f"{name}_latency_ms"] == (0 if name in ("count", "sum", "uniq") else None), name


@pytest.mark.parametrize("name", NUMBERS)
def test_nothing_in_a_column_that_is_never_null_is_null_too(store: Store, name: str) -> None:
    """ClickHouse's own min of no rows is 0, its avg NaN."""
    [row] = store.run(aggregate([f"{name}(session_stats.error_rate)"], window=days(7)).select)
    assert row[f"{name}_error_rate"] == (0 if name == "sum" else None)


def test_one_row_has_no_spread_and_ties_have_none_either(store: Store) -> None:
    store.insert("session_stats", [session(at(8, 3), 1, 0.5)])
    store.insert("session_stats", [session(at(9, 3), 2, 0.25), session(at(9, 3), 3, 0.25)])
    question = aggregate(["stddev(session_stats.error_rate)"], window=days(7), granularity="day")
    assert [row["stddev_error_rate"] for row in store.run(question.select)] == [None, 0.0]


def test_a_rate_is_the_share_of_rows_and_undefined_without_any(store: Store) -> None:
    """Of five calls one fails and one times out: error_rate 2/5, rate of failure 1/5."""
    statuses = ["success", "success", "success", "failure", "timeout"]
    store.insert("llm_events", [llm(at(9), status=status) for status in statuses])
    asked = ["llm.error_rate", "rate(llm_events.status = failure)", "rate(llm_events.latency_ms > 100)"]
    [row] = store.run(aggregate(asked, window=days(7)).select)
    assert row == {"error_rate": 0.4, "rate_status_failure": 0.2, "rate_latency_ms_above_100": 0.0}
    [row] = store.run(aggregate(asked, window=days(0)).select)
    assert set(row.values()) == {None}


def test_success_counts_finished_deployments_only(store: Store) -> None:
    """ready, ready, error and one still building: 2 of 3."""
    store.insert(
        "deployments", [deployment(at(9), n, s) for n, s in enumerate(("ready", "ready", "error", "building"))]
    )
    [row] = store.run(aggregate(["deploy.success_rate", "deploy.count"], window=days(7)).select)
    assert row == {"success_rate": pytest.approx(2 / 3), "count": 4}


def test_money_stays_exact(store: Store) -> None:
    """0.1 + 0.2 + 0.000001 = 0.300001, not 0.30000100000000004."""
    store.insert("llm_events", [llm(at(9), cost_usd=Decimal(cost)) for cost in ("0.1", "0.2", "0.000001")])
    for exact in (False, True):
        [row] = store.run(aggregate(["llm.cost_usd", "p50(llm_events.cost_usd)"], window=days(7), exact=exact).select)
        assert row["cost_usd"] == Decimal("0.300001")
        assert row["p50_cost_usd"] == 0.1


def test_abandonment_judges_sessions(store: Store) -> None:
    """Four sessions: 1 has a single event, 2 ends in an error, 3 recovers after one, 4 ends in a tie with one: 3/4."""
    events = [(1, "overlay_open", 0), (2, "query_submit", 0), (2, "error", 1), (3, "error", 0), (3, "query_submit", 1)]
    events += [(4, "overlay_open", 0), (4, "error", 5), (4, "query_submit", 5)]
    store.insert("ui_events", [ui(at(9, 8, minute), session, kind) for session, kind, minute in events])
    [row] = store.run(aggregate(["ui.abandonment_rate", "ui.events", "ui.sessions"], window=days(7)).select)
    assert row == {"abandonment_rate": 0.75, "events": 8, "sessions": 4}
    assert store.run(aggregate(["ui.abandonment_rate"], window=days(0)).select) == [{"abandonment_rate": None}]


def test_sessions_and_rows_side_by_side_keep_a_group_that_is_null(store: Store) -> None:
    store.insert("ui_events", [ui(at(9), 1), ui(at(9), 2)])
    question = aggregate(["ui.abandonment_rate", "ui.events"], window=days(7), group_by=["commit_sha"])
    assert store.run(question.select) == [{"commit_sha": None, "abandonment_rate": 1.0, "events": 2}]


def test_groups_come_in_order_and_no_more_than_the_limit(store: Store) -> None:
    """Calls a model: a 1, b 3, c 2."""
    store.insert("llm_events", [llm(at(9), model=model) for model in "abbbcc"])
    question = aggregate(["llm.calls"], window=days(7), group_by=["model"], limit=2)
    assert store.run(question.select) == [{"model": "b", "calls": 3}, {"model": "c", "calls": 2}]
    assert question.groups is not None
    assert store.run(question.groups) == [{"groups": 3}]
    upwards = aggregate(["llm.calls"], window=days(7), group_by=["model"], order_by="llm.calls")
    assert [row["model"] for row in store.run(upwards.select)] == ["a", "c", "b"]


def test_with_buckets_the_limit_counts_groups_not_rows(store: Store) -> None:
    """Day 8: a 1, b 1, c 1; day 9: b 2, c 1. The two largest groups are b and c, two rows each."""
    store.insert("llm_events", [llm(at(8), model=model) for model in "abc"])
    store.insert("llm_events", [llm(at(9), model=model) for model in "bbc"])
    question = aggregate(["llm.calls"], window=days(7), group_by=["model"], granularity="day", limit=2)
    counted = [(row["ts"].day, row["model"], row["calls"]) for row in store.run(question.select)]
    assert counted == [(8, "b", 1), (8, "c", 1), (9, "b", 2), (9, "c", 1)]


def test_with_buckets_and_an_order_the_groups_that_come_first_are_kept(store: Store) -> None:
    """a peaks at 90 ms, b at 50, c at 70: downwards a and c, upwards by lowest b (5) and c (10)."""
    peaks = {"a": (20.0, 90.0), "b": (5.0, 50.0), "c": (10.0, 70.0)}
    rows = [llm(at(day), peaks[model][day - 8], model=model) for model in peaks for day in (8, 9)]
    store.insert("llm_events", rows)
    for descending, wanted in ((True, ["a", "c", "a", "c"]), (False, ["b", "c", "b", "c"])):
        question = aggregate(
            ["max(llm_events.latency_ms)"],
            window=days(7),
            group_by=["model"],
            granularity="day",
            order_by="max_latency_ms",
            descending=descending,
            limit=2,
        )
        assert [row["model"] for row in store.run(question.select)] == wanted


def test_filters_narrow_the_rows(store: Store) -> None:
    store.insert("llm_events", [llm(at(9), 10.0 * n, model=f"m{n}") for n in range(1, 6)])
    slow = {"column": "latency_ms", "op": ">=", "value": "20"}
    filters: list[dict[str, Any]] = [slow, {"column": "model", "op": "in", "values": ["m1", "m2"]}]
    [row] = store.run(aggregate(["llm.calls"], window=days(7), filters=filters).select)
    assert row == {"calls": 1}
    [row] = store.run(
        aggregate(["llm.calls"], window=days(7), filters=[{"column": "model", "op": "like", "value": "m%"}]).select
    )
    assert row == {"calls": 5}


def test_until_is_not_part_of_the_window(store: Store) -> None:
    window = whole_days(2)
    moments = [window.since - timedelta(milliseconds=1), window.since, window.until - timedelta(milliseconds=1)]
    store.insert("watcher_runs", [{"ts": ts, "status": "valid"} for ts in [*moments, window.until]])
    assert store.run(aggregate(["pipeline.runs"], window=window).select) == [{"runs": 2}]


def test_a_group_by_commit_keeps_runs_without_one(store: Store) -> None:
    store.insert("bench_runs", [bench(at(9), 1, 5.0, commit_sha="a" * 40), bench(at(9), 2, 7.0, commit_sha=None)])
    question = aggregate(["bench.runs"], window=days(7), group_by=["commit_sha"], order_by="commit_sha")
    assert [row["commit_sha"] for row in store.run(question.select)] == ["a" * 40, None]
