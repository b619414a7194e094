"""A store with the samples, made once for the commands that only read, and copied for those that change it."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from chimera_metrics.integrations.clickhouse_client import ClickHouseClient
from chimera_metrics.integrations.config import ClickHouseSettings
from tests.apps.support import Shell
from tests.conftest import empty


@pytest.fixture(scope="session")
def sampled(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("sampled") / "store"
    shell = Shell(CH_PATH=str(path))
    shell.run("muse", "backfill", "--days", "36", "--source", "samples", "--shift-to-now")
    return path


@pytest.fixture
def store(embedded: ClickHouseSettings, monkeypatch: pytest.MonkeyPatch) -> Iterator[ClickHouseClient]:
    """An empty store that commands run in this process find too."""
    monkeypatch.setenv("CH_PATH", embedded.path)
    with ClickHouseClient(embedded) as client:
        empty(client.executor)
        yield client


@pytest.fixture
def shell(sampled: Path, tmp_path: Path) -> Shell:
    """Commands on a copy of the sampled store, backups in a folder of the test's own."""
    path = shutil.copytree(sampled, tmp_path / "store", symlinks=True)
    return Shell(CH_PATH=str(path), MUSE_BACKUP_DIR=str(tmp_path / "backups"))
