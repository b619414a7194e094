"""SQLAlchemy engines for migrations, and the database that they run in."""

from __future__ import annotations

import contextlib

from sqlalchemy import Engine, exc

from chimera_metrics.integrations.clickhouse import shards
from chimera_metrics.integrations.clickhouse.engine import make_engine
from chimera_metrics.integrations.config import ClickHouseSettings
from chimera_metrics.integrations.errors import AccessRefused
from chimera_metrics.integrations.evolution.cluster_fitness import unfinished

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


def ensure_database(settings: ClickHouseSettings) -> None:
    """Creates the database on a server, by way of `default`; the embedded store creates its own."""
    if settings.embedded:
        return
    engine = make_engine(settings.model_copy(update={"database": "default"}), session={}, pool_size=1)
    try:
        with contextlib.closing(engine.connect()) as connection:
            found = connection.exec_driver_sql(f"SELECT 1 FROM system.databases WHERE name = '{settings.database}'")
            if found.first() is None or settings.cluster is not None:  # another server may lack it
                connection.exec_driver_sql(f"CREATE DATABASE IF NOT EXISTS `{settings.database}`")
    except exc.DBAPIError as error:
        if (late := unfinished(error, engine, settings)) is not None:
            raise late from None
        raise AccessRefused(
            f"The account {settings.username} could not create the database {settings.database} on {settings.where} "
            f"({str(error.orig).splitlines()[0][:200]}). Create it, or grant CREATE DATABASE, and run this again."
        ) from None
    finally:
        engine.dispose()
