"""Filters: `{column, op, value}` or `{column, op: "in", values}`, values as text or already of the column's type.

`forms` says in which other forms they may be written.
"""

from __future__ import annotations

import math
import operator
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime
from decimal import Decimal, InvalidOperation
from ipaddress import ip_address
from typing import Any
from uuid import UUID

from clickhouse_sqlalchemy import types as ch
from sqlalchemy import BindParameter, ColumnElement, FromClause, Function, Table, bindparam, func, not_, type_coerce

from chimera_metrics.analytics.arguments import conditions
from chimera_metrics.analytics.errors import QuestionError, unknown
from chimera_metrics.analytics.expressions import NESTED, base_name, item_type, plain, type_name
from chimera_metrics.analytics.metrics.clock import CLOCK, ClockPart, is_clock, own_name
from chimera_metrics.analytics.metrics.filter_texts import checked_text, filter_in
from chimera_metrics.analytics.metrics.forms import (
    EXAMPLE,
    FIELDS,
    OF_MANY,
    OF_NONE,
    OPERATORS,
    one_value,
    plain_filter,
    spelled_out,
)
from chimera_metrics.analytics.tables import column_of, columns_of
from chimera_metrics.models.ddl import FixedString

_TEXT_ONLY = frozenset({"like", "not like", "ilike"})
_COMPARE: dict[str, Callable[[Any, Any], Any]] = {
    "=": operator.eq,
    "!=": operator.ne,
    "<": operator.lt,
    "<=": operator.le,
    ">": operator.gt,
    ">=": operator.ge,
    "like": lambda column, value: column.like(value),
    "not like": lambda column, value: column.not_like(value),
    "ilike": lambda column, value: column.ilike(value),
}


@dataclass(frozen=True, slots=True)
class Filter:
    """One condition on a column; `values` hold the column's type, one of them except for `in`, `not in` and `is null`.

    A row whose column is null meets no condition but `is null`: so SQL has it.
    """

    column: str
    op: str
    values: tuple[Any, ...]

    def clause(self, rows: FromClause) -> ColumnElement[bool]:
        """The condition on `rows`, a table, rollup or subquery that has the column."""
        return self.on(rows.c[self.column])

    def on(self, column: ColumnElement[Any]) -> ColumnElement[bool]:
        """The condition on what stands for the column. Values are bound parameters."""
        if self.op in OF_NONE:
            return column.is_(None) if self.op == "is null" else column.is_not(None)
        values = [bindparam(self.column, value, _bound(column.type, value), unique=True) for value in self.values]
        if type_name(column.type) == "lists":
            held = func.hasAny(column, _array(values)) if self.op in OF_MANY else func.has(column, values[0])
            return not_(held) if self.op in ("!=", "not in") else held
        if type_name(column.type) == "addresses":
            # clickhouse-sqlalchemy takes what an address is compared with for a network.
            column = type_coerce(column, ch.String())
        if self.op in OF_MANY:
            return column.in_(values) if self.op == "in" else column.not_in(values)
        compared: ColumnElement[bool] = _COMPARE[self.op](column, values[0])
        return compared


def _array(values: Sequence[BindParameter[Any]]) -> ColumnElement[Any]:
    # `func.array` is PostgreSQL's to SQLAlchemy, and comes without types.
    return Function("array", *values)


def _bound(type_: Any, value: Any) -> Any:
    """The type of a parameter. Nullable and LowCardinality have no literal form, the types inside them have."""
    inner = plain(type_)
    return ch.String() if isinstance(value, str) or type_name(inner) == "lists" else inner


def filter_of(table: Table, given: Mapping[str, Any] | Filter) -> Filter:
    """The filter that `given` states for `table`, checked and with its values cast."""
    if isinstance(given, Filter):
        if not is_clock(table, given.column):
            column_of(table, given.column)
        return given
    if not isinstance(given, Mapping):
        raise QuestionError(f"A filter is {{column, op, value}}; {given!r} is none. Write it such as {EXAMPLE}.")
    _check_fields(given)
    given = {**given, "column": own_name(table, str(given["column"]))}
    if is_clock(table, str(given["column"])):
        return _of_clock(CLOCK[str(given["column"])], plain_filter(given))
    if str(given["column"]) not in columns_of(table):
        raise unknown("column", str(given["column"]), [*columns_of(table), *CLOCK], f"{table.name} has")
    column = column_of(table, str(given["column"]))
    given = plain_filter(given)
    op = given["op"]
    if op not in OPERATORS:
        raise unknown("operator", op, OPERATORS, "The operators are")
    where = f"{table.name}.{column.name}"
    values = one_value(given, where)
    held = type_name(column.type)
    if op in OF_NONE and held not in NESTED:
        return Filter(column.name, op, ())
    if held == "lists":
        return Filter(column.name, _of_list(op, where), _items(values, column.type, where))
    if held in NESTED:
        raise QuestionError(
            f"{where} holds {held}, which a filter cannot look into; name the part in the SQL of `query`."
        )
    if op in _TEXT_ONLY and held != "text":
        raise QuestionError(f"`{op}` is for text, and {where} holds {held}; use = or in.")
    if op in _TEXT_ONLY:
        return Filter(column.name, op, (str(values[0]),))
    return Filter(column.name, op, tuple(cast(value, column.type, where) for value in values))


def _of_clock(part: ClockPart, given: Mapping[str, Any]) -> Filter:
    """A condition on what the clock shows, which is a whole number in every row."""
    op = given["op"]
    if (op not in _COMPARE and op not in OF_MANY) or op in _TEXT_ONLY:
        takes = [one for one in OPERATORS if one not in _TEXT_ONLY and one not in OF_NONE]
        raise unknown("operator", op, takes, f"A filter on {part.name} takes")
    return Filter(part.name, op, tuple(map(part.number, one_value(given, part.name))))


