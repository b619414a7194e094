"""`correlate`: series whose coefficient SciPy knows."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import numpy as np
import pytest
from scipy import stats

from chimera_metrics.integrations.clickhouse_client import ClickHouseClient
from tests.analytics.rows import llm, ui
from tests.questions.conftest import NOW, Fill

NOT_OVER = "No whole day is over yet in this window; take a longer window or a finer granularity."
X, Y = "llm.latency_mean_ms", "ui.latency_mean_ms"
DAYS = 20
RNG = np.random.default_rng(7)
NOISE = RNG.normal(size=(2, DAYS + 3))
A = 500 + 20 * NOISE[0]


def store(fill: Fill, x: Any, y: Any) -> None:
    """One event a day at noon, the last value today, which is not over."""
    first = NOW.replace(hour=11) - timedelta(days=len(x) - 1)
    fill("llm_events", [llm(first + timedelta(days=i), float(v)) for i, v in enumerate(x) if v is not None])
    fill("ui_events", [ui(first + timedelta(days=i), i, latency_ms=float(v)) for i, v in enumerate(y) if v is not None])


@pytest.mark.parametrize(("method", "oracle"), [("pearson", stats.pearsonr), ("spearman", stats.spearmanr), ("kendall", stats.kendalltau)])  # fmt: skip  # noqa: E501
def test_the_coefficient_is_scipys_over_the_points_shown(
    client: ClickHouseClient, fill: Fill, method: Any, oracle: Any
) -> None:
    x, y = A[: DAYS + 1], A[: DAYS + 1] + 15 * NOISE[1][: DAYS + 1]
    store(fill, x, np.append(y[:-1], 1e6))  # today would spoil it
    answer = client.correlate(X, Y, days=DAYS, method=method)
    assert answer.n == len(answer.points.records()) == DAYS
    xs, ys = [p.x for p in answer.points.records()], [p.y for p in answer.points.records()]
    assert xs == pytest.approx(x[:-1].tolist(), rel=1e-6)
    assert answer.coefficient == pytest.approx(oracle(xs, ys).statistic, abs=1e-6)
    assert answer.ci_low < answer.coefficient < answer.ci_high
    assert answer.p_value < 0.001
    assert answer.reason is None
    assert answer.notes == ["2026-06-10 is partial: left out of the points and of all inference."]


def test_what_follows_two_days_later_is_found_at_lag_2(client: ClickHouseClient, fill: Fill) -> None:
    """y is x of two days before."""
    store(fill, A[2:], A[:-2])
    answer = client.correlate(X, Y, days=DAYS, max_lag=3)
    assert answer.best_lag == 2
    assert [one.lag for one in answer.lags] == [-3, -2, -1, 0, 1, 2, 3]
    assert answer.lags[5].coefficient == pytest.approx(1.0, abs=1e-9)
    assert answer.best_lag_p_adjusted < 0.002  # judged by ranks


def test_a_metric_with_itself_is_1_and_cautioned(client: ClickHouseClient, fill: Fill) -> None:
    store(fill, A, A)
    answer = client.correlate(X, Y, days=DAYS)
    assert answer.coefficient == 1.0
    assert "The pairs follow one another exactly: the two may be one measure." in answer.cautions


def test_days_without_rows_count_as_0_for_counts_and_that_is_said(client: ClickHouseClient, fill: Fill) -> None:
    store(fill, [1.0] * 6, [1.0] * 6)
    fill("llm_events", [llm(NOW - timedelta(days=40))])
    fill("ui_events", [ui(NOW - timedelta(days=40))])
    answer = client.correlate("llm.calls", "ui.events", days=10)
    assert (answer.n, answer.coefficient) == (10, 1.0)
    assert "5 of 10 days have no rows on either side and count as 0." in answer.cautions


def test_many_points_are_thinned_and_all_used(client: ClickHouseClient, fill: Fill) -> None:
    store(fill, A, A)
    answer = client.correlate("llm.calls", "ui.events", granularity="hour", days=DAYS)
    assert answer.n == DAYS * 24 + 12
    assert 200 <= len(answer.points.records()) <= 400
    assert answer.notes[-1].startswith(f"{len(answer.points.records())} of {answer.n} points are shown, all were used;")


def test_filters_narrow_each_side(client: ClickHouseClient, fill: Fill) -> None:
    store(fill, A, A)
    answer = client.correlate(X, Y, days=DAYS, x_filters=[{"column": "model", "op": "=", "value": "none"}])
    assert answer.reason == {"code": "no_data", "text": "There are no values of llm.latency_mean_ms in this window."}
    assert (answer.coefficient, answer.points.records(), answer.n) == (None, [], 0)


def test_a_day_that_is_not_over_is_not_called_a_day_without_values(client: ClickHouseClient, fill: Fill) -> None:
    store(fill, A[:1], A[:1])
    answer = client.correlate(X, Y, days=0)
    assert answer.reason == {"code": "no_data", "text": NOT_OVER}


def test_the_larger_cycle_of_both_sides_is_named(client: ClickHouseClient, fill: Fill) -> None:
    """Four weeks whose weekends have 45 % of a weekday's latency on the one side, and noise on the other."""
    week = [1.0, 1.0, 1.0, 1.0, 1.0, 0.45, 0.45]
    x = [100.0 * week[i % 7] * (1.0 + 0.01 * (i * 5 % 8)) for i in range(29)]
    store(fill, x, 500.0 + np.random.default_rng(8).normal(size=29))
    answer = client.correlate(X, Y, days=28)
    assert answer.cycle.period == 7
    assert 0.9 < answer.cycle.share_of_variance <= 1.0
    assert client.correlate(Y, X, days=28).cycle == answer.cycle


def test_noise_has_no_cycle_and_weeks_have_none_to_look_for(client: ClickHouseClient, fill: Fill) -> None:
    store(fill, A[: DAYS + 1], A[: DAYS + 1] + 15 * NOISE[1][: DAYS + 1])
    assert client.correlate(X, Y, days=DAYS).cycle is None
    assert client.correlate(X, Y, granularity="week", days=DAYS).cycle is None
