"""A table with a column of every type that has a rule, as a user's own model may have it."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from ipaddress import IPv4Address, IPv6Address
from typing import Any
from uuid import UUID

from clickhouse_sqlalchemy import engines
from clickhouse_sqlalchemy import types as ch
from sqlalchemy import Column, MetaData, Table, text

from chimera_metrics.integrations.validation.rules import rules_of
from chimera_metrics.models import FACT_TABLES
from chimera_metrics.models.ddl import EngineType, document

NAME = "own_things"
ID = UUID("123e4567-e89b-12d3-a456-426614174000")
MOMENT = datetime(2026, 6, 1, 12, 30, 15, 123_456, tzinfo=UTC)

VALUES: dict[str, list[Any]] = {
    "Bool": [True, False],
    "Int8": [-128, 127],
    "UInt8": [0, 255],
    "Int16": [-(2**15), 2**15 - 1],
    "Int32": [-(2**31), 2**31 - 1],
    "Int64": [-(2**63), 2**63 - 1, 2**53 + 1],
    "UInt64": [2**64 - 1, 2**53 + 1],
    "Int128": [-(2**127), 2**127 - 1],
    "UInt128": [0, 2**128 - 1],
    "Int256": [-(2**255), 2**255 - 1],
    "UInt256": [2**256 - 1],
    "Float32": [1.5, -0.0, 3.4028234663852886e38],
    "Float64": [0.1, -1.7976931348623157e308],
    "Decimal(9, 2)": [Decimal("-9999999.99"), Decimal("1.50")],
    "Decimal(18, 6)": [Decimal("-1.000001")],
    "Decimal(38, 10)": [Decimal("1234567890123456789012345678.1234567890")],
    "Decimal(76, 20)": [Decimal("-" + "9" * 56 + "." + "9" * 20)],
    "String": ["x", "Grüße\n"],
    "LowCardinality(String)": ["word"],
    "FixedString(3)": ["abc", "é1"],
    "UUID": [ID],
    "IPv4": [IPv4Address("192.0.2.1")],
    "IPv6": [IPv6Address("2001:db8::1"), IPv6Address("::ffff:192.0.2.1")],
    "Date": [date(1970, 1, 1), date(2149, 6, 6)],
    "Date32": [date(1900, 1, 1), date(2299, 12, 31)],
    "DateTime": [datetime(2106, 2, 7, 6, 28, 15, tzinfo=UTC)],
    "DateTime('Asia/Tokyo')": [MOMENT.replace(microsecond=0)],
    "DateTime64(0)": [datetime(1900, 1, 1, tzinfo=UTC), datetime(2299, 12, 31, 23, 59, 59, tzinfo=UTC)],
    "DateTime64(5, 'UTC')": [MOMENT.replace(microsecond=123_450)],
    "DateTime64(6, 'Europe/Berlin')": [MOMENT],
    "Enum8('good' = 1, 'it\\'s bad' = -2)": ["good", "it's bad"],
    "Enum16('a, b' = 1000)": ["a, b"],
    "Array(LowCardinality(String))": [["a", "b"], [], [""]],
    "Array(Array(Nullable(Int32)))": [[[1, None], []]],
    "Array(UUID)": [[ID]],
    "Array(Int256)": [[-(2**255), 1]],
    "Array(Nullable(DateTime64(3, 'UTC')))": [[MOMENT.replace(microsecond=123_000), None]],
    "Array(Tuple(x Float64, y UInt8))": [[(1.5, 2), (-1.0, 255)]],
    "Map(String, Bool)": [{"dark": True, "": False}, {}],
    "Map(LowCardinality(String), Array(Int128))": [{"a": [2**100]}],
    "Map(UUID, Map(String, Decimal(9, 2)))": [{ID: {"x": Decimal("1.50")}}],
    "Tuple(Int32, Nullable(String))": [(1, "a"), (-1, None)],
    "Tuple(`first name` String, at Array(IPv4))": [("x", [IPv4Address("10.0.0.1")])],
    "Time": [timedelta(hours=-5, seconds=3), timedelta(hours=999, minutes=59, seconds=59)],
    "Time64(3)": [timedelta(hours=5, milliseconds=3)],
    "Array(Time64(6))": [[timedelta(microseconds=-1)]],
    "JSON": [{"a": 1, "b": {"c": ["x", 2.5]}}, {}],
    "Map(String, JSON)": [{"k": {"a": True}}],
    "Array(Map(String, Tuple(UUID, Time)))": [[{"k": (ID, timedelta(hours=1))}]],
}
"""By type, clean values that every engine gives back as they are."""

CLASSES: dict[str, Any] = {
    "Bool": ch.Boolean(),
    "UInt8": ch.UInt8(),
    "Int128": ch.Int128(),
    "Decimal(76, 20)": ch.Decimal(76, 20),
    "IPv4": ch.IPv4(),
    "Array(LowCardinality(String))": ch.Array(ch.LowCardinality(ch.String())),
    "Map(String, Bool)": ch.Map(ch.String(), ch.Boolean()),
}
"""Types that clickhouse-sqlalchemy has a class for are tried by it, the others by their name."""


def wrapped(type_: str) -> str:
    """The type with room for null, where it can have that."""
    name = type_.partition("(")[0]
    if name == "LowCardinality":
        return f"LowCardinality(Nullable({type_[15:-1]}))"
    return type_ if name in ("Array", "Map", "Tuple") else f"Nullable({type_})"


def column(name: str, type_: Any, **facts: Any) -> Column[Any]:
    """A column as `mapped_column` makes it, without the facts that `col` adds, but for those given."""
    made: Column[Any] = Column(name, EngineType(type_) if isinstance(type_, str) else type_)
    made.info.update(facts)
    return made


def own_table(types: dict[str, Any], **facts: Any) -> Table:
    """A table with a time and columns c0, c1, … of these types, each of them required."""
    metadata = MetaData()
    ts: Column[Any] = Column("ts", ch.DateTime64(3, "UTC"), server_default=text("now64(3, 'UTC')"))
    columns = [column(f"c{place}", type_, **({"required": True} | facts)) for place, type_ in enumerate(types.values())]
    engine = engines.MergeTree(partition_by=text("toDate(ts)"), order_by=("ts",))
    return document(Table(NAME, metadata, ts, *columns, engine))


@contextmanager
def known(table: Table) -> Iterator[Table]:
    """The table stands among the seven for a while."""
    FACT_TABLES[table.name] = table
    rules_of.cache_clear()
    try:
        yield table
    finally:
        del FACT_TABLES[table.name]
        rules_of.cache_clear()
