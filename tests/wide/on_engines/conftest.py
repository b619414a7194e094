"""A server on the engine at hand that may write backups, with the samples in it."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from chimera_metrics.integrations.config import ClickHouseSettings
from tests.conftest import PASSWORD
from tests.server.processes import environment
from tests.support.wire_process import Wire


@pytest.fixture(scope="session")
def place(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of what the server and the program write."""
    return tmp_path_factory.mktemp("engine")


@pytest.fixture(scope="session")
def on_engine(place: Path) -> Iterator[ClickHouseSettings]:
    (place / "backups").mkdir()
    config = place / "config.xml"
    config.write_text(f"<clickhouse><backups><allowed_path>{place / 'backups'}</allowed_path></backups></clickhouse>")
    with Wire() as wire:
        at = wire.start(path=place / "store", tls=place / "tls", user="muse", password=PASSWORD, config_file=config)
        yield ClickHouseSettings(
            host=at.host, port=at.port, username="muse", password=PASSWORD, ca_cert=at.ca_path, database="readme"
        )


@pytest.fixture(scope="session")
def variables(on_engine: ClickHouseSettings, place: Path) -> dict[str, str]:
    """The environment of a process that works on that server."""
    found = environment(on_engine, place, MUSE_BACKUP_DIR=str(place / "manifests"))
    return found | {"CH_DATABASE": on_engine.database}
