"""Taking over a database that stands already: how it differs, and the way to the schema of this program.

`plan` only reads (and uses a scratch database). `carry_out` records the revision that the database is equal to, or
writes a revision that gets it there. Neither drops anything, and nothing is recorded that has not been compared.
"""

from __future__ import annotations

import textwrap
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from alembic import command
from alembic.autogenerate import render_python_code
from alembic.config import Config
from alembic.operations.ops import UpgradeOps
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, MetaData

from chimera_metrics.integrations.config import ClickHouseSettings
from chimera_metrics.integrations.evolution import lock, rendering, runner, version
from chimera_metrics.integrations.evolution.canonical import Schema, differences, read
from chimera_metrics.integrations.evolution.changes import plan as changes
from chimera_metrics.integrations.evolution.comparators import managed, schema_of
from chimera_metrics.integrations.evolution.engines import ensure_database, migration_engine
from chimera_metrics.integrations.evolution.operation import ClickHouseOp
from chimera_metrics.integrations.evolution.scratch import scratch

State = Literal["same", "differs", "missing", "foreign"]
REGISTERED = rendering  # importing it teaches alembic to write the operations down
_DROPS = {"remove_table", "remove_view", "remove_column", "remove_index", "remove_projection"}


@dataclass(frozen=True)
class TableReport:
    """One table or view beside what this program wants."""

    name: str
    state: State
    differences: tuple[str, ...] = ()


@dataclass(frozen=True)
class AdoptReport:
    """A database beside the revisions of this program."""

    where: str
    database: str
    recorded: tuple[str, ...]
    """What the version table holds: one revision, if it is in order."""
    matches: str | None
    """The newest revision that the tables are equal to."""
    head: str
    tables: tuple[TableReport, ...]

    @property
    def settled(self) -> bool:
        """Whether there is nothing to take over: the version table says what the tables say."""
        return self.matches is not None and self.recorded == (self.matches,)

    @property
    def empty(self) -> bool:
        """Whether none of this program's tables stands."""
        return all(table.state in {"missing", "foreign"} for table in self.tables)

    @property
    def sentence(self) -> str:
        name = f"{self.database} on {self.where}"
        if self.empty:
            return f"{name} holds none of the tables: there is nothing to adopt. Run `muse upgrade`."
        if self.settled:
            further = "" if self.matches == self.head else " Run `muse upgrade`."
            return f"{name} is at revision {self.matches}, as recorded.{further}"
        if self.matches is not None:
            return f"{name} is equal to revision {self.matches}, which is not recorded; adopting records it."
        count = sum(table.state in {"differs", "missing"} for table in self.tables)
        return f"{name} differs from every revision ({count} tables); adopting writes a revision that gets it there."


@dataclass(frozen=True)
class Adopted:
    """What `carry_out` did."""

    action: Literal["nothing", "stamped", "written"]
    revision: str
    path: Path | None
    sentence: str


def plan(settings: ClickHouseSettings) -> AdoptReport:
    """How the database stands beside each revision. Changes nothing in it."""
    with _connection(settings) as connection:
        stands = _theirs(connection, settings.database)
        known = _revisions(settings, connection)
        recorded = _recorded(connection, settings.database)
    ours = managed(runner.script_location())
    wanted = next(reversed(known.values()))
    matches = [
        revision
        for revision, schema in known.items()
        if schema.keys() == (stands.keys() & ours) and not any(_differences(stands, schema, name) for name in schema)
    ]
    names = [*wanted, *sorted(stands.keys() - wanted.keys())]
    return AdoptReport(
        where=settings.where,
        database=settings.database,
        recorded=recorded,
        matches=matches[-1] if matches else None,
        head=runner.head(),
        tables=tuple(_report(name, stands, wanted) for name in names),
    )


