"""SQLAlchemy engines for migrations, and the database that they run in."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator

from sqlalchemy import Connection, Engine, exc

from chimera_metrics.integrations.clickhouse import cluster_errors, shards
from chimera_metrics.integrations.clickhouse.engine import make_engine
from chimera_metrics.integrations.clickhouse.error_codes import ErrorCode, code_of
from chimera_metrics.integrations.config import ClickHouseSettings
from chimera_metrics.integrations.errors import AccessRefused, MuseError, SettingsError, StatementFailed
from chimera_metrics.integrations.evolution.cluster_fitness import refuse_unfit, unfinished

# Every change of the schema is complete, on every replica, before the next statement.
SESSION = {"mutations_sync": 2, "alter_sync": 2}
# A backfill or a rebuild takes as long as it takes.
_TIMEOUT_S = 86_400


def migration_engine(settings: ClickHouseSettings) -> Engine:
    """An engine whose reads see every row (no FINAL) and whose statements may take a day."""
    patient = settings if settings.embedded else settings.model_copy(update={"timeout": _TIMEOUT_S})
    session = dict(SESSION)
    if settings.cluster is not None:
        # A replicated table takes a revision that is recorded a second time for a retry of the first.
        session["insert_deduplicate"] = 0
    if settings.on_shards:
        session |= shards.EACH_ITS_OWN
    return make_engine(patient, session=session, pool_size=4)


@contextlib.contextmanager
def migration_connection(settings: ClickHouseSettings) -> Iterator[Connection]:
    """A connection by which the schema is changed; its engine is `connection.engine`. The database is made if need be.

    What the engine refuses is a StatementFailed: one sentence, which names the servers that lack a step.
    """
    ensure_database(settings)
    engine = migration_engine(settings)
    try:
        with engine.connect() as connection:
            yield connection
    except exc.DBAPIError as error:
        if (found := unfinished(error, engine, settings)) is not None:
            raise found from error
        raise StatementFailed(
            f"The migration stopped, the engine says: {error.orig} Put that right and run the same command again; "
            "what has been done is not done twice.",
            code=code_of(error),
        ) from error
    finally:
        engine.dispose()


def ensure_database(settings: ClickHouseSettings) -> None:
    """Creates the database on a server, by way of `default`; the embedded store creates its own."""
    if settings.embedded:
        return
    engine = make_engine(settings.model_copy(update={"database": "default"}), session={}, pool_size=1)
    try:
        with contextlib.closing(engine.connect()) as connection:
            refuse_unfit(connection, settings)
            found = connection.exec_driver_sql(f"SELECT 1 FROM system.databases WHERE name = '{settings.database}'")
            if found.first() is None or settings.cluster is not None:  # another server may lack it
                connection.exec_driver_sql(f"CREATE DATABASE IF NOT EXISTS `{settings.database}`")
    except exc.DBAPIError as error:
        if (late := unfinished(error, engine, settings)) is not None:
            raise late from None
        raise _not_created(error, settings) from None
    finally:
        engine.dispose()


def _not_created(error: exc.DBAPIError, settings: ClickHouseSettings) -> MuseError:
    """Why the database could not be made, and the next step."""
    code, words = code_of(error), str(error.orig).splitlines()[0][:200].rstrip(" .")
    if code == ErrorCode.QUERY_IS_PROHIBITED and settings.cluster is not None:
        return SettingsError(
            f"The server {settings.where} takes no statements for the whole cluster {settings.cluster}: add "
            f"<distributed_ddl> to the configuration of every server, and run this again. (The engine says: {words})"
        )
    if code == ErrorCode.ACCESS_DENIED:
        return AccessRefused(
            f"The account {settings.username} could not create the database {settings.database} on {settings.where} "
            f"({words}). Create it, or grant CREATE DATABASE, and run this again."
        )
    said = cluster_errors.sentence(code, words) or f"{words}. Put that right, and run the same command again."
    return StatementFailed(f"The database {settings.database} could not be created on {settings.where}: {said}", code)
