"""Filters on columns of a user's own types, and the checks of `muse verify` over them."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from chimera_metrics.analytics.errors import QuestionError
from chimera_metrics.integrations.clickhouse_client import ClickHouseClient
from tests.conftest import empty
from tests.validation.own_columns import CLASSES, NAME, known, own_table

TYPES: dict[str, list[Any]] = {
    "Bool": [True, False, True],
    "UInt8": [1, 2, 255],
    "Int256": [-(2**255), 0, 2**255 - 1],
    "Decimal(76, 20)": ["1.5", "0.00000000000000000001", "-1"],
    "Date": ["2026-05-30", "2026-05-31", "2026-06-01"],
    "Date32": ["1900-01-01", "2026-05-31", "2299-12-31"],
    "Enum8('good' = 1, 'bad' = 2)": ["good", "bad", "good"],
    "IPv4": ["192.0.2.1", "192.0.2.2", "198.51.100.7"],
    "IPv6": ["2001:db8::1", "::1", "2001:db8::2"],
    "Time": ["12:30:00", "-01:00:00", "100:00:00"],
    "Array(LowCardinality(String))": [["a", "b"], ["b"], []],
    "Array(Int128)": [[2**100], [1, 2**100], []],
    "Array(Bool)": [[True], [False], [True, False]],
    "FixedString(2)": ["de", "fr", "de"],
    "Map(String, Bool)": [{"a": True}, {}, {}],
}
PLACES = {name: f"c{place}" for place, name in enumerate(TYPES)}
COUNTED: list[tuple[str, str, Any, int]] = [
    ("Bool", "=", "true", 2),
    ("Bool", "!=", True, 1),
    ("UInt8", ">", "1.5", 2),
    ("Int256", "=", str(2**255 - 1), 1),
    ("Int256", "<", 0, 1),
    ("Decimal(76, 20)", "=", "0.00000000000000000001", 1),
    ("Date", ">=", "2026-05-31", 2),
    ("Date32", "=", "2299-12-31", 1),
    ("Date32", "in", ["1900-01-01", "2026-05-31"], 2),
    ("Enum8('good' = 1, 'bad' = 2)", "=", "good", 2),
    ("Enum8('good' = 1, 'bad' = 2)", "in", ["good", "bad"], 3),
    ("IPv4", "=", "192.0.2.1", 1),
    ("IPv4", "in", ["192.0.2.1", "192.0.2.2"], 2),
    ("IPv6", "!=", "::1", 2),
    ("Time", ">", "01:00:00", 2),
    ("Array(LowCardinality(String))", "=", "b", 2),
    ("Array(LowCardinality(String))", "!=", "a", 2),
    ("Array(LowCardinality(String))", "in", ["a", "x"], 1),
    ("Array(Int128)", "=", str(2**100), 2),
    ("Array(Bool)", "=", "false", 2),
    ("FixedString(2)", "=", "de", 2),
    ("FixedString(2)", "like", "f%", 1),
]
REFUSED: list[tuple[str, str, Any, str]] = [
    ("Bool", "=", "yes", "which takes true or false"),
    ("Date", "=", "31.5.2026", "which takes an ISO 8601 date such as 2026-06-01"),
    ("IPv4", "=", "here", "which takes an IP address"),
    ("Array(LowCardinality(String))", "like", "a%", "= and in ask whether a list holds a value"),
    ("Map(String, Bool)", "=", "a", "holds maps, which a filter cannot look into; name the part in the SQL of `query`"),
]


@pytest.fixture
def filled(client: ClickHouseClient) -> Iterator[ClickHouseClient]:
    with known(own_table({name: CLASSES.get(name, name) for name in TYPES})) as table:
        client.executor.command(f"DROP TABLE IF EXISTS {NAME}")
        with client.executor.engine.connect() as connection:
            table.create(connection)
        columns = {"ts": ["2026-06-05"] * 3} | dict(zip(PLACES.values(), TYPES.values(), strict=True))
        rows = [dict(zip(columns, row, strict=True)) for row in zip(*columns.values(), strict=True)]
        assert client.insert(NAME, rows)["inserted"] == 3
        yield client
        client.executor.command(f"DROP TABLE {NAME}")
    empty(client.executor)


def condition(type_: str, op: str, value: Any) -> dict[str, Any]:
    return {"column": PLACES[type_], "op": op, "values" if op == "in" else "value": value}


def test_a_filter_takes_values_of_every_type(filled: ClickHouseClient) -> None:
    found = []
    for type_, op, value, _ in COUNTED:
        answer = filled.aggregate([f"count({NAME})"], filters=[condition(type_, op, value)])
        found.append((type_, op, value, answer["rows"][0][0]))
    assert found == COUNTED


def test_a_filter_that_a_type_does_not_take_is_a_sentence(filled: ClickHouseClient) -> None:
    for type_, op, value, sentence in REFUSED:
        with pytest.raises(QuestionError) as raised:
            filled.aggregate([f"count({NAME})"], filters=[condition(type_, op, value)])
        assert sentence in str(raised.value)
