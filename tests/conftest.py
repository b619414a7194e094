"""What all tests share: a clean environment, and one migrated store on each engine."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

import hypothesis
import pytest
from sqlalchemy import make_url

from chimera_metrics.integrations.clickhouse.cluster import CLAIMS
from chimera_metrics.integrations.clickhouse.executor import Executor
from chimera_metrics.integrations.clickhouse.store import open_store
from chimera_metrics.integrations.clickhouse_client import ClickHouseClient
from chimera_metrics.integrations.config import ClickHouseSettings
from chimera_metrics.integrations.evolution import runner
from chimera_metrics.integrations.writing.ledger import claim_files
from chimera_metrics.models import FACT_TABLES
from tests.support.long_tests import listed
from tests.support.midnight import wait_where_midnight_is_near
from tests.support.wire_process import Wire, as_cluster, cluster_name

TEST_URL = "CH_TEST_URL"
PASSWORD = "hush hush"


def pytest_configure() -> None:
    # Settings of the developer's own shell must not reach the tests; those that need some set them.
    for name in list(os.environ):
        if name.startswith(("CH_", "MUSE_")) and name != TEST_URL:
            del os.environ[name]
    # Each run draws anew, and how long an example takes on this machine is no property of what is tested.
    slow = [hypothesis.HealthCheck.too_slow]
    hypothesis.settings.register_profile("muse", deadline=None, database=None, suppress_health_check=slow)
    hypothesis.settings.load_profile("muse")


def pytest_collectstart(collector: pytest.Collector) -> None:
    wait_where_midnight_is_near(collector)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    long = listed()
    for item in items:
        if item.nodeid in long:
            item.add_marker(pytest.mark.long)


@pytest.fixture(scope="session")
def embedded(tmp_path_factory: pytest.TempPathFactory) -> ClickHouseSettings:
    """A migrated embedded store."""
    settings = ClickHouseSettings(path=str(tmp_path_factory.mktemp("embedded")))
    runner.upgrade(settings)
    return settings


@pytest.fixture(scope="session")
def native(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ClickHouseSettings]:
    """A migrated store behind the native wire, with TLS and a password."""
    with Wire() as wire:
        address = wire.start(
            path=tmp_path_factory.mktemp("wire"),
            tls=tmp_path_factory.mktemp("tls"),
            user="muse",
            password=PASSWORD,
            **as_cluster(),
        )
        settings = ClickHouseSettings(
            host=address.host,
            port=address.port,
            username="muse",
            password=PASSWORD,
            ca_cert=address.ca_path,
            cluster=cluster_name(),
        )
        runner.upgrade(settings)
        yield settings


@pytest.fixture(scope="session")
def server() -> ClickHouseSettings:
    """The server that CH_TEST_URL names, such as clickhouse+native://user:password@host:9440/database?cluster=name."""
    url = make_url(os.environ[TEST_URL])
    settings = ClickHouseSettings(
        host=url.host,
        port=url.port or 9440,
        username=url.username or "default",
        password=url.password or "",
        database=url.database or "chimera_metrics_test",
        secure=url.query.get("secure", "true") == "true",
        cluster=url.query.get("cluster"),
        sharded=url.query.get("sharded") == "true",
    )
    runner.upgrade(settings)
    return settings


ENGINES = ["embedded", "native"] + (["server"] if TEST_URL in os.environ else [])


@pytest.fixture(params=ENGINES)
def settings(request: pytest.FixtureRequest) -> ClickHouseSettings:
    """Each engine in turn."""
    found: ClickHouseSettings = request.getfixturevalue(request.param)
    return found


@pytest.fixture
def executor(settings: ClickHouseSettings) -> Iterator[Executor]:
    made = Executor(settings)
    yield made
    made.close()


@pytest.fixture
def client(settings: ClickHouseSettings) -> Iterator[ClickHouseClient]:
    """A client on empty tables, on each engine."""
    with ClickHouseClient(settings) as made:
        empty(made.executor)
        yield made


def empty(executor: Executor) -> None:
    """Removes all rows: of the facts, their rollups and the ledger, with its claims."""
    claims = claim_files(executor.settings)
    if claims is not None:
        shutil.rmtree(claims.folder, ignore_errors=True)
    if executor.settings.cluster is not None:
        executor.command(f"ALTER TABLE {CLAIMS} DELETE WHERE 1")
    for table in (*FACT_TABLES, "llm_events_hourly", "ui_events_hourly", "insert_ledger"):
        executor.command(f"TRUNCATE TABLE {table}")


Report = Callable[[str], None]


@pytest.fixture
def report(record_property: Callable[[str, object], None]) -> Report:
    """Adds a line to the figures at the end of the tests' output, where it is seen whatever is captured."""
    return lambda line: record_property("figure", line)


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    passed = terminalreporter.stats.get("passed", [])
    figures = [value for test in passed for name, value in test.user_properties if name == "figure"]
    if figures:
        terminalreporter.section("figures")
        for line in figures:
            terminalreporter.line(str(line))


@pytest.fixture
def store_path(tmp_path: Path) -> str:
    """A folder for an embedded store of the test's own."""
    return str(tmp_path / "store")


@pytest.fixture(scope="session")
def migrated(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An embedded store at the newest revision, to be copied."""
    settings = ClickHouseSettings(path=str(tmp_path_factory.mktemp("migrated") / "store"))
    runner.upgrade(settings)
    open_store(settings.store_path).close()
    return Path(settings.store_path)


@pytest.fixture
def migrated_path(migrated: Path, tmp_path: Path) -> str:
    """An embedded store of the test's own at the newest revision, without rows."""
    return str(shutil.copytree(migrated, tmp_path / "store", symlinks=True))
