"""Buckets in a zone, in Python and in SQL, against the zone's own clock."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from itertools import groupby, pairwise

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import column, func, literal, literal_column, select

from chimera_metrics.analytics import QuestionError, buckets, window_of
from chimera_metrics.analytics.sql.buckets import GRANULARITIES, Granularity, ahead, granularity_of
from chimera_metrics.analytics.sql.shifts import bucket_start, shifts
from chimera_metrics.analytics.window import Window, zone_names, zone_of
from tests.analytics.conftest import NOW, Store, days

# Around the changes of 2026: Berlin and New York by an hour, Lord Howe by half an hour, Kolkata never; Cairo and Beirut
# skip midnight itself, Santiago repeats the hour before it.
CHANGES = [
    ("Europe/Berlin", datetime(2026, 3, 28, tzinfo=UTC)),
    ("Europe/Berlin", datetime(2026, 10, 24, tzinfo=UTC)),
    ("America/New_York", datetime(2026, 3, 7, tzinfo=UTC)),
    ("America/New_York", datetime(2026, 10, 31, tzinfo=UTC)),
    ("Australia/Lord_Howe", datetime(2026, 4, 3, tzinfo=UTC)),
    ("Australia/Lord_Howe", datetime(2026, 10, 2, tzinfo=UTC)),
    ("Asia/Kolkata", datetime(2026, 3, 28, tzinfo=UTC)),
    ("Africa/Cairo", datetime(2026, 4, 22, tzinfo=UTC)),
    ("Asia/Beirut", datetime(2026, 3, 27, tzinfo=UTC)),
    ("America/Santiago", datetime(2026, 4, 3, tzinfo=UTC)),
    ("UTC", datetime(2026, 2, 27, tzinfo=UTC)),
]
# Their rules changed in 2026: the machine's files, the engine's and the pinned ones may each know something else.
CHANGED_RULES = [
    *((f"America/{city}", datetime(2026, 10, 30, tzinfo=UTC)) for city in ("Vancouver", "Edmonton", "Yellowknife")),
    ("America/Winnipeg", datetime(2026, 10, 30, tzinfo=UTC)),
    ("America/Havana", datetime(2026, 10, 30, tzinfo=UTC)),
    ("Africa/Casablanca", datetime(2026, 9, 18, tzinfo=UTC)),
    ("Africa/El_Aaiun", datetime(2026, 9, 18, tzinfo=UTC)),
]
MOMENTS = st.datetimes(datetime(1990, 1, 1), datetime(2037, 1, 1)).map(lambda moment: moment.replace(tzinfo=UTC))
ZONES = st.sampled_from(sorted({zone for zone, _ in CHANGES}))
STEP = timedelta(minutes=15)
UNITS: dict[str, Callable[[date], object]] = {
    "day": lambda day: day,
    "week": lambda day: day.isocalendar()[:2],
    "month": lambda day: (day.year, day.month),
}


def starts_by_clock(since: datetime, until: datetime, zone: str, unit: str) -> list[datetime]:
    """The quarter hours at which the local date first shows another day, week or month, after the first of them."""
    count = int((until - since) / STEP)
    moments = [since + STEP * number for number in range(count)]
    shown = groupby(moments, key=lambda moment: UNITS[unit](moment.astimezone(zone_of(zone)).date()))
    return [next(iter(group)) for _, group in shown][1:]


@pytest.mark.parametrize("unit", ["day", "week", "month"])
@pytest.mark.parametrize(("zone", "begin"), CHANGES)
def test_buckets_begin_where_the_local_date_changes(zone: str, begin: datetime, unit: str) -> None:
    until = begin + timedelta(days=40)
    window = window_of(now=until, since=begin, until=until, timezone=zone)
    assert [bucket.start for bucket in buckets(window, granularity_of(unit))][1:] == starts_by_clock(
        begin, until, zone, unit
    )


def put(store: Store, moments: list[datetime], granularity: Granularity, window: Window) -> list[datetime]:
    """The buckets into which the engine puts the moments."""
    numbers = func.numbers(literal(len(moments))).table_valued("number")
    seconds = func.arrayElement(literal_column(str([int(m.timestamp()) for m in moments])), column("number") + 1)
    moment = func.toDateTime64(seconds, 3, "UTC")
    start = bucket_start(moment, granularity, window).label("ts")
    return [row["ts"] for row in store.run(select(start).select_from(numbers).order_by(column("number")))]


@pytest.mark.parametrize("granularity", GRANULARITIES[1:])
@pytest.mark.parametrize(("zone", "begin"), [*CHANGES, *CHANGED_RULES])
def test_the_engine_puts_every_quarter_hour_into_the_bucket_that_python_expects(
    store: Store, zone: str, begin: datetime, granularity: Granularity
) -> None:
    length = timedelta(days=1, hours=9) if granularity == "minute" else timedelta(days=4)
    window = window_of(now=begin + length, since=begin, until=begin + length, timezone=zone)
    moments = [begin + STEP * number for number in range(int(length / STEP))]
    expected = buckets(window, granularity)
    wanted = [next(one.start for one in expected if one.start <= moment < one.end) for moment in moments]
    assert put(store, moments, granularity, window) == wanted


@settings(max_examples=150, deadline=None, suppress_health_check=list(HealthCheck))
@given(MOMENTS, st.integers(1, 300), st.sampled_from(sorted(zone_names())), st.sampled_from(GRANULARITIES[2:]))
def test_the_engine_agrees_at_both_sides_of_every_edge_in_any_zone_and_year(
    store: Store, since: datetime, count: int, zone: str, granularity: Granularity
) -> None:
    until = since + timedelta(hours=count) * (24 if granularity != "hour" else 1)
    window = window_of(now=until, since=since, until=until, timezone=zone)
    expected = buckets(window, granularity)
    moments = [one.start for one in expected] + [one.end - timedelta(seconds=1) for one in expected]
    assert put(store, moments, granularity, window) == 2 * [one.start for one in expected]


def test_a_window_without_a_change_of_clocks_has_one_shift() -> None:
    window = window_of(now=NOW, days=30, timezone="Europe/Berlin")
    assert [(shift.there, shift.back) for shift in shifts(window, "day")] == [(7200, 7200)]
    assert [(shift.there, shift.back) for shift in shifts(window, "hour")] == [(0, 0)]


def test_the_25th_hour_has_a_shift_of_its_own() -> None:
    """Berlin, 25 October 2026: until 22:00 UTC two hours ahead; the 25th hour goes to the date of the 24 before it."""
    october = window_of(now=NOW.replace(month=12), since="2026-10-20", until="2026-10-30", timezone="Europe/Berlin")
    assert [(s.since.isoformat()[5:13], s.there, s.back) for s in shifts(october, "day")] == [
        ("10-18T22", 7200, 7200),
        ("10-25T22", 7200 - 86400, 7200),
        ("10-25T23", 3600, 3600),
    ]


def test_days_have_23_24_or_25_hours() -> None:
    """Berlin, 2026: 29 March has 23 hours, 25 October 25, Lord Howe's 5 April 24.5."""
    lengths = {}
    for zone, begin in CHANGES:
        window = window_of(now=NOW.replace(year=2027), since=begin, until=begin + timedelta(days=3), timezone=zone)
        lengths[zone, begin.month] = {(b.end - b.start) / timedelta(hours=1) for b in buckets(window, "day")}
    assert lengths["Europe/Berlin", 3] == {23, 24}
    assert lengths["Europe/Berlin", 10] == {24, 25}
    assert lengths["Australia/Lord_Howe", 4] == {24, 24.5}
    assert lengths["Asia/Kolkata", 3] == {24}


