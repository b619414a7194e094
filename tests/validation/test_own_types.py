"""Every type that has a rule: what goes in comes back equal, by rows and by columns, on both engines."""

from __future__ import annotations

from typing import Any

import pyarrow as pa
import pytest
from sqlalchemy import Table

from chimera_metrics.integrations.clickhouse_client import ClickHouseClient
from chimera_metrics.integrations.validation.arrow_values import to_array
from chimera_metrics.integrations.validation.kinds import TYPES
from chimera_metrics.integrations.validation.rules import rules_of
from chimera_metrics.integrations.validation.type_texts import parse_type
from tests.conftest import empty
from tests.validation.own_columns import CLASSES, NAME, VALUES, known, own_table
from tests.validation.paths import assert_agree

ROWS = max(map(len, VALUES.values()))
TYPES_IN_USE = {name: CLASSES.get(name, name) for name in VALUES}
# By column, its values, repeated until all columns are as long as the longest.
FILLED = {f"c{place}": [found[row % len(found)] for row in range(ROWS)] for place, found in enumerate(VALUES.values())}


def made(client: ClickHouseClient, table: Table) -> None:
    client.executor.command(f"DROP TABLE IF EXISTS {NAME}")
    with client.executor.engine.connect() as connection:
        table.create(connection)


def stored(client: ClickHouseClient, columns: dict[str, list[Any]]) -> dict[str, list[Any]]:
    answer = client.executor.read(f"SELECT {', '.join(columns)} FROM {NAME} ORDER BY ts")
    return dict(zip(columns, map(list, zip(*answer.rows, strict=True)), strict=True))


def test_every_type_of_the_rule_table_is_tried() -> None:
    tried = {parse_type(part).name for name in VALUES for part in [name, *parse_type(name).arguments]}
    assert set(TYPES) <= tried | {"UInt16", "UInt32"}


@pytest.mark.parametrize("way", ["rows", "columns"])
def test_what_goes_in_comes_back(client: ClickHouseClient, way: str) -> None:
    columns: dict[str, list[Any]] = {"ts": [f"2026-06-01T00:00:0{row}Z" for row in range(ROWS)]} | FILLED
    with known(own_table(TYPES_IN_USE)) as table:
        made(client, table)
        rules = {rule.name: rule for rule in rules_of(NAME).rules}
        arrays = {name: to_array(rules[name], FILLED[name]) for name in FILLED}
        rows = [dict(zip(columns, row, strict=True)) for row in zip(*columns.values(), strict=True)]
        answer = client.insert(NAME, rows if way == "rows" else pa.table(columns | arrays))
        assert (answer["inserted"], answer["rejected"]) == (ROWS, [])
        found = stored(client, FILLED)
        client.executor.command(f"DROP TABLE {NAME}")
    empty(client.executor)
    assert dict(zip(VALUES, found.values(), strict=True)) == dict(zip(VALUES, FILLED.values(), strict=True))


@pytest.mark.parametrize("name", VALUES)
def test_clean_values_are_clean_again_on_both_paths(name: str) -> None:
    with known(own_table({name: CLASSES.get(name, name)})):
        [_, rule] = rules_of(NAME).rules
        array = to_array(rule, VALUES[name])
        batch = assert_agree(NAME, {"ts": ["2026-06-01"] * len(array), "c0": array})
        assert batch.rejected == []
        assert batch.data[1] == VALUES[name]
