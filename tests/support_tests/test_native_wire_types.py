"""Every type that the product stores passes the wire both ways, value by value."""

from __future__ import annotations

import datetime as dt
from decimal import Decimal
from typing import Any
from uuid import UUID

import pytest
from clickhouse_driver.errors import ServerException

from tests.support_tests.conftest import Connect

UTC = dt.UTC
BIG = "x" * 300  # a length of two bytes

CASES: list[tuple[str, list[Any]]] = [
    ("String", ["", "é", BIG, "z" * 20_000]),
    ("FixedString(40)", ["a" * 40, "b" * 40]),
    ("Nullable(String)", ["x", None]),
    ("Nullable(FixedString(40))", ["c" * 40, None]),
    ("LowCardinality(String)", ["a", "b", "a", ""]),
    ("LowCardinality(Nullable(String))", ["a", None, "a"]),
    ("UUID", [UUID(int=0), UUID("12345678-1234-5678-1234-567812345678")]),
    ("DateTime64(3, 'UTC')", [dt.datetime(2024, 5, 6, 7, 8, 9, 123000, UTC), dt.datetime(1970, 1, 1, tzinfo=UTC)]),
    ("DateTime('UTC')", [dt.datetime(2024, 5, 6, 7, 8, 9, tzinfo=UTC), dt.datetime(2100, 1, 1, tzinfo=UTC)]),
    ("Nullable(DateTime('UTC'))", [dt.datetime(2024, 5, 6, tzinfo=UTC), None]),
    ("Nullable(DateTime64(3, 'UTC'))", [dt.datetime(2024, 5, 6, tzinfo=UTC), None]),
    ("Date", [dt.date(1970, 1, 1), dt.date(2149, 6, 6)]),
    ("Date32", [dt.date(1900, 1, 1), dt.date(2299, 12, 31)]),
    ("Decimal(9, 2)", [Decimal("-1.25"), Decimal("1234567.89")]),
    ("Decimal(18, 6)", [Decimal("0.000001"), Decimal("-999999999999.999999")]),
    ("Decimal(38, 10)", [Decimal("1234567890123456789012345678.0123456789")]),
    ("Nullable(Decimal(18, 6))", [Decimal("1.500000"), None]),
    ("Float32", [0.5, -1.25]),
    ("Float64", [0.1, 1e300]),
    ("Nullable(Float64)", [0.1, None]),
    *((f"Int{bits}", [-(2 ** (bits - 1)), 0, 2 ** (bits - 1) - 1]) for bits in (8, 16, 32, 64, 128)),
    *((f"UInt{bits}", [0, 2**bits - 1]) for bits in (8, 16, 32, 64)),
    ("Nullable(UInt32)", [7, None]),
    ("Bool", [True, False]),
    ("Enum8('a' = 1, 'b, (c' = 2)", ["a", "b, (c"]),
    ("Array(String)", [[], ["a"], ["b", BIG]]),
    ("Array(Array(UInt8))", [[], [[]], [[1, 2], [3]]]),
    ("Array(Nullable(Float64))", [[1.5, None], []]),
    ("Array(LowCardinality(String))", [["a", "b"], ["a"]]),
    ("Array(LowCardinality(String))", [[], []]),
    ("Array(DateTime('UTC'))", [[dt.datetime(2024, 5, 6, tzinfo=UTC)], []]),
    ("Map(String, UInt64)", [{"a": 1, "b": 2}, {}]),
    ("Map(String, Array(String))", [{"a": ["x", "y"]}, {}]),
    ("Map(LowCardinality(String), Nullable(Float64))", [{"a": 1.5, "b": None}]),
    ("Tuple(UInt8, String)", [(1, "a"), (2, "b")]),
    ("Tuple(a UInt8, `b c` Nullable(String))", [(1, "a"), (2, None)]),
    ("Array(Tuple(String, Float64))", [[("a", 1.5)], []]),
    ("SimpleAggregateFunction(sum, UInt64)", [1, 2]),
]


@pytest.fixture(params=[54448, 54459])
def typed_client(request: pytest.FixtureRequest, connect: Connect) -> Any:
    """Clients of both sides of the revision from which columns carry a serialization byte."""
    return connect(client_revision=request.param, settings={"namedtuple_as_json": False})


@pytest.mark.parametrize(("column_type", "values"), CASES, ids=[f"{i}-{case[0]}" for i, case in enumerate(CASES)])
def test_a_type_comes_back_as_it_was_sent(typed_client: Any, column_type: str, values: list[Any]) -> None:
    typed_client.execute("DROP TABLE IF EXISTS types")
    typed_client.execute(f"CREATE TABLE types (n UInt32, v {column_type}, tail String) ENGINE = MergeTree ORDER BY n")
    rows = [(n, value, f"tail {n}") for n, value in enumerate(values)]

    typed_client.execute("INSERT INTO types VALUES", rows)
    answer, header = typed_client.execute("SELECT * FROM types ORDER BY n", with_column_types=True)

    assert answer == rows
    assert header == [("n", "UInt32"), ("v", column_type), ("tail", "String")]


def test_the_header_of_an_empty_result_keeps_its_types(client: Any) -> None:
    query = "SELECT toDateTime(0, 'UTC') AS d, toLowCardinality('x') AS l, toDecimal64(1, 6) AS m WHERE 0"

    assert client.execute(query, with_column_types=True) == (
        [],
        [("d", "DateTime('UTC')"), ("l", "LowCardinality(String)"), ("m", "Decimal(18, 6)")],
    )


def test_limits_on_results_do_not_hit_the_header(client: Any) -> None:
    limits = {"max_result_rows": 1, "max_rows_to_read": 1}

    assert client.execute("SELECT 1 AS a, 2 AS b WHERE 0", settings=limits, with_column_types=True) == (
        [],
        [("a", "UInt8"), ("b", "UInt8")],
    )


def test_several_blocks_each_keep_the_zone(client: Any) -> None:
    rows = client.execute("SELECT toDateTime(number, 'UTC') FROM numbers(150000)")

    assert len(rows) == 150_000
    assert {row[0].tzinfo for row in rows} == {rows[0][0].tzinfo} != {None}


def test_an_aggregation_state_is_refused_and_the_connection_goes_on(client: Any) -> None:
    with pytest.raises(ServerException, match="cannot carry the type AggregateFunction") as caught:
        client.execute("SELECT sumState(number) FROM numbers(3)")

    assert caught.value.code == 50
    assert client.execute("SELECT finalizeAggregation(sumState(number)) FROM numbers(3)") == [(3,)]
