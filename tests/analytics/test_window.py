"""Windows, and the sentences about wrong ones."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from chimera_metrics.analytics import QuestionError, Window, previous, window_of
from chimera_metrics.analytics.window import zone_of
from tests.analytics.conftest import NOW


def test_days_are_whole_days_of_the_zone_and_today_so_far() -> None:
    """Noon UTC of 10 June is 14:00 in Berlin, whose 8 June began at 22:00 UTC of the 7th."""
    window = window_of(now=NOW, days=2, timezone="Europe/Berlin")
    assert window.as_dict() == {
        "since": "2026-06-07T22:00:00Z",
        "until": "2026-06-10T12:00:00Z",
        "timezone": "Europe/Berlin",
    }


def test_today_is_the_zones_today() -> None:
    """At noon UTC it is already 11 June in Auckland."""
    late = NOW.replace(hour=13)
    assert window_of(now=late, days=0, timezone="Pacific/Auckland").since == datetime(2026, 6, 10, 12, tzinfo=UTC)


def test_neither_given_is_the_default() -> None:
    assert window_of(now=NOW, default_days=30).since == datetime(2026, 5, 11, tzinfo=UTC)


def test_times_without_an_offset_are_utc_and_offsets_count() -> None:
    window = window_of(now=NOW, since="2026-06-01", until="2026-06-02T02:00:00+02:00", timezone="Asia/Kolkata")
    assert (window.since, window.until) == (datetime(2026, 6, 1, tzinfo=UTC), datetime(2026, 6, 2, tzinfo=UTC))
    assert window_of(now=NOW, since=datetime(2026, 6, 1)).since == datetime(2026, 6, 1, tzinfo=UTC)


def test_until_defaults_to_now() -> None:
    assert window_of(now=NOW, since="2026-06-01").to_now


@pytest.mark.parametrize("days", [0, 1, 6])
def test_below_a_week_the_previous_window_is_as_long_and_ends_where_this_begins(days: int) -> None:
    window = window_of(now=NOW, days=days)
    before = previous(window)
    assert before.until == window.since
    assert before.length == window.length == timedelta(days=days, hours=12)


@pytest.mark.parametrize(("days", "weeks"), [(7, 1), (10, 1), (13, 1), (14, 2), (30, 4)])
def test_from_a_week_on_the_previous_window_has_whole_weeks(days: int, weeks: int) -> None:
    """However much of today is over, every weekday counts alike in it."""
    window = window_of(now=NOW, days=days)
    assert previous(window) == Window(window.since - timedelta(weeks=weeks), window.since, "UTC", NOW)


def test_whole_weeks_are_those_of_the_zones_clocks() -> None:
    """Berlin, 2026: the week before 30 March has 167 hours."""
    now = datetime(2026, 4, 6, 12, tzinfo=UTC)
    before = previous(window_of(now=now, days=7, timezone="Europe/Berlin"))
    assert (before.since, before.length) == (datetime(2026, 3, 22, 23, tzinfo=UTC), timedelta(days=7, hours=-1))


def test_zones_are_those_of_the_pinned_package() -> None:
    """From November 2026 on Winnipeg stays on summer time, says tzdata 2026f; the machine's files may be of any age."""
    december = datetime(2026, 12, 1, tzinfo=UTC).astimezone(zone_of("America/Winnipeg"))
    assert december.utcoffset() == timedelta(hours=-5)


@pytest.mark.parametrize(
    ("given", "sentence"),
    [
        ({"days": 7, "since": "2026-06-01"}, "Give either `days`, or `since` and `until`, not both."),
        ({"until": "2026-06-01"}, "`until` needs `since`; give both, or `days`."),
        ({"days": -1}, "`days` is -1; it must be 0 (today so far) or more."),
        ({"days": 100_000}, "`days` = 100000 reaches back before 1970; give fewer."),
        ({"days": 10**15}, "`days` = 1000000000000000 reaches back before 1970; give fewer."),
        (
            {"since": "last week"},
            "`since` is 'last week', which is not a time. Write ISO 8601, such as 2026-06-01 or "
            "2026-06-01T08:30:00Z, or -7d, yesterday, now.",
        ),
        (
            {"since": "0001-01-01T00:00:00+14:00"},
            "`since` is 0001-01-01T00:00:00+14:00; times from 1970-01-02 to 2105-12-31 can be asked for.",
        ),
        (
            {"since": "2026-06-05", "until": "2026-06-01"},
            "The window runs backwards: `since` 2026-06-05T00:00:00Z is not before `until` 2026-06-01T00:00:00Z; "
            "exchange them.",
        ),
        (
            {"since": "2026-06-10T12:00:00Z"},
            "The window begins at 2026-06-10T12:00:00Z, which is not in the past (it is 2026-06-10T12:00:00Z); "
            "choose an earlier `since`.",
        ),
        ({"timezone": "Europe/Berln"}, "Unknown time zone 'Europe/Berln'. Did you mean 'Europe/Berlin'?"),
        ({"timezone": "../etc/passwd"}, "Unknown time zone '../etc/passwd'."),
    ],
)
def test_a_wrong_window_is_one_sentence_with_the_correction(given: dict[str, Any], sentence: str) -> None:
    with pytest.raises(QuestionError) as error:
        window_of(now=NOW, **given)
    assert str(error.value).startswith(sentence)
    assert "\n" not in str(error.value)
