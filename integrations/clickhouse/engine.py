"""SQLAlchemy engines from settings: the embedded store or a server, behind one pool with one limit."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from sqlalchemy import URL, Engine, PoolProxiedConnection, create_engine, event, exc
from sqlalchemy.dialects import registry
from sqlalchemy.pool import QueuePool

from chimera_metrics.integrations.clickhouse.chdb_dbapi import ChdbConnection
from chimera_metrics.integrations.clickhouse.dbapi import READ_SETTINGS
from chimera_metrics.integrations.clickhouse.store import open_store
from chimera_metrics.integrations.clickhouse.versions import KnownSettings
from chimera_metrics.integrations.config import ClickHouseSettings
from chimera_metrics.integrations.errors import PoolExhausted, Unreachable

# Installed packages name their dialects too, but to look them up takes 7 ms.
for _driver in ("chdb", "muse"):
    registry.register(
        f"clickhouse.{_driver}", "chimera_metrics.integrations.clickhouse.dialect", f"ClickHouseDialect_{_driver}"
    )


def url_of(settings: ClickHouseSettings) -> URL:
    """The SQLAlchemy URL of a store. The password is in it only for a server, and SQLAlchemy hides it in its text."""
    if settings.embedded:
        return URL.create("clickhouse+chdb", database=settings.store_path, query={"database": settings.database})
    return URL.create(
        "clickhouse+muse",
        username=settings.username,
        password=settings.password.get_secret_value(),
        host=settings.host,
        port=settings.port,
        database=settings.database,
    )


def make_engine(
    settings: ClickHouseSettings, session: Mapping[str, Any] | None = None, pool_size: int = 0, overflow: int = 0
) -> Engine:
    """An engine on the store that `settings` name. Nothing is opened until the first statement.

    `session` are engine settings that hold for every statement; by default those of a read (`READ_SETTINGS`).
    `CH_CONNECTION_POOL_SIZE` callers run at once, and `overflow` more; the next one waits, at most `CH_TIMEOUT`.
    """
    words = dict(READ_SETTINGS if session is None else session)
    known = KnownSettings()
    engine = create_engine(
        url_of(settings),
        creator=lambda: _connect(settings, words, known),
        poolclass=QueuePool,
        pool_size=pool_size or settings.connection_pool_size,
        max_overflow=overflow,
        pool_timeout=settings.timeout,
        hide_parameters=True,
    )

    @event.listens_for(engine, "handle_error")
    def _notice_disconnect(context: Any) -> None:
        # The pool drops a connection only if told that its socket is gone.
        if isinstance(context.original_exception, Unreachable):
            context.is_disconnect = True

    return engine


def checkout(engine: Engine, settings: ClickHouseSettings) -> PoolProxiedConnection:
    """A pooled DBAPI connection, or PoolExhausted with a sentence."""
    try:
        return engine.raw_connection()
    except exc.TimeoutError:
        raise exhausted(settings) from None


def exhausted(settings: ClickHouseSettings) -> PoolExhausted:
    return PoolExhausted(
        f"All {settings.connection_pool_size} connections stayed in use for {settings.timeout:g} s. "
        "Try again, or raise CH_CONNECTION_POOL_SIZE."
    )


def _connect(settings: ClickHouseSettings, session: Mapping[str, Any], known: KnownSettings) -> Any:
    if settings.embedded:
        store = open_store(settings.store_path, settings.store_wait, settings.store_idle)
        return ChdbConnection(store, settings.database, session)
    from chimera_metrics.integrations.clickhouse.native_dbapi import NativeConnection

    return NativeConnection(settings, session, known)
