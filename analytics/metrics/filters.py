"""Filters: `{column, op, value}` or `{column, op: "in", values}`, values as text or already of the column's type."""

from __future__ import annotations

import math
import operator
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import Decimal, InvalidOperation
from typing import Any
from uuid import UUID

from clickhouse_sqlalchemy import types as ch
from sqlalchemy import ColumnElement, FromClause, Table, bindparam

from chimera_metrics.analytics.arguments import conditions
from chimera_metrics.analytics.errors import QuestionError, unknown
from chimera_metrics.analytics.expressions import is_number, is_time, plain, type_name
from chimera_metrics.analytics.tables import column_of
from chimera_metrics.models.ddl import FixedString

OPERATORS = ("=", "!=", "<", "<=", ">", ">=", "like", "in")
_COMPARE: dict[str, Callable[[Any, Any], ColumnElement[bool]]] = {
    "=": operator.eq,
    "!=": operator.ne,
    "<": operator.lt,
    "<=": operator.le,
    ">": operator.gt,
    ">=": operator.ge,
}
_FIELDS = ("column", "op", "value", "values")


@dataclass(frozen=True, slots=True)
class Filter:
    """One condition on a column; `values` hold the column's type, one of them except for `in`.

    A row whose column is null meets no condition, `!=` included: so SQL has it.
    """

    column: str
    op: str
    values: tuple[Any, ...]

    def clause(self, rows: FromClause) -> ColumnElement[bool]:
        """The condition on `rows`, a table, rollup or subquery that has the column. Values are bound parameters."""
        column = rows.c[self.column]
        # Nullable and LowCardinality have no literal form, the types inside them have.
        type_ = plain(column.type)
        if isinstance(type_, ch.UUID):
            type_ = ch.String()
        if self.op == "in":
            return column.in_([bindparam(None, value, type_, unique=True) for value in self.values])
        value = bindparam(self.column, self.values[0], type_, unique=True)
        return column.like(value) if self.op == "like" else _COMPARE[self.op](column, value)


def filter_of(table: Table, given: Mapping[str, Any] | Filter) -> Filter:
    """The filter that `given` states for `table`, checked and with its values cast."""
    if isinstance(given, Filter):
        column_of(table, given.column)
        return given
    if not isinstance(given, Mapping):
        raise QuestionError(f"A filter is {{column, op, value}}; {given!r} is none.")
    _check_fields(given)
    column = column_of(table, str(given["column"]))
    op = str(given.get("op", "=")).strip().lower()
    if op not in OPERATORS:
        raise unknown("operator", op, OPERATORS, "The operators are")
    where = f"{table.name}.{column.name}"
    values = _values(given, op, where)
    if op == "like" and (is_number(column.type) or type_name(column.type) in ("times", "ids")):
        raise QuestionError(f"`like` is for text, and {where} holds {type_name(column.type)}; use = or in.")
    if op == "like":
        return Filter(column.name, op, (str(values[0]),))
    return Filter(column.name, op, tuple(cast(value, column.type, where) for value in values))


def filters_of(table: Table, given: Sequence[Mapping[str, Any] | Filter]) -> tuple[Filter, ...]:
    """All of `given`; rows must meet every one. A single one may stand without a list around it."""
    return tuple(filter_of(table, one) for one in ((given,) if isinstance(given, Filter) else conditions(given)))


def cast(value: Any, type_: Any, where: str) -> Any:
    """`value`, often text, as a value of the column's type; a QuestionError says what the column takes."""
    inner = plain(type_)
    try:
        if isinstance(value, Mapping | list | tuple | set | bytes):
            raise ValueError
        if is_time(inner):
            return _time(value)
        if isinstance(inner, ch.UUID):
            return str(UUID(str(value).strip()))
        if is_number(inner):
            return _number(value, inner)
    except (ValueError, InvalidOperation, OverflowError):
        raise QuestionError(f"'{value}' is not a value for {where}, which takes {_takes(inner)}.") from None
    text = str(value)
    if isinstance(inner, FixedString) and not re.fullmatch(f"[0-9a-f]{{{inner.length}}}", text):
        raise QuestionError(f"'{text}' is not a value for {where}, which takes {_takes(inner)}; `like` takes a part.")
    return text


def _check_fields(given: Mapping[str, Any]) -> None:
    for field in given:
        if field not in _FIELDS:
            raise unknown("field of a filter", str(field), _FIELDS, "A filter has")
    if not given.get("column"):
        raise QuestionError("A filter needs a column: write {column, op, value}.")


def _values(given: Mapping[str, Any], op: str, where: str) -> Sequence[Any]:
    value, values = given.get("value"), given.get("values")
    if op == "in":
        if not values or isinstance(values, str) or value is not None:
            raise QuestionError(f"The filter on {where} with op 'in' needs `values`, a list of at least one value.")
        return list(values)
    if value is None or values is not None:
        raise QuestionError(f"The filter on {where} with op '{op}' needs one `value`; op 'in' takes `values`.")
    return [value]


def _time(value: Any) -> datetime:
    moment = value if isinstance(value, datetime) else datetime.fromisoformat(str(value).strip())
    return moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment.astimezone(UTC)


def _number(value: Any, inner: Any) -> int | float | Decimal:
    if isinstance(inner, ch.Decimal):
        exact = Decimal(str(value).strip())
        if not exact.is_finite():
            raise ValueError
        return exact
    number = float(value)
    if not math.isfinite(number):
        raise ValueError
    if isinstance(inner, ch.Int):
        whole = Decimal(str(value).strip())
        # 2.5 is a fair bound of whole numbers.
        return int(whole) if whole == whole.to_integral_value() else number
    return number


def _takes(inner: Any) -> str:
    if isinstance(inner, FixedString):
        return f"{inner.length} hexadecimal digits in lower case"
    return {
        "times": "an ISO 8601 time such as 2026-06-01T08:30:00Z",
        "numbers": "a number",
        "ids": "a UUID such as 6f1c1c9e-6d0e-4a55-9d5e-0b2f3a1c4d5e",
    }.get(type_name(inner), "text")
