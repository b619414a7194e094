"""Parameters keep every digit and are refused where their type has no room; secret ones stay out of records."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone
from decimal import Decimal
from typing import Any

import pytest

from chimera_metrics.integrations.clickhouse.call import Call, serving
from chimera_metrics.integrations.clickhouse_client import ClickHouseClient
from chimera_metrics.integrations.errors import InvalidInput

FITS: list[tuple[str, Any, Any]] = [
    ("UInt8", 255, 255),
    ("Nullable(UInt8)", None, None),
    ("Int64", "-9223372036854775808", "-9223372036854775808"),
    ("Array(UInt64)", [18446744073709551615, 0], ["18446744073709551615", 0]),
    ("Array(Decimal(18, 6))", [0.000001, "12345678901.234567"], [Decimal("0.000001"), Decimal("12345678901.234567")]),
    ("Tuple(String, UInt8)", ["x", 1], ["x", 1]),
    ("Tuple(UInt8)", [1], [1]),
    ("Tuple(n UInt8, word String)", {"word": "x", "n": 1}, [1, "x"]),
    ("Array(Tuple(String, Array(UInt8)))", [["x", [1, 2]], ["y", []]], [["x", [1, 2]], ["y", []]]),
    ("Map(String, UInt8)", {"a": 1}, {"a": 1}),
    ("Enum8('x' = 1, 'a, (b' = -2)", "a, (b", "a, (b"),
    ("LowCardinality(String)", "x", "x"),
    ("DateTime64(3, 'Europe/Berlin')", "2026-01-02 03:04:05.678", "2026-01-02T03:04:05.678+01:00"),
    ("Date", "2026-01-02", "2026-01-02"),
    ("Bool", True, True),
    ("UInt8", True, 1),
    ("Array(Nullable(String))", ["a", None], ["a", None]),
    ("LowCardinality(Nullable(String))", None, None),
    ("Map(String, Nullable(UInt8))", {"a": None}, {"a": None}),
    ("JSON", {"x": 1}, {"x": 1}),
    ("Array(Tuple(String, UInt8))", {"a": 1}, [["a", 1]]),
    ("Array(String)", "['a']", ["a"]),
]


@pytest.mark.parametrize(("type_", "value", "shown"), FITS, ids=[type_ for type_, _, _ in FITS])
def test_a_value_arrives_as_it_is(client: ClickHouseClient, type_: str, value: Any, shown: Any) -> None:
    assert client.query(f"SELECT {{p:{type_}}} AS p", {"p": value}).rows == [[shown]]


@pytest.mark.parametrize("zone", ["", ", 'Europe/Berlin'", ", 'Asia/Tokyo'"])
@pytest.mark.parametrize(
    "moment",
    [
        datetime(2024, 1, 1),
        datetime(2024, 1, 1, tzinfo=UTC),
        datetime(2024, 1, 1, 9, tzinfo=timezone(timedelta(hours=9))),
    ],
)
def test_a_datetime_is_its_own_instant_in_every_zone(client: ClickHouseClient, zone: str, moment: datetime) -> None:
    seconds = f"DateTime({zone.removeprefix(', ')})".replace("()", "")
    asked = (
        f"SELECT toUnixTimestamp({{p:{seconds}}}), toUnixTimestamp({{p:DateTime64(3{zone})}}), "
        f"toUnixTimestamp({{list:Array({seconds})}}[1]), toUnixTimestamp({{p:Nullable({seconds})}})"
    )
    assert client.query(asked, {"p": moment, "list": [moment]}).rows == [[1704067200] * 4]


REFUSED: list[tuple[str, Any, str]] = [
    ("UInt8", 300, "Parameter p is 300, but UInt8 takes 0 to 255."),
    ("UInt8", "-1", "Parameter p is -1, but UInt8 takes 0 to 255."),
    ("Nullable(Int8)", -129, "Parameter p is -129, but Int8 takes -128 to 127."),
    ("Array(UInt8)", [1, 256], "Parameter p is 256, but UInt8 takes 0 to 255."),
    ("Map(String, UInt8)", {"a": 256}, "Parameter p is 256, but UInt8 takes 0 to 255."),
    ("Tuple(String, UInt8)", ["x", 256], "Parameter p is 256, but UInt8 takes 0 to 255."),
    ("Tuple(String, UInt8)", ["x"], r"Parameter p has 1 items, but Tuple(String, UInt8) takes 2."),
    ("Tuple(a UInt8)", {"b": 1}, "Parameter p has the fields b, but is Tuple(a UInt8)."),
    ("UInt128", 2**128, f"Parameter p is {2**128}, but UInt128 takes 0 to {2**128 - 1}."),
    ("Date", "1900-01-02", "Parameter p is 1900-01-02, but Date takes 1970-01-01 to 2149-06-06."),
    (
        "Array(String)",
        ["x'", None],
        "Parameter p holds null, but String takes none; write Nullable(String) in the statement, or give a value.",
    ),
    ("Array(String)", None, "Parameter p holds null, but Array(String) takes none; give a value."),
    (
        "LowCardinality(String)",
        None,
        "Parameter p holds null, but String takes none; write Nullable(String) in the statement, or give a value.",
    ),
    ("String", {"x": 1}, "Parameter p holds an object, but String takes one value; give its JSON as text."),
    ("Nullable(Date)", {"x": 1}, "Parameter p holds an object, but Date takes one value; give its JSON as text."),
    (
        "UInt8",
        [1],
        "Parameter p holds a list, but UInt8 takes one value; write Array(UInt8) in the statement, or give one value.",
    ),
    ("Array(String)", {"a": 1}, "Parameter p holds an object, but Array(String) takes a list; give a list."),
    ("UInt8", "x", "Parameter p is x, but UInt8 takes a whole number."),
    ("Nullable(Int8)", 1.5, "Parameter p is 1.5, but Int8 takes a whole number."),
    ("Decimal(18, 6)", "0.0000009", "Parameter p is 0.0000009, but Decimal(18, 6) keeps 6 digits after the point."),
]


@pytest.mark.parametrize(("type_", "value", "sentence"), REFUSED, ids=[f"{t}-{v}"[:40] for t, v, _ in REFUSED])
def test_what_the_type_does_not_hold_is_refused(
    client: ClickHouseClient, type_: str, value: Any, sentence: str
) -> None:
    with pytest.raises(InvalidInput) as refused:
        client.query(f"SELECT {{p:{type_}}}", {"p": value})
    assert str(refused.value) == sentence


def test_a_record_of_the_statement_does_not_hold_its_secrets(client: ClickHouseClient) -> None:
    record = Call()
    with serving(record):
        client.query(
            "SELECT {password:String} AS a, {api_key:String} AS b, {model:String} AS c",
            {"password": "hun'ter4", "api_key": "short", "model": "opus"},
        )
    assert record.statement.startswith("SELECT CAST('[secret]', 'String') AS a, CAST('[secret]', 'String') AS b")
    assert "CAST('opus', 'String')" in record.statement
    assert (
        record.without_secrets("In scope SELECT CAST('short', 'String')")
        == "In scope SELECT CAST('[secret]', 'String')"
    )
