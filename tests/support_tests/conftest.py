"""One wire for most tests; clients are closed after each."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest
from clickhouse_driver import Client

from tests.support.wire_process import Address, Wire

Connect = Callable[..., Any]


@pytest.fixture(scope="module")
def wire() -> Iterator[Wire]:
    with Wire() as running:
        yield running


@pytest.fixture(scope="module")
def address(wire: Wire, tmp_path_factory: pytest.TempPathFactory) -> Address:
    return wire.start(path=tmp_path_factory.mktemp("store"), password="secret")


@pytest.fixture
def connect(address: Address) -> Iterator[Connect]:
    """Makes clients of the wire."""
    with ExitStack() as stack:

        def make(at: Address = address, **options: Any) -> Any:
            client = Client(at.host, **{"port": at.port, "password": "secret", **options})
            stack.callback(client.disconnect)
            return client

        yield make


@pytest.fixture
def client(connect: Connect) -> Any:
    return connect()


@pytest.fixture
def table(client: Any, request: pytest.FixtureRequest) -> str:
    """An empty table of the test's own: `a UInt64, s String`."""
    name = f"t_{abs(hash(request.node.nodeid))}"
    client.execute(f"CREATE OR REPLACE TABLE {name} (a UInt64, s String) ENGINE = MergeTree ORDER BY a")
    return name


@pytest.fixture
def own_wire(tmp_path: Path) -> Iterator[Wire]:
    """A wire that the test may kill."""
    with Wire() as running:
        yield running
