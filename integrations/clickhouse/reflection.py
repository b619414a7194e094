"""What `inspect(engine)` and `MetaData.reflect` see: asked of the database of the session, never of the URL's path."""

from __future__ import annotations

import enum
import re
from collections.abc import Callable
from typing import Any

from clickhouse_sqlalchemy import types as ch
from clickhouse_sqlalchemy.drivers.base import ClickHouseDialect
from clickhouse_sqlalchemy.drivers.reflection import ClickHouseInspector
from sqlalchemy import exc, text
from sqlalchemy.engine import reflection
from sqlalchemy.engine.reflection import ReflectionDefaults
from sqlalchemy.types import TypeEngine, UserDefinedType

from chimera_metrics.integrations.clickhouse.types import enum_members, parts_of
from chimera_metrics.integrations.validation.type_texts import split

_FIELD = re.compile(r"(?:`(?:[^`\\]|\\.)*`|\w+)\s+(?P<type>[A-Z].*)", re.DOTALL)
_DECIMALS = {"Decimal32": 9, "Decimal64": 18, "Decimal128": 38, "Decimal256": 76}


class RawType(UserDefinedType[Any]):
    """A type that clickhouse-sqlalchemy has no class for, by the name that ClickHouse has for it."""

    __visit_name__ = "ch_raw"
    cache_ok = True

    def __init__(self, spec: str) -> None:
        self.spec = spec

    def get_col_spec(self, **_: Any) -> str:
        return self.spec


def type_of(spec: str) -> TypeEngine[Any]:
    """ClickHouse's name of a type as a SQLAlchemy type that compiles to the same name."""
    kind, parts = parts_of(spec)
    build = _BUILT.get(kind)
    try:
        return build(kind, parts) if build is not None else RawType(spec)
    except (ValueError, TypeError, IndexError):
        return RawType(spec)


def _inner(spec: str) -> Any:
    """An inner type; one without arguments as its class, as clickhouse-sqlalchemy has it."""
    made = type_of(spec)
    return type(made) if spec in _SIMPLE else made


def _enum(kind: str, parts: list[str]) -> TypeEngine[Any]:
    names = enum_members(parts)
    # What Python takes no name of an Enum from.
    if not names or any(name in ("", "mro") or name.startswith("_") for name in names):
        return RawType(f"{kind}({', '.join(parts)})")
    made: TypeEngine[Any] = getattr(ch, kind)(enum.Enum("reflected", names))
    return made


def _decimal(kind: str, parts: list[str]) -> TypeEngine[Any]:
    if kind in _DECIMALS:
        return ch.Decimal(_DECIMALS[kind], int(parts[0]))  # type: ignore[no-any-return]
    return ch.Decimal(*map(int, parts))  # type: ignore[no-any-return]


def _aggregate(kind: str, parts: list[str]) -> TypeEngine[Any]:
    made: TypeEngine[Any] = getattr(ch, kind)(parts[0], *map(type_of, parts[1:]))
    return made


def _tuple(kind: str, parts: list[str]) -> TypeEngine[Any]:
    if any(_FIELD.fullmatch(part) for part in parts):
        return RawType(f"Tuple({', '.join(parts)})")
    return ch.Tuple(*map(_inner, parts))  # type: ignore[no-any-return]


_SIMPLE: dict[str, type[TypeEngine[Any]]] = {
    **{name: getattr(ch, name) for name in ("String", "UUID", "IPv4", "IPv6", "Date", "Date32", "Float32", "Float64")},
    **{f"{sign}Int{bits}": getattr(ch, f"{sign}Int{bits}") for sign in ("", "U") for bits in (8, 16, 32, 64, 128, 256)},
    "Bool": ch.Boolean,
}
_BUILT: dict[str, Callable[[str, list[str]], TypeEngine[Any]]] = {
    "Array": lambda _, parts: ch.Array(_inner(parts[0])),
    "Nullable": lambda _, parts: ch.Nullable(type_of(parts[0])),
    "LowCardinality": lambda _, parts: ch.LowCardinality(type_of(parts[0])),
    "Map": lambda _, parts: ch.Map(_inner(parts[0]), _inner(parts[1])),
    "Tuple": _tuple,
    "FixedString": lambda _, parts: ch.String(int(parts[0])),
    # A zone keeps its quotes, as clickhouse-sqlalchemy reads it; our type compiler knows both.
    "DateTime": lambda _, parts: ch.DateTime(*parts),
    "DateTime64": lambda _, parts: ch.DateTime64(int(parts[0]), *parts[1:]),
    "Decimal": _decimal,
    **dict.fromkeys(_DECIMALS, _decimal),
    "Enum8": _enum,
    "Enum16": _enum,
    "AggregateFunction": _aggregate,
    "SimpleAggregateFunction": _aggregate,
    **{name: lambda kind, _: _SIMPLE[kind]() for name in _SIMPLE},
}


def is_nullable(spec: str) -> bool:
    return spec.startswith(("Nullable(", "LowCardinality(Nullable("))


