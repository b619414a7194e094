"""`query.anomalies` on stored rows: an odd hour of one model, what is worse, and what cannot be judged."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import numpy as np
import pytest

from chimera_metrics.analytics import QuestionError
from chimera_metrics.integrations.clickhouse_client import ClickHouseClient
from tests.analytics.rows import llm, session, ui
from tests.questions.conftest import NOW, Fill

DAYS = 8


def hourly(slow_at: int | None = None, model: str = "opus", seed: int = 1) -> list[dict[str, Any]]:
    """A call an hour of 8 days, of about 100 ms; the one `slow_at` hours ago takes 900."""
    rng = np.random.default_rng(seed)
    hours = range(DAYS * 24 + 12, 0, -1)
    return [
        llm(NOW - timedelta(hours=i), 900.0 if i == slow_at else 100.0 + rng.standard_normal(), model=model)
        for i in hours
    ]


def test_a_slow_hour_of_one_model_is_odd(client: ClickHouseClient, fill: Fill) -> None:
    fill("llm_events", [*hourly(slow_at=3), *hourly(model="haiku", seed=2)])
    answer = client.anomalies("llm.latency_mean_ms", group_by="model", days=DAYS)
    [odd] = answer.anomalies
    assert (odd.metric, odd.group, odd.ts) == ("llm.latency_mean_ms", "opus", "2026-06-10T09:00:00Z")
    assert (odd.value, odd.worse) == (900.0, True)
    assert odd.low < 100.0 < odd.high < 110.0
    assert odd.p_adjusted < 0.04
    assert (answer.judged, answer.last, answer.not_judged) == (48, 24, [])


def test_nothing_is_odd_where_nothing_happened(client: ClickHouseClient, fill: Fill) -> None:
    fill("llm_events", hourly())
    answer = client.anomalies(["llm.latency_mean_ms", "llm.calls"], days=DAYS)
    assert answer.anomalies == []
    assert answer.judged == 48


def test_hours_without_calls_are_odd_for_a_count_and_of_no_direction(client: ClickHouseClient, fill: Fill) -> None:
    rows = [row for row in hourly() for _ in range(30) if row["ts"] < NOW - timedelta(hours=2)]
    fill("llm_events", rows)
    odd = client.anomalies("llm.calls", days=DAYS).anomalies
    assert [(one.ts, one.value, one.worse) for one in odd] == [
        ("2026-06-10T10:00:00Z", 0.0, None),
        ("2026-06-10T11:00:00Z", 0.0, None),
    ]


def test_the_leading_metrics_are_looked_at_and_what_cannot_be_judged_is_named(
    client: ClickHouseClient, fill: Fill
) -> None:
    fill("llm_events", hourly(slow_at=1))
    fill("ui_events", [ui(NOW - timedelta(hours=3), latency_ms=5.0)])
    answer = client.anomalies(days=DAYS)
    assert [odd.metric for odd in answer.anomalies] == ["llm.latency_p95_ms"]
    reasons = {one.metric: one.reason.code for one in answer.not_judged}
    assert reasons["ui.latency_p95_ms"] == "too_few"
    assert reasons["bench.latency_p95_ms"] == "no_data"
    assert "llm.latency_p95_ms" not in reasons


def test_a_filter_leaves_only_metrics_that_have_its_column(client: ClickHouseClient, fill: Fill) -> None:
    fill("llm_events", hourly())
    answer = client.anomalies(days=DAYS, filters=[{"column": "source", "op": "=", "value": "council"}])
    assert {one.metric.partition(".")[0] for one in answer.not_judged} <= {"llm"}
    assert answer.source.startswith("llm_events")
    assert answer.judged > 0


@pytest.mark.parametrize(
    ("given", "sentence"),
    [
        ({"last": 0}, "`last` is 0; it takes 1 to 2,000 of the newest buckets"),
        ({"metrics": [f"count(llm_events){' ' * i}" for i in range(41)]}, "41 metrics are asked for; at most 40"),
        ({"group_by": "event_typ"}, "None of the leading metrics has event_typ"),
        ({"granularity": "minute", "days": 3}, "points, more than 2,000"),
    ],
)
def test_a_question_that_cannot_be_is_refused(client: ClickHouseClient, given: dict[str, Any], sentence: str) -> None:
    with pytest.raises(QuestionError, match=sentence):
        client.anomalies(**given)


def test_a_picture_marks_it(client: ClickHouseClient, fill: Fill) -> None:
    fill("llm_events", hourly(slow_at=1))
    [picture] = client.anomalies("llm.latency_mean_ms", days=DAYS, chart=True).images
    assert picture.startswith(b"\x89PNG")


def test_what_was_expected_is_possible(client: ClickHouseClient, fill: Fill) -> None:
    """Shares of errors near 1, and a day of few: the interval about what was expected ends at 1."""
    rng = np.random.default_rng(3)
    shares = [0.05, *np.clip(rng.normal(0.95, 0.05, 60), 0.0, 1.0)]
    midnight = NOW.replace(hour=0)
    fill("session_stats", [session(midnight - timedelta(days=1 + i), i, float(x)) for i, x in enumerate(shares)])
    [odd] = client.anomalies("sessions.error_rate", granularity="day", days=70).anomalies
    assert odd.value == 0.05
    assert odd.value < odd.low < odd.expected <= odd.high == 1.0
