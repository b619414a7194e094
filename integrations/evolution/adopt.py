"""Taking over a database that stands already: how it differs, and the way to the schema of this program.

`plan` only reads (and uses a scratch database). `carry_out` records the revision that the database is equal to, or
writes a revision that gets it there. Neither drops anything, nothing is recorded that has not been compared, and no
rollup is left without the rows that stand.
"""

from __future__ import annotations

import contextlib
import textwrap
from collections.abc import Collection
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from alembic import command
from alembic.autogenerate import render_python_code
from alembic.config import Config
from alembic.operations.ops import UpgradeOps
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, MetaData, exc

from chimera_metrics.integrations.clickhouse.literals import quote_name
from chimera_metrics.integrations.config import ClickHouseSettings
from chimera_metrics.integrations.evolution import (
    lock,
    rendering,
    replicate,
    runner,
    sharding,
    version,
)
from chimera_metrics.integrations.evolution.canonical import Schema, differences, read
from chimera_metrics.integrations.evolution.changes import plan as changes
from chimera_metrics.integrations.evolution.comparators import managed, schema_of
from chimera_metrics.integrations.evolution.engines import migration_connection
from chimera_metrics.integrations.evolution.impl import ClickHouseImpl
from chimera_metrics.integrations.evolution.keeper_lock import migration_lock
from chimera_metrics.integrations.evolution.keeping import extras, with_extras
from chimera_metrics.integrations.evolution.operation import ClickHouseOp
from chimera_metrics.integrations.evolution.rollup import FillRollup
from chimera_metrics.integrations.evolution.scratch import scratch
from chimera_metrics.integrations.evolution.writers import ForeignWriter, foreign_writers
from chimera_metrics.models import VIEWS

State = Literal["same", "differs", "missing", "foreign"]
REGISTERED = rendering  # importing it teaches alembic to write the operations down


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
    other_project: tuple[str, ...] = ()
    """The revisions of another project that keeps its history in the version table."""
    behind: tuple[str, ...] = ()
    """What each rollup lacks that lacks rows of its table, a phrase each."""
    alone: tuple[str, ...] = ()
    """Where a cluster is set: the tables that stand on one server of it only."""
    lacking: tuple[str, ...] = ()
    """The cluster's tables that some server of it lacks."""

    @property
    def settled(self) -> bool:
        """Whether there is nothing to take over: the tables are as the version table says, no rollup lacks rows, and a
        cluster's tables are on all of its servers."""
        return (
            self.matches is not None
            and self.recorded == (self.matches,)
            and not self.behind
            and not self.alone
            and not self.lacking
        )

    @property
    def empty(self) -> bool:
        """Whether none of this program's tables stands."""
        return all(table.state in {"missing", "foreign"} for table in self.tables)

    @property
    def sentence(self) -> str:
        further = [self._state]
        if self.behind:
            further.append(f"{'; '.join(self.behind)}: adopting makes that good.")
        if self.alone:
            further.append(
                f"{len(self.alone)} tables are on this server alone: adopting makes them the cluster's, in place. Let "
                "nothing write to them meanwhile."
            )
        if self.lacking:
            further.append(
                f"{len(self.lacking)} tables are not on every server of the cluster: adopting makes them there."
            )
        if self.other_project:
            further.append(
                f"The table {version.TABLE} holds revision {', '.join(self.other_project)} of another project and is "
                "left alone: give this program a database of its own (CH_DATABASE), or add --set-aside-version-table."
            )
        return " ".join(further)

    @property
    def _state(self) -> str:
        name = f"{self.database} on {self.where}"
        if self.empty:
            return f"{name} holds none of the tables: there is nothing to adopt. Run `muse upgrade`."
        if self.matches is not None and self.recorded == (self.matches,):
            further = "" if self.matches == self.head else " Run `muse upgrade`."
            return f"{name} is at revision {self.matches}, as recorded.{further}"
        if self.matches is not None:
            return f"{name} is equal to revision {self.matches}, which is not recorded; adopting records it."
        count = sum(table.state in {"differs", "missing"} for table in self.tables)
        return f"{name} differs from every revision ({count} tables); adopting writes a revision that gets it there."