class Inspector(ClickHouseInspector):
    """As clickhouse-sqlalchemy's; an engine that it cannot read leaves the table without one, not unreflected."""

    def _reflect_engine(self, table_name: str, schema: str | None, table: Any) -> None:
        try:
            super()._reflect_engine(table_name, schema, table)
        except (ValueError, AttributeError, KeyError, TypeError, IndexError, exc.ArgumentError):
            table.engine = None


class Reflection(ClickHouseDialect):
    """The questions of reflection, each about one database."""

    inspector = Inspector

    def _database(self, connection: Any, schema: str | None) -> str:
        return schema or self.default_schema_name or self._get_default_schema_name(connection)

    def _names(self, connection: Any, schema: str | None, condition: str) -> list[str]:
        statement = text(f"SELECT name FROM system.tables WHERE database = :database AND {condition} ORDER BY name")
        rows = self._execute(connection, statement, database=self._database(connection, schema))
        return [row.name for row in rows]

    def _row(self, connection: Any, columns: str, table_name: str, schema: str | None) -> Any:
        """A row of system.tables; raises NoSuchTableError."""
        statement = text(f"SELECT {columns} FROM system.tables WHERE database = :database AND name = :name")
        rows = self._execute(connection, statement, database=self._database(connection, schema), name=table_name)
        row = rows.first()
        if row is None:
            raise exc.NoSuchTableError(f"{schema}.{table_name}" if schema else table_name)
        return row

    @reflection.cache
    def get_table_names(self, connection: Any, schema: str | None = None, **_: Any) -> list[str]:
        return self._names(connection, schema, r"engine NOT LIKE '%View' AND name NOT LIKE '.inner%'")

    @reflection.cache
    def get_view_names(self, connection: Any, schema: str | None = None, **_: Any) -> list[str]:
        return self._names(connection, schema, "engine LIKE '%View'")

    @reflection.cache
    def get_materialized_view_names(self, connection: Any, schema: str | None = None, **_: Any) -> list[str]:
        return self._names(connection, schema, "engine = 'MaterializedView'")

    @reflection.cache
    def get_view_definition(self, connection: Any, view_name: str, schema: str | None = None, **_: Any) -> str:
        return str(self._row(connection, "as_select", view_name, schema).as_select)

    def has_table(self, connection: Any, table_name: str, schema: str | None = None, **_: Any) -> bool:
        statement = text("SELECT count() FROM system.tables WHERE database = :database AND name = :name")
        database = self._database(connection, schema)
        return bool(self._execute(connection, statement, scalar=True, database=database, name=table_name))

    @reflection.cache
    def get_columns(self, connection: Any, table_name: Any, schema: str | None = None, **kw: Any) -> list[Any]:
        if not isinstance(table_name, str):  # clickhouse-sqlalchemy's own way to describe a subquery
            return list(super().get_columns(connection, table_name, schema, **kw))
        statement = text(
            "SELECT name, type, default_kind, default_expression, comment, compression_codec "
            "FROM system.columns WHERE database = :database AND table = :name ORDER BY position"
        )
        database = self._database(connection, schema)
        rows = self._execute(connection, statement, database=database, name=table_name).all()
        if not rows:
            self._row(connection, "name", table_name, schema)
        return [self._column(row) for row in rows]

    def _column(self, row: Any) -> dict[str, Any]:
        found: dict[str, Any] = self._get_column_info(
            row.name, row.type, row.default_kind, row.default_expression, row.comment
        )
        codec = row.compression_codec.removeprefix("CODEC(").removesuffix(")")
        options = {"clickhouse_codec": codec} if codec else {}
        if row.default_kind in ("MATERIALIZED", "ALIAS"):
            options[f"clickhouse_{row.default_kind.lower()}"] = text(row.default_expression)
        return found | {"nullable": is_nullable(row.type), "dialect_options": options}

    def _get_column_type(self, name: str, spec: str) -> TypeEngine[Any]:
        return type_of(spec)

    @reflection.cache
    def get_pk_constraint(self, connection: Any, table_name: str, schema: str | None = None, **_: Any) -> Any:
        key = self._row(connection, "primary_key", table_name, schema).primary_key
        columns = {column["name"] for column in self.get_columns(connection, table_name, schema)}
        # A key may be of expressions, which are no columns.
        names = [part.strip("`") for part in split(key)] if key else []
        return {"constrained_columns": tuple(name for name in names if name in columns), "name": None}

    @reflection.cache
    def get_table_comment(self, connection: Any, table_name: str, schema: str | None = None, **_: Any) -> Any:
        return {"text": self._row(connection, "comment", table_name, schema).comment or None}

    @reflection.cache
    def get_engine(self, connection: Any, table_name: str, schema: str | None = None, **_: Any) -> Any:
        columns = ["name", "engine_full", "engine", "partition_key", "sorting_key", "primary_key", "sampling_key"]
        row = self._row(connection, ", ".join(columns), table_name, schema)
        return {name: getattr(row, name) for name in columns}

    @reflection.cache
    def get_unique_constraints(self, connection: Any, table_name: str, schema: str | None = None, **_: Any) -> Any:
        return ReflectionDefaults.unique_constraints()

    @reflection.cache
    def get_check_constraints(self, connection: Any, table_name: str, schema: str | None = None, **_: Any) -> Any:
        return ReflectionDefaults.check_constraints()
