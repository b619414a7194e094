"""How much a store holds, from the engine's records of parts: no table is read."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import UTC, datetime

from chimera_metrics.integrations.access import Access
from chimera_metrics.integrations.clickhouse import call
from chimera_metrics.integrations.clickhouse.literals import quote
from chimera_metrics.models import FACT_TABLES

HOW_TO_FILL = "`muse backfill --days N --source FOLDER` stores files, and the insert tools store rows"
EMPTY = f"The store is empty: none of the tables has a row yet. {HOW_TO_FILL}."


@dataclass(frozen=True, slots=True)
class Contents:
    """Rows of the seven tables, and the time of the newest."""

    rows: int
    newest: datetime | None

    @property
    def in_words(self) -> str:
        if not self.rows:
            return f"is empty. {HOW_TO_FILL}."
        rows = "1 row" if self.rows == 1 else f"{self.rows:,} rows"
        return f"holds {rows}" + (f", the newest from {self.newest:%Y-%m-%d %H:%M} UTC." if self.newest else ".")


def contents(client: Access) -> Contents:
    """One statement of our own, which is on nobody's record. Raises MuseError where the store does not answer."""
    tables = ", ".join(map(quote, FACT_TABLES))
    statement = (
        "SELECT sum(rows), max(toUnixTimestamp(max_time)) FROM system.parts "
        f"WHERE active AND database = {quote(client.settings.database)} AND table IN ({tables})"
    )
    with call.serving(None):
        limits = replace(client.executor.limits(), light=True)
        [(rows, newest)] = client.executor.read(statement, limits).rows
    return Contents(int(rows), datetime.fromtimestamp(newest, UTC) if newest else None)
