"""Hour and weekday through the client: trends of single weekdays, comparisons by hour, drivers by hour."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from chimera_metrics.analytics.errors import QuestionError
from chimera_metrics.integrations.clickhouse_client import ClickHouseClient
from chimera_metrics.integrations.config import MuseSettings
from tests.analytics.rows import llm
from tests.questions.conftest import NOW, Fill

BERLIN = ZoneInfo("Europe/Berlin")


@pytest.fixture
def berlin(client: ClickHouseClient, monkeypatch: pytest.MonkeyPatch) -> ClickHouseClient:
    settings = MuseSettings.model_validate(client.muse.model_dump() | {"timezone": "Europe/Berlin"})
    monkeypatch.setattr(client, "muse", settings)
    return client


def calls(days: int, broken_hour: int) -> list[dict[str, Any]]:
    """Six calls an hour from 8 to 19 o'clock in Berlin; in the last week those of one hour fail."""
    rows = []
    for back in range(1, days + 1):
        day = (NOW - timedelta(days=back)).date()
        for hour in range(8, 20):
            for number in range(6):
                at = datetime(day.year, day.month, day.day, hour, 7 * number, tzinfo=BERLIN)
                broken = hour == broken_hour and back <= 7 and number < 5
                failed = broken or (back * 5 + hour * 3 + number) % 23 == 0
                rows.append(llm(at, 100.0 + (back * 7 + hour) % 5, status="failure" if failed else "success"))
    return rows


def test_the_hour_that_fails_is_named(berlin: ClickHouseClient, fill: Fill) -> None:
    fill("llm_events", calls(45, broken_hour=14))
    answer = berlin.drivers("llm.error_rate", dimensions=["hour_of_day", "model"])
    assert [one.where for one in answer.drivers] == [{"hour_of_day": 14}]
    assert sum(one.contribution for one in answer.drivers) + answer.rest == pytest.approx(answer.change.change)
    assert answer.source == "llm_events_hourly"
    found = berlin.compare("llm.error_rate", group_by="hour_of_day").comparisons
    assert [one.group for one in found if one.verdict == "worse"] == [14]


def test_weekdays_drive_nothing_and_odd_hours_are_not_watched(berlin: ClickHouseClient) -> None:
    with pytest.raises(QuestionError, match="compare with group_by day_of_week, or name hour_of_day"):
        berlin.drivers("llm.error_rate", dimensions="day_of_week")
    with pytest.raises(QuestionError, match="Series of llm_events can be split by"):
        berlin.anomalies("llm.calls", group_by="hour_of_day")


def test_a_trend_of_each_weekday_has_one_point_a_week(berlin: ClickHouseClient, fill: Fill) -> None:
    rows = []
    for back in range(1, 64):
        at = NOW - timedelta(days=back)
        more = 9 - back // 7 if at.isoweekday() == 1 else 5  # Mondays rise by one a week, the others stay
        rows += [llm(at + timedelta(minutes=n), 1.0) for n in range(more)]
    fill("llm_events", rows)
    answer = berlin.trend("llm.calls", days=62, group_by="day_of_week")
    found = {one.group: one for one in answer.series}
    assert {group: one.n for group, one in found.items()} == dict.fromkeys(range(1, 8), 9) | {3: 8}
    assert found[1].slope_per_day == pytest.approx(1 / 7)
    assert (found[1].direction, found[4].direction) == ("rising", "steady")


def test_the_busiest_hour_is_one_call(berlin: ClickHouseClient, fill: Fill) -> None:
    fill("llm_events", [*calls(3, 0), *(llm(NOW.replace(hour=7) - timedelta(days=1), 1.0) for _ in range(9))])
    answer = berlin.aggregate(["llm.calls"], group_by=["hour_of_day"], limit=1)
    assert (answer.rows, answer.columns[0]["type"]) == ([[9, 27]], "UInt8")
    narrowed = berlin.aggregate(["llm.calls"], filters=[{"column": "day_of_week", "value": "Tuesday"}])
    assert narrowed.rows == [[81]]
