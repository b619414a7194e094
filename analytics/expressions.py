"""The few SQL constructs that SQLAlchemy and clickhouse-sqlalchemy lack, and questions about column types."""

from __future__ import annotations

import re
from datetime import UTC as UTC_TZ
from datetime import datetime
from typing import Any

from clickhouse_sqlalchemy import types as ch
from sqlalchemy import ColumnElement, Executable, literal_column
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.sql.compiler import SQLCompiler
from sqlalchemy.sql.expression import ClauseElement
from sqlalchemy.sql.functions import FunctionElement
from sqlalchemy.sql.selectable import Select
from sqlalchemy.sql.visitors import InternalTraversal

from chimera_metrics.models.ddl import EngineType, type_text

FLOAT = ch.Nullable(ch.Float64())


def constant(value: int | str) -> ColumnElement[Any]:
    """A number or word of an expression's own, as text: only what the question says becomes a bound parameter."""
    return literal_column(str(value) if isinstance(value, int) else f"'{value}'")


def utc_time(moment: datetime) -> ColumnElement[Any]:
    """A moment of an expression's own, in whole seconds."""
    return literal_column(f"toDateTime('{moment.astimezone(UTC_TZ):%Y-%m-%d %H:%M:%S}', 'UTC')")


ZERO = constant(0)
ONE = constant(1)
UTC = constant("UTC")


class Parametric(FunctionElement[Any]):
    """An aggregate with parameters: `quantileExactInclusive(0.95)(x)`.

    clickhouse-sqlalchemy's own `quantile` leaves the level out of its cache key: a cached p50 then answers for a p95.
    """

    inherit_cache = True
    _traverse_internals = [  # noqa: RUF012  # SQLAlchemy's way of stating the cache key
        *FunctionElement._traverse_internals,
        ("name", InternalTraversal.dp_string),
        ("parameters", InternalTraversal.dp_string),
    ]

    def __init__(self, name: str, parameters: tuple[float, ...], *arguments: ColumnElement[Any]) -> None:
        super().__init__(*arguments)
        self.name = name
        self.parameters = ", ".join(map(repr, parameters))
        self.type = FLOAT


@compiles(Parametric)
def _render_parametric(function: Parametric, compiler: SQLCompiler, **options: Any) -> str:
    return f"{function.name}({function.parameters}){compiler.process(function.clause_expr, **options)}"


class Estimate(Executable, ClauseElement):
    """`EXPLAIN ESTIMATE` of a Select: parts, rows and marks that it would read, by table, without running it."""

    inherit_cache = False

    def __init__(self, select: Select[Any]) -> None:
        self.select = select


@compiles(Estimate)
def _render_estimate(explain: Estimate, compiler: SQLCompiler, **options: Any) -> str:
    return f"EXPLAIN ESTIMATE {compiler.process(explain.select, **options)}"


def plain(type_: Any) -> Any:
    """The type inside `Nullable` and `LowCardinality`."""
    while isinstance(type_, ch.Nullable | ch.LowCardinality):
        type_ = type_.nested_type
    return type_


_NAME = re.compile(r"(?:(?:Nullable|LowCardinality)\()*(\w+)")
_CALLED = {
    "Bool": "booleans",
    "UUID": "ids",
    "Date": "dates",
    "Date32": "dates",
    "Time": "clocks",
    "Time64": "clocks",
    "IPv4": "addresses",
    "IPv6": "addresses",
    "Array": "lists",
    "Map": "maps",
    "Tuple": "tuples",
    "JSON": "objects",
}
NESTED = frozenset({"lists", "maps", "tuples", "objects"})


def base_name(type_: Any) -> str:
    """The engine's name of the type inside `Nullable` and `LowCardinality`, without its arguments."""
    found = _NAME.match(type_text(type_))
    return found[1] if found else ""


def is_number(type_: Any) -> bool:
    return type_name(type_) == "numbers"


def is_time(type_: Any) -> bool:
    return type_name(type_) == "times"


def type_name(type_: Any) -> str:
    """What a reader calls values of the type."""
    inner = plain(type_)
    if isinstance(inner, ch.DateTime):
        return "times"
    if isinstance(inner, ch.Int | ch.Float | ch.Decimal):
        return "numbers"
    name = base_name(inner)
    if name.startswith(("Int", "UInt", "Float", "Decimal")):
        return "numbers"
    return "times" if name.startswith("DateTime") else _CALLED.get(name, "text")


def item_type(type_: Any) -> Any:
    """The type of a list's items."""
    return EngineType(type_text(type_)[len("Array(") : -1])
