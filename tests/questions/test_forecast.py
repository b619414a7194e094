"""`query.forecast` on stored rows: which buckets it is about, its total, and what it says of itself."""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal
from typing import Any

import numpy as np
import pytest

from chimera_metrics.analytics import QuestionError
from chimera_metrics.integrations.clickhouse_client import ClickHouseClient
from tests.analytics.rows import episode, llm, session
from tests.questions.conftest import NOW, Fill

MIDNIGHT = NOW.replace(hour=0)
WEEK = [100, 105, 105, 102, 95, 45, 40]


def costs(days: int, seed: int = 1) -> list[dict[str, Any]]:
    """A call an hour before noon on each of the days before today: dollars by the weekday, 5 % beside."""
    noise = np.random.default_rng(seed).standard_normal(days + 1)
    found = []
    for i in range(1, days + 1):
        at = MIDNIGHT - timedelta(days=i) + timedelta(hours=11)
        dollars = WEEK[at.weekday()] * (1.0 + 0.05 * noise[i])
        found.append(llm(at, 100.0 + noise[i], cost_usd=Decimal(f"{dollars:.6f}")))
    return found


def test_the_cost_of_next_week(client: ClickHouseClient, fill: Fill) -> None:
    """8 weeks are known; today, a Wednesday, is the first day ahead."""
    fill("llm_events", costs(56))
    answer = client.forecast("llm.cost_usd")
    assert answer.forecast.columns == ["ts", "value", "low_80", "high_80", "low_95", "high_95"]
    days = [row[0] for row in answer.forecast.rows]
    assert (days[0], days[-1], len(days)) == ("2026-06-10T00:00:00Z", "2026-06-16T00:00:00Z", 7)
    assert [row[1] for row in answer.forecast.rows] == pytest.approx([*WEEK[2:], *WEEK[:2]], rel=0.08)
    assert all(low95 <= low <= value <= high <= high95 for _, value, low, high, low95, high95 in answer.forecast.rows)
    assert answer.total.low_95 < answer.total.low_80 < sum(WEEK) < answer.total.high_80 < answer.total.high_95
    assert (answer.n, answer.horizon, answer.method, answer.reason) == (56, 7, "smoothed", None)
    assert answer.cycle.period == 7
    assert answer.backtest.mase < answer.backtest.mase_naive
    assert "2026-06-10T00:00:00Z is the day that is running; it is forecast as a whole." in answer.notes


def test_a_total_above_the_sum_of_its_days_says_why(client: ClickHouseClient, fill: Fill) -> None:
    """Costs on two days of five: the median day costs next to nothing, the mean day 36 dollars."""
    rng = np.random.default_rng(2)
    dollars = [Decimal(f"{rng.lognormal(4.0, 1.0):.2f}") if rng.random() < 0.4 else Decimal(0) for _ in range(85)]
    fill("llm_events", [llm(MIDNIGHT - timedelta(days=1 + i), cost_usd=x) for i, x in enumerate(dollars)])
    answer = client.forecast("llm.cost_usd")
    days = sum(row[1] for row in answer.forecast.rows)
    assert days * 1.05 < answer.total.value < answer.total.high_80
    [note] = [note for note in answer.notes if "medians" in note]
    assert note.startswith("The values are medians and the total is a mean, so it lies above their sum, ")
    fill("llm_events", costs(85))
    assert not any("medians" in note for note in client.forecast("llm.cost_usd").notes)


def test_a_mean_has_no_total(client: ClickHouseClient, fill: Fill) -> None:
    fill("llm_events", costs(40))
    answer = client.forecast("llm.latency_mean_ms", horizon=3)
    assert answer.total is None
    assert len(answer.forecast.rows) == 3


def test_what_is_over_is_forecast_from_its_end(client: ClickHouseClient, fill: Fill) -> None:
    """A window of May: the days ahead are the first of June."""
    fill("llm_events", costs(60))
    answer = client.forecast("llm.calls", since="2026-04-15", until="2026-06-01", horizon=2)
    assert answer.reason.code == "constant"
    answer = client.forecast("llm.cost_usd", since="2026-04-15", until="2026-06-01", horizon=2)
    assert [row[0] for row in answer.forecast.rows] == ["2026-06-01T00:00:00Z", "2026-06-02T00:00:00Z"]
    assert not any("running" in note for note in answer.notes)


