"""A value is the same as a parameter, as a literal that SQLAlchemy renders, and read back; on both engines."""

from __future__ import annotations

import enum
from datetime import UTC, date, datetime, time, timedelta, timezone
from decimal import Decimal
from typing import Any
from uuid import UUID

import numpy
import pandas  # type: ignore[import-untyped]  # its stubs are a package of their own
import pytest
from clickhouse_sqlalchemy import types as ch
from sqlalchemy import (
    Boolean,
    DateTime,
    Engine,
    Float,
    Integer,
    LargeBinary,
    String,
    TypeDecorator,
    Uuid,
    bindparam,
    literal,
    null,
    select,
    text,
)

from chimera_metrics.integrations.clickhouse.executor import Executor
from chimera_metrics.integrations.config import ClickHouseSettings


class Word(enum.Enum):
    one = 1
    two = 2


class Shouted(TypeDecorator[str]):
    """A type that changes its values on the way in."""

    impl = String
    cache_ok = True

    def process_bind_param(self, value: str | None, dialect: Any) -> str | None:
        return value.upper() if value is not None else None


TOKYO = timezone(timedelta(hours=9))
NANOSECONDS = pandas.Timestamp("2024-01-02 03:04:05.123456789", tz="UTC")
VALUES: list[tuple[Any, Any, Any]] = [
    (literal("back\\slash 'quote' 100% \n\t\0 \\' OR 1=1 --"), "back\\slash 'quote' 100% \n\t\0 \\' OR 1=1 --", str),
    (literal("C:\\temp\\new"), "C:\\temp\\new", str),
    (literal("Ünï 🦊"), "Ünï 🦊", str),
    (literal("fffe"), "fffe", str),
    (literal(b"\xff\xfe"), b"\xff\xfe", bytes),
    (literal(b"text"), b"text", bytes),
    (literal(""), "", str),
    (literal(None), None, type(None)),
    (null(), None, type(None)),
    (literal(True), True, bool),
    (literal(-(2**63)), -(2**63), int),
    (literal(2**64 - 1), 2**64 - 1, int),
    (literal(2**100), 2**100, int),
    (literal(2**255 + 1), 2**255 + 1, int),
    (literal(0.1), 0.1, float),
    (literal(1e300), 1e300, float),
    (literal(float("inf")), float("inf"), float),
    (literal(Decimal("-12345678901234567890.123456789")), Decimal("-12345678901234567890.123456789"), Decimal),
    (literal(date(2024, 2, 29)), date(2024, 2, 29), date),
    (literal(date(2299, 12, 31)), date(2299, 12, 31), date),
    (literal(datetime(2024, 1, 1, 12)), datetime(2024, 1, 1, 12, tzinfo=UTC), datetime),
    (
        literal(datetime(2024, 1, 1, tzinfo=timezone(timedelta(hours=9)))),
        datetime(2023, 12, 31, 15, tzinfo=UTC),
        datetime,
    ),
    (literal(datetime(2024, 1, 1, 0, 0, 0, 123456)), datetime(2024, 1, 1, 0, 0, 0, 123456, tzinfo=UTC), datetime),
    (literal(time(10, 11, 12)), time(10, 11, 12), time),
    (literal(time(10, 11, 12, 500000)), time(10, 11, 12, 500000), time),
    (literal(timedelta(hours=1)), timedelta(hours=1), timedelta),
    (literal(timedelta(microseconds=-1500)), timedelta(microseconds=-1500), timedelta),
    (literal(UUID(int=7)), UUID(int=7), UUID),
    (literal("00000000000000000000000000000007", Uuid(as_uuid=False)), "00000000000000000000000000000007", str),
    (literal([1, 2], ch.Array(ch.Int32)), [1, 2], list),
    (literal(["a'\\", "%"], ch.Array(ch.String)), ["a'\\", "%"], list),
    (literal([[1], []], ch.Array(ch.Array(ch.Int8))), [[1], []], list),
    (literal({"a%": 1}, ch.Map(ch.String, ch.Int32)), {"a%": 1}, dict),
    (literal((1, "a"), ch.Tuple(ch.Int8, ch.String)), (1, "a"), tuple),
    (literal(Word.two, ch.Enum8(Word)), Word.two, Word),
    (literal("quiet", Shouted()), "QUIET", str),
    (literal(numpy.int64(5), Integer()), 5, int),
    (literal(numpy.uint8(200), Integer()), 200, int),
    (literal(numpy.float32(0.5), Float()), 0.5, float),
    (literal(numpy.float64(0.1), Float()), 0.1, float),
    (literal(numpy.bool_(True), Boolean()), True, bool),
    (literal(numpy.str_("x"), String()), "x", str),
    (
        literal(numpy.datetime64("2024-01-02T03:04:05.678"), DateTime()),
        datetime(2024, 1, 2, 3, 4, 5, 678000, UTC),
        datetime,
    ),
    (literal(numpy.array([1, 2]), ch.Array(ch.Int64)), [1, 2], list),
    (literal(NANOSECONDS, DateTime()), datetime(2024, 1, 2, 3, 4, 5, 123456, UTC), datetime),
    (literal(pandas.NaT, DateTime()), None, type(None)),
]


