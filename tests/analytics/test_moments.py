"""Times in other forms than ISO 8601: what has one meaning is taken."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from chimera_metrics.analytics.errors import QuestionError
from chimera_metrics.analytics.moments import whole_units
from chimera_metrics.analytics.window import window_of

NOW = datetime(2026, 6, 10, 12, 30, tzinfo=UTC)

MOMENTS = [
    ("now-7d", "2026-06-03T12:30:00Z"),
    ("-7d", "2026-06-03T12:30:00Z"),
    ("7 days ago", "2026-06-03T12:30:00Z"),
    ("-90m", "2026-06-10T11:00:00Z"),
    ("2 weeks ago", "2026-05-27T12:30:00Z"),
    ("yesterday", "2026-06-08T22:00:00Z"),  # midnight in Berlin
    ("Today", "2026-06-09T22:00:00Z"),
    ("2026-06", "2026-06-01T00:00:00Z"),
    ("2026/06/01", "2026-06-01T00:00:00Z"),
    ("2026/6/1 08:30", "2026-06-01T08:30:00Z"),
    ("2026-06-01T08:30:00 UTC", "2026-06-01T08:30:00Z"),
    ("1780000000", "2026-05-28T20:26:40Z"),
    ("1780000000000", "2026-05-28T20:26:40Z"),
]


@pytest.mark.parametrize(("text", "since"), MOMENTS, ids=[text for text, _ in MOMENTS])
def test_a_time_in_a_form_with_one_meaning_is_taken(text: str, since: str) -> None:
    window = window_of(now=NOW, since=text, until="now", timezone="Europe/Berlin")
    assert window.as_dict()["since"] == since
    assert window.until == NOW


@pytest.mark.parametrize("text", ["01.06.2026", "06/01/2026", "Jun 1", "last week", "2026-W23-9", "", "-7", "17800000"])
def test_a_time_that_may_be_read_in_two_ways_is_not(text: str) -> None:
    with pytest.raises(QuestionError, match=r"is not a time\. Write ISO 8601"):
        window_of(now=NOW, since=text)


def test_a_length_in_words_is_whole_days_or_hours() -> None:
    days = {"7d": 7, "7 days": 7, "last 30 days": 30, "2w": 14, "48h": 2, "P7D": 7}
    assert {text: whole_units(text, "d") for text in days} == days
    assert {text: whole_units(text, "h") for text in ("6h", "90m", "2 days", "6")} == {
        "6h": 6,
        "90m": "90m",
        "2 days": 48,
        "6": "6",
    }
