"""`CH_TIMEOUT` bounds inserts as it bounds reads."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any
from uuid import uuid4

import pyarrow as pa
import pytest

from chimera_metrics.integrations.clickhouse.executor import Executor
from chimera_metrics.integrations.clickhouse_client import ClickHouseClient
from chimera_metrics.integrations.config import ClickHouseSettings
from chimera_metrics.integrations.errors import StatementTimeout
from tests.conftest import empty

ROWS = 100_000
SENTENCE = "The insert was stopped after 0.001 s; send fewer rows at a time, or raise CH_TIMEOUT."


@pytest.fixture
def hurried(settings: ClickHouseSettings) -> ClickHouseSettings:
    """The same store under a limit that no insert of many rows keeps, on empty tables."""
    with ClickHouseClient(settings) as client:
        empty(client.executor)
    return settings.model_copy(update={"timeout": 0.001, "retry_attempts": 0})


def test_an_insert_ends_at_the_limit_and_stores_nothing(
    hurried: ClickHouseSettings, settings: ClickHouseSettings
) -> None:
    columns: list[list[Any]] = [[datetime.now(UTC)] * ROWS, [uuid4()] * ROWS, ["overlay_open"] * ROWS]
    executor = Executor(hurried)
    with pytest.raises(StatementTimeout) as caught:
        executor.insert("ui_events", ["ts", "session_id", "event_type"], columns)
    executor.close()
    assert str(caught.value) == SENTENCE
    assert _count(settings) == 0


def test_a_batch_over_the_limit_waits_in_the_quarantine_and_is_stored_later(
    hurried: ClickHouseSettings, settings: ClickHouseSettings
) -> None:
    times, sessions = pa.array([datetime.now(UTC)] * ROWS), pa.array([str(uuid4())] * ROWS)
    rows = pa.table({"ts": times, "session_id": sessions, "event_type": pa.array(["overlay_open"] * ROWS)})
    with ClickHouseClient(hurried) as client:
        answer = client.insert_ui_events(rows)
    assert (answer["inserted"], answer["quarantined"]) == (0, ROWS)
    assert "was stopped after 0.001 s" in answer["note"]
    with ClickHouseClient(settings) as client:
        assert [client.replay(kept)["inserted"] for kept in client.quarantine.batches()] == [ROWS]
    assert _count(settings) == ROWS


def _count(settings: ClickHouseSettings) -> int:
    with ClickHouseClient(settings) as client:
        return int(client.executor.scalar("SELECT count() FROM ui_events"))
