"""A real and very old server: handshake, TLS, wrong password, and the sentence that leaves it as it was."""

from __future__ import annotations

import os
from collections.abc import Iterator

import pytest
from clickhouse_driver import Client

from chimera_metrics.integrations.clickhouse.executor import Executor
from chimera_metrics.integrations.config import ClickHouseSettings
from chimera_metrics.integrations.errors import AccessRefused, CertificateRefused, MuseError, ServerTooOld
from chimera_metrics.integrations.evolution import runner
from tests.support.debian_server import PASSWORD, DebianServer, available, debian_server

# In CI the package is there, so that a skip is a failure.
pytestmark = pytest.mark.skipif(not available() and not os.environ.get("CI"), reason="Debian's package is not here")


@pytest.fixture(scope="module")
def old(tmp_path_factory: pytest.TempPathFactory) -> Iterator[DebianServer]:
    with debian_server(tmp_path_factory.mktemp("debian")) as running:
        yield running


def _settings(old: DebianServer, **changes: object) -> ClickHouseSettings:
    settings = ClickHouseSettings(
        host="127.0.0.1", port=old.secure, password=PASSWORD, ca_cert=old.ca, database="default"
    )
    return settings.model_copy(update=changes)


def _error(settings: ClickHouseSettings) -> MuseError:
    executor = Executor(settings)
    with pytest.raises(MuseError) as caught:
        executor.scalar("SELECT 1")
    executor.close()
    return caught.value


def test_the_handshake_over_tls_tells_that_it_is_too_old(old: DebianServer) -> None:
    error = _error(_settings(old))
    assert isinstance(error, ServerTooOld)
    assert "ClickHouse 18.16; chimera-metrics needs 26.3 or newer" in str(error)


def test_so_does_the_handshake_without_tls(old: DebianServer) -> None:
    assert isinstance(_error(_settings(old, port=old.plain, secure=False)), ServerTooOld)


def test_a_wrong_password_is_refused_by_a_real_server(old: DebianServer) -> None:
    assert isinstance(
        _error(
            ClickHouseSettings(host="127.0.0.1", port=old.secure, password="guess", ca_cert=old.ca, database="default")
        ),
        AccessRefused,
    )


@pytest.mark.filterwarnings("ignore::ResourceWarning", "ignore::pytest.PytestUnraisableExceptionWarning")
def test_its_certificate_is_not_trusted_without_the_ca(old: DebianServer) -> None:
    assert isinstance(_error(_settings(old, ca_cert=None)), CertificateRefused)


def test_migrations_leave_it_as_it_was(old: DebianServer) -> None:
    with pytest.raises(MuseError):
        runner.upgrade(_settings(old, database="chimera_metrics"))
    client = Client("127.0.0.1", port=old.plain, password=PASSWORD)
    assert client.execute("SHOW DATABASES") == [("default",), ("system",)]
    assert client.execute("SHOW TABLES FROM default") == []
    client.disconnect()
