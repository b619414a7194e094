"""Streams, row counts, mutations and entities on both engines."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from clickhouse_sqlalchemy import engines
from clickhouse_sqlalchemy import select as ch_select
from clickhouse_sqlalchemy import types as ch
from sqlalchemy import Engine, delete, func, insert, literal, select, text, update
from sqlalchemy.orm import DeclarativeBase, Mapped, Session, aliased, mapped_column

from chimera_metrics.integrations.clickhouse import dbapi
from chimera_metrics.integrations.clickhouse.executor import Executor
from chimera_metrics.integrations.config import ClickHouseSettings
from tests.alchemy.tables import SALES as s
from tests.alchemy.tables import SALES_ROWS
from tests.alchemy.tables import SHOPS as p

MANY = text("SELECT number FROM numbers(10000000)")


class Base(DeclarativeBase):
    pass


class Reading(Base):
    __tablename__ = "al_readings"
    id: Mapped[int] = mapped_column(ch.UInt32, primary_key=True)
    place: Mapped[str] = mapped_column(ch.String)
    values: Mapped[list[int]] = mapped_column(ch.Array(ch.Int32))
    __table_args__ = (engines.ReplacingMergeTree(order_by=("id",), sample_by="id"),)


R = Reading


@pytest.fixture
def readings(engine: Engine) -> Any:
    rows = [{"id": index, "place": "ab"[index % 2], "values": [index, -index]} for index in range(6)]
    with engine.connect() as connection:
        Base.metadata.drop_all(connection)
        Base.metadata.create_all(connection)
        connection.execute(insert(R), rows)
        yield engine
        Base.metadata.drop_all(connection)


@pytest.mark.parametrize(
    ("statement", "expected"),
    [
        (ch_select(R).limit_by([R.place], 1).order_by(R.id), [0, 1]),
        (ch_select(R.id).limit_by([R.place], 2, offset=1).order_by(R.id), [2, 3, 4, 5]),
        (ch_select(R.id, R.values).array_join(R.values).where(R.id == 3), [3, 3]),
        (ch_select(R.id).left_array_join(R.values).where(R.id == 2), [2, 2]),
        (ch_select(R.id).sample(1).order_by(R.id).limit(2), [0, 1]),
        (ch_select(R.id).final().sample(1).array_join(R.values).where(R.id == 4), [4, 4]),
        (ch_select(R).final().order_by(R.id.desc()).limit(1), [5]),
        (ch_select(func.count()).select_from(ch_select(R.id).limit_by([R.place], 1).subquery()), [2]),
    ],
)
def test_an_entity_keeps_the_clauses_of_clickhouse(readings: Engine, statement: Any, expected: list[int]) -> None:
    with readings.connect() as connection:
        assert [row[0] for row in connection.execute(statement)] == expected


def test_the_sample_of_an_entity_is_a_part(readings: Engine) -> None:
    statement = ch_select(R.id).sample(0.5)
    assert "SAMPLE 0.5" in str(statement.compile(readings, compile_kwargs={"literal_binds": True}))


def test_an_alias_of_an_entity_and_a_session(readings: Engine) -> None:
    other = aliased(R)
    with Session(readings) as session:
        assert session.scalars(ch_select(other.id).limit_by([other.place], 1).order_by(other.id)).all() == [0, 1]
        session.add(R(id=10, place="c", values=[1]))
        session.flush()
        assert session.scalar(select(func.count()).select_from(R)) == 7
        assert session.get(R, 10).place == "c"  # type: ignore[union-attr]


def test_a_stream_left_early_leaves_the_pool_in_order(engine: Engine) -> None:
    for _ in range(3):
        with engine.connect() as connection:
            rows = connection.execution_options(stream_results=True).execute(MANY)
            assert rows.fetchone() == (0,)
    with engine.connect() as connection:
        assert connection.execute(text("SELECT 1")).scalar() == 1


def test_a_stream_that_is_closed_and_its_connection_used_again(engine: Engine) -> None:
    with engine.connect() as connection:
        rows = connection.execution_options(stream_results=True, max_row_buffer=10).execute(MANY)
        assert [tuple(row) for row in rows.fetchmany(2)] == [(0,), (1,)]
        rows.close()
        assert connection.execute(text("SELECT 2")).scalar() == 2
        assert connection.execute(insert(p), [{"shop": "zz", "city": "", "rank": 0}]).rowcount == 1
        connection.execute(delete(p).where(p.c.shop == "zz"))


def test_a_result_whose_connection_went_on_says_so(native: ClickHouseSettings) -> None:
    executor = Executor(native)
    connection: dbapi.Connection = executor.engine.raw_connection().driver_connection  # type: ignore[assignment]
    first = connection.run("SELECT number FROM numbers(10000000)")
    rows = first.rows()
    next(rows)
    with connection.run("SELECT 1") as second:
        assert list(second.rows()) == [(1,)]
    with pytest.raises(dbapi.InterfaceError, match="has run another statement"):
        list(rows)
    executor.close()


def test_the_number_of_rows_is_known(engine: Engine) -> None:
    with engine.connect() as connection:
        assert connection.execute(select(s.c.id)).rowcount == len(SALES_ROWS)
        assert (
            connection.execute(insert(p), [{"shop": f"n{index}", "city": "", "rank": 0} for index in range(5)]).rowcount
            == 5
        )
        connection.execute(delete(p).where(p.c.shop.like("n_")))
        assert connection.execute(select(func.count()).select_from(p)).scalar() == 4


def test_a_change_is_done_when_it_says_so(engine: Engine) -> None:
    with engine.connect() as connection:
        connection.execute(insert(p), [{"shop": "x%\\", "city": "a", "rank": 5}])
        connection.execute(update(p).where(p.c.shop == "x%\\").values(city=p.c.city + "%\\", rank=p.c.rank + 1))
        assert connection.execute(select(p.c.city, p.c.rank).where(p.c.shop == "x%\\")).one() == ("a%\\", 6)
        # The subquery's `shop` is its own, not the table's that is changed.
        missing = p.c.shop.not_in(select(s.c.shop).where(s.c.shop == "east").union_all(select(literal("north"))))
        connection.execute(delete(p).where(missing, p.c.rank == 6))
        assert connection.execute(select(func.count()).where(p.c.rank == 6).select_from(p)).scalar() == 0


@pytest.mark.parametrize(
    ("expression", "expected"),
    [
        ("CAST('10:11:12', 'Time')", timedelta(hours=10, minutes=11, seconds=12)),
        ("toTime64('10:11:12.123456', 6)", timedelta(hours=10, minutes=11, seconds=12, microseconds=123456)),
        ("CAST('-100:00:01', 'Time')", -timedelta(hours=100, seconds=1)),
        ("toDateTime64('2024-01-01 00:00:00.999999999', 9, 'UTC')", datetime(2024, 1, 1, 0, 0, 0, 999999, UTC)),
        ("toDateTime64('1960-01-01 00:00:00.9999999', 7, 'UTC')", datetime(1960, 1, 1, 0, 0, 0, 999999, UTC)),
        ("[toDateTime64('2024-01-01 00:00:00.123', 3, 'UTC')]", [datetime(2024, 1, 1, 0, 0, 0, 123000, UTC)]),
        (
            "toDateTime64('2024-07-01 00:00:00', 0, 'Europe/Berlin')",
            datetime(2024, 7, 1, tzinfo=ZoneInfo("Europe/Berlin")),
        ),
        ("toIntervalMillisecond(3)", 3),
        ("toIntervalQuarter(1)", 1),
        ("toBFloat16(1.5)", 1.5),
        ("CAST(NULL, 'Nullable(DateTime64(9))')", None),
        ("map('a', toDateTime('2024-01-01 00:00:00', 'UTC'))", {"a": datetime(2024, 1, 1, tzinfo=UTC)}),
    ],
)
def test_a_type_is_read_alike_on_both_engines(engine: Engine, expression: str, expected: Any) -> None:
    with engine.connect() as connection:
        assert connection.exec_driver_sql(f"SELECT {expression}").scalar() == expected


def test_a_select_means_the_same_to_the_executor(settings: ClickHouseSettings) -> None:
    numbers = func.numbers(3).table_valued("number", name="a")
    other = func.numbers(1).table_valued("number", name="b")
    joined = (
        select(numbers.c.number).outerjoin(other, numbers.c.number == other.c.number).where(other.c.number.is_(None))
    )
    executor = Executor(settings)
    assert sorted(executor.read(joined).rows) == [(1,), (2,)]
    executor.close()
