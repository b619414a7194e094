"""What `env.py` does: connect as the settings say, hold the lock, and let alembic run."""

from __future__ import annotations

from logging.config import fileConfig
from pathlib import Path
from typing import Any

from alembic.util import CommandError
from sqlalchemy import Connection, MetaData

from chimera_metrics.integrations import config as settings_of
from chimera_metrics.integrations.config import ClickHouseSettings
from chimera_metrics.integrations.errors import MuseError, SchemaMismatch
from chimera_metrics.integrations.evolution import comparators, journal, rendering, replicate, rollup, sharding, version
from chimera_metrics.integrations.evolution.destruction import refuse_construct
from chimera_metrics.integrations.evolution.engines import migration_connection
from chimera_metrics.integrations.evolution.keeper_lock import migration_lock
from chimera_metrics.integrations.evolution.lock import LockTerms
from chimera_metrics.integrations.evolution.scratch import sweep

# Importing these tells alembic of the operations (`comparators` brings all but the rollup's) and how they are written.
REGISTERED = (comparators, rendering, rollup)


def run(context: Any, metadata: MetaData) -> None:
    """One alembic command. From the command line an error is alembic's `FAILED`; called from Python it is raised."""
    from_command_line = context.config.cmd_opts is not None
    if from_command_line and context.config.config_file_name:
        fileConfig(context.config.config_file_name, disable_existing_loggers=False)
    # Tests bring models of their own.
    metadata = context.config.attributes.get("metadata", metadata)
    try:
        _offline(context, metadata) if context.is_offline_mode() else _online(context, metadata)
    except MuseError as error:
        if from_command_line:
            raise CommandError(error.sentence) from None
        raise


def _offline(context: Any, metadata: MetaData) -> None:
    # No connection: the statements are the same on every engine, but for a cluster's.
    context.configure(
        url="clickhouse+chdb://",
        target_metadata=metadata,
        literal_binds=True,
        dialect_opts={"paramstyle": "named"},
        clickhouse_settings=_settings(context),
    )
    if context.get_starting_revision_argument() in {None, "base"}:
        for statement in sharding.offline(_settings(context)):
            context.get_context().impl.run(statement)
    context.run_migrations()


def _online(context: Any, metadata: MetaData) -> None:
    settings = _settings(context)
    with migration_connection(settings) as connection:
        options = {
            "connection": connection,
            "target_metadata": metadata,
            "autogenerate_plugins": [comparators.PLUGIN],
            "process_revision_directives": comparators.number_revision,
            "clickhouse_settings": settings,
        }
        context.configure(**options)
        opts = context.get_context().opts
        if "destination_rev" not in opts:  # current, check, revision, history: they read
            context.run_migrations()
            return
        sharding.refuse_other_form(connection, settings)
        _refuse_alone(connection, settings, comparators.managed(Path(opts["script"].dir)))
        terms = context.config.attributes.get("lock", LockTerms())
        with migration_lock(connection.engine, settings, terms) as lock:
            version.refuse_other_project(_of_another_project(opts["script"], connection), settings.database)
            version.heal(connection)
            sweep(connection, settings)
            sharding.prepare(connection, settings)
            _join(connection, settings, comparators.managed(Path(opts["script"].dir)))
            plan = journal.noted(opts["fn"], connection)
            context.configure(
                **options,
                migration_guard=lock.still_held,
                construct_guard=refuse_construct,
                allow_destructive=_allows_destruction(context),
                fn=plan,
            )
            context.run_migrations()


def _settings(context: Any) -> ClickHouseSettings:
    given: ClickHouseSettings | None = context.config.attributes.get("settings")
    return given or settings_of.load().clickhouse


def _refuse_alone(connection: Connection, settings: ClickHouseSettings, ours: set[str]) -> None:
    """Raises SchemaMismatch for tables of one server where a cluster is set: its other servers would miss each step."""
    if settings.cluster is None:
        return
    if found := replicate.alone(connection, settings.database, ours | {version.TABLE}):
        raise SchemaMismatch(
            f"{len(found)} tables of {settings.database} ({', '.join(found[:3])} …) stand on {settings.where} alone, "
            f"and CH_CLUSTER is set to {settings.cluster}. Run `muse adopt --yes`, which makes them the cluster's in "
            "place, and then this again."
        )


def _join(connection: Connection, settings: ClickHouseSettings, ours: set[str]) -> None:
    """Makes the tables on servers of the cluster that came since; on shards `sharding.prepare` does."""
    if settings.cluster is None or settings.on_shards:
        return
    if replicate.lacking(connection, settings, ours | {version.TABLE}):
        replicate.spread(connection, settings, ours | {version.TABLE})


def _of_another_project(script: Any, connection: Connection) -> tuple[str, ...]:
    revisions = [one.revision for one in script.walk_revisions()]
    return version.of_another_project(connection, revisions, comparators.managed(Path(script.dir)))


def _allows_destruction(context: Any) -> bool:
    given = context.config.attributes.get("allow_destructive")
    if given is None:
        given = context.get_x_argument(as_dictionary=True).get("allow_destructive", "")
    return str(given).lower() in {"1", "true", "yes"}
