"""Compression, TLS, and the process that speaks them."""

from __future__ import annotations

import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from clickhouse_driver import Client
from clickhouse_driver.errors import NetworkError

from tests.support.wire_process import Address, Wire
from tests.support_tests.conftest import Connect
from tests.support_tests.processes import gone_after


@pytest.mark.parametrize("method", ["lz4", "zstd"])
def test_compression_both_ways(connect: Connect, table: str, method: str) -> None:
    client = connect(compression=method, settings={"network_compression_method": method.upper()})
    rows = [(n, f"some words again and again {n}" * 20) for n in range(5000)]  # more than one frame of 1 MiB
    client.execute(f"INSERT INTO {table} VALUES", rows)

    assert client.execute(f"SELECT * FROM {table} ORDER BY a") == rows


@pytest.fixture(scope="module")
def tls_address(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Address]:
    folder = tmp_path_factory.mktemp("tls")
    with Wire() as running:
        yield running.start(path=folder / "store", tls=folder / "certificates", password="secret")


@pytest.mark.parametrize("host", ["localhost", "127.0.0.1"])
def test_tls_with_the_authority_verified(connect: Connect, tls_address: Address, host: str) -> None:
    options = {"secure": True, "ca_certs": str(tls_address.ca_path), "compression": True}
    client = connect(tls_address._replace(host=host), **options)
    client.execute("CREATE TABLE IF NOT EXISTS t (a UInt64, s String) ENGINE = Memory")
    client.execute("INSERT INTO t VALUES", [(n, "x" * 50) for n in range(10_000)])

    assert client.execute("SELECT count() > 0 FROM t") == [(1,)]
    assert len(client.execute("SELECT number, toString(number) FROM numbers(200000)")) == 200_000


def test_tls_is_refused_without_the_authority(connect: Connect, tls_address: Address) -> None:
    with pytest.raises(NetworkError, match="certificate verify failed"):
        connect(tls_address, secure=True).execute("SELECT 1")


def test_cancelling_works_under_tls(connect: Connect, tls_address: Address) -> None:
    client, other = (connect(tls_address, secure=True, ca_certs=str(tls_address.ca_path)) for _ in range(2))
    next(client.execute_iter("SELECT number AS secret FROM numbers(10000000000)", chunk_size=10))
    client.cancel()

    assert gone_after(other, "secret")


# -- the process


def test_it_starts_fast_and_stops_clean(own_wire: Wire, tmp_path: Path) -> None:
    started = time.monotonic()
    address = own_wire.start(path=tmp_path / "store")
    client = Client(address.host, address.port)
    client.execute("CREATE TABLE t (a UInt8) ENGINE = MergeTree ORDER BY a")
    client.execute("INSERT INTO t VALUES", [(1,)])
    client.disconnect()
    process = own_wire._process
    own_wire.stop()
    again = own_wire.again()

    assert process is not None
    assert process.returncode == 0
    assert again.port == address.port
    assert time.monotonic() - started < 10  # both starts, with room for a busy machine


def test_it_ends_when_its_parent_is_gone(own_wire: Wire, tmp_path: Path) -> None:
    own_wire.start(path=tmp_path / "store")
    process = own_wire._process
    assert process is not None
    assert process.stdin is not None
    process.stdin.close()

    assert process.wait(5) == 0


def test_a_configuration_file_reaches_the_engine(own_wire: Wire, tmp_path: Path, connect: Connect) -> None:
    config, backups = tmp_path / "config.xml", tmp_path / "backups"
    config.write_text(f"<clickhouse><backups><allowed_path>{backups}</allowed_path></backups></clickhouse>")
    client = connect(own_wire.start(path=tmp_path / "store", config_file=config, password="secret"))
    client.execute("CREATE TABLE t (a UInt8) ENGINE = MergeTree ORDER BY a")

    [(_, status)] = client.execute(f"BACKUP TABLE t TO File('{backups}/one')")
    assert status == "BACKUP_CREATED"


def test_a_wrong_start_says_so(own_wire: Wire, tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(RuntimeError, match="standard error"):
        own_wire.start(path=tmp_path / "store", version="new")

    assert "ValueError" in capfd.readouterr().err
    assert not own_wire.running
