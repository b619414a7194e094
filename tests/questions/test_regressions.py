"""Regressions: the newest runs beside all comparable runs before them, in whatever window they are asked for."""

from __future__ import annotations

from datetime import timedelta

import pytest

from chimera_metrics.integrations.clickhouse_client import ClickHouseClient
from tests.analytics.rows import bench
from tests.questions.conftest import NOW, Fill

# The benchmarks of the demo's regressed group, a run a day: the level changes with the ninth.
RUNS = [431, 432, 389, 433, 412, 415, 422, 447, 538, 542, 525, 491, 519, 545, 550]
OLD, BAD = "a" * 40, "b" * 40


def store(fill: Fill) -> None:
    """The newest run is two hours old."""
    first = NOW - timedelta(hours=2, days=len(RUNS) - 1)
    fill(
        "bench_runs",
        [
            bench(first + timedelta(days=day), day, float(value), commit_sha=OLD if day < 8 else BAD)
            for day, value in enumerate(RUNS)
        ],
    )


@pytest.mark.parametrize("days", [3, 4, 5, 6, 7, 8, 9, 10, 14, 21, 30])
def test_the_step_is_a_regression_in_every_window_that_holds_five_runs_of_it(
    client: ClickHouseClient, fill: Fill, days: int
) -> None:
    store(fill)
    [group] = client.get_performance_summary(days=days).groups
    [found] = [one for one in group.regressions if one.measure == "latency_p95_ms"]
    assert found.commit_sha == BAD
    assert found.since == (NOW - timedelta(hours=2, days=6)).isoformat().replace("+00:00", "Z")
    assert found.shift_low > 0
    assert found.shift_low < found.shift < found.shift_high
    assert found.p_adjusted < 0.005


def test_a_window_of_too_few_runs_says_how_many_more_are_needed(client: ClickHouseClient, fill: Fill) -> None:
    store(fill)
    [group] = client.get_performance_summary(days=1).groups
    assert (group.regressions, group.reason.code) == ([], "too_few")
    assert "2 more are needed" in group.reason.text


@pytest.mark.parametrize(("slow", "noted"), [(4, True), (3, True), (1, False)])
def test_a_step_of_too_few_runs_says_how_many_more_will_tell(
    client: ClickHouseClient, fill: Fill, slow: int, noted: bool
) -> None:
    first = NOW - timedelta(hours=2, days=19 + slow)
    values = [100.0 + (day + 1) % 4 for day in range(20)] + [150.0 + day % 2 for day in range(slow)]
    fill("bench_runs", [bench(first + timedelta(days=day), day, value) for day, value in enumerate(values)])
    answer = client.get_performance_summary(days=7)
    assert [one.regressions for one in answer.groups] == [[]]
    said = (
        f"The {slow} newest runs of llama q4 chat are worse in latency_p95_ms than all 20 before: "
        f"{5 - slow} more run{'' if slow == 4 else 's'} will show whether that is a regression."
    )
    assert (said in answer.notes) == noted
