"""Several statements in one turn on an embedded store that others use.

Between two statements the store may go to a process that waits, and coming back means to wait for that process and to
open the store again. What must be quick, or must see one state from end to end, holds one session instead.
"""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from typing import Any

from sqlalchemy import create_engine
from sqlalchemy.pool import StaticPool

from chimera_metrics.integrations.access import Access
from chimera_metrics.integrations.clickhouse.chdb_dbapi import ChdbConnection
from chimera_metrics.integrations.clickhouse.dbapi import READ_SETTINGS
from chimera_metrics.integrations.clickhouse.engine import url_of
from chimera_metrics.integrations.clickhouse.executor import Executor
from chimera_metrics.integrations.clickhouse.store import open_store


class HeldConnection(ChdbConnection):
    """A connection whose statements all run in one session that is held already."""

    def __init__(self, handle: Any, database: str) -> None:
        super().__init__(_Once(handle), database, {})  # type: ignore[arg-type]  # gives the one handle it has


class _Once:
    """Gives the handle that is held, instead of taking one: with others waiting for the store, none would be given."""

    def __init__(self, handle: Any) -> None:
        self._handle = handle

    def take(self, _settings: Any) -> Any:
        return self._handle

    def give(self, *_: Any, **__: Any) -> None:
        """It stays held."""


@contextlib.contextmanager
def one_turn(client: Access) -> Iterator[Executor]:
    """An executor for reads that run in one turn, one after another; the client's own on a server."""
    settings = client.settings
    if not settings.embedded:
        yield client.executor
        return
    store = open_store(settings.store_path, settings.store_wait, settings.store_idle)
    words = {"database": settings.database, **READ_SETTINGS, **client.executor.limits().session(), "readonly": 1}
    handle = store.take(words)
    try:
        held = HeldConnection(handle, settings.database)
        engine = create_engine(url_of(settings), creator=lambda: held, poolclass=StaticPool)
        yield Executor(settings, engine, client.tracer)
    finally:
        store.give(handle, words, broken=True)