@pytest.mark.parametrize(("bound", "expected", "kind"), VALUES, ids=[f"{value!r:.30}" for _, value, _ in VALUES])
def test_a_value_is_read_back_as_it_was_bound(engine: Engine, bound: Any, expected: Any, kind: type) -> None:
    with engine.connect() as connection:
        value = connection.execute(select(bound)).scalar()
        rendered = select(bound).compile(engine, compile_kwargs={"literal_binds": True})
        again = connection.exec_driver_sql(str(rendered).replace("%%", "%")).scalar()
    assert (value, type(value)) == (expected, kind)
    if not isinstance(expected, time | timedelta | Word | bytes | UUID) and not isinstance(bound.type, Uuid):
        assert again == expected


def test_a_rendered_literal_has_no_way_out(engine: Engine) -> None:
    injected = "\\' OR 1=1 --"
    condition = literal("a") == bindparam("x", injected, literal_execute=True)
    one_of = literal("a").in_(bindparam("y", [injected], expanding=True, literal_execute=True))
    with engine.connect() as connection:
        assert connection.execute(select(condition, one_of)).one() == (False, False)


def test_text_that_is_no_utf8_is_bytes_wherever_it_stands(engine: Engine) -> None:
    statement = (
        "SELECT unhex('ff'), 'ff', [unhex('ff'), 'a'], map(unhex('ff'), 'b'), toFixedString(unhex('ff61'), 2), "
        "CAST(unhex('ff') AS LowCardinality(String)), toNullable(unhex('ff')), 'a\\0b'"
    )
    with engine.connect() as connection:
        row = tuple(connection.exec_driver_sql(statement).one())
    assert row == (b"\xff", "ff", [b"\xff", "a"], {b"\xff": "b"}, b"\xffa", b"\xff", b"\xff", "a\0b")


@pytest.mark.parametrize(
    ("statement", "parameters", "expected"),
    [
        ("SELECT 'merry' LIKE '%err%'", None, 1),
        ("SELECT '100%'", {}, "100%"),
        ("SELECT '100%%'", None, "100%"),
        ("SELECT concat(%(a)s, '%%')", {"a": "5"}, "5%"),
    ],
)
def test_a_percent_sign_in_text_needs_no_second_one_without_parameters(
    engine: Engine, statement: str, parameters: Any, expected: Any
) -> None:
    with engine.connect() as connection:
        assert connection.exec_driver_sql(statement, parameters).scalar() == expected


def test_a_text_construct_keeps_its_percent_signs(engine: Engine) -> None:
    with engine.connect() as connection:
        found = connection.execute(text("SELECT 'a%b' LIKE '%\\\\%%', :x").bindparams(x="%d")).one()
    assert tuple(found) == (1, "%d")


def test_pandas_reads_a_like(engine: Engine) -> None:
    with engine.connect() as connection:
        frame = pandas.read_sql("SELECT item FROM al_sales WHERE item LIKE '%app%' ORDER BY id", connection)
    assert frame["item"].tolist() == ["apple", "apple", "apple"]


@pytest.mark.parametrize("fixture", ["embedded", "native"])
def test_the_executor_says_a_mistake_in_one_sentence(request: pytest.FixtureRequest, fixture: str) -> None:
    settings: ClickHouseSettings = request.getfixturevalue(fixture)
    executor = Executor(settings)
    assert executor.scalar(select(literal(b"\xfe", LargeBinary()))) == b"\xfe"
    executor.close()