@dataclass(frozen=True)
class Adopted:
    """What `carry_out` did."""

    action: Literal["nothing", "replicated", "stamped", "written"]
    revision: str
    path: Path | None
    sentence: str


def plan(settings: ClickHouseSettings) -> AdoptReport:
    """How the database stands beside each revision. Changes nothing in it."""
    with migration_connection(settings) as connection:
        sharding.refuse_other_form(connection, settings)
        ours = managed(runner.script_location())
        stands = _theirs(connection, settings.database)
        known = _revisions(settings, connection)
        recorded = _recorded(connection, settings.database)
        other = version.of_another_project(connection, known, ours)
        writers = foreign_writers(connection, settings.database, ours)
        behind = _behind(connection, stands)
        whole = settings.cluster is None or settings.on_shards
        alone = [] if whole else replicate.alone(connection, settings.database, _tables(ours))
        lacking = [] if whole else replicate.lacking(connection, settings, _tables(ours))
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
        tables=(*(_report(name, stands, wanted, writers) for name in names), *_elsewhere(writers, names)),
        other_project=other,
        behind=behind,
        alone=tuple(alone),
        lacking=tuple(lacking),
    )


def carry_out(
    settings: ClickHouseSettings, metadata: MetaData, folder: Path | None = None, set_aside_version_table: bool = False
) -> Adopted:
    """Records the revision that the database is equal to, or writes the one that gets it there into `folder`.

    Rollups that lack rows of their tables are filled, now or by that revision. `metadata` are the models
    (`models.metadata`); `folder` is by default where the revisions are. A version table of another project is left
    alone, and SchemaMismatch raised; with `set_aside_version_table` it is renamed.
    """
    report = plan(settings)
    if not set_aside_version_table:
        version.refuse_other_project(report.other_project, settings.database)
    elif report.other_project:
        _set_aside(settings, report.other_project)
    made = _replicate(settings, report)
    if made:
        report = plan(settings)
    if report.settled or report.empty:
        return Adopted("replicated" if made else "nothing", report.matches or "", None, made or report.sentence)
    config = _config(settings, folder)
    if report.matches is not None:
        _stamp(settings, config, report.matches)
        said = f"Recorded revision {report.matches}: {settings.database} is equal to it."
        if report.behind:
            _fill(settings)
            said += f" Filled what its rollups lacked: {'; '.join(report.behind)}."
        return Adopted("stamped", report.matches, None, f"{made} {said}".strip())
    path, revision = _write(settings, config, metadata, report.head)
    _stamp(settings, config, report.head)
    said = f"Wrote {path}: read it, then run `muse upgrade`. Nothing in the tables was changed yet."
    return Adopted("written", revision, path, f"{made} {said}".strip())


def _replicate(settings: ClickHouseSettings, report: AdoptReport) -> str:
    """Makes tables of one server the cluster's, on all of its servers, and says what was made; '' for nothing."""
    if not report.alone and not report.lacking:
        return ""
    ours = _tables(managed(runner.script_location()))
    with migration_connection(settings) as connection, migration_lock(connection.engine, settings, lock.LockTerms()):
        found = [replicate.convert(connection, settings, table) for table in report.alone]
        count = replicate.spread(connection, settings, ours)
    if not found:
        return f"Made {count} tables on every server of the cluster {settings.cluster}."
    rows = sum(content.rows for content in found)
    return f"Made {len(found)} tables with {rows:,} rows replicated on the cluster {settings.cluster}."


