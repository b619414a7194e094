"""What a statement weighs: too much is refused, large rows get smaller blocks, and ordinary ones run as they did."""

from __future__ import annotations

import json
import re

import pytest

from chimera_metrics.integrations.guard.judging import Guard, StatementRefused
from chimera_metrics.integrations.guard.rules import ROLLUPS, SHORT_COLUMNS, STATE_COLUMNS
from chimera_metrics.models import FACT_TABLES
from chimera_metrics.models.base import Base
from tests.guard.conftest import Store
from tests.guard.hostile.endless import ENDLESS
from tests.guard.test_guard import STATEMENTS


def test_ordinary_statements_run_in_whole_blocks(guard: Guard) -> None:
    weights = [guard.check(sql).weight for sql in STATEMENTS]
    assert sum(weight.block_rows is None for weight in weights) > 0.9 * len(weights)
    assert sum(weight.memory_mb is None for weight in weights) > 0.9 * len(weights)


@pytest.mark.parametrize(
    ("sql", "light"),
    [
        ("SELECT 1", True),
        ("SELECT 1 + 2, upper('a')", True),
        ("SELECT count() FROM llm_events", False),
        ("SELECT (SELECT max(number) FROM numbers(1000000000000))", False),
        ("SELECT arraySum(range(4000000))", False),
    ],
)
def test_only_what_takes_no_time_is_light(guard: Guard, sql: str, light: bool) -> None:
    assert guard.check(sql).weight.light is light


def test_large_rows_come_in_small_blocks(store: Store, guard: Guard) -> None:
    verdict = guard.check("SELECT max(SHA512(concat(toString(number), repeat('a', 10000)))) FROM numbers(100000)")
    rows = verdict.weight.block_rows
    assert rows is not None
    assert 10 < rows < 2_000
    words = verdict.session()
    assert words == {"max_block_size": rows, "max_joined_block_size_rows": rows}
    assert verdict.statement.endswith("numbers(100000)"), "the statement itself is as it was"


def test_a_statement_may_ask_for_smaller_blocks_and_not_for_larger_ones(guard: Guard) -> None:
    small = "SELECT max(SHA512(repeat(toString(number), 1000))) FROM numbers(9) SETTINGS max_block_size = {}"
    assert guard.check(small.format(10)).session()["max_block_size"] == 10
    with pytest.raises(StatementRefused, match="'max_block_size' may be at most"):
        guard.check(small.format(60_000))


@pytest.mark.parametrize(
    ("sql", "memory_mb"),
    [
        ("SELECT groupArray(latency_ms) FROM ui_events", None),
        ("SELECT arraySort(groupArray(latency_ms)) FROM ui_events", 256),
        ("SELECT arrayDistinct(groupArray(latency_ms)) FROM ui_events", 64),
        ("SELECT arraySort(groupArray(1000)(latency_ms)) FROM ui_events", None),
        ("SELECT quantileExact(0.9)(latency_ms) FROM ui_events", 1_024),
        ("SELECT mannWhitneyUTest(latency_ms, event_type = 'error') FROM ui_events", 96),
        ("SELECT rankCorr(latency_ms, schema_version) FROM ui_events", 96),
        ("SELECT windowFunnel(60)(toDateTime(ts), schema_version = 1) FROM ui_events", 256),
    ],
)
def test_what_gathers_rows_for_a_function_gets_less_memory(guard: Guard, sql: str, memory_mb: int | None) -> None:
    assert guard.check(sql).weight.memory_mb == memory_mb


@pytest.mark.parametrize("hostile", ENDLESS[:4] + ENDLESS[24:27] + ENDLESS[-4:], ids=lambda hostile: hostile.why)
def test_a_refusal_says_what_to_write(guard: Guard, hostile: object) -> None:
    with pytest.raises(StatementRefused, match=r"write it as a literal|give it less: a literal|let each step add"):
        guard.check(hostile.sql)  # type: ignore[attr-defined]  # a Hostile


def test_the_rules_know_the_columns_of_the_tables() -> None:
    tables = [Base.metadata.tables[name] for name in (*FACT_TABLES, *ROLLUPS)]
    types = {column.name: str(column.type) for table in tables for column in table.columns}
    states = {name for name, type_ in types.items() if re.match(r"AggregateFunction\(", type_)}
    assert states == STATE_COLUMNS
    texts = {name for name, type_ in types.items() if "String" in type_ and "FixedString" not in type_}
    assert types.keys() - texts - states == SHORT_COLUMNS


def test_a_tree_is_weighed_once_however_often_an_alias_is_used(store: Store, guard: Guard) -> None:
    """What is written once is read once: a short text must not keep the guard itself busy."""
    doubled = "WITH 1 AS a0, " + ", ".join(f"a{n - 1} + a{n - 1} AS a{n}" for n in range(1, 60)) + " SELECT a59"
    with pytest.raises(StatementRefused, match="unfolds to more than a billion parts"):
        guard.check(doubled)
    assert json.loads(store.run("SELECT toJSONString(1)")) == 1, "the session goes on"
