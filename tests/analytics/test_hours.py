"""`hours` in place of `days`: whole hours of the zone's clocks, and this one so far."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from chimera_metrics.analytics import QuestionError, aggregate, window_of

NOW = datetime(2026, 6, 10, 12, 34, 56, tzinfo=UTC)


@pytest.mark.parametrize(
    ("hours", "zone", "since"),
    [
        (6, "UTC", "2026-06-10T06:00:00Z"),
        (0, "UTC", "2026-06-10T12:00:00Z"),
        (6, "Asia/Kolkata", "2026-06-10T06:30:00Z"),  # 18:04 there, so the hour began at 12:30 UTC
        (48, "Europe/Berlin", "2026-06-08T12:00:00Z"),
    ],
)
def test_hours_are_whole_ones_and_this_one_so_far(hours: int, zone: str, since: str) -> None:
    window = window_of(now=NOW, hours=hours, timezone=zone)
    assert window.as_dict() == {"since": since, "until": "2026-06-10T12:34:56Z", "timezone": zone}


def test_a_rollup_answers_hours() -> None:
    assert aggregate(["llm.calls"], window=window_of(now=NOW, hours=6)).source == "llm_events_hourly"


@pytest.mark.parametrize(
    ("given", "sentence"),
    [
        ({"hours": 6, "days": 1}, r"Give either `days` or `hours`, not both\."),
        ({"hours": 6, "since": "2026-06-01"}, r"Give either `hours`, or `since` and `until`, not both\."),
        ({"hours": -1}, r"`hours` is -1; it must be 0 \(this hour so far\) or more\."),
        ({"hours": 10**6}, r"reaches back before 1970"),
        ({"hours": 1.5}, r"`hours` takes a whole number"),
    ],
)
def test_a_mistake_is_a_sentence(given: dict[str, object], sentence: str) -> None:
    with pytest.raises(QuestionError, match=sentence):
        window_of(now=NOW, **given)  # type: ignore[arg-type]  # mistakes
