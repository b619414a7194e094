"""What SQLAlchemy inserts fits its column or is refused, is counted, and comes back the same from both engines."""

from __future__ import annotations

import enum
import subprocess
import sys
from collections.abc import Iterator
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any
from uuid import UUID

import numpy
import pandas  # type: ignore[import-untyped]  # its stubs are a package of their own
import pytest
from clickhouse_sqlalchemy import Table, engines
from clickhouse_sqlalchemy import types as ch
from sqlalchemy import Column, Engine, MetaData, func, insert, literal, select, text
from sqlalchemy.exc import DBAPIError

from chimera_metrics.integrations.clickhouse.reflection import RawType


class Word(enum.Enum):
    one = 1
    two = 2


METADATA = MetaData()
KINDS = Table(
    "al_kinds",
    METADATA,
    Column("i", ch.UInt32, primary_key=True),
    Column("amount", ch.Decimal(10, 2)),
    Column("word", ch.Enum8(Word)),
    Column("plain", ch.DateTime),
    Column("ms", ch.DateTime64(3)),
    Column("ns", ch.DateTime64(9)),
    Column("tokyo", ch.DateTime("Asia/Tokyo")),
    Column("day", ch.Date),
    Column("note", ch.String),
    Column("x", ch.Nullable(ch.Float64)),
    Column("ok", ch.Boolean),
    Column("times", ch.Array(ch.DateTime)),
    Column("clock", RawType("Time64(6)")),
    Column("id", ch.UUID),
    engines.MergeTree(order_by=("i",)),
)
GOOD: dict[str, Any] = {
    "i": 1,
    "amount": Decimal("1.00"),
    "word": Word.one,
    "plain": datetime(2024, 1, 1, 12),
    "ms": datetime(2024, 1, 1, 12, 0, 0, 5000),
    "ns": datetime(2024, 1, 1, 12, 0, 0, 123456),
    "tokyo": datetime(2024, 1, 1, 12),
    "day": date(2024, 1, 1),
    "note": "x",
    "x": None,
    "ok": True,
    "times": [datetime(2024, 1, 1)],
    "clock": timedelta(hours=10, microseconds=5),
    "id": UUID(int=1),
}


@pytest.fixture
def kinds(engine: Engine) -> Iterator[Engine]:
    with engine.connect() as connection:
        METADATA.drop_all(connection)
        METADATA.create_all(connection)
        yield engine
        METADATA.drop_all(connection)


def _stored(kinds: Engine, name: str, value: Any) -> Any:
    with kinds.connect() as connection:
        assert connection.execute(insert(KINDS), [GOOD | {name: value}]).rowcount == 1
        return connection.execute(select(KINDS.c[name])).scalar()


@pytest.mark.parametrize(
    ("name", "value", "expected"),
    [
        ("plain", datetime(2024, 1, 1, 12), datetime(2024, 1, 1, 12, tzinfo=UTC)),
        ("ms", datetime(2024, 1, 1, 12), datetime(2024, 1, 1, 12, tzinfo=UTC)),
        ("tokyo", datetime(2024, 1, 1, 12), datetime(2024, 1, 1, 12, tzinfo=UTC)),
        ("ns", datetime(2024, 1, 1, 0, 0, 0, 123457), datetime(2024, 1, 1, 0, 0, 0, 123457, UTC)),
        ("times", [datetime(2024, 1, 1)], [datetime(2024, 1, 1, tzinfo=UTC)]),
        ("ms", date(2024, 1, 2), datetime(2024, 1, 2, tzinfo=UTC)),
        ("amount", Decimal("1.015"), Decimal("1.02")),
        ("amount", Decimal("1.025"), Decimal("1.02")),
        ("amount", 0.1, Decimal("0.10")),
        ("amount", 3, Decimal("3.00")),
        ("i", 7.0, 7),
        ("i", numpy.int64(8), 8),
        ("x", numpy.float32(0.5), 0.5),
        ("x", 3, 3.0),
        ("note", b"\xff\xfe", b"\xff\xfe"),
        ("note", numpy.str_("np"), "np"),
        ("word", Word.two, Word.two),
        ("clock", time(1, 2, 3, 4), timedelta(hours=1, minutes=2, seconds=3, microseconds=4)),
        ("clock", timedelta(hours=-30), timedelta(hours=-30)),
        ("day", datetime(2024, 1, 5), date(2024, 1, 5)),
        ("ok", numpy.bool_(False), False),
        ("id", UUID(int=9), UUID(int=9)),
        ("ms", pandas.Timestamp("2024-01-01 01:00", tz="Europe/Berlin"), datetime(2024, 1, 1, tzinfo=UTC)),
    ],
)
def test_a_value_is_stored_as_its_column_has_it(kinds: Engine, name: str, value: Any, expected: Any) -> None:
    assert _stored(kinds, name, value) == expected


@pytest.mark.parametrize(
    ("name", "value", "why"),
    [
        ("i", 1.9, "1.9 is not a whole number"),
        ("i", -1, "-1 is outside 0 to 4294967295"),
        ("i", None, "takes no NULL"),
        ("i", "5", "'5' is not a whole number"),
        ("amount", Decimal("NaN"), "not a finite amount"),
        ("amount", Decimal("123456789"), "out of range"),
        ("note", 5, "5 is not text or bytes"),
        ("x", "five", "'five' is not a number"),
        ("day", date(2200, 1, 1), "outside 1970-01-01 to 2149-06-06"),
        ("day", datetime(2024, 1, 1, 5), "it has a time of day"),
        ("plain", datetime(1950, 1, 1), "outside 1970-01-01"),
        ("times", datetime(2024, 1, 1), "is not a list"),
        ("id", "no uuid", "is not a UUID"),
    ],
)
def test_a_value_that_does_not_fit_is_refused(kinds: Engine, name: str, value: Any, why: str) -> None:
    with kinds.connect() as connection:
        with pytest.raises(DBAPIError, match=rf"does not fit its column {name} .*{why}"):
            connection.execute(insert(KINDS), [GOOD | {name: value}])
        assert connection.execute(select(func.count()).select_from(KINDS)).scalar() == 0


