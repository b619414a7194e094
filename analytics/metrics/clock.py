"""Dimensions that no column holds: what the clocks of the caller's zone showed at a row's time."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Table

from chimera_metrics.analytics.errors import QuestionError
from chimera_metrics.analytics.tables import column_of

_WEEKDAYS = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")
_SHORT = 3


@dataclass(frozen=True, slots=True)
class ClockPart:
    """Whole numbers from `lowest` to `highest`."""

    name: str
    meaning: str
    lowest: int
    highest: int

    def number(self, value: object) -> int:
        """The number that `value` states; a day of the week may be its English name."""
        word = str(value).strip().lower()
        if self.name == "day_of_week" and len(word) >= _SHORT and (days := _named(word)):
            return days[0]
        if word.isascii() and word.isdigit() and self.lowest <= int(word) <= self.highest:
            return int(word)
        raise QuestionError(f"'{value}' is not a value for {self.name}, which takes {self.takes}.")

    @property
    def takes(self) -> str:
        days = " (Monday) to 7 (Sunday), or the name of a day" if self.name == "day_of_week" else f" to {self.highest}"
        return f"{self.lowest}{days}"

    def shown(self, local: datetime) -> int:
        """What it is at a time on the zone's clocks."""
        return local.hour if self.name == "hour_of_day" else local.isoweekday()


def _named(word: str) -> list[int]:
    return [number for number, day in enumerate(_WEEKDAYS, 1) if day.startswith(word)]


HOUR_OF_DAY = ClockPart("hour_of_day", "Hour on the clocks of the zone, 0 to 23.", 0, 23)
DAY_OF_WEEK = ClockPart("day_of_week", "Day of the week on the clocks of the zone, 1 (Monday) to 7 (Sunday).", 1, 7)
CLOCK: dict[str, ClockPart] = {part.name: part for part in (HOUR_OF_DAY, DAY_OF_WEEK)}
"""Every table has them beside its own dimensions."""


def is_clock(table: Table, name: str) -> bool:
    """Whether the name is one of these, and not of a column that the table has."""
    return name in CLOCK and name not in table.columns


_ALSO = {"weekday": "day_of_week", "dow": "day_of_week", "dayofweek": "day_of_week", "hourofday": "hour_of_day"}


def own_name(table: Table, name: str) -> str:
    """`name` as the table has it, where it is written with the table's name, in capitals, or in another word."""
    plain = name.strip()
    plain = plain[len(table.name) + 1 :] if plain.lower().startswith(f"{table.name}.") else plain
    if plain in table.columns:
        return plain
    low = plain.lower()
    return next((one for one in (low, _ALSO.get(low, low)) if one in table.columns or one in CLOCK), name)


def without_clock(table: Table, names: Iterable[str]) -> set[str]:
    """Those of the names that are columns."""
    return {name for name in names if not is_clock(table, name)}


def meaning_of(table: Table, name: str) -> str:
    """What a dimension means."""
    return CLOCK[name].meaning if is_clock(table, name) else str(column_of(table, name).info["meaning"])
