"""The two sides of a comparison in time: whole days, and the same days whole weeks earlier."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, timedelta

from chimera_metrics.analytics.errors import QuestionError
from chimera_metrics.analytics.sql.buckets import buckets
from chimera_metrics.analytics.window import Window

_WEEK = timedelta(weeks=1)


def whole_days(window: Window) -> Window:
    """The window's days that are whole and over; the window itself where there is none."""
    whole = [bucket for bucket in buckets(window, "day") if not bucket.partial]
    return replace(window, since=whole[0].start, until=whole[-1].end) if whole else window


def is_whole(window: Window) -> bool:
    """Whether it begins with a day and ends with one that is over."""
    days = buckets(window, "day")
    return bool(days) and not days[0].partial and not days[-1].partial


def weeks_earlier(window: Window) -> Window:
    """The nearest window of the same weekdays that ends before this one begins: 7 days a week earlier, 8 to 14 two.

    Weeks are those of the zone's clocks.
    """
    apart = -(-day_count(window) // 7) * _WEEK
    since, until = (moment.astimezone(window.zone) - apart for moment in (window.since, window.until))
    return replace(window, since=since.astimezone(UTC), until=until.astimezone(UTC))


def day_count(window: Window) -> int:
    """Days on the zone's clocks, begun ones included; 1 at least."""
    since, until = (moment.astimezone(window.zone).replace(tzinfo=None) for moment in (window.since, window.until))
    return max(1, -int((since - until) // timedelta(days=1)))


def days_apart(baseline: Window, window: Window) -> int | None:
    """How many days the windows lie apart where their days pair by weekday: whole weeks; None where they do not."""
    if day_count(baseline) != day_count(window):
        return None
    first, second = (one.since.astimezone(one.zone).date() for one in (baseline, window))
    apart = (second - first).days
    return apart if apart and apart % 7 == 0 else None


def stretch(first: Window, second: Window) -> Window:
    """From the beginning of the first to the end of the second."""
    return replace(first, until=second.until)


def two_windows(window: Window, baseline: Window | None = None) -> tuple[Window, Window]:
    """The whole days of the window, and before them those of its baseline: the same weekdays whole weeks earlier unless
    one is given, which must end before the window begins."""
    now = whole_days(window)
    before = weeks_earlier(now) if baseline is None else whole_days(baseline)
    check_order(before, now)
    return before, now


def check_order(baseline: Window, window: Window) -> None:
    """Raises QuestionError where the baseline does not end before the window begins."""
    if baseline.until > window.since:
        raise QuestionError(
            f"The baseline ends {baseline.until:%Y-%m-%d}, after the window begins ({window.since:%Y-%m-%d}); "
            "end it where the window begins, or earlier."
        )
