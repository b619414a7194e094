"""`hour_of_day` and `day_of_week`: by the clocks of the zone, in every question that takes a dimension."""

from __future__ import annotations

from collections import Counter
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from chimera_metrics.analytics import QuestionError, Sizes, Window, aggregate, compare, series, window_of
from chimera_metrics.analytics.metrics.filters import filter_of
from chimera_metrics.analytics.questions.trend import commits
from chimera_metrics.analytics.sql.clock import offsets
from chimera_metrics.models import FACT_TABLES
from tests.analytics.conftest import Store
from tests.analytics.rows import bench, commit, llm

# Clocks change in Berlin on 25 October 2026, in Adelaide (half an hour beside the others) on 4 October.
AUTUMN = datetime(2026, 11, 2, tzinfo=UTC)
ZONES = ["UTC", "Europe/Berlin", "America/New_York", "Asia/Kolkata", "Australia/Adelaide", "Australia/Lord_Howe"]
EVERY = [AUTUMN - timedelta(minutes=20 * n + 1) for n in range(3 * 24 * 32)]


def around(zone: str, days: int = 31) -> Window:
    return window_of(now=AUTUMN, days=days, timezone=zone)


def inside(window: Window) -> list[datetime]:
    """The rows' times, on the zone's clocks as Python reads them."""
    return [moment.astimezone(window.zone) for moment in EVERY if window.since <= moment < window.until]


@pytest.mark.parametrize("zone", ZONES)
@pytest.mark.parametrize("known", [True, False], ids=["rows", "a rollup where one holds"])
def test_counts_are_those_that_python_counts(store: Store, zone: str, known: bool) -> None:
    store.insert("llm_events", [llm(moment, 1.0) for moment in EVERY])
    window = around(zone)
    for name, shown in (("hour_of_day", lambda at: at.hour), ("day_of_week", lambda at: at.isoweekday())):
        asked = aggregate(["llm.calls"], window=window, group_by=[name], exact=known)
        whole_hours = all(offset % 3_600 == 0 for _, offset in offsets(window.since, window.until, zone))
        assert asked.source == ("llm_events" if known or not whole_hours else "llm_events_hourly")
        assert {row[name]: row["calls"] for row in store.run(asked.select)} == Counter(map(shown, inside(window)))
        assert asked.groups is not None
        assert store.run(asked.groups)[0]["groups"] == (24 if name == "hour_of_day" else 7)


@pytest.mark.parametrize("zone", ZONES)
def test_filters_are_by_the_clock(store: Store, zone: str) -> None:
    store.insert("llm_events", [llm(moment, 1.0) for moment in EVERY])
    window = around(zone)
    given: list[Any] = [
        {"column": "hour_of_day", "op": ">=", "value": "9"},
        {"column": "hour_of_day", "op": "<", "value": 17},
        {"column": "day_of_week", "op": "not in", "values": ["Saturday", "sun"]},
    ]
    at_work = [at for at in inside(window) if 9 <= at.hour < 17 and at.isoweekday() < 6]
    [row] = store.run(aggregate(["llm.calls"], window=window, filters=given).select)
    assert row["calls"] == len(at_work)
    [row] = store.run(aggregate(["llm.calls"], window=window, filters=[{"day_of_week": "monday"}]).select)
    assert row["calls"] == sum(at.isoweekday() == 1 for at in inside(window))


def test_the_hour_that_comes_twice_counts_twice(store: Store) -> None:
    """25 October in Berlin: 00:30 and 01:30 UTC are both half past two."""
    at = [datetime(2026, 10, 25, hour, 30, tzinfo=UTC) for hour in (0, 1, 2)]
    store.insert("llm_events", [llm(moment, 1.0) for moment in at])
    asked = aggregate(["llm.calls"], window=around("Europe/Berlin"), group_by=["hour_of_day", "day_of_week"])
    rows = {(row["hour_of_day"], row["day_of_week"]): row["calls"] for row in store.run(asked.select)}
    assert rows == {(2, 7): 2, (3, 7): 1}