def carry_out(settings: ClickHouseSettings, metadata: MetaData, folder: Path | None = None) -> Adopted:
    """Records the revision that the database is equal to, or writes the one that gets it there into `folder`.

    `metadata` are the models (`models.metadata`); `folder` is by default where the revisions are.
    """
    report = plan(settings)
    if report.settled or report.empty:
        return Adopted("nothing", report.matches or "", None, report.sentence)
    config = _config(settings, folder)
    if report.matches is not None:
        _stamp(settings, config, report.matches)
        said = f"Recorded revision {report.matches}: {settings.database} is equal to it."
        return Adopted("stamped", report.matches, None, said)
    path, revision = _write(settings, config, metadata, report.head)
    _stamp(settings, config, report.head)
    said = f"Wrote {path}: read it, then run `muse upgrade`. Nothing in the tables was changed yet."
    return Adopted("written", revision, path, said)


@contextmanager
def _connection(settings: ClickHouseSettings) -> Iterator[Connection]:
    ensure_database(settings)
    engine = migration_engine(settings)
    try:
        with engine.connect() as connection:
            yield connection
    finally:
        engine.dispose()


def _recorded(connection: Connection, database: str) -> tuple[str, ...]:
    if not read(connection, database, only=version.TABLE):
        return ()
    return tuple(sorted(str(row[0]) for row in version.rows(connection, f"SELECT version_num FROM {version.TABLE}")))


def _theirs(connection: Connection, database: str) -> Schema:
    schema = read(connection, database)
    return {n: f for n, f in schema.items() if n != version.TABLE and not n.startswith((lock.TABLE, ".inner"))}


def _revisions(settings: ClickHouseSettings, connection: Connection) -> dict[str, Schema]:
    """The schema at each revision, the oldest first, as this engine makes it."""
    known: dict[str, Schema] = {}
    script = ScriptDirectory.from_config(runner.config(settings))
    with scratch(settings, connection) as inside:
        database = inside.exec_driver_sql("SELECT currentDatabase()").scalar_one()
        there = settings.model_copy(update={"database": database})
        for revision in reversed([found.revision for found in script.walk_revisions()]):
            runner.upgrade(there, revision)
            known[revision] = _theirs(inside, database)
    return known


def _differences(stands: Schema, wanted: Schema, name: str) -> tuple[str, ...]:
    return tuple(differences(stands[name], wanted[name]))


def _report(name: str, stands: Schema, wanted: Schema) -> TableReport:
    if name not in wanted:
        return TableReport(name, "foreign")
    if name not in stands:
        return TableReport(name, "missing")
    found = _differences(stands, wanted, name)
    return TableReport(name, "differs" if found else "same", found)


def _config(settings: ClickHouseSettings, folder: Path | None) -> Config:
    config = runner.config(settings)
    if folder is not None:
        config.set_main_option("script_location", str(folder).replace("%", "%%"))
    return config


def _stamp(settings: ClickHouseSettings, config: Config, revision: str) -> None:
    with _connection(settings) as connection:
        # Whatever it held was not what the tables are. Killed here, none is recorded, and adopting runs again.
        connection.exec_driver_sql(f"DROP TABLE IF EXISTS {version.TABLE} SYNC")
    command.stamp(config, revision)


def _write(settings: ClickHouseSettings, config: Config, metadata: MetaData, head: str) -> tuple[Path, str]:
    script = ScriptDirectory.from_config(config)
    with _connection(settings) as connection:
        stands = _theirs(connection, settings.database)
        wanted = schema_of(metadata, settings, connection)
        operations = changes(stands, wanted, ())
        text = _python(MigrationContext.configure(connection), operations)
    revision = f"{int(head) + 1:04d}" if head.isdigit() else f"{head}_adopt"
    made = script.generate_revision(
        revision,
        f"adopt {settings.database}",
        head=head,
        upgrades=text,
        # What it began from is not a revision: there is nothing to go back to.
        downgrades="pass",
    )
    if made is None:
        raise RuntimeError("alembic wrote no file")
    return Path(made.path), revision


def _python(context: MigrationContext, operations: list[ClickHouseOp]) -> str:
    kept = [op for op in operations if op.verb not in _DROPS]
    left = [op for op in operations if op.verb in _DROPS]
    code = render_python_code(UpgradeOps(ops=kept), migration_context=context) if kept else "pass"
    remarks = [f"# Not dropped, because it may hold what somebody needs: {op.verb} {op.arguments}" for op in left]
    return textwrap.indent("\n".join([code.strip(), *remarks]), "    ").strip()
