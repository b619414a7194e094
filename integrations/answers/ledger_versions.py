"""What the ledger says of each table: a version that every acknowledged batch changes."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from chimera_metrics.integrations.clickhouse import call
from chimera_metrics.integrations.clickhouse.executor import Executor
from chimera_metrics.integrations.clickhouse.literals import quote

ANY = "*"
"""The version of all tables together, for an answer of which nothing is known."""
_WAIT_S = 2.0
# A short answer, for which threads cost more than they save.
_SESSION: Mapping[str, Any] = {"max_threads": 1}
_BATCHES = "SELECT count() FROM insert_ledger"  # known without reading any
# By month: retention drops whole ones. What is acknowledged now lies in none of the older ones, which are not read.
_VERSIONS = (
    "SELECT table_name, _partition_id, count() FROM insert_ledger "
    "WHERE _partition_id >= toString(toYYYYMM(now('UTC') - INTERVAL 1 DAY)) GROUP BY table_name, _partition_id"
)
_STORE = (
    "SELECT (SELECT toString(any(uuid)) FROM system.tables WHERE database = {database} AND name = 'insert_ledger'), "
    "(SELECT any(version_num) FROM alembic_version)"
)


@dataclass(frozen=True, slots=True)
class LedgerState:
    """How things stand: which store it is and the revision of its schema, and a version by table."""

    store: str
    versions: Mapping[str, str]

    def of(self, tables: set[str]) -> dict[str, str]:
        """The versions of those; of all tables where none is named."""
        return {table: self.versions.get(table, "") for table in tables or {ANY}}

    def still(self, known: Mapping[str, str]) -> bool:
        """Whether no batch has come since those versions."""
        return known == self.of(set(known))


class LedgerVersions:
    """Asks the ledger. Raises MuseError where the store does not answer."""

    def __init__(self, executor: Executor) -> None:
        self._executor = executor
        self._known: tuple[tuple[int, int], LedgerState] | None = None

    def now(self, minute: int) -> LedgerState:
        """Asks how many batches there are, and only where that has changed, or once a minute, of which tables.

        The count is asked first: a batch that comes in between makes the next question look again.
        """
        [(batches,)] = self._read(_BATCHES)
        known = self._known
        if known is None or known[0] != (minute, batches):
            store = known[1].store if known is not None and known[0][0] == minute else self._store()
            known = ((minute, batches), LedgerState(store, self._versions()))
            self._known = known
        return known[1]

    def _versions(self) -> Mapping[str, str]:
        found: dict[str, list[str]] = {}
        for table, month, batches in self._read(_VERSIONS):
            found.setdefault(table, []).append(f"{month}:{batches}")
        versions = {table: " ".join(sorted(months)) for table, months in found.items()}
        return versions | {ANY: repr(sorted(versions.items()))}

    def _store(self) -> str:
        [(ledger, revision)] = self._read(_STORE.format(database=quote(self._executor.settings.database)))
        return f"{ledger} {revision}"

    def _read(self, statement: str) -> list[tuple[Any, ...]]:
        limits = replace(self._executor.limits(_WAIT_S), light=True, short=True)
        with (
            call.serving(None),  # the cache's own question
            self._executor.open(statement, limits, session=_SESSION) as running,
        ):
            return [row for block in running.blocks() for row in zip(*block, strict=True)]
