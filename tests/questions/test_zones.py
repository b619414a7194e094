"""Days and hours in zones whose rules changed in 2026: one bucket each, complete, whoever has the older rules."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta

import numpy as np
import pytest

from chimera_metrics.analytics.window import zone_of
from chimera_metrics.integrations.clickhouse_client import ClickHouseClient
from chimera_metrics.integrations.config import MuseSettings
from chimera_metrics.integrations.questions import asking
from tests.analytics.rows import llm
from tests.questions.conftest import Fill

ZONES = {
    "America/Vancouver": datetime(2026, 11, 1, 12, tzinfo=UTC),
    "America/Edmonton": datetime(2026, 11, 1, 12, tzinfo=UTC),
    "America/Yellowknife": datetime(2026, 11, 1, 12, tzinfo=UTC),
    "America/Winnipeg": datetime(2026, 11, 1, 12, tzinfo=UTC),
    "America/Havana": datetime(2026, 11, 1, 12, tzinfo=UTC),
    "Africa/Casablanca": datetime(2026, 9, 20, 12, tzinfo=UTC),
    "Africa/El_Aaiun": datetime(2026, 9, 20, 12, tzinfo=UTC),
}
"""Each with the day of its change."""
HALF_HOURS = [timedelta(minutes=30 * n) for n in range(-2 * 72, 2 * 72)]


@pytest.fixture(params=ZONES)
def zone(request: pytest.FixtureRequest, client: ClickHouseClient, fill: Fill, monkeypatch: pytest.MonkeyPatch) -> str:
    """A call each half hour, from three days before the change to three days after it."""
    name: str = request.param
    client.muse = MuseSettings(timezone=name)
    fill("llm_events", [llm(ZONES[name] + step, 10.0) for step in HALF_HOURS])
    monkeypatch.setattr(asking, "clock", lambda: ZONES[name] + HALF_HOURS[-1] + timedelta(minutes=1))
    return name


def local_counts(zone: str, unit: Callable[[datetime], object]) -> list[int]:
    counts: dict[object, int] = {}
    for step in HALF_HOURS:
        key = unit((ZONES[zone] + step).astimezone(zone_of(zone)))
        counts[key] = counts.get(key, 0) + 1
    return list(counts.values())


def test_a_day_is_one_bucket_with_all_its_calls(client: ClickHouseClient, zone: str) -> None:
    answer = client.aggregate(["count(llm_events)"], granularity="day", days=5)
    first = (ZONES[zone] + HALF_HOURS[-1]).astimezone(zone_of(zone)).date() - timedelta(days=5)
    assert [date.fromisoformat(row[0]) for row in answer.rows] == [first + timedelta(days=n) for n in range(6)]
    assert [row[1] for row in answer.rows] == local_counts(zone, datetime.date)[-6:]
    assert [row[2] for row in answer.rows] == [False] * 5 + [True]


def test_an_hour_is_one_bucket_with_both_its_calls(client: ClickHouseClient, zone: str) -> None:
    [series] = client.trend("count(llm_events)", granularity="hour", days=4).series
    assert {point.value for point in series.points.records()} == {2.0}
    starts = [datetime.fromisoformat(point.ts) for point in series.points.records()]
    assert starts == [starts[0] + timedelta(hours=n) for n in range(len(starts))]
    assert [point.partial for point in series.points.records()] == [False] * (len(starts) - 1) + [True]


@pytest.fixture(params=[(datetime(2026, 11, 3, 5), "2026-10-20"), (datetime(2026, 3, 10, 4), "2026-02-24")])
def clock_change(
    request: pytest.FixtureRequest, client: ClickHouseClient, fill: Fill, monkeypatch: pytest.MonkeyPatch
) -> str:
    """Busy from 9 to 17 by the clocks of New York, with a change of clocks on the last but one of two weeks."""
    until, since = request.param
    until = until.replace(tzinfo=UTC)
    client.muse = MuseSettings(timezone="America/New_York")
    chance, rows = np.random.default_rng(1), []
    for back in range(14 * 24, 0, -1):
        hour = until - timedelta(hours=back)
        is_busy = 9 <= hour.astimezone(zone_of("America/New_York")).hour < 18
        rows += [llm(hour + timedelta(minutes=1), 10.0) for _ in range(int(chance.poisson(30 if is_busy else 2)))]
    fill("llm_events", rows)
    monkeypatch.setattr(asking, "clock", lambda: until)
    return str(since)


def test_a_change_of_clocks_makes_no_hour_odd(client: ClickHouseClient, clock_change: str) -> None:
    answer = client.anomalies(["llm.calls"], granularity="hour", since=clock_change)
    assert answer.judged >= 23
    assert answer.anomalies == []


def test_hours_after_a_change_of_clocks_are_forecast_by_the_clock(client: ClickHouseClient, clock_change: str) -> None:
    answer = client.forecast("llm.calls", granularity="hour", since=clock_change, horizon=24)
    for row in answer.forecast.records():
        hour = datetime.fromisoformat(row.ts).astimezone(zone_of("America/New_York")).hour
        assert row.value > 15 if 9 <= hour < 18 else row.value < 10, row


def test_a_trend_of_hours_says_that_the_clocks_changed(client: ClickHouseClient, clock_change: str) -> None:
    assert any("clocks change" in note for note in client.trend("llm.calls", granularity="hour", days=7).notes)
    assert not any("clocks change" in note for note in client.trend("llm.calls", granularity="day", days=7).notes)
