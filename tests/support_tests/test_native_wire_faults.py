"""Each fault, at each phase of an insert and of a read: what the client sees and what is stored."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from clickhouse_driver.errors import NetworkError, ServerException

from tests.support.native_wire.faults import AFTER_STORING, INSERT_PHASES
from tests.support.wire_process import Address, Wire
from tests.support_tests.conftest import Connect

CUT = (OSError, EOFError, NetworkError)  # what the driver raises depends on what it was doing


@pytest.fixture(autouse=True)
def _disarmed(wire: Wire, address: Address) -> Iterator[None]:
    yield
    wire.disarm()


@pytest.fixture
def count(client: Any, table: str, wire: Wire) -> Any:
    """Counts the rows of the test's table, waiting until a cut insert is over."""

    def ask() -> int:
        wire.disarm()
        running = f"SELECT count() FROM system.processes WHERE query LIKE 'INSERT INTO {table}%'"
        while client.execute(running) != [(0,)]:
            time.sleep(0.01)
        return int(client.execute(f"SELECT count() FROM {table}")[0][0])

    return ask


@pytest.mark.parametrize("phase", INSERT_PHASES)
def test_a_connection_cut_during_an_insert(wire: Wire, connect: Connect, table: str, count: Any, phase: str) -> None:
    wire.arm(phase, "cut", table=table)
    with pytest.raises(CUT):
        connect().execute(f"INSERT INTO {table} VALUES", [(1, "x")] * 10)

    assert count() == (10 if phase in AFTER_STORING else 0)
    assert wire.struck()[-1]["phase"] == phase


@pytest.mark.parametrize("phase", INSERT_PHASES)
def test_an_insert_that_is_refused(wire: Wire, connect: Connect, table: str, count: Any, phase: str) -> None:
    wire.arm(phase, "refuse", table=table, code=242)
    client = connect()
    with pytest.raises(ServerException) as caught:
        client.execute(f"INSERT INTO {table} VALUES", [(1, "x")] * 10)

    assert caught.value.code == 242
    assert client.execute("SELECT 1") == [(1,)]
    assert count() == (10 if phase in AFTER_STORING else 0)


@pytest.mark.parametrize("phase", ["accept", "hello"])
def test_a_handshake_that_is_cut(wire: Wire, connect: Connect, phase: str) -> None:
    wire.arm(phase, "cut", times=2)
    for _ in range(2):
        with pytest.raises(CUT):
            connect().execute("SELECT 1")

    assert connect().execute("SELECT 1") == [(1,)]


def test_a_handshake_that_is_refused(wire: Wire, connect: Connect) -> None:
    wire.arm("hello", "refuse")
    with pytest.raises(ServerException) as caught:
        connect().execute("SELECT 1")

    assert caught.value.code == 202


@pytest.mark.parametrize("phase", ["accept", "hello"])
def test_a_bug_of_the_wires_in_the_handshake_closes_the_connection(wire: Wire, connect: Connect, phase: str) -> None:
    wire.arm(phase, "break")
    with pytest.raises(CUT):
        connect(connect_timeout=3, send_receive_timeout=3).execute("SELECT 1")


@pytest.mark.parametrize("phase", ["query_received", "before_result_block", "before_end_of_stream"])
def test_a_bug_of_the_wires_is_told_to_the_client(wire: Wire, connect: Connect, phase: str) -> None:
    """Its thread used to end without a word, and the client waited for ever."""
    wire.arm(phase, "break", table="broken")
    client = connect(send_receive_timeout=3)
    with pytest.raises(ServerException, match="A bug on purpose") as caught:
        client.execute("SELECT 1 AS broken")

    assert caught.value.code == 49
    assert client.execute("SELECT 1") == [(1,)], "a new connection"


def test_a_result_that_breaks_off(wire: Wire, connect: Connect) -> None:
    client = connect()
    rows = client.execute_iter("SELECT number AS breaking FROM numbers(10000000)", chunk_size=1)
    next(rows)
    wire.arm("before_result_block", "cut", table="breaking")
    with pytest.raises(CUT):
        list(rows)


def test_a_delay_only_delays(wire: Wire, client: Any) -> None:
    wire.arm("before_end_of_stream", "delay", seconds=0.3, table="slow")
    started = time.monotonic()

    assert client.execute("SELECT 1 AS slow") == [(1,)]
    assert 0.3 <= time.monotonic() - started < 2


def test_a_stall_outlasts_the_clients_patience(wire: Wire, connect: Connect, table: str, count: Any) -> None:
    wire.arm("after_engine_insert", "stall", table=table)
    with pytest.raises(TimeoutError):
        connect(send_receive_timeout=2).execute(f"INSERT INTO {table} VALUES", [(1, "x")])

    assert count() == 1


def test_disarming_ends_a_stall(wire: Wire, connect: Connect) -> None:
    wire.arm("query_received", "stall", table="stalled")
    answers: list[Any] = []
    client = connect()
    thread = threading.Thread(target=lambda: answers.append(client.execute("SELECT 1 AS stalled")))
    thread.start()
    thread.join(0.2)
    assert not answers
    wire.disarm()
    thread.join(2)

    assert answers == [[(1,)]]


def test_a_restart_of_the_engine_drops_connections_and_keeps_rows(
    wire: Wire, client: Any, connect: Connect, table: str
) -> None:
    client.execute(f"INSERT INTO {table} VALUES", [(1, "x")])
    wire.restart_engine()

    assert connect().execute(f"SELECT count() FROM {table}") == [(1,)]
    assert client.execute("SELECT 1") == [(1,)]  # the driver notices by its ping and connects again


def test_a_restart_during_an_insert(wire: Wire, connect: Connect, table: str) -> None:
    wire.arm("before_engine_insert", "restart", table=table)
    with pytest.raises(CUT):
        connect().execute(f"INSERT INTO {table} VALUES", [(1, "x")])

    assert connect().execute(f"SELECT count() FROM {table}") == [(0,)]


@pytest.mark.parametrize(("phase", "stored"), [("before_engine_insert", 0), ("after_engine_insert", 5)])
def test_a_server_killed_during_an_insert(
    own_wire: Wire, tmp_path: Path, connect: Connect, phase: str, stored: int
) -> None:
    client = connect(own_wire.start(path=tmp_path / "store", password="secret"))
    client.execute("CREATE TABLE t (a UInt8) ENGINE = MergeTree ORDER BY a")
    own_wire.arm(phase, "kill", table="INTO t")
    with pytest.raises(CUT):
        client.execute("INSERT INTO t VALUES", [(1,)] * 5)
    own_wire.reap()

    assert connect(own_wire.again()).execute("SELECT count() FROM t") == [(stored,)]


def test_an_unknown_fault_is_refused(wire: Wire) -> None:
    with pytest.raises(ValueError, match="No fault 'bite' at 'hello'"):
        wire.arm("hello", "bite")
