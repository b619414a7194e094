"""Each test gets a database of its own, on the embedded engine and over the native wire."""

from __future__ import annotations

import itertools
import os
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from pydantic import SecretStr
from sqlalchemy import Connection

from chimera_metrics.integrations.clickhouse.store import open_store
from chimera_metrics.integrations.config import ClickHouseSettings, parse
from chimera_metrics.integrations.evolution.engines import ensure_database, migration_engine
from tests.support.wire_process import Address, Wire, as_cluster, cluster_name

_numbers = itertools.count(1)


@pytest.fixture(autouse=True)
def _no_settings_of_the_machine(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Neither the environment nor the `.env` of the person who runs the tests."""
    for name in list(os.environ):
        if name.startswith(("CH_", "MUSE_")):
            monkeypatch.delenv(name)
    monkeypatch.chdir(tmp_path)


@pytest.fixture(scope="session")
def store_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("evolution") / "store"


@pytest.fixture(scope="session")
def address(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Address]:
    with Wire() as wire:
        yield wire.start(path=tmp_path_factory.mktemp("wire"), password="secret", **as_cluster())


@pytest.fixture
def embedded(store_folder: Path) -> Iterator[ClickHouseSettings]:
    yield parse(ClickHouseSettings, path=str(store_folder), database=f"evolution_{next(_numbers)}")
    # chDB allows one store a process: the next test may want another.
    open_store(str(store_folder)).close()


@pytest.fixture(params=["embedded", "native"])
def settings(request: pytest.FixtureRequest) -> ClickHouseSettings:
    """An empty database: it does not even exist yet."""
    if request.param == "embedded":
        made: ClickHouseSettings = request.getfixturevalue("embedded")
        return made
    at: Address = request.getfixturevalue("address")
    return parse(
        ClickHouseSettings,
        host=at.host,
        port=at.port,
        secure=False,
        password=SecretStr("secret"),
        database=f"evolution_{next(_numbers)}",
        cluster=cluster_name(),
    )


@pytest.fixture
def connection(settings: ClickHouseSettings) -> Iterator[Connection]:
    """A connection to the test's database, which it makes."""
    ensure_database(settings)
    engine = migration_engine(settings)
    try:
        with engine.connect() as made:
            yield made
    finally:
        engine.dispose()


Rows = Callable[[str], list[tuple[object, ...]]]


def running(connection: Connection) -> Rows:
    """Runs a statement and gives its rows."""

    def run(statement: str) -> list[tuple[object, ...]]:
        result = connection.exec_driver_sql(statement.replace("%", "%%"))
        return [tuple(row) for row in result] if result.returns_rows else []

    return run


@pytest.fixture
def rows(connection: Connection) -> Rows:
    return running(connection)
