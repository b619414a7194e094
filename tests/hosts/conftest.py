"""A server over HTTP on a store of its own, shared by the tests of this folder."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from chimera_metrics.integrations.config import ClickHouseSettings
from tests.server.processes import environment, http


@pytest.fixture(scope="session")
def url(migrated: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    # It judges watches and sends webhooks each minute: on a shared store it would take turns that other tests wait for.
    folder = tmp_path_factory.mktemp("hosts")
    settings = ClickHouseSettings(path=str(shutil.copytree(migrated, folder / "store", symlinks=True)))
    with http(environment(settings, folder)) as (address, _):
        yield address
