"""What a backup needs of the engine: a session that may run BACKUP, and what every table holds, as figures."""

from __future__ import annotations

import contextlib
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from xml.sax.saxutils import escape

from chimera_metrics.integrations.clickhouse import dbapi
from chimera_metrics.integrations.clickhouse.cluster import CLAIMS
from chimera_metrics.integrations.clickhouse.dialect import ClickHouseDialect_chdb
from chimera_metrics.integrations.clickhouse.explaining import explain
from chimera_metrics.integrations.clickhouse.literals import quote, quote_name
from chimera_metrics.integrations.clickhouse.statements import Limits
from chimera_metrics.integrations.clickhouse.store import open_store
from chimera_metrics.integrations.config import ClickHouseSettings, MuseSettings
from chimera_metrics.integrations.operations.one_turn import HeldConnection
from chimera_metrics.models import FACT_TABLES, metadata

# A backup takes as long as it takes.
_TIMEOUT_S = 86_400


@dataclass(frozen=True, slots=True)
class Content:
    """What one table holds: rows, and a sum over the hashes of all rows, which does not depend on their order."""

    rows: int
    checksum: str


@dataclass(frozen=True, slots=True)
class Session:
    """Statements on one store."""

    connection: dbapi.Connection
    settings: ClickHouseSettings

    def rows(self, statement: str, **words: Any) -> list[tuple[Any, ...]]:
        try:
            with self.connection.run(statement, settings=words) as reply:
                return list(reply.rows())
        except dbapi.DatabaseError as error:
            limits = Limits(self.settings.timeout, memory_mb=self.settings.max_memory_mb)
            raise explain(error, limits, self.settings.where) from None

    def run(self, statement: str) -> None:
        self.rows(statement)

    def value(self, statement: str) -> Any:
        rows = self.rows(statement)
        return rows[0][0] if rows else None


@contextlib.contextmanager
def session(settings: ClickHouseSettings, backups: Path) -> Iterator[Session]:
    """A session that may back up and restore. An embedded store is this process's alone until the end."""
    if not settings.embedded:
        from chimera_metrics.integrations.clickhouse.native_dbapi import NativeConnection

        # `default`: the database to restore into is not there yet.
        patient = settings.model_copy(update={"timeout": _TIMEOUT_S, "database": "default"})
        connection = NativeConnection(patient, {})
        try:
            yield Session(connection, settings)
        finally:
            connection.close()
        return
    # The engine reads which folder it may write backups to from a file when it opens the store.
    with tempfile.TemporaryDirectory(prefix="muse-") as place:
        config = Path(place) / "backups.xml"
        allowed = escape(str(backups.resolve()))
        config.write_text(
            f"<clickhouse><backups><allowed_path>{allowed}</allowed_path></backups></clickhouse>", encoding="utf-8"
        )
        store = open_store(settings.store_path, settings.store_wait, options=f"&config-file={config}")
        # Held from end to end, so that what is counted is what is backed up.
        handle = store.take({"database": settings.database})
        try:
            yield Session(HeldConnection(handle, settings.database), settings)
        finally:
            store.give(handle, {}, broken=True)
            store.close()


def destination(settings: ClickHouseSettings, muse: MuseSettings, folder: Path, name: str) -> str:
    """What BACKUP calls the place of a backup."""
    if settings.embedded:
        return f"File({quote(str(folder.resolve() / name))})"
    if muse.backup_disk is not None:
        return f"Disk({quote(muse.backup_disk)}, {quote(name)})"
    return f"File({quote(name)})"


def left_out(settings: ClickHouseSettings, restoring: bool = False) -> str:
    """What a cluster's backup leaves out: names in Keeper, and on the way back the version table, which the schema that
    is restored into has."""
    if settings.cluster is None:
        return ""
    names = [CLAIMS, *(["alembic_version"] if restoring else [])]
    return f" EXCEPT TABLES {', '.join(f'{quote_name(settings.database)}.{name}' for name in names)}"


def contents(store: Session) -> dict[str, Content]:
    """Rows and checksum of every table of the models that is there; of rollups, of what they say."""
    database = store.settings.database
    there = {row[0] for row in store.rows(f"SELECT name FROM system.tables WHERE database = {quote(database)}")}
    found = {}
    for table in metadata.tables:
        if table in there:
            [(rows, checksum)] = store.rows(_summed(table, f"`{database}`.`{table}`"))
            found[table] = Content(int(rows), str(checksum or 0))
    return found


def _summed(table: str, source: str) -> str:
    if table in FACT_TABLES or not any("AggregateFunction" in kind for kind in _types(table).values()):
        # `*` leaves out what the engine fills in by itself; a run's time of receipt is compared by its effect.
        final = " FINAL" if table in {"bench_runs", "retention_rules", "watches", "watch_alarms"} else ""
        return f"SELECT count(), sum(sipHash64(formatRow('RowBinary', *))) FROM {source}{final}"
    keys = [name for name, kind in _types(table).items() if "AggregateFunction" not in kind]
    # Merging changes the rows of a rollup, not what they add up to; its float sums may differ in the last digit.
    told = [f"sum({name})" for name, kind in _types(table).items() if "(sum, UInt64)" in kind or "Decimal" in kind]
    told += [f"round(sum({name}), 3)" for name, kind in _types(table).items() if "(sum, Float64)" in kind]
    listed = ", ".join(keys)
    return (
        f"SELECT sum(n), sum(sipHash64(formatRow('RowBinary', *))) FROM "
        f"(SELECT {listed}, {', '.join(told)}, 1 AS n FROM {source} GROUP BY {listed})"
    )


def _types(table: str) -> dict[str, str]:
    dialect = ClickHouseDialect_chdb()
    return {column.name: str(column.type.compile(dialect=dialect)) for column in metadata.tables[table].columns}
