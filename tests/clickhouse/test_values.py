"""Both engines give the same Python values for the same query."""

from __future__ import annotations

from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import insert, select

from chimera_metrics.integrations.clickhouse.engine import make_engine
from chimera_metrics.integrations.clickhouse.executor import Executor
from chimera_metrics.integrations.config import ClickHouseSettings
from chimera_metrics.models import FACTS, Base, insertable
from chimera_metrics.models.ddl import FixedString

SHA = "0123456789abcdef0123456789abcdef01234567"
VALUES: list[tuple[str, Any]] = [
    ("toUInt8(255)", 255),
    ("toInt64(-9223372036854775808)", -(2**63)),
    ("toUInt64(18446744073709551615)", 2**64 - 1),
    ("toFloat64(0.1)", 0.1),
    ("toFloat32(0.5)", 0.5),
    ("true", True),
    ("toDecimal64('123.456789', 6)", Decimal("123.456789")),
    ("toDecimal128('-0.000001', 6)", Decimal("-0.000001")),
    ("'text with ''quotes'' and \\n line'", "text with 'quotes' and \n line"),
    ("''", ""),
    ("'Grüße 🦊'", "Grüße 🦊"),
    ("toLowCardinality('word')", "word"),
    ("toLowCardinality(toNullable('word'))", "word"),
    (f"toFixedString('{SHA}', 40)", SHA),
    (f"toNullable(toFixedString('{SHA}', 40))", SHA),
    ("toUUID('61f0c404-5cb3-11e7-907b-a6006ad3dba0')", UUID("61f0c404-5cb3-11e7-907b-a6006ad3dba0")),
    ("toDate('2026-02-28')", date(2026, 2, 28)),
    ("toDateTime('2026-01-02 03:04:05', 'UTC')", datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)),
    ("toDateTime64('2026-01-02 03:04:05.678', 3, 'UTC')", datetime(2026, 1, 2, 3, 4, 5, 678000, tzinfo=UTC)),
    ("toDateTime64('2026-01-02 03:04:05.678901', 6, 'UTC')", datetime(2026, 1, 2, 3, 4, 5, 678901, tzinfo=UTC)),
    ("toStartOfHour(toDateTime('2026-01-02 03:04:05', 'UTC'))", datetime(2026, 1, 2, 3, tzinfo=UTC)),
    ("NULL", None),
    ("CAST(NULL, 'Nullable(Float64)')", None),
    ("CAST(NULL, 'Nullable(UUID)')", None),
    ("[1, 2, 3]", [1, 2, 3]),
    ("['a', 'b']", ["a", "b"]),
    ("map('k', 1.5)", {"k": 1.5}),
    ("tuple(1, 'a')", (1, "a")),
    ("CAST((1, 'a'), 'Tuple(number UInt8, letter String)')", (1, "a")),
]


@pytest.mark.parametrize(("expression", "expected"), VALUES, ids=[text for text, _ in VALUES])
def test_a_query_gives_the_same_python_value_on_both_engines(
    executor: Executor, expression: str, expected: Any
) -> None:
    value = executor.scalar(f"SELECT {expression}")
    assert value == expected
    assert type(value) is type(expected)
    if isinstance(expected, datetime):
        assert value.tzinfo is UTC


def _sample(column: Any) -> Any:
    """A telling value for a column of the models."""
    type_ = getattr(column.type, "nested_type", column.type)
    type_ = getattr(type_, "nested_type", type_)
    if isinstance(type_, FixedString):
        return SHA
    samples = {
        "DateTime64": datetime(2026, 3, 4, 5, 6, 7, 89000, tzinfo=UTC),
        "DateTime": datetime(2026, 3, 4, 5, tzinfo=UTC),
        "UUID": UUID("61f0c404-5cb3-11e7-907b-a6006ad3dba0"),
        "String": "wörd",
        "Float64": 1.25,
        "Decimal": Decimal("0.000001"),
        "UInt16": 65535,
        "UInt32": 2**32 - 1,
        "UInt64": 2**64 - 1,
    }
    return samples[type(type_).__name__]


@pytest.mark.parametrize("model", FACTS, ids=[model.__tablename__ for model in FACTS])
@pytest.mark.parametrize("filled", [True, False], ids=["filled", "nulls"])
def test_what_sqlalchemy_inserts_it_selects_again(
    settings: ClickHouseSettings, model: type[Base], filled: bool
) -> None:
    table = Base.metadata.tables[model.__tablename__]
    columns = insertable(table)
    row = {column.name: _sample(column) if filled or not column.nullable else None for column in columns}
    engine = make_engine(settings)
    with engine.connect() as connection:
        connection.exec_driver_sql(f"TRUNCATE TABLE {table.name}")
        connection.execute(insert(table), [row])
        found = connection.execute(select(*columns)).mappings().one()
        assert dict(found) == row
        connection.exec_driver_sql(f"TRUNCATE TABLE {table.name}")
    engine.dispose()
