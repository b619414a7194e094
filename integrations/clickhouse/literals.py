"""Python values as ClickHouse literals, the same on both engines, and SQLAlchemy's way to put them into a statement.

The drivers would each do this in their own way (clickhouse-driver cuts a datetime to whole seconds), so both DBAPIs
of ours take their text from here. A value that no type of ClickHouse holds is refused with a sentence.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from enum import Enum
from ipaddress import IPv4Address, IPv6Address
from typing import Any
from uuid import UUID

from chimera_metrics.integrations.errors import InvalidInput

_ESCAPES = str.maketrans(
    {"\\": "\\\\", "'": "\\'", "\b": "\\b", "\f": "\\f", "\n": "\\n", "\r": "\\r", "\t": "\\t", "\0": "\\0"}
)
#: The days that each type holds; beyond these the engine would take another day, without a word.
DAYS = {
    "Date": (date(1970, 1, 1), date(2149, 6, 6)),
    "Date32": (date(1900, 1, 1), date(2299, 12, 31)),
    "DateTime": (date(1970, 1, 1), date(2106, 2, 6)),
    "DateTime64": (date(1900, 1, 1), date(2299, 12, 31)),
}
# A number beyond 64 bits that stands in a statement is read as a Float64.
_WIDE = (("Int128", -(2**127), 2**127), ("Int256", -(2**255), 2**255), ("UInt256", 0, 2**256))


def quote(text: str) -> str:
    """A string literal."""
    return "'" + text.translate(_ESCAPES) + "'"


def quote_name(name: str) -> str:
    """A quoted identifier."""
    return "`" + name.replace("\\", "\\\\").replace("`", "\\`") + "`"


def literal(value: Any) -> str:
    """`value` as a ClickHouse literal that keeps every digit."""
    value = plain(value)
    for type_, render in _RENDERED:
        if isinstance(value, type_):
            return render(value)
    raise InvalidInput(f"A value of type {type(value).__name__} cannot be a parameter; give text, a number or a list.")


def plain(value: Any) -> Any:
    """A NumPy or pandas value as the Python value that it stands for; any other as it is."""
    module = type(value).__module__.partition(".")[0]
    if module == "pandas":
        # Its missing values are a datetime and an object; its timestamps are datetimes with nanoseconds.
        return None if type(value).__name__ in ("NaTType", "NAType") else value
    if module != "numpy":
        return value
    if type(value).__name__ == "datetime64" and value == value:
        whole = value.astype("datetime64[us]")
        if value != whole:
            raise InvalidInput(f"The time {value} has nanoseconds, which a Python datetime does not hold.")
        return whole.item()
    if hasattr(value, "tolist"):
        return value.tolist()
    return value


def _integer(value: int) -> str:
    number = int(value)
    if -(2**63) <= number < 2**64:
        return str(number)
    for type_, low, end in _WIDE:
        if low <= number < end:
            return f"to{type_}('{number}')"
    raise InvalidInput(f"The number {str(number)[:40]}… has more than the 256 bits that ClickHouse's integers have.")


def _float(value: float) -> str:
    if math.isfinite(value):
        return float.__repr__(value)
    return "nan" if value != value else "inf" if value > 0 else "-inf"


def _decimal(value: Decimal) -> str:
    if not value.is_finite():
        raise InvalidInput(f"Decimal('{value}') is no amount; give a finite Decimal, a float, or None.")
    text = format(value, "f")
    whole, _, places = text.lstrip("-").partition(".")
    digits = len(whole.lstrip("0")) + len(places)
    if digits > 76:
        raise InvalidInput(f"A Decimal has at most 76 digits on ClickHouse; this one has {digits}.")
    return f"toDecimal{128 if digits <= 38 else 256}({quote(text)}, {len(places)})"


def _moment(value: datetime) -> str:
    moment = value.replace(tzinfo=UTC) if value.tzinfo is None else value.astimezone(UTC)
    _within("DateTime64", moment.date(), value)
    nanoseconds = getattr(value, "nanosecond", 0)  # of pandas' timestamps
    if nanoseconds:
        return f"toDateTime64('{moment:%Y-%m-%d %H:%M:%S.%f}{nanoseconds:03}', 9, 'UTC')"
    # To a column of milliseconds, which the tables' times are, the engine compares milliseconds without a cast.
    if moment.microsecond % 1000:
        return f"toDateTime64('{moment:%Y-%m-%d %H:%M:%S.%f}', 6, 'UTC')"
    return f"toDateTime64('{moment:%Y-%m-%d %H:%M:%S}.{moment.microsecond // 1000:03}', 3, 'UTC')"


def _day(value: date) -> str:
    low, high = DAYS["Date"]
    if low <= value <= high:
        return f"toDate('{value.isoformat()}')"
    _within("Date32", value, value)
    return f"toDate32('{value.isoformat()}')"


def _within(type_: str, day: date, value: object) -> None:
    low, high = DAYS[type_]
    if not low <= day <= high:
        raise InvalidInput(f"{value} is outside the years {low.year} to {high.year} that ClickHouse's {type_} holds.")


def _duration(value: timedelta) -> str:
    # Always this unit: a cached statement reads every later answer by the type of the first.
    return f"toIntervalMicrosecond({value // timedelta(microseconds=1)})"


def _clock(value: time) -> str:
    if value.tzinfo is not None:
        raise InvalidInput(f"{value!r} has a zone, but a time of day has none on ClickHouse; give it without.")
    return f"toTime64('{value:%H:%M:%S.%f}', 6)" if value.microsecond else f"CAST('{value:%H:%M:%S}', 'Time')"


def _many(value: list[Any] | tuple[Any, ...] | set[Any] | frozenset[Any]) -> str:
    items = ", ".join(map(literal, value))
    if not isinstance(value, tuple):
        return f"[{items}]"
    return f"tuple({items})" if len(value) < 2 else f"({items})"


def _map(value: Mapping[Any, Any]) -> str:
    return "map(" + ", ".join(f"{literal(k)}, {literal(v)}" for k, v in value.items()) + ")"


# In this order, because a bool is an int, a datetime is a date, and an IntEnum is both.
_RENDERED: tuple[tuple[Any, Callable[[Any], str]], ...] = (
    (str, lambda value: literal(value.value) if isinstance(value, Enum) else quote(value)),
    (bool, lambda value: "true" if value else "false"),
    (Enum, lambda value: literal(value.value)),
    (int, _integer),
    (float, _float),
    (type(None), lambda _: "NULL"),
    (datetime, _moment),
    (date, _day),
    (Decimal, _decimal),
    (UUID, lambda value: f"toUUID('{value}')"),
    (bytes | bytearray | memoryview, lambda value: f"unhex('{bytes(value).hex()}')"),
    (list | tuple | set | frozenset, _many),
    (Mapping, _map),
    (timedelta, _duration),
    (time, _clock),
    (IPv4Address, lambda value: f"toIPv4('{value}')"),
    (IPv6Address, lambda value: f"toIPv6('{value}')"),
)


def format_pyformat(statement: str, parameters: Mapping[str, Any] | None) -> str:
    """Replaces `%(name)s`, SQLAlchemy's parameter style, by literals, and `%%` by `%`."""
    try:
        return statement % {name: literal(value) for name, value in (parameters or {}).items()}
    except (TypeError, ValueError, KeyError) as error:
        raise InvalidInput(
            f"The parameters do not fit the statement ({error}): write %(name)s for a parameter and %% for a percent "
            "sign."
        ) from None


def without_parameters(statement: str) -> str:
    """Text that was not compiled and has no parameters: `%%` is `%` where every one is doubled, as PEP 249 has it.

    Where one is not, as in `LIKE '%err%'` by pandas, the text means what it says.
    """
    single = "%" in statement.replace("%%", "")
    return statement if single else statement.replace("%%", "%")