def test_a_bucket_that_is_no_time_of_the_group_is_none(store: Store) -> None:
    """Mondays have one bucket a week, not six empty ones between them; the same of a filter."""
    store.insert("llm_events", [llm(moment, 1.0) for moment in EVERY])
    window = around("Europe/Berlin", 28)
    asked = series("llm.calls", window=window, group_by="day_of_week")
    rows = asked.fill(store.run(asked.select))
    mondays = [row["ts"].astimezone(window.zone) for row in rows if row["day_of_week"] == 1]
    assert {day.isoweekday() for day in mondays} == {1}
    assert len(mondays) == 5
    assert asked.spaced
    hourly = series("llm.calls", window=window, granularity="hour", filters=[{"hour_of_day": 8}])
    hours = [row["ts"].astimezone(window.zone).hour for row in hourly.fill(store.run(hourly.select))]
    assert hours == [8] * 28
    assert hourly.spaced


def test_an_hour_without_rows_is_zero_on_its_own_days(store: Store) -> None:
    store.insert("llm_events", [llm(AUTUMN - timedelta(days=back, hours=2), 1.0) for back in (1, 3)])
    asked = series("llm.calls", window=around("UTC", 4), group_by="hour_of_day")
    rows = asked.fill(store.run(asked.select))
    over = [(row["hour_of_day"], row["value"]) for row in rows if not row["partial"]]
    assert over == [(22, 1), (22, 0)] * 2


def test_runs_and_their_commits_by_hour(store: Store) -> None:
    times = [AUTUMN - timedelta(days=1, hours=hour) for hour in (2, 2, 5)]
    store.insert("bench_runs", [bench(at, n, 10.0, commit_sha=commit(n)) for n, at in enumerate(times)])
    window = around("Europe/Berlin")
    asked = aggregate(["bench.runs"], window=window, group_by=["hour_of_day"])
    assert {row["hour_of_day"]: row["runs"] for row in store.run(asked.select)} == {23: 2, 20: 1}
    rows = store.run(
        commits("bench.latency_p95_ms", window=window, group_by="hour_of_day", filters=[{"hour_of_day": 20}])
    )
    assert [(row["hour_of_day"], row["commit_sha"]) for row in rows] == [(20, commit(2))]


def test_sessions_and_both_windows_by_weekday(store: Store) -> None:
    store.insert("llm_events", [llm(moment, 1.0) for moment in EVERY])
    asked = compare(["llm.calls", "llm.latency_p95_ms"], window=around("Europe/Berlin", 14), group_by=["day_of_week"])
    assert asked.together is not None
    rows = [row for row in store.run(asked.together) if not row["whole"]]
    assert Counter((row["side"], row["day_of_week"]) for row in rows) == {
        (s, d): 2 for s in (0, 1) for d in range(1, 8)
    }
    of_sunday = [row["calls"] for row in rows if row["day_of_week"] == 7]
    assert of_sunday == [72, 72, 75, 72]  # 25 October has 25 hours
    sessions = aggregate(["ui.abandonment_rate"], window=around("UTC"), group_by=["hour_of_day"])
    assert store.run(sessions.select) == []


@pytest.mark.parametrize(
    ("given", "sentence"),
    [
        ({"column": "hour_of_day", "value": "24"}, "takes 0 to 23"),
        ({"column": "day_of_week", "value": "0"}, r"takes 1 \(Monday\) to 7 \(Sunday\), or the name of a day"),
        ({"column": "day_of_week", "value": "someday"}, "'someday' is not a value for day_of_week"),
        ({"column": "day_of_week", "value": "t"}, "'t' is not a value"),
        ({"column": "hour_of_day", "op": "like", "value": "1%"}, "A filter on hour_of_day takes"),
        ({"column": "hour_of_day", "op": "is null"}, "A filter on hour_of_day takes"),
        ({"column": "hour_of_days", "value": "1"}, "hour_of_day"),
    ],
)
def test_mistakes_are_sentences(given: Any, sentence: str) -> None:
    with pytest.raises(QuestionError, match=sentence):
        filter_of(FACT_TABLES["llm_events"], given)


def test_a_rate_is_of_columns() -> None:
    with pytest.raises(QuestionError, match="group by hour_of_day, or filter by it"):
        aggregate(["rate(llm_events.hour_of_day = 3)"], window=around("UTC"), sizes=Sizes())
