"""What is known of how many rows large tables have in a window: percentiles and distinct counts of few are exact."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from chimera_metrics.analytics.window import Window

FEW = 100_000
"""Up to so many rows in the window, percentiles and distinct counts are computed exactly: it takes no longer."""

_FEW_HOLDS = timedelta(minutes=1)


@dataclass(frozen=True, slots=True)
class Size:
    """Whether a table had few rows from `since` to `until` when it was asked for, `now`."""

    table: str
    since: datetime
    until: datetime
    now: datetime
    few: bool

    def says(self, window: Window) -> bool | None:
        """Whether the window has few rows; None where this size does not tell.

        Many stay many, in every window that holds this one. Few are few in every window within this one, for a minute:
        more rows may come.
        """
        if not self.few:
            return False if window.since <= self.since and self.until <= window.until else None
        within = self.since <= window.since and window.until <= self.until + _FEW_HOLDS
        return True if within and window.now - self.now < _FEW_HOLDS else None


@dataclass(frozen=True, slots=True)
class Sizes:
    """Passed next to a window, it spares a question two counts, and the branch of its Select that does not apply.

    Example: Sizes.of(w, run(sizes(w, ["ui_events"]))[0]) tells every question of the window `w`, and of days within it.
    """

    known: tuple[Size, ...] = ()

    @classmethod
    def of(cls, window: Window, row: Mapping[str, object]) -> Sizes:
        """From the answer to `analytics.sizes` of that window."""
        found = (Size(table, window.since, window.until, window.now, bool(few)) for table, few in row.items())
        return cls(tuple(found))

    def few(self, table: str, window: Window) -> bool | None:
        """Whether the window has few rows of the table; None where that is not known."""
        found = (size.says(window) for size in reversed(self.known) if size.table == table)
        return next((few for few in found if few is not None), None)

    def unknown(self, tables: Iterable[str], window: Window) -> list[str]:
        """The tables that would have to be asked about."""
        return [table for table in tables if self.few(table, window) is None]

    def __or__(self, other: Sizes) -> Sizes:
        return Sizes((*self.known, *other.known))


UNSIZED = Sizes()
"""Nothing is known: each Select finds out by itself."""
