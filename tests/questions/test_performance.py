"""`get_performance_summary`: eight runs a side of each group, one of which got worse from a known commit on."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import numpy as np
import pytest
from scipy import stats

from chimera_metrics.analytics.inference.rank_test import rank_p_value
from chimera_metrics.integrations.clickhouse_client import ClickHouseClient
from tests.analytics.rows import bench, commit, llm, ui
from tests.questions.conftest import NOW, Fill

WOBBLE = [3.0, -2.0, 1.0, -3.0, 2.0, 0.5]


def group(model: str, base: int, change: float = 0.0, **more: Any) -> list[dict[str, Any]]:
    """Eight runs in the window before and eight in this one, which begins on 3 June and commit 2."""
    rows = []
    for i in range(16):
        late = i >= 8
        ts = NOW.replace(day=3 if late else 1, hour=1 + i % 8)
        latency = 100 + WOBBLE[i % 6] + change * late
        sha = commit(2 if late else 1)
        rows.append(
            bench(ts, base + i, latency, model=model, commit_sha=sha, tokens_per_sec=50 + WOBBLE[i % 6], **more)
        )
    return rows


def test_what_got_worse_is_found_with_its_commit_and_nothing_else(client: ClickHouseClient, fill: Fill) -> None:
    fill("bench_runs", [*group("steady", 0), *group("worse", 100, 40.0), *group("better", 200, -40.0)])
    answer = client.get_performance_summary(days=7)
    worse, *others = answer.groups
    assert (worse.model, worse.runs, worse.runs_before) == ("worse", 8, 8)
    [found] = worse.regressions
    assert (found.measure, found.commit_sha) == ("latency_p95_ms", commit(2))
    assert (found.before, found.after, found.change_pct) == (100.75, 140.75, pytest.approx(39.7, abs=0.01))
    assert found.p_adjusted < 0.005
    assert worse.change_pct.latency_p95_ms == pytest.approx(100 * (139.9375 / 100.3125 - 1), abs=0.01)
    assert worse.change_pct.memory_peak_mb is None
    assert [one.regressions for one in others] == [[], []]
    assert {one.reason for one in (worse, *others) if one.reason is None} == {None}
    assert answer.previous_window.until == answer.window.since == "2026-06-03T00:00:00Z"


def test_fewer_tokens_a_second_are_worse(client: ClickHouseClient, fill: Fill) -> None:
    rows = [row | {"tokens_per_sec": row["tokens_per_sec"] - 20 * (i >= 8)} for i, row in enumerate(group("m", 0))]
    fill("bench_runs", rows)
    [one] = client.get_performance_summary(days=7).groups
    assert [found.measure for found in one.regressions] == ["tokens_per_sec"]


def test_too_few_runs_are_said_and_not_judged(client: ClickHouseClient, fill: Fill) -> None:
    fill("bench_runs", [bench(NOW - timedelta(days=d), d, 100.0 * (1 + (d < 5))) for d in (1, 2, 9, 10)])
    fill("bench_runs", [bench(NOW - timedelta(hours=1), 50, 1.0, model="new")])
    first, second = client.get_performance_summary(days=7).groups
    assert (first.reason.code, first.regressions, first.change_pct.latency_p95_ms) == ("too_few", [], 100.0)
    assert (second.reason.code, second.change_pct.latency_p95_ms) == ("too_few", None)
    assert "9 more are needed" in second.reason.text


def test_calls_and_events_of_the_window_stand_beside(client: ClickHouseClient, fill: Fill) -> None:
    day = NOW - timedelta(days=1)
    fill("llm_events", [llm(day, 100.0, cost_usd="0.25"), llm(day, 300.0, status="timeout", cost_usd="0.25")])
    fill("ui_events", [ui(day, 1, "error", 10.0), ui(day, 1, "overlay_open", 30.0), ui(day, 2, "error", 20.0)])
    answer = client.get_performance_summary(days=7)
    assert answer.llm == [
        {"source": "council", "model": "opus", "calls": 2, "error_rate": 0.5, "latency_p95_ms": pytest.approx(290),
         "tokens_in": 0, "tokens_out": 0, "cost_usd": 0.5}
    ]  # fmt: skip
    assert answer.ui == [
        {"event_type": "error", "events": 2, "latency_p95_ms": pytest.approx(19.5)},
        {"event_type": "overlay_open", "events": 1, "latency_p95_ms": 30.0},
    ]
    assert answer.notes[-1] == "No benchmark ran in either window; `describe` bench_runs names those known."


def test_a_model_that_no_run_has_is_told_with_the_models_that_there_are(client: ClickHouseClient, fill: Fill) -> None:
    fill("bench_runs", [*group("opus", 0), *group("sonnet", 100)])
    notes = client.get_performance_summary(model="opsu").notes
    assert "No row of bench_runs has model = opsu; known are opus, sonnet (did you mean opus?)." in notes
    assert not any(note.startswith("No benchmark ran") for note in notes)
    notes = client.get_performance_summary(model="opus", dataset="math").notes
    assert "No row of bench_runs has dataset = math; known are chat." in notes


def test_a_model_that_ran_before_both_windows_is_told_as_such(client: ClickHouseClient, fill: Fill) -> None:
    fill("bench_runs", [bench(NOW - timedelta(days=90), 1, 100.0, model="opus")])
    assert client.get_performance_summary(model="opus").notes[-1].startswith("No benchmark ran of model 'opus'")


@pytest.mark.parametrize(("before", "after"), [(5, 5), (5, 8), (9, 6), (7, 30)])
def test_the_rank_test_of_few_runs_is_mann_whitneys(before: int, after: int) -> None:
    rng = np.random.default_rng(before)
    a, b = rng.normal(size=before), rng.normal(size=after) + 0.5
    oracle = stats.mannwhitneyu(b, a, alternative="greater", method="exact").pvalue
    assert rank_p_value(a, b) == pytest.approx(oracle, rel=1e-12)


def test_the_rank_test_counts_ties_by_eye() -> None:
    """1, 1 before and 1, 2 after: of six arrangements three have the 2 after."""
    assert rank_p_value(np.array([1.0, 1.0]), np.array([1.0, 2.0])) == pytest.approx(0.5)
