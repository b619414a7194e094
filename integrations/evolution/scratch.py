"""A database for a moment, in which what is wanted is created to see what the engine makes of it."""

from __future__ import annotations

import contextlib
import secrets
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

from sqlalchemy import Connection, exc

from chimera_metrics.integrations.clickhouse.cluster import here
from chimera_metrics.integrations.clickhouse.engine import make_engine
from chimera_metrics.integrations.config import ClickHouseSettings
from chimera_metrics.integrations.errors import AccessRefused

_MARK = "__scratch_"
_AGE = timedelta(hours=1)


@contextlib.contextmanager
def scratch(settings: ClickHouseSettings, connection: Connection) -> Iterator[Connection]:
    """A connection to a new, empty database on the same engine, dropped at the end."""
    name = f"{settings.database[:20]}{_MARK}{datetime.now(UTC):%Y%m%d%H%M%S}_{secrets.token_hex(4)}"
    try:
        connection.exec_driver_sql(here(f"CREATE DATABASE `{name}`", settings))
    except exc.DBAPIError as error:
        raise AccessRefused(
            f"The account {settings.username} may not create a database ({_words(error)}). Comparing schemas needs a "
            f"scratch database for a moment: grant CREATE DATABASE, DROP DATABASE and all rights on `*{_MARK}*`, "
            "or run this with an account that has them."
        ) from None
    engine = make_engine(settings.model_copy(update={"database": name, "cluster": None}), session={}, pool_size=2)
    try:
        with engine.connect() as inside:
            yield inside
    finally:
        engine.dispose()
        connection.exec_driver_sql(here(f"DROP DATABASE IF EXISTS `{name}` SYNC", settings))


def sweep(connection: Connection, settings: ClickHouseSettings) -> None:
    """Drops scratch databases that a killed process left more than an hour ago."""
    oldest = f"{datetime.now(UTC) - _AGE:%Y%m%d%H%M%S}"
    found = connection.exec_driver_sql("SELECT name FROM system.databases WHERE position(name, '__scratch_') > 0")
    for (name,) in found.fetchall():
        if name.partition(_MARK)[2][:14] < oldest:
            connection.exec_driver_sql(here(f"DROP DATABASE IF EXISTS `{name}` SYNC", settings))


def _words(error: exc.DBAPIError) -> str:
    return str(error.orig).splitlines()[0][:200]
