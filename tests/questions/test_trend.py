"""`trend`: a line whose slope is counted by eye, a step whose commit is known."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from scipy import stats

from chimera_metrics.integrations.clickhouse_client import ClickHouseClient
from tests.analytics.conftest import at
from tests.analytics.rows import bench, commit, llm
from tests.questions.conftest import NOW, Fill

MORNING = NOW.replace(hour=8)
WOBBLE = [0.0, 3.0, -2.0, 1.0, -3.0, 2.0, 0.5, -1.5]


def climbing(days: int, model: str = "opus", slope: float = 2.0, start: float = 100.0) -> list[dict[str, Any]]:
    """A call a day, today's included: start + slope × day, a little beside."""
    first = MORNING - timedelta(days=days)
    values = [start + slope * i + 0.1 * WOBBLE[i % 8] for i in range(days + 1)]
    return [llm(first + timedelta(days=i), value, model=model) for i, value in enumerate(values)]


def test_a_line_of_2_ms_a_day_rises_by_2_ms_a_day(client: ClickHouseClient, fill: Fill) -> None:
    fill("llm_events", climbing(20))
    answer = client.get_trend_data("llm.latency_mean_ms", days=20)
    [series] = answer.series
    whole = [point.value for point in series.points.records() if not point.partial]
    assert series.n == len(whole) == 20
    assert series.slope_per_day == pytest.approx(stats.theilslopes(whole).slope, rel=1e-6)
    assert series.slope_low < 2.0 < series.slope_high
    assert (series.direction, series.group, series.reason, series.change_points) == ("rising", None, None, [])
    assert series.points.records()[-1].partial
    assert answer.window.since == "2026-05-21T00:00:00Z"
    assert (answer.metric, answer.unit, answer.source) == ("llm.latency_mean_ms", "ms", "llm_events_hourly")


def test_the_bucket_that_is_not_over_stays_out(client: ClickHouseClient, fill: Fill) -> None:
    rows = climbing(20)
    fill("llm_events", [*rows[:-1], llm(MORNING, 1e9)])
    [series] = client.trend("llm.latency_mean_ms", days=20).series
    assert series.slope_per_day == pytest.approx(2.0, rel=0.01)
    assert series.anomalies == []


def test_a_day_that_is_not_over_is_not_called_a_day_without_values(client: ClickHouseClient, fill: Fill) -> None:
    fill("llm_events", [llm(MORNING, 100.0)])
    [series] = client.trend("llm.latency_mean_ms", days=0).series
    text = "No whole day is over yet in this window; take a longer window or a finer granularity."
    assert series.reason == {"code": "no_data", "text": text}
    assert not any("no values" in note for note in series.notes)
    [hours] = client.trend("llm.latency_mean_ms", days=0, granularity="hour").series
    assert "There is 1" in hours.reason.text or "there is 1" in hours.reason.text


def test_a_series_without_points_has_none_left_out(client: ClickHouseClient, fill: Fill) -> None:
    fill("llm_events", climbing(20))
    answer = client.trend("llm.latency_p95_ms", filters={"model": "none"})
    assert not any("left out; filter" in note for note in answer.notes)
    assert any(note.startswith("No row of llm_events has model = none") for note in answer.notes)


def test_groups_are_judged_together_the_largest_first(client: ClickHouseClient, fill: Fill) -> None:
    fill("llm_events", [*climbing(20, "haiku", slope=-1.0), *climbing(20), *climbing(20), *climbing(3, "tiny")])
    answer = client.trend("llm.latency_mean_ms", days=20, group_by="model")
    assert [(one.group, one.direction, one.n) for one in answer.series] == [
        ("opus", "rising", 20),
        ("haiku", "falling", 20),
        ("tiny", "unclear", 3),
    ]
    assert answer.series[2].reason.code == "too_few"
    assert all(one.p_adjusted >= one.p_value for one in answer.series[:2])


def test_a_step_names_the_levels_and_the_commit_that_brought_it(client: ClickHouseClient, fill: Fill) -> None:
    """Ten days around 100, then ten around 150 from commit 2 on."""
    first = MORNING - timedelta(days=20)
    runs = [
        bench(first + timedelta(days=i), i, (100 if i < 10 else 150) + WOBBLE[i % 8], commit_sha=commit(1 + (i >= 10)))
        for i in range(20)
    ]
    fill("bench_runs", runs)
    answer = client.trend("bench.latency_p95_ms", days=20, filters=[{"column": "model", "op": "=", "value": "llama"}])
    [change] = answer.series[0].change_points
    assert (change.ts, change.commit_sha) == ("2026-05-31", commit(2))
    assert (change.before, change.after) == (pytest.approx(100, abs=2), pytest.approx(150, abs=2))
    assert answer.filters == ["model = llama"]


def test_one_wild_day_is_an_anomaly(client: ClickHouseClient, fill: Fill) -> None:
    first = MORNING - timedelta(days=24)
    values = [100 + WOBBLE[i * 5 % 8] + i % 3 for i in range(24)]
    values[11] = 400.0
    fill("llm_events", [llm(first + timedelta(days=i), value) for i, value in enumerate(values)])
    [series] = client.trend("llm.latency_mean_ms", days=24).series
    assert [(one.ts, one.value) for one in series.anomalies] == [("2026-05-28", 400.0)]
    assert series.anomalies[0].score > 4


def test_points_of_many_groups_are_left_out_before_they_flood(client: ClickHouseClient, fill: Fill) -> None:
    fill("llm_events", [row for i in range(40) for row in climbing(12, f"model {i:02}")])
    answer = client.trend("llm.latency_mean_ms", days=12, group_by="model")
    assert len(answer.series) == 40
    assert sum(len(one.points.records()) for one in answer.series) <= 400
    assert answer.series[0].points.records()
    assert answer.notes[-1] == "Points of 10 of 40 groups are left out; filter to one group to see them."


def test_a_day_that_has_just_begun_is_neither_shown_nor_called_empty(client: ClickHouseClient, fill: Fill) -> None:
    """No call yet on the 10th: a mean has no value there, and none of the days before lacks one."""
    fill("llm_events", [llm(at(day), 10.0 + day) for day in range(4, 10)])
    answer = client.trend("llm.latency_mean_ms", days=6)
    assert [point.ts for point in answer.series[0].points.records()] == [f"2026-06-0{day}" for day in range(4, 10)]
    assert answer.notes == []
