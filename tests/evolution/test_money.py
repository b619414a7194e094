"""Money to the billionth (revision 0004): every value and sum is kept, in the tables and in the rollup."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest

from chimera_metrics.integrations.config import ClickHouseSettings
from chimera_metrics.integrations.errors import DestructiveStep
from chimera_metrics.integrations.evolution import runner
from tests.evolution.conftest import Rows

LARGEST = "999999999999.999999"
MONEY = {"llm_events": "cost_usd", "bench_runs": "cost_per_1k", "episodes": "cost_total"}
WORDS = {
    "llm_events": "source, model, operation, status) SELECT 'council', 'm', 'chat', 'success'",
    "bench_runs": "run_id, model, quant, dataset) SELECT generateUUIDv4(), 'm', 'q', 'd'",
    "episodes": "series, episode_num, title) SELECT 's', number, 't'",
}


def pay(rows: Rows, amount: str, number: int = 1) -> None:
    """Rows of that amount, and as many whose amount is not known, in each table with money."""
    for table, column in MONEY.items():
        names, _, words = WORDS[table].partition(" SELECT ")
        for value in (f"CAST('{amount}', 'Decimal(38, 9)')", "NULL"):
            values = f"SELECT {value}, {words} FROM numbers({number})"
            rows(f"INSERT INTO {table} ({column}, {names} SETTINGS insert_deduplicate = 0 {values}")


def paid(rows: Rows) -> dict[str, Any]:
    found = {}
    for table, column in MONEY.items():
        [found[table]] = rows(f"SELECT count(), min({column}), sum({column}) FROM {table}")
    [(_, total)] = rows("SELECT 0, sum(cost_usd) FROM llm_events_hourly")
    assert total == found["llm_events"][2]
    return found


def test_the_largest_and_the_smallest_amounts_come_through(settings: ClickHouseSettings, rows: Rows) -> None:
    runner.upgrade(settings, "0003")
    pay(rows, LARGEST, 7)
    pay(rows, "0.000001", 3)
    before = paid(rows)
    assert before["episodes"] == (20, Decimal("0.000001"), 7 * Decimal(LARGEST) + Decimal("0.000003"))
    runner.upgrade(settings)
    assert paid(rows) == before
    runner.downgrade(settings, "0003")
    assert paid(rows) == before


def test_what_comes_after_the_migration_is_kept_to_the_billionth(settings: ClickHouseSettings, rows: Rows) -> None:
    runner.upgrade(settings, "0003")
    pay(rows, "0.000001")
    runner.upgrade(settings)
    pay(rows, "0.0000000015", 1)
    pay(rows, "0.0000001", 300)
    for count, _, total in paid(rows).values():
        assert (count, total) == (604, Decimal("0.000031001"))


def test_digits_are_lost_on_the_way_back_only_where_that_is_allowed(settings: ClickHouseSettings, rows: Rows) -> None:
    runner.upgrade(settings)
    pay(rows, "0.0000001", 2)
    with pytest.raises(
        DestructiveStep, match=r"2 values of cost_usd in llm_events, which Nullable\(Decimal\(18, 6\)\) cannot"
    ):
        runner.downgrade(settings, "0003")
    assert paid(rows)["llm_events"][2] == Decimal("0.0000002")
    runner.downgrade(settings, "0003", allow_destructive=True)
    assert paid(rows)["llm_events"] == (4, 0, 0)
    assert runner.current(settings) == "0003"
