"""One engine of SQLAlchemy on each of ours, with the tables of tables.py filled by SQLAlchemy itself."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from sqlalchemy import Engine, insert

from chimera_metrics.integrations.clickhouse.engine import make_engine
from chimera_metrics.integrations.config import ClickHouseSettings
from tests.alchemy.tables import METADATA, SALES, SALES_ROWS, SHOPS, SHOPS_ROWS
from tests.conftest import ENGINES


@pytest.fixture(scope="module", params=ENGINES)
def engine(request: pytest.FixtureRequest) -> Iterator[Engine]:
    settings: ClickHouseSettings = request.getfixturevalue(request.param)
    made = make_engine(settings)
    with made.connect() as connection:
        METADATA.drop_all(connection)
        METADATA.create_all(connection)
        connection.execute(insert(SALES), SALES_ROWS)
        connection.execute(insert(SHOPS), SHOPS_ROWS)
    yield made
    with made.connect() as connection:
        METADATA.drop_all(connection)
    made.dispose()