def test_rates_stay_between_0_and_1(client: ClickHouseClient, fill: Fill) -> None:
    rng = np.random.default_rng(4)
    rows = [
        llm(MIDNIGHT - timedelta(days=1 + i // 6), status="failure" if rng.random() < 0.8 else "success")
        for i in range(240)
    ]
    fill("llm_events", rows)
    found = client.forecast("llm.error_rate").forecast.rows
    assert len(found) == 7
    assert all(0.0 <= number <= 1.0 for row in found for number in row[1:])


@pytest.mark.parametrize(
    ("metric", "low", "high"),
    [
        ("sessions.error_rate", 0.0, 1.0),
        ("sessions.abandonment_rate", 0.0, 1.0),
        ("episodes.confidence", 0.0, 1.0),
        ("max(episodes.confidence_score)", 0.0, 1.0),
        ("episodes.correlation_strength", -1.0, 1.0),
    ],
)
def test_nothing_is_forecast_beyond_what_a_column_takes(
    client: ClickHouseClient, fill: Fill, metric: str, low: float, high: float
) -> None:
    """Values all over the range; the ends reach the bounds and no farther."""
    rng = np.random.default_rng(4)
    days = [MIDNIGHT - timedelta(days=1 + i) for i in range(40)]
    if metric.startswith("sessions"):
        rows = [session(day, i, float(rng.random())) for i, day in enumerate(days)]
        fill("session_stats", [row | {"abandonment_rate": float(rng.random() < 0.7)} for row in rows])
    else:
        fill(
            "episodes",
            [
                episode(day, i, confidence_score=rng.random() ** 0.3, correlation_strength=rng.uniform(-1.0, 1.0))
                for i, day in enumerate(days)
            ],
        )
    found = client.forecast(metric).forecast.rows
    numbers = [number for row in found for number in row[1:]]
    assert len(found) == 7
    assert max(numbers) == high
    assert min(numbers) >= low


def test_three_weeks_are_needed(client: ClickHouseClient, fill: Fill) -> None:
    fill("llm_events", costs(20))
    answer = client.forecast("llm.cost_usd")
    assert answer.forecast.rows == []
    assert (answer.reason.code, answer.method, answer.total, answer.backtest) == ("too_few", None, None, None)
    assert answer.reason.text == "A forecast of 7 buckets needs at least 21 points; there are 20."


def test_no_rows_and_a_day_that_is_not_over(client: ClickHouseClient, fill: Fill) -> None:
    assert client.forecast("llm.latency_mean_ms").reason.code == "no_data"
    fill("llm_events", [llm(NOW - timedelta(hours=1), 5.0)])
    reason = client.forecast("llm.latency_mean_ms").reason
    assert reason.text.startswith("No whole day is over yet in this window")


def test_hours_look_back_two_weeks_and_a_day_ahead(client: ClickHouseClient, fill: Fill) -> None:
    rng = np.random.default_rng(5)
    fill("llm_events", [llm(NOW - timedelta(hours=i), 100.0 + rng.standard_normal()) for i in range(1, 400)])
    answer = client.forecast("llm.latency_mean_ms", granularity="hour")
    assert (answer.horizon, answer.window.since) == (24, "2026-05-27T00:00:00Z")
    assert answer.forecast.rows[0][0] == "2026-06-10T12:00:00Z"


@pytest.mark.parametrize("horizon", [0, 1001])
def test_a_horizon_out_of_range_is_refused(client: ClickHouseClient, horizon: int) -> None:
    with pytest.raises(QuestionError, match="it takes 1 to 1,000 buckets ahead"):
        client.forecast("llm.calls", horizon=horizon)


def test_a_picture_comes_with_it(client: ClickHouseClient, fill: Fill) -> None:
    fill("llm_events", costs(40))
    [picture] = client.forecast("llm.cost_usd", chart=True).images
    assert picture.startswith(b"\x89PNG")
