"""Reflection finds what is in the store, on both engines, and what it finds can be made again."""

from __future__ import annotations

from collections.abc import Iterator

import pandas  # type: ignore[import-untyped]  # its stubs are a package of their own
import pytest
from clickhouse_sqlalchemy import Table, engines
from clickhouse_sqlalchemy import types as ch
from sqlalchemy import Column, Engine, MetaData, create_engine, inspect, text
from sqlalchemy.exc import NoSuchTableError
from sqlalchemy.ext.automap import automap_base
from sqlalchemy.schema import CreateTable

from chimera_metrics.integrations.clickhouse.reflection import type_of
from chimera_metrics.models import FACT_TABLES

PLACES = Table(
    "al places",
    MetaData(),
    Column("id", ch.Int32, primary_key=True, comment="C:\\temp\\new 100% 'x'"),
    Column("word", ch.LowCardinality(ch.Nullable(ch.String))),
    Column("zoned", ch.DateTime64(6, "Europe/Berlin")),
    Column("tags", ch.Array(ch.String)),
    engines.ReplacingMergeTree(order_by=("id",)),
    comment="it's\\n 5%",
)
TYPES = [
    "Array(Nullable(DateTime64(3, 'UTC')))",
    "AggregateFunction(quantiles(0.5, 0.9), UInt32)",
    "Bool",
    "DateTime('Asia/Tokyo')",
    "Decimal(38, 10)",
    "Enum8('a' = 1, 'it\\'s, = (2)' = -2)",
    "FixedString(40)",
    "IPv6",
    "JSON",
    "LowCardinality(Nullable(String))",
    "Map(LowCardinality(String), Array(UInt8))",
    "SimpleAggregateFunction(sum, UInt64)",
    "Time64(3)",
    "Tuple(String, Map(String, UInt8))",
    "Tuple(a UInt8, `b c` String)",
    "Variant(String, UInt64)",
    "UInt256",
    "DateTime64(9)",
    "Date32",
]


@pytest.fixture
def places(engine: Engine) -> Iterator[Engine]:
    with engine.connect() as connection:
        PLACES.drop(connection, if_exists=True)
        PLACES.create(connection)
        connection.execute(text('CREATE OR REPLACE VIEW al_view AS SELECT id FROM "al places"'))
        yield engine
        connection.execute(text("DROP VIEW al_view"))
        PLACES.drop(connection)


def test_the_inspector_lists_the_database(places: Engine) -> None:
    found = inspect(places)
    assert {"al places", "al_sales", "al_shops", *FACT_TABLES} <= set(found.get_table_names())
    assert {"al_view", "llm_events_hourly_mv"} <= set(found.get_view_names())
    assert "al_view" not in found.get_materialized_view_names()
    assert "SELECT id" in found.get_view_definition("al_view")
    assert (found.has_table("al places"), found.has_table("al_nothing")) == (True, False)
    assert "al places" not in found.get_table_names(schema="system")


def test_the_inspector_describes_a_table(places: Engine) -> None:
    found = inspect(places)
    columns = {column["name"]: column for column in found.get_columns("al places")}
    assert [column["nullable"] for column in columns.values()] == [False, True, False, False]
    assert columns["id"]["comment"] == "C:\\temp\\new 100% 'x'"
    assert list(found.get_pk_constraint("al places")["constrained_columns"]) == ["id"]
    assert found.get_table_comment("al places") == {"text": "it's\\n 5%"}
    assert not found.get_indexes("al places")
    assert not found.get_unique_constraints("al places")
    with pytest.raises(NoSuchTableError):
        found.get_columns("al_nothing")


def test_a_table_of_the_same_name_elsewhere_is_another(places: Engine) -> None:
    with places.connect() as connection:
        connection.execute(text("CREATE DATABASE IF NOT EXISTS al_twin"))
        connection.execute(text("CREATE TABLE al_twin.al_sales (z Int8) ENGINE = MergeTree ORDER BY z"))
        found = inspect(connection)
        assert [column["name"] for column in found.get_columns("al_sales", schema="al_twin")] == ["z"]
        assert list(found.get_pk_constraint("al_sales")["constrained_columns"]) == ["id"]
        assert found.get_table_names(schema="al_twin") == ["al_sales"]
        connection.execute(text("DROP DATABASE al_twin"))


def test_everything_is_reflected_and_can_be_made_again(places: Engine) -> None:
    metadata = MetaData()
    metadata.reflect(places)
    assert {"al places", *FACT_TABLES} <= set(metadata.tables)
    again = metadata.tables["al places"]
    with places.connect() as connection:
        # The key was said by the order alone, and is reflected as a key too.
        before = connection.execute(text("SHOW CREATE TABLE `al places`")).scalar()
        before = str(before).replace("ORDER BY id", "PRIMARY KEY id\nORDER BY id")
        again.drop(connection)
        connection.exec_driver_sql(str(CreateTable(again).compile(connection)).replace("%%", "%"))
        assert connection.execute(text("SHOW CREATE TABLE `al places`")).scalar() == before


@pytest.mark.parametrize("spec", TYPES)
def test_a_reflected_type_compiles_to_its_own_name(engine: Engine, spec: str) -> None:
    assert engine.dialect.type_compiler_instance.process(type_of(spec)) == spec


def test_automap_maps_the_tables(places: Engine) -> None:
    base = automap_base()
    base.prepare(autoload_with=places)
    assert {"al_sales", "al_shops", "ui_events"} <= set(base.classes.keys())


def test_autoload_and_pandas_read_a_table(places: Engine) -> None:
    from sqlalchemy import Table as PlainTable

    loaded = PlainTable("al_shops", MetaData(), autoload_with=places)
    assert list(loaded.columns.keys()) == ["shop", "city", "rank"]
    with places.connect() as connection:
        assert len(pandas.read_sql_table("al_sales", connection)) == 8


def test_a_store_without_a_database_in_its_url_reflects_too(tmp_path_factory: pytest.TempPathFactory) -> None:
    engine = create_engine(f"clickhouse+chdb:///{tmp_path_factory.mktemp('reflected')}?database=default")
    with engine.connect() as connection:
        connection.execute(text("CREATE TABLE plain (a Int8) ENGINE = Memory"))
        assert inspect(connection).get_table_names() == ["plain"]
    engine.dispose()
