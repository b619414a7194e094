"""An embedded store without tables: every reading operation says the one step that is missing, and nothing else."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from chimera_metrics.integrations.clickhouse_client import ClickHouseClient
from chimera_metrics.integrations.config import ClickHouseSettings
from chimera_metrics.integrations.errors import StatementFailed

Ask = Callable[[ClickHouseClient], Any]
READS: list[tuple[str, Ask]] = [
    ("ui_events_hourly", lambda c: c.aggregate(["ui.events"])),
    ("ui_events", lambda c: c.trend("ui.latency_p95_ms")),
    ("llm_events_hourly", lambda c: c.get_trend_data("llm.error_rate")),
    ("llm_events", lambda c: c.get_performance_summary()),
    ("bench_runs", lambda c: c.get_correlation_data()),
    ("ui_events", lambda c: c.query("SELECT count() FROM ui_events")),
    ("ui_events", lambda c: c.describe("ui_events")),
]


@pytest.mark.parametrize(("table", "ask"), READS)
def test_a_store_without_tables_says_to_make_them(store_path: str, table: str, ask: Ask) -> None:
    with ClickHouseClient(ClickHouseSettings(path=store_path)) as client, pytest.raises(StatementFailed) as caught:
        ask(client)
    assert str(caught.value) == f"The store has no table {table} yet. Run `muse upgrade`."


def test_other_mistakes_do_not_quote_the_statement_either(client: ClickHouseClient) -> None:
    with pytest.raises(StatementFailed) as caught:
        client.query("SELECT ts + 'a' FROM ui_events")
    assert "arguments of function plus" in str(caught.value)
    assert "SELECT" not in str(caught.value)
    with pytest.raises(StatementFailed, match=r"^There is no table nowhere\. `describe` lists the tables\.$"):
        client.executor.command("SELECT 1 FROM nowhere")
