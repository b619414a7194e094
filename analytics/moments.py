"""Times as people write them: ISO 8601, and other forms that have one meaning."""

from __future__ import annotations

import re
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from chimera_metrics.analytics.errors import QuestionError

_ISO = "Write ISO 8601, such as 2026-06-01 or 2026-06-01T08:30:00Z, or -7d, yesterday, now."
_UNITS = {"m": 60, "h": 3_600, "d": 86_400, "w": 604_800}
_UNIT = r"(?P<unit>m|h|d|w|mins?|minutes?|hours?|hrs?|days?|weeks?)"
_AGO = (
    re.compile(rf"(?:now)?\s*-\s*(?P<number>\d{{1,6}})\s*{_UNIT}"),
    re.compile(rf"(?P<number>\d{{1,6}})\s*{_UNIT}\s+ago"),
)
_LENGTH = re.compile(rf"(?:last\s+|past\s+|p)?(?P<number>\d{{1,6}})\s*{_UNIT}")
_SLASHED = re.compile(r"(\d{4})[/.](\d{1,2})[/.](\d{1,2})(.*)", re.DOTALL)
_MONTH = re.compile(r"\d{4}-\d\d")
_EPOCH = re.compile(r"\d{10}(?:\d{3})?(?:\.\d+)?")
_MILLISECONDS = 10**11


def moment_of(name: str, value: object, now: datetime, zone: ZoneInfo) -> datetime:
    """The time that `value` states, without a zone where it names none.

    Taken beside ISO 8601: now, today, yesterday, -7d, now-7d, 7 days ago, 2026-06, 2026/06/01, seconds or milliseconds
    since 1970. A day that is named by a word begins at midnight on the zone's clocks.
    """
    if isinstance(value, datetime):
        return value
    if isinstance(value, date):
        return datetime.combine(value, time())
    if not isinstance(value, str):
        raise QuestionError(f"`{name}` takes a time or text; this is {type(value).__name__}. {_ISO}")
    text = value.strip()
    found = _by_word(text.lower(), now, zone)
    if found is not None:
        return found
    text = re.sub(r"\s*(?:UTC|GMT)$", "+00:00", _SLASHED.sub(_dashed, text))
    try:
        return datetime.fromisoformat(f"{text}-01" if _MONTH.fullmatch(text) else text)
    except ValueError:
        raise QuestionError(f"`{name}` is '{value}', which is not a time. {_ISO}") from None


def whole_units(value: object, unit: str) -> object:
    """The number of days or hours that a text such as `7d`, `last 2 weeks` or `24 hours` states; others as they are."""
    if not isinstance(value, str) or (found := _LENGTH.fullmatch(value.strip().lower())) is None:
        return value
    number, rest = divmod(int(found["number"]) * _UNITS[found["unit"][0]], _UNITS[unit])
    return value if rest else number


def _by_word(text: str, now: datetime, zone: ZoneInfo) -> datetime | None:
    if text == "now":
        return now
    if text in ("today", "yesterday"):
        day = now.astimezone(zone).date() - timedelta(days=text == "yesterday")
        return datetime.combine(day, time(), zone)
    if _EPOCH.fullmatch(text):
        seconds = float(text)
        return datetime.fromtimestamp(seconds / 1000 if seconds >= _MILLISECONDS else seconds, UTC)
    for pattern in _AGO:
        if found := pattern.fullmatch(text):
            return now - timedelta(seconds=int(found["number"]) * _UNITS[found["unit"][0]])
    return None


def _dashed(found: re.Match[str]) -> str:
    return f"{found[1]}-{int(found[2]):02}-{int(found[3]):02}{found[4]}"
