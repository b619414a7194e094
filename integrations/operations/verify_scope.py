"""What is checked: a store, all of it or its last days, read in stretches of days so that memory stays flat."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from typing import Any

from chimera_metrics.integrations.access import Access
from chimera_metrics.integrations.validation.rules import rules_of
from chimera_metrics.models import FACT_TABLES, metadata

Line = dict[str, str]
_ROWS_AT_ONCE = 5_000_000


@dataclass
class CheckScope:
    """What is checked: a client's store, all of it or its last days."""

    client: Access
    days: int | None = None
    now: datetime = field(default_factory=lambda: datetime.now(UTC))
    untimed: dict[str, int] = field(default_factory=dict)
    """Rows without a time, by table: no migration of ours makes such a column."""
    _counts: dict[str, dict[date, int]] = field(default_factory=dict)
    _stands: dict[str, set[str]] | None = None
    _books: dict[str, dict[str, Any]] | None = None

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

    @property
    def facts(self) -> list[str]:
        """The tables that stand with the columns that the checks read; of the others `lacking` tells why."""
        return [table for table in FACT_TABLES if not self.lacking(table)]

    def lacking(self, table: str) -> str:
        """What a table of ours lacks to be checked, '' if nothing."""
        if self._stands is None:
            self._stands = {}
            for row in self.rows(
                "SELECT table, name FROM system.columns WHERE database = currentDatabase() ORDER BY table, position"
            ):
                self._stands.setdefault(row["table"], set()).add(row["name"])
        if table not in self._stands:
            return f"{table} does not exist"
        names = [column.name for column in metadata.tables[table].columns]
        absent = [name for name in names if name not in self._stands[table]]
        return f"{table} has no column {', '.join(absent)}" if absent else ""

    @property
    def books(self) -> dict[str, dict[str, Any]]:
        """What the ledger says of each table: rows `stored` and `removed`; empty where there is no ledger."""
        if self._books is None:
            found = [] if self.lacking("insert_ledger") else self.rows(_BOOKS)
            self._books = {row["table_name"]: row for row in found}
        return self._books

    def is_whole(self, table: str) -> bool:
        """Whether the ledger knows of rows of the table, and the table holds at least as many."""
        booked = self.books.get(table)
        if booked is None or booked["stored"] <= 0:
            return False
        stands: int = self.one(f"SELECT count() AS n FROM {table}")["n"]
        return stands >= int(booked["stored"] - booked["removed"])

    def counts(self, table: str) -> dict[date, int]:
        """Rows by day, read once."""
        if table not in self._counts:
            time = time_of(table)
            found = self.rows(
                f"SELECT toDate({time}) AS day, count() AS n FROM {table} WHERE {self.window(time)} "
                "GROUP BY day ORDER BY day"
            )
            self._counts[table] = {row["day"]: row["n"] for row in found if row["day"] is not None}
            self.untimed[table] = sum(row["n"] for row in found if row["day"] is None)
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


# Rows of the ledger that are no claim, and no progress of a batch under way.
ACKNOWLEDGES = "(NOT JSONHas(answer, 'claim') AND NOT (JSONHas(answer, 'stored') AND inserted = 0))"

# The acknowledgements of one key count once; what retention removed stands in rows of its own.
_BOOKS = f"""
SELECT table_name,
    sumIf(inserted - least(replaced, inserted), NOT JSONHas(answer, 'removed')) AS stored,
    sum(JSONExtractUInt(answer, 'removed')) AS removed
FROM (
    SELECT table_name, inserted, replaced, answer FROM insert_ledger
    WHERE {ACKNOWLEDGES}
    ORDER BY acknowledged_at LIMIT 1 BY table_name, idempotency_key)
GROUP BY table_name"""


def time_of(table: str) -> str:
    """The column whose day decides a row's partition."""
    return rules_of(table).time.name


def between(column: str, first: date, last: date) -> str:
    return f"toDate({column}) BETWEEN toDate('{first}') AND toDate('{last}')"
