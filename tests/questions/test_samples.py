"""What the samples hold, seen through the tools: the planted regression, and a correlation that is partly the mix."""

from __future__ import annotations

import csv
import json
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest

from chimera_metrics.integrations.clickhouse_client import ClickHouseClient
from tests.questions.conftest import NOW, Fill

SAMPLES = Path(__file__).parents[2] / "samples"
COMMIT = "5d8a17f4c2e06b93a1f75d04e8c6293b7f10ad6e"


@pytest.fixture(autouse=True)
def _samples(fill: Fill) -> None:
    """Benchmarks and events, moved so that the newest event is from a minute ago."""
    runs = [json.loads(line) for line in (SAMPLES / "bench_runs.jsonl").read_text().splitlines()]
    with (SAMPLES / "ui_events.csv").open() as file:
        events: list[dict[str, Any]] = [{k: v or None for k, v in row.items()} for row in csv.DictReader(file)]
    newest = max(datetime.fromisoformat(row["ts"]) for row in events)
    later = NOW.replace(tzinfo=newest.tzinfo) - newest
    for rows, table in ((runs, "bench_runs"), (events, "ui_events")):
        moved = [row | {"ts": (datetime.fromisoformat(row["ts"]) + later).isoformat()} for row in rows]
        fill(table, moved)


def test_the_week_shows_one_regression_with_its_commit_and_nothing_else(client: ClickHouseClient) -> None:
    groups = client.get_performance_summary(days=7).groups
    found = {(g.model, g.quant, g.dataset): {r.commit_sha for r in g.regressions} for g in groups if g.regressions}
    assert found == {("llama-3.1-8b-instruct", "q4_k_m", "banter-chat"): {COMMIT}}
    assert {one.measure for one in groups[0].regressions} == {"latency_p95_ms", "latency_p99_ms", "tokens_per_sec"}


def test_the_step_of_that_group_names_the_same_commit(client: ClickHouseClient) -> None:
    filters = [{"column": "quant", "value": "q4_k_m"}, {"column": "model", "value": "llama-3.1-8b-instruct"}]
    [series] = client.trend("bench.latency_p95_ms", days=35, filters=filters).series
    assert [change.commit_sha for change in series.change_points] == [COMMIT]


def test_r_is_moderate_and_says_that_the_models_changed(client: ClickHouseClient) -> None:
    answer = client.get_correlation_data(days=30)
    assert 0.45 < answer.correlation < 0.65
    assert 0.0 < answer.within.coefficient < 1.0
    assert any(text.startswith("The mix of models changed between days") for text in answer.cautions)


def test_days_before_the_samples_are_no_climb(client: ClickHouseClient) -> None:
    """The samples hold some 30 days: asked for 90, the events of those days do not rise from 60 zeros."""
    answer = client.trend("ui.events", days=90)
    [series] = answer.series
    assert series.n < 40
    assert series.direction != "rising"
    assert series.change_pct is None or abs(series.change_pct) < 50.0
    assert any(note.startswith("ui.events begins on ") for note in answer.notes)
