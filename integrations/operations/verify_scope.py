"""What is checked: a store, all of it or its last days, read in stretches of days so that memory stays flat."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from typing import Any

from chimera_metrics.integrations.access import Access
from chimera_metrics.integrations.validation.rules import rules_of

Line = dict[str, str]
_ROWS_AT_ONCE = 5_000_000


@dataclass
class CheckScope:
    """What is checked: a client's store, all of it or its last days."""

    client: Access
    days: int | None = None
    now: datetime = field(default_factory=lambda: datetime.now(UTC))
    _counts: dict[str, dict[date, int]] = field(default_factory=dict)

    def rows(self, statement: str, **session: Any) -> list[dict[str, Any]]:
        with self.client.executor.open(statement, session=session) as running:
            names = [column.name for column in running.columns]
            return [
                dict(zip(names, row, strict=True)) for block in running.blocks() for row in zip(*block, strict=True)
            ]

    def one(self, statement: str, **session: Any) -> dict[str, Any]:
        return self.rows(statement, **session)[0]

    def window(self, column: str) -> str:
        """The condition on a time column that keeps to the days asked for."""
        return "1" if self.days is None else f"toDate({column}) >= toDate('{self.now.date() - timedelta(self.days)}')"

    def counts(self, table: str) -> dict[date, int]:
        """Rows by day, read once."""
        if table not in self._counts:
            time = time_of(table)
            found = self.rows(
                f"SELECT toDate({time}) AS day, count() AS n FROM {table} WHERE {self.window(time)} "
                "GROUP BY day ORDER BY day"
            )
            self._counts[table] = {row["day"]: row["n"] for row in found}
        return self._counts[table]

    def stretches(self, table: str) -> Iterator[tuple[date, date]]:
        """First and last days of stretches with some million rows each."""
        first: date | None = None
        size = 0
        last = date.min
        for day, count in self.counts(table).items():
            if first is not None and size + count > _ROWS_AT_ONCE:
                yield first, last
                first, size = None, 0
            first, last, size = first or day, day, size + count
        if first is not None:
            yield first, last


def time_of(table: str) -> str:
    """The column whose day decides a row's partition."""
    return rules_of(table).time.name


def between(column: str, first: date, last: date) -> str:
    return f"toDate({column}) BETWEEN toDate('{first}') AND toDate('{last}')"