def _tables(ours: Collection[str]) -> set[str]:
    return {*ours, version.TABLE}


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
        there = settings.model_copy(update={"database": database, "cluster": None})
        for revision in reversed([found.revision for found in script.walk_revisions()]):
            runner.upgrade(there, revision)
            known[revision] = _theirs(inside, database)
    return known


def _differences(stands: Schema, wanted: Schema, name: str) -> tuple[str, ...]:
    return tuple(differences(stands[name], wanted[name]))


def _report(name: str, stands: Schema, wanted: Schema, writers: list[ForeignWriter]) -> TableReport:
    if name not in wanted:
        return TableReport(name, "foreign", tuple(writer.sentence for writer in writers if writer.view == name))
    if name not in stands:
        return TableReport(name, "missing")
    found = _differences(stands, wanted, name)
    return TableReport(name, "differs" if found else "same", found)


def _elsewhere(writers: list[ForeignWriter], names: list[str]) -> list[TableReport]:
    """Views in other databases that write into our tables."""
    return [TableReport(one.view, "foreign", (one.sentence,)) for one in writers if one.view not in names]


def _config(settings: ClickHouseSettings, folder: Path | None) -> Config:
    config = runner.config(settings)
    if folder is not None:
        config.set_main_option("script_location", str(folder).replace("%", "%%"))
    return config


def _behind(connection: Connection, stands: Schema) -> tuple[str, ...]:
    """What the rollups lack that stand beside their tables. Tables of another shape are brought there first."""
    found = []
    for fill in map(FillRollup.of, VIEWS):
        if not {fill.target, fill.source} <= stands.keys():
            continue
        with contextlib.suppress(exc.DBAPIError, TypeError):
            if lacking := fill.lacking(connection):
                found.append(f"{fill.target} lacks {lacking:,} rows of {fill.source}")
    return tuple(found)


def _fill(settings: ClickHouseSettings) -> None:
    with migration_connection(settings) as connection, migration_lock(connection.engine, settings, lock.LockTerms()):
        impl = MigrationContext.configure(connection, opts={"clickhouse_settings": settings}).impl
        assert isinstance(impl, ClickHouseImpl)  # noqa: S101
        for fill in map(FillRollup.of, VIEWS):
            if read(connection, settings.database, only=fill.target):
                fill.run(impl)


def _set_aside(settings: ClickHouseSettings, recorded: tuple[str, ...]) -> None:
    name = quote_name(f"{version.TABLE}_of_{'_'.join(recorded) or 'nothing'}")
    with migration_connection(settings) as connection:
        connection.exec_driver_sql(f"RENAME TABLE {version.TABLE} TO {name}".replace("%", "%%"))


def _stamp(settings: ClickHouseSettings, config: Config, revision: str) -> None:
    with migration_connection(settings) as connection:
        # Whatever it held was not what the tables are. Killed here, none is recorded, and adopting runs again.
        connection.exec_driver_sql(f"DROP TABLE IF EXISTS {version.TABLE} SYNC")
    command.stamp(config, revision)


def _write(settings: ClickHouseSettings, config: Config, metadata: MetaData, head: str) -> tuple[Path, str]:
    script = ScriptDirectory.from_config(config)
    with migration_connection(settings) as connection:
        stands = _theirs(connection, settings.database)
        wanted = schema_of(metadata, settings, connection)
        operations = changes(stands, with_extras(stands, wanted), ())
        left = [
            f"# Not dropped, because somebody may need it: {kind} {part} of {name}."
            for name, want in wanted.items()
            if name in stands
            for kind, part in extras(stands[name], want)
        ]
        text = _python(MigrationContext.configure(connection), [*operations, *map(FillRollup.of, VIEWS)], left)
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


def _python(context: MigrationContext, operations: list[ClickHouseOp], left: list[str]) -> str:
    ordered = sorted(operations, key=lambda op: op.order)
    code = render_python_code(UpgradeOps(ops=ordered), migration_context=context)
    return textwrap.indent("\n".join([code.strip(), *left]), "    ").strip()
