"""Each way in which a store cannot be reached is one clear sentence with a next step."""

from __future__ import annotations

import gc
import os
import socket
import warnings
from collections.abc import Iterator
from pathlib import Path

import pytest

from chimera_metrics.integrations.clickhouse.executor import Executor
from chimera_metrics.integrations.config import ClickHouseSettings
from chimera_metrics.integrations.errors import (
    AccessRefused,
    CertificateRefused,
    MuseError,
    SchemaMismatch,
    ServerTooOld,
    StoreUnusable,
    Unreachable,
)
from tests.conftest import PASSWORD
from tests.support.wire_process import Wire


def _error(settings: ClickHouseSettings, **changes: object) -> MuseError:
    executor = Executor(settings.model_copy(update=changes))
    with pytest.raises(MuseError) as caught:
        executor.scalar("SELECT 1")
    executor.close()
    with warnings.catch_warnings():
        # clickhouse-driver leaves the socket of a failed TLS handshake to the garbage collector.
        warnings.simplefilter("ignore", ResourceWarning)
        gc.collect()
    assert "\n" not in str(caught.value)
    assert PASSWORD not in str(caught.value)
    return caught.value


def test_a_wrong_password(native: ClickHouseSettings) -> None:
    from pydantic import SecretStr

    error = _error(native, password=SecretStr("guess"))
    assert isinstance(error, AccessRefused)
    assert str(error).endswith("refused user muse: wrong user or password. Check CH_USERNAME and CH_PASSWORD.")


def test_an_untrusted_certificate(native: ClickHouseSettings) -> None:
    error = _error(native, ca_cert=None)
    assert isinstance(error, CertificateRefused)
    assert "is not trusted" in str(error)
    assert str(error).endswith("name the CA's file in CH_CA_CERT.")


def test_a_plain_connection_to_a_tls_port(native: ClickHouseSettings) -> None:
    error = _error(native, secure=False)
    assert isinstance(error, Unreachable)
    assert "CH_SECURE=true" in str(error)


def test_tls_to_a_plain_port(tmp_path: Path) -> None:
    with Wire() as wire:
        address = wire.start(path=tmp_path)
        error = _error(ClickHouseSettings(host=address.host, port=address.port, database="default"))
    assert isinstance(error, CertificateRefused | Unreachable)
    assert "CH_PORT" in str(error)


def test_an_unreachable_host_and_a_closed_port() -> None:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    for settings in (ClickHouseSettings(host="nowhere.invalid"), ClickHouseSettings(host="127.0.0.1", port=port)):
        error = _error(settings)
        assert isinstance(error, Unreachable)
        assert str(error).endswith("Check CH_HOST, CH_PORT and the network.")


def test_a_database_that_is_not_there(native: ClickHouseSettings) -> None:
    error = _error(native, database="elsewhere")
    assert isinstance(error, SchemaMismatch)
    assert str(error).endswith("Run `muse upgrade` to create it, or check CH_DATABASE.")


@pytest.fixture
def old_server(tmp_path: Path) -> Iterator[ClickHouseSettings]:
    with Wire() as wire:
        address = wire.start(path=tmp_path, version="18.16.1")
        yield ClickHouseSettings(host=address.host, port=address.port, secure=False, database="default")


def test_a_server_that_is_too_old_is_told_from_its_handshake(old_server: ClickHouseSettings) -> None:
    error = _error(old_server)
    assert isinstance(error, ServerTooOld)
    assert "is ClickHouse 18.16; chimera-metrics needs 26.3 or newer" in str(error)
    assert str(error).endswith("Nothing was changed on it.")


def test_a_store_path_that_is_a_file(tmp_path: Path) -> None:
    file = tmp_path / "file"
    file.write_text("")
    error = _error(ClickHouseSettings(path=str(file)))
    assert isinstance(error, StoreUnusable)
    assert str(error) == f"CH_PATH names {file}, which is not a folder; name a folder."


def test_a_folder_that_cannot_be_made() -> None:
    error = _error(ClickHouseSettings(path="/proc/nowhere/store"))
    assert isinstance(error, StoreUnusable)
    assert str(error).endswith("set CH_PATH to a folder that you may write.")


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write everywhere")
def test_a_folder_that_cannot_be_written(tmp_path: Path) -> None:
    tmp_path.chmod(0o500)
    error = _error(ClickHouseSettings(path=str(tmp_path)))
    assert isinstance(error, StoreUnusable)
    assert str(error).endswith("set CH_PATH to a folder that you may write.")
    tmp_path.chmod(0o700)


def test_a_damaged_store(store_path: str) -> None:
    executor = Executor(ClickHouseSettings(path=store_path))
    executor.command("CREATE TABLE kept (a UInt8) ENGINE = MergeTree ORDER BY a")
    executor.close()
    damaged = 0
    for file in Path(store_path).rglob("*.sql"):
        file.write_text("this is not SQL")
        damaged += 1
    assert damaged
    error = _error(ClickHouseSettings(path=store_path))
    assert isinstance(error, StoreUnusable)
    assert "cannot be opened" in str(error)
    assert "restore it with `muse restore`" in str(error)
