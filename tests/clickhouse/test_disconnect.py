"""A connection that broke is noticed: the statement under way gets a sentence, the next one a new connection."""

from __future__ import annotations

import gc
from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import text

from chimera_metrics.integrations.clickhouse.dbapi import DatabaseError, InterfaceError
from chimera_metrics.integrations.clickhouse.executor import Executor
from chimera_metrics.integrations.clickhouse.native_dbapi import NativeConnection
from chimera_metrics.integrations.config import ClickHouseSettings
from chimera_metrics.integrations.errors import Unreachable
from tests.support.wire_process import Wire


@pytest.fixture
def wire() -> Iterator[Wire]:
    with Wire() as running:
        yield running


@pytest.fixture
def executor(wire: Wire, tmp_path: Path) -> Iterator[Executor]:
    address = wire.start(path=tmp_path)
    settings = ClickHouseSettings(host=address.host, port=address.port, secure=False, database="default")
    made = Executor(settings)
    yield made
    made.close()


def test_a_server_that_was_restarted_is_reached_again(wire: Wire, executor: Executor) -> None:
    assert executor.scalar("SELECT 1") == 1
    wire.stop()
    with pytest.raises(Unreachable):
        executor.scalar("SELECT 1")
    wire.again()
    assert executor.scalar("SELECT 2") == 2


def test_a_connection_cut_during_a_statement_is_dropped_from_the_pool(wire: Wire, executor: Executor) -> None:
    assert executor.scalar("SELECT 1") == 1
    wire.arm("before_result_block", "cut")
    with pytest.raises(Unreachable, match="closed the connection"):
        executor.scalar("SELECT 2")
    assert executor.scalar("SELECT 3") == 3


def test_sqlalchemy_is_told_that_the_connection_is_gone(wire: Wire, executor: Executor) -> None:
    with executor.engine.connect() as connection:
        assert connection.execute(text("SELECT 1")).scalar() == 1
        wire.arm("before_result_block", "cut")
        with pytest.raises(Unreachable):
            connection.execute(text("SELECT 2"))
        assert connection.invalidated
    with executor.engine.connect() as connection:
        assert connection.execute(text("SELECT 3")).scalar() == 3


def test_a_reply_left_behind_does_not_touch_the_next_statement(wire: Wire, executor: Executor) -> None:
    connection = executor.engine.raw_connection()
    driver = connection.driver_connection
    assert driver is not None
    left = driver.run("SELECT number FROM numbers(100000000)")
    blocks = left.blocks()
    next(blocks)
    # The socket still holds the first reply: it is dropped for another, and whoever reads on is told.
    with driver.run("SELECT 1") as reply:
        assert list(reply.rows()) == [(1,)]
    with pytest.raises(InterfaceError, match="has run another statement"):
        next(blocks)
    with driver.run("SELECT 2") as reply:
        left.close()
        assert list(reply.rows()) == [(2,)]
    connection.close()


def test_a_statement_that_failed_leaves_the_socket_to_the_next_one(executor: Executor) -> None:
    executor.command("CREATE TABLE numbers_here (n UInt8) ENGINE = Memory")
    connection = NativeConnection(executor.settings)
    try:
        with pytest.raises(DatabaseError) as failed:
            connection.run("SELECT toUInt8('no number')")
        assert connection.insert("numbers_here", ["n"], [[1]], types=["UInt8"]) == 1
        # What failed is collected whenever the collector comes by, such as in the middle of the insert.
        del failed
        gc.collect()
        assert connection.client.connection.connected
    finally:
        connection.close()
