"""One real store for these tests; each test leaves its tables empty."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Engine
from sqlalchemy.sql.expression import ClauseElement

from chimera_metrics.analytics import Window, window_of
from chimera_metrics.integrations.clickhouse.engine import make_engine
from chimera_metrics.integrations.clickhouse.executor import Executor
from chimera_metrics.integrations.clickhouse.store import open_store
from chimera_metrics.integrations.config import ClickHouseSettings
from chimera_metrics.integrations.evolution.engines import ensure_database
from chimera_metrics.models import ROLLUPS, metadata
from tests.support.wire_process import ENGINE_FOLDER

NOW = datetime(2026, 6, 10, 12, 0, tzinfo=UTC)
Row = dict[str, Any]


class Store:
    """A store with the whole schema: `insert` rows, `run` a statement, read its `text`."""

    def __init__(self, settings: ClickHouseSettings) -> None:
        self.settings = settings
        self.engine: Engine = make_engine(self.settings)
        self.executor = Executor(self.settings, self.engine)
        self.touched: set[str] = set()

    @classmethod
    def at(cls, path: Path) -> Store:
        """An embedded store in a folder."""
        return cls(ClickHouseSettings.model_validate({"path": str(path), "database": "analytics"}))

    def create(self) -> None:
        ensure_database(self.settings)
        metadata.create_all(self.engine)

    def insert(self, table: str, rows: Sequence[Mapping[str, Any]]) -> None:
        names = sorted({name for row in rows for name in row})
        data = [[row.get(name) for row in rows] for name in names]
        self.executor.insert(table, names, data)
        self.touched |= {table, *(name for name in self.rollups() if name.startswith(table))}

    def run(self, statement: Any, **settings: Any) -> list[Row]:
        with self.engine.connect() as connection:
            if settings:
                statement = statement.execution_options(settings=settings)
            return [dict(row) for row in connection.execute(statement).mappings()]

    def text(self, statement: ClauseElement) -> str:
        """The statement as it runs, set out by the engine's own formatter."""
        raw = self.executor.compile(statement)
        quoted = raw.replace("\\", "\\\\").replace("'", "\\'")
        formatted = self.executor.scalar(f"SELECT formatQuery('{quoted}')")
        return re.sub(r" +\n", "\n", str(formatted)) + "\n"

    def clear(self) -> None:
        for table in self.touched:
            self.executor.command(f"TRUNCATE TABLE analytics.{table}")
        self.touched = set()

    def rollups(self) -> set[str]:
        return {model.__tablename__ for model in ROLLUPS}


@pytest.fixture(scope="session")
def _made(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Store:
    """An embedded store; where another engine is asked for (tests/wide), one behind the native wire."""
    if ENGINE_FOLDER in os.environ:
        server: ClickHouseSettings = request.getfixturevalue("native")
        store = Store(server.model_copy(update={"database": "analytics"}))
    else:
        store = Store.at(tmp_path_factory.mktemp("analytics") / "store")
    store.create()
    return store


@pytest.fixture(scope="module")
def _opened(_made: Store) -> Iterator[Store]:
    yield _made
    # chDB allows one store a process: the next module may want another.
    _made.engine.dispose()
    if _made.settings.embedded:
        open_store(_made.settings.store_path).close()


@pytest.fixture
def store(_opened: Store) -> Iterator[Store]:
    yield _opened
    _opened.clear()


def days(count: int, *, now: datetime = NOW, timezone: str = "UTC") -> Window:
    """`count` whole days and today so far."""
    return window_of(now=now, days=count, timezone=timezone)


def whole_days(count: int, timezone: str = "UTC") -> Window:
    """The `count` whole days before the day of NOW, in UTC."""
    midnight = NOW.replace(hour=0)
    return window_of(now=NOW, since=midnight - timedelta(days=count), until=midnight, timezone=timezone)


def at(day: int, hour: int = 12, minute: int = 0) -> datetime:
    """A time of June 2026."""
    return datetime(2026, 6, day, hour, minute, tzinfo=UTC)
