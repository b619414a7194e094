"""A client on empty tables, and a clock that stands at noon of 10 June 2026."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

import pytest

from chimera_metrics.integrations.clickhouse_client import ClickHouseClient
from chimera_metrics.integrations.questions import asking

NOW = datetime(2026, 6, 10, 12, 0, tzinfo=UTC)
Fill = Callable[[str, Sequence[Mapping[str, Any]]], None]


@pytest.fixture(autouse=True)
def _noon(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(asking, "clock", lambda: NOW)


@pytest.fixture
def fill(client: ClickHouseClient) -> Fill:
    """Stores rows of a table."""

    def store(table: str, rows: Sequence[Mapping[str, Any]]) -> None:
        answer = client.insert(table, list(rows))
        assert answer.inserted == len(rows), answer.rejected

    return store