def allows(filters: Sequence[Filter], part: str, number: int) -> bool:
    """Whether rows at whose time the clock showed this number may meet the filters."""
    own = (one for one in filters if one.column == part)
    return all(
        (number in one.values) == (one.op == "in")
        if one.op in OF_MANY
        else bool(_COMPARE[one.op](number, one.values[0]))
        for one in own
    )


def filters_of(table: Table, given: Any) -> tuple[Filter, ...]:
    """All of `given`; rows must meet every one. A single one may stand without a list around it."""
    if (listed := filter_in(given)) is not None:
        given = (listed,)
    elif isinstance(given, str):
        given = checked_text(given)
    return tuple(filter_of(table, one) for one in ((given,) if isinstance(given, Filter) else stated(table, given)))


def stated(table: Table, given: Any) -> list[Any]:
    """The filters that `given` states, each in the form that is documented."""
    found: list[Any] = []
    columns = {*columns_of(table), *CLOCK}
    for one in conditions(given):
        if isinstance(one, str):
            found += checked_text(one)
        elif (listed := filter_in(one)) is not None:
            found.append(listed)
        else:
            found += spelled_out(one, columns) if isinstance(one, Mapping) else [one]
    return found


def _of_list(op: str, where: str) -> str:
    """The operator, which must be one for lists: = means that the list holds the value."""
    if op not in ("=", "!=", "in", "not in"):
        raise QuestionError(
            f"{where} holds lists: = and in ask whether a list holds a value, != and not in whether it does not."
        )
    return op


def _items(values: Sequence[Any], type_: Any, where: str) -> tuple[Any, ...]:
    """The values as items of a list. A list of lists has none that a filter could name."""
    inner = item_type(type_)
    if type_name(inner) in NESTED:
        raise QuestionError(f"{where} holds lists of {type_name(inner)}; look into them in the SQL of `query`.")
    return tuple(cast(value, inner, where) for value in values)


def cast(value: Any, type_: Any, where: str) -> Any:
    """`value`, often text, as a value of the column's type; a QuestionError says what the column takes."""
    held = type_name(type_)
    try:
        if isinstance(value, Mapping | list | tuple | set | bytes):
            raise ValueError
        make: Callable[[Any, Any], Any] = _CASTS.get(held, _word)
        return make(value, type_)
    except (ValueError, KeyError, InvalidOperation, OverflowError):
        part = "; `like` takes a part" if isinstance(plain(type_), FixedString) else ""
        raise QuestionError(f"'{value}' is not a value for {where}, which takes {_takes(type_)}{part}.") from None


def _check_fields(given: Mapping[str, Any]) -> None:
    for field in given:
        if field not in FIELDS:
            raise unknown("field of a filter", str(field), FIELDS, "A filter has")
    if not given.get("column"):
        raise QuestionError(f"A filter needs a column: write {{column, op, value}}. An example is {EXAMPLE}.")


def _time(value: Any, _: Any) -> datetime:
    moment = value if isinstance(value, datetime) else datetime.fromisoformat(str(value).strip())
    return moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment.astimezone(UTC)


def _number(value: Any, type_: Any) -> int | float | Decimal:
    name = base_name(type_)
    if name.startswith("Decimal"):
        exact = Decimal(str(value).strip())
        if not exact.is_finite():
            raise ValueError
        return exact
    number = float(value)
    if not math.isfinite(number):
        raise ValueError
    if "Int" in name:
        whole = Decimal(str(value).strip())
        # 2.5 is a fair bound of whole numbers.
        return int(whole) if whole == whole.to_integral_value() else number
    return number


def _id(value: Any, _: Any) -> str:
    return str(UUID(str(value).strip()))


def _boolean(value: Any, _: Any) -> bool:
    return {"true": True, "1": True, "false": False, "0": False}[str(value).strip().lower()]


def _date(value: Any, _: Any) -> str:
    return date.fromisoformat(str(value).strip()).isoformat()


def _clock(value: Any, _: Any) -> str:
    text = str(value).strip()
    if not _CLOCK.fullmatch(text):
        raise ValueError
    return text


def _address(value: Any, _: Any) -> str:
    return str(ip_address(str(value).strip()))


def _word(value: Any, type_: Any) -> str:
    text, inner = str(value), plain(type_)
    if isinstance(inner, FixedString) and inner.length == _COMMIT and not re.fullmatch("[0-9a-f]{40}", text):
        raise ValueError
    if isinstance(inner, ch.Enum) and text not in inner.enums:
        raise ValueError
    return text


_COMMIT = 40
_CLOCK = re.compile(r"-?\d{1,3}:\d\d:\d\d(\.\d{1,9})?")
_CASTS: dict[str, Callable[[Any, Any], Any]] = {
    "times": _time,
    "numbers": _number,
    "ids": _id,
    "booleans": _boolean,
    "dates": _date,
    "clocks": _clock,
    "addresses": _address,
}


def _takes(type_: Any) -> str:
    inner = plain(type_)
    if isinstance(inner, FixedString):
        return f"{inner.length} hexadecimal digits in lower case"
    if isinstance(inner, ch.Enum):
        return ", ".join(inner.enums)
    return {
        "times": "an ISO 8601 time such as 2026-06-01T08:30:00Z",
        "numbers": "a number",
        "ids": "a UUID such as 6f1c1c9e-6d0e-4a55-9d5e-0b2f3a1c4d5e",
        "booleans": "true or false",
        "dates": "an ISO 8601 date such as 2026-06-01",
        "clocks": "a time such as 12:30:00",
        "addresses": "an IP address such as 192.0.2.1",
    }.get(type_name(inner), "text")