def test_an_unknown_word_is_refused(kinds: Engine) -> None:
    statement = "INSERT INTO al_kinds (i, word) VALUES (%(i)s, %(word)s)"
    with kinds.connect() as connection, pytest.raises(DBAPIError, match="'three' is none of its words: one, two"):
        connection.exec_driver_sql(statement, {"i": 1, "word": "three"})


def test_texts_and_bytes_go_into_one_column(kinds: Engine) -> None:
    rows = [GOOD | {"i": 1, "note": "ä"}, GOOD | {"i": 2, "note": b"\xff"}]
    with kinds.connect() as connection:
        connection.execute(insert(KINDS), rows)
        assert connection.execute(select(KINDS.c.note).order_by(KINDS.c.i)).scalars().all() == ["ä", b"\xff"]


def test_rows_of_one_values_clause_are_stored_and_counted(kinds: Engine) -> None:
    rows = [GOOD | {"i": index, "amount": Decimal("1.015")} for index in range(3)]
    with kinds.connect() as connection:
        assert connection.execute(insert(KINDS).values(rows)).rowcount == 3
        assert connection.execute(insert(KINDS).values(GOOD | {"i": 9})).rowcount == 1
        assert connection.execute(insert(KINDS), rows).rowcount == 3
        assert connection.execute(select(func.sum(KINDS.c.amount))).scalar() == Decimal("7.12")


def test_a_value_that_is_an_expression_is_computed(kinds: Engine) -> None:
    statement = insert(KINDS).values([{"i": literal(3) + 1, "note": "a"}, {"i": 5, "note": "b%\\"}])
    with kinds.connect() as connection:
        connection.execute(statement)
        found = connection.execute(select(KINDS.c.i, KINDS.c.note).order_by(KINDS.c.i)).all()
    assert [tuple(row) for row in found] == [(4, "a"), (5, "b%\\")]


def test_an_insert_from_a_select_with_a_common_table(kinds: Engine) -> None:
    numbers = select(func.numbers(3).table_valued("number").c.number).cte("few")
    with kinds.connect() as connection:
        connection.execute(insert(KINDS).from_select(["i"], select(numbers)))
        assert connection.execute(select(func.count()).select_from(KINDS)).scalar() == 3


def test_a_table_of_another_database_is_written(kinds: Engine) -> None:
    there = Table("al there", MetaData(), Column("a b", ch.Int32), engines.Memory(), schema="al_other")
    with kinds.connect() as connection:
        connection.execute(text("CREATE DATABASE IF NOT EXISTS al_other"))
        there.drop(connection, if_exists=True)
        there.create(connection)
        assert connection.execute(insert(there), [{"a b": 1}, {"a b": 2}]).rowcount == 2
        assert connection.execute(select(func.sum(there.c["a b"]))).scalar() == 3
        connection.execute(text("DROP DATABASE al_other"))


def test_a_column_with_a_key_and_a_default_of_its_own(kinds: Engine) -> None:
    keyed = Table(
        "al_keyed",
        MetaData(),
        Column("a b", ch.Int32, key="ab"),
        Column("made", ch.Int32, default=func.abs(-7)),
        engines.Memory(),
    )
    with kinds.connect() as connection:
        keyed.drop(connection, if_exists=True)
        keyed.create(connection)
        connection.execute(insert(keyed), [{"ab": 1}, {"ab": 2}])
        connection.execute(insert(keyed).values(ab=3))
        found = connection.execute(select(keyed).order_by(keyed.c.ab)).all()
        keyed.drop(connection)
    assert [tuple(row) for row in found] == [(1, 7), (2, 7), (3, 7)]


@pytest.mark.parametrize("method", [None, "multi"])
def test_pandas_writes_a_frame(kinds: Engine, method: Any) -> None:
    frame = pandas.DataFrame({"i": [1, 2], "note": ["a", "b"]})
    with kinds.connect() as connection:
        assert frame.to_sql("al_kinds", connection, if_exists="append", index=False, method=method) == 2
        assert connection.execute(select(func.count()).select_from(KINDS)).scalar() == 2


_FAR = """
from datetime import datetime
from sqlalchemy import create_engine, insert, select, text
from sqlalchemy import Column, MetaData
from clickhouse_sqlalchemy import Table, engines, types as ch
engine = create_engine("clickhouse+chdb:///{path}?database=default")
seen = Table("seen", MetaData(), Column("at", ch.DateTime), Column("ms", ch.DateTime64(3)), engines.Memory())
with engine.connect() as connection:
    seen.create(connection)
    connection.execute(insert(seen), [{{"at": datetime(2024, 1, 1), "ms": datetime(2024, 1, 1)}}])
    row = connection.execute(text("SELECT toUnixTimestamp(at), toUnixTimestamp64Milli(ms) FROM seen")).one()
    back = connection.execute(select(seen)).one()
print(*row, back[0].isoformat(), back[1].isoformat())
"""


def test_a_naive_time_is_utc_on_a_host_in_tokyo(tmp_path: Path) -> None:
    words = [sys.executable, "-c", _FAR.format(path=tmp_path / "store")]
    done = subprocess.run(words, env={"TZ": "Asia/Tokyo"}, capture_output=True, text=True, check=True)
    midnight = "2024-01-01T00:00:00+00:00"
    assert done.stdout.split() == ["1704067200", "1704067200000", midnight, midnight]