@settings(max_examples=60, deadline=None)
@given(MOMENTS, st.timedeltas(timedelta(seconds=1), timedelta(days=80)), ZONES, st.sampled_from(GRANULARITIES[2:]))
def test_buckets_cover_the_window_without_gap_or_overlap(
    since: datetime, length: timedelta, zone: str, granularity: Granularity
) -> None:
    window = window_of(now=since + length, since=since, until=since + length, timezone=zone)
    found = buckets(window, granularity)
    assert found[0].start <= since < found[0].end
    assert found[-1].start < window.until <= found[-1].end
    assert all(one.end == following.start for one, following in pairwise(found))
    assert all(bucket.partial == (bucket.start < since or bucket.end > window.until) for bucket in found)


def test_only_the_bucket_under_way_is_partial_in_a_window_of_days() -> None:
    """Noon of 10 June: three whole days, and today until noon."""
    assert [(bucket.start.day, bucket.partial) for bucket in buckets(days(3), "day")] == [
        (7, False),
        (8, False),
        (9, False),
        (10, True),
    ]


def test_buckets_that_have_not_begun_are_left_out() -> None:
    window = window_of(now=NOW, since="2026-06-09", until="2026-06-20")
    assert [bucket.start.day for bucket in buckets(window, "day")] == [9, 10]


@pytest.mark.parametrize(
    ("granularity", "count", "sentence"),
    [
        (
            "minute",
            7,
            "By the minute this window has 10,801 points, more than 2,000; use 'hour' or shorten the window.",
        ),
        ("hour", 700, "By the hour this window has 16,813 points, more than 2,000; use 'day' or shorten the window."),
        (
            "minute",
            20_000,
            "By the minute this window has 28,800,721 points, more than 2,000; use 'month' or shorten the window.",
        ),
    ],
)
def test_too_many_points_are_refused_with_what_fits(granularity: Granularity, count: int, sentence: str) -> None:
    with pytest.raises(QuestionError) as error:
        buckets(days(count), granularity)
    assert str(error.value) == sentence


def test_buckets_ahead_follow_the_zone_s_clock() -> None:
    """Berlin's clocks go back on 25 October 2026: the day has 25 hours, and 2 o'clock comes twice."""
    berlin = zone_of("Europe/Berlin")
    midnight = datetime(2026, 10, 24, 22, tzinfo=UTC)
    starts = ahead(midnight, "day", berlin, 3)
    assert [following - start for start, following in pairwise(starts)] == [timedelta(hours=25), timedelta(hours=24)]
    hours = ahead(midnight, "hour", berlin, 26)
    assert hours == [midnight + timedelta(hours=i) for i in range(26)]
    assert ahead(datetime(2026, 2, 1, tzinfo=UTC), "month", zone_of("UTC"), 2)[1] == datetime(2026, 3, 1, tzinfo=UTC)


def test_an_unknown_granularity_is_named_with_the_nearest() -> None:
    with pytest.raises(QuestionError, match=r"^Unknown granularity 'dayz'\. Did you mean 'day'\?"):
        granularity_of("dayz")
    with pytest.raises(QuestionError, match=r"^Unknown granularity 'none'\."):
        granularity_of("none", bucketed=True)
