"""A server over HTTP on a store of its own, shared by the tests of this folder."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from chimera_metrics.integrations.config import ClickHouseSettings
from tests.server.processes import environment, http


@pytest.fixture(scope="session")
def url(embedded: ClickHouseSettings, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    with http(environment(embedded, tmp_path_factory.mktemp("hosts"))) as (address, _):
        yield address
