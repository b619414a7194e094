"""`get_correlation_data`, as the contract defines its numbers."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from scipy import stats

from chimera_metrics.integrations.clickhouse_client import ClickHouseClient
from tests.analytics.rows import bench, ui
from tests.questions.conftest import NOW, Fill

HEARTS = [400.0, 420.0, 410.0, 450.0, 470.0, 430.0, None, 1e6]
PACKS = [200.0, 215.0, 190.0, 240.0, 230.0, 222.0, 210.0, 9.0]


def store(fill: Fill, **mix: Any) -> None:
    """Seven whole days and today; the seventh has no benchmark. A day has two events, one of them an error."""
    first = NOW.replace(hour=9) - timedelta(days=7)
    times = [first + timedelta(days=i) for i in range(8)]
    models = mix.get("models", ["llama"] * 8)
    runs = [(i, ts, value) for i, (ts, value) in enumerate(zip(times, HEARTS, strict=True)) if value is not None]
    fill("bench_runs", [bench(ts, i, value, model=models[i], cost_per_1k="0.5") for i, ts, value in runs])
    events = [ui(ts, i, latency_ms=value - 5) for i, (ts, value) in enumerate(zip(times, PACKS, strict=True))]
    errors = [ui(ts, i, "error", value + 5) for i, (ts, value) in enumerate(zip(times, PACKS, strict=True))]
    fill("ui_events", [*events, *errors])


def test_r_is_pearsons_over_the_whole_days_that_have_both(client: ClickHouseClient, fill: Fill) -> None:
    store(fill)
    answer = client.get_correlation_data(days=7)
    r = stats.pearsonr(HEARTS[:6], PACKS[:6]).statistic
    assert answer["correlation"] == pytest.approx(r, abs=1e-9)
    assert (answer.n, answer.hearts_rows, answer.packs_rows) == (6, 7, 16)
    assert answer.confidence == {
        "score": pytest.approx(min(6 / 7, r)),
        "completeness": pytest.approx(6 / 7),
        "strength": pytest.approx(r),
        "recency": 1.0,
    }
    points = answer.points.records()
    assert [p.packs_error_rate for p in points] == [0.5] * 7
    assert points[0] == {
        "ts": "2026-06-03",
        "hearts_latency_p95_ms": 400.0,
        "hearts_cost_per_1k": 0.5,
        "packs_latency_ms": 200.0,
        "packs_error_rate": 0.5,
        "packs_abandonment_rate": pytest.approx(points[1].packs_abandonment_rate),
    }


def test_all_six_pairs_are_shown_the_constant_ones_with_a_reason(client: ClickHouseClient, fill: Fill) -> None:
    store(fill)
    pairs = client.get_correlation_data(days=7).pairs
    assert len(pairs) == 6
    assert pairs[0].coefficient is not None
    assert {pair.reason.code for pair in pairs[1:]} == {"constant"}
    assert pairs[0].p_adjusted == pairs[0].p_value  # the others were not tried


def test_every_pair_says_what_is_left_without_trend_and_cycle(client: ClickHouseClient, fill: Fill) -> None:
    store(fill)
    answer = client.get_correlation_data(days=7)
    assert answer.adjusted.removed == ["the trend"]
    assert {**answer.pairs[0].adjusted, "removed": ["the trend"]} == answer.adjusted
    assert [pair.adjusted for pair in answer.pairs[1:]] == [None] * 5


def test_today_alone_is_not_called_a_day_without_values(client: ClickHouseClient, fill: Fill) -> None:
    store(fill)
    answer = client.get_correlation_data(days=0)
    text = "No whole day is over yet in this window; take a longer window or a finer granularity."
    assert answer.reason == {"code": "no_data", "text": text}
    assert {pair.reason.text for pair in answer.pairs} == {text}


def test_another_mix_of_models_is_cautioned_with_r_within(client: ClickHouseClient, fill: Fill) -> None:
    store(fill, models=["a", "b", "a", "b", "a", "b", "a", "b"])
    answer = client.get_correlation_data(days=7)
    [caution] = [text for text in answer.cautions if text.startswith("The mix of models")]
    assert "between days (5 times in 6, of 2 combinations of model, quant and dataset)" in caution
    assert f"Within them r is {answer.within.coefficient:.2f} (6 values in 2 groups" in caution


def test_the_same_mix_every_day_needs_no_caution(client: ClickHouseClient, fill: Fill) -> None:
    store(fill)
    assert not [text for text in client.get_correlation_data().cautions if "mix" in text]


def test_the_confidence_falls_with_the_age_of_the_older_source(client: ClickHouseClient, fill: Fill) -> None:
    """The newest benchmark is four days old: 0.75."""
    fill("bench_runs", [bench(NOW - timedelta(days=4), 1, 400.0)])
    fill("ui_events", [ui(NOW, 1, latency_ms=3.0)])
    assert client.get_correlation_data().confidence == {
        "score": 0.0,
        "completeness": 0.0,
        "strength": None,
        "recency": 0.75,
    }


def test_a_week_in_the_latencies_is_named(client: ClickHouseClient, fill: Fill) -> None:
    """Weekends of the interface take 45 % of a weekday's time, and of the benchmarks as long as any day."""
    first = NOW.replace(hour=9) - timedelta(days=28)
    times = [first + timedelta(days=i) for i in range(28)]
    fill("bench_runs", [bench(ts, i, 400.0 + i * 5 % 8) for i, ts in enumerate(times)])
    fill(
        "ui_events",
        [ui(ts, i, latency_ms=(90.0 if i % 7 in (3, 4) else 200.0) + i * 3 % 5) for i, ts in enumerate(times)],
    )
    cycle = client.get_correlation_data(days=28).cycle
    assert cycle.period == 7
    assert cycle.share_of_variance > 0.9
    assert client.get_correlation_data(days=7).cycle is None
