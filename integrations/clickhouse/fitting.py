"""Values from anywhere as their columns take them, or a DataError: what SQLAlchemy inserts comes unchecked.

The drivers would cut 1.9 to 1, cut an amount's digits off, take an unknown word of an Enum, read a naive time in the
zone of the host, and store a day that a type does not hold as another.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from datetime import UTC, date, datetime, time, timedelta
from decimal import ROUND_HALF_EVEN, Context, Decimal, InvalidOperation
from enum import Enum
from functools import lru_cache
from typing import Any
from uuid import UUID

from chimera_metrics.integrations.clickhouse.literals import DAYS, plain
from chimera_metrics.integrations.clickhouse.types import enum_members, parts_of

Fit = Callable[[Any], Any]

_INTEGER = re.compile(r"(?P<unsigned>U?)Int(?P<bits>8|16|32|64|128|256)")
_EXACT = Context(prec=90)


class Unfit(ValueError):
    """A value has no place in its column; says why, without the column's name."""


def fit(values: Sequence[Any], type_: str) -> list[Any]:
    """`values` as a column of `type_` takes them; raises Unfit."""
    one = fitter(type_)
    fitted = [one(plain(value)) for value in values]
    if any(isinstance(value, bytes) for value in fitted):
        # The codec writes a column of texts or one of bytes, and looks only at the first value.
        fitted = [value.encode() if isinstance(value, str) else value for value in fitted]
    return fitted


@lru_cache(maxsize=512)
def fitter(type_: str) -> Fit:
    """What brings a value to `type_`."""
    kind, inner = parts_of(type_)
    if kind in ("Nullable", "LowCardinality"):
        held = fitter(inner[0])
        return (lambda value: None if value is None else held(value)) if kind == "Nullable" else held
    if kind == "Array":
        return _required(_array(fitter(inner[0])), type_)
    if kind == "Map":
        return _required(_map(fitter(inner[0]), fitter(inner[1])), type_)
    if (integer := _INTEGER.fullmatch(kind)) is not None:
        bits = int(integer["bits"])
        low, high = (0, 2**bits - 1) if integer["unsigned"] else (-(2 ** (bits - 1)), 2 ** (bits - 1) - 1)
        return _required(_whole(low, high), type_)
    if kind.startswith("Decimal"):
        return _required(_amount(int(inner[0]), int(inner[1])), type_)
    if kind.startswith("Enum"):
        return _required(_word(enum_members(inner)), type_)
    if kind == "FixedString":
        return _required(_fixed(int(inner[0])), type_)
    made = _KINDS.get(kind)
    return _required(made, type_) if made is not None else lambda value: value


def _required(one: Fit, type_: str) -> Fit:
    def required(value: Any) -> Any:
        if value is None:
            raise Unfit(f"{type_} takes no NULL")
        return one(value)

    return required


def _refuse(value: Any, wanted: str) -> Unfit:
    return Unfit(f"{value!r:.80} is not {wanted}")


def _whole(low: int, high: int) -> Fit:
    def whole(value: Any) -> int:
        if isinstance(value, float | Decimal) and value == value and value % 1 == 0:
            value = int(value)
        if not isinstance(value, int):
            raise _refuse(value, "a whole number")
        if not low <= value <= high:
            raise Unfit(f"{value} is outside {low} to {high}")
        return int(value)

    return whole


def _float(value: Any) -> float:
    if not isinstance(value, int | float | Decimal):
        raise _refuse(value, "a number")
    return float(value)


def _amount(precision: int, scale: int) -> Fit:
    step, end = Decimal(1).scaleb(-scale), Decimal(10) ** (precision - scale)

    def amount(value: Any) -> Decimal:
        if not isinstance(value, int | float | Decimal):
            raise _refuse(value, "an amount")
        try:
            exact = Decimal(repr(value)) if isinstance(value, float) else Decimal(value)
            rounded = exact.quantize(step, rounding=ROUND_HALF_EVEN, context=_EXACT)
        except (InvalidOperation, OverflowError):
            raise _refuse(value, "an amount that Decimal holds") from None
        if not rounded.is_finite():
            raise _refuse(value, "a finite amount")
        if abs(rounded) >= end:
            raise Unfit(f"{value} is out of range: Decimal({precision}, {scale}) ends before {end}")
        return rounded

    return amount


def _word(members: dict[str, int]) -> Fit:
    values = set(members.values())

    def word(value: Any) -> Any:
        name = value.name if isinstance(value, Enum) else value
        if not (name in members if isinstance(name, str) else name in values):
            raise Unfit(f"{name!r} is none of its words: {', '.join(list(members)[:20])}")
        return name

    return word


def _text(value: Any) -> str | bytes:
    if isinstance(value, bytes | bytearray | memoryview):
        return bytes(value)
    if not isinstance(value, str):
        raise _refuse(value, "text or bytes")
    return value.value if isinstance(value, Enum) else str(value)


def _fixed(length: int) -> Fit:
    def fixed(value: Any) -> str | bytes:
        text = _text(value)
        size = len(text.encode() if isinstance(text, str) else text)
        if size > length:
            raise Unfit(f"{value!r:.80} has {size} bytes, not {length}")
        return text if isinstance(text, str) else text.ljust(length, b"\0")

    return fixed


def _bool(value: Any) -> bool:
    if value not in (0, 1):
        raise _refuse(value, "true or false")
    return bool(value)


def _day(type_: str) -> Fit:
    low, high = DAYS[type_]

    def day(value: Any) -> date:
        if isinstance(value, datetime):
            if value.timetz() != time(tzinfo=value.tzinfo):
                raise _refuse(value, "a date: it has a time of day")
            value = value.date()
        if not isinstance(value, date):
            raise _refuse(value, "a date")
        if not low <= value <= high:
            raise Unfit(f"{value} is outside {low} to {high}")
        return value

    return day


def _moment(type_: str) -> Fit:
    low, high = DAYS[type_]

    def moment(value: Any) -> Any:
        if not isinstance(value, datetime):
            if isinstance(value, int):
                return value  # ticks, as both drivers take them
            if not isinstance(value, date):
                raise _refuse(value, "a time")
            value = datetime(value.year, value.month, value.day, tzinfo=UTC)
        value = value.replace(tzinfo=UTC) if value.tzinfo is None else value.astimezone(UTC)
        if not low <= value.date() <= high:
            raise Unfit(f"{value} is outside {low} to {high}")
        return value

    return moment


def _clock(value: Any) -> timedelta:
    if isinstance(value, time):
        value = timedelta(hours=value.hour, minutes=value.minute, seconds=value.second, microseconds=value.microsecond)
    if not isinstance(value, timedelta):
        raise _refuse(value, "a time of day or a timedelta")
    return value


def _uuid(value: Any) -> UUID:
    if isinstance(value, UUID):
        return value
    try:
        return UUID(value)
    except (ValueError, AttributeError, TypeError):
        raise _refuse(value, "a UUID") from None


def _array(one: Fit) -> Fit:
    def array(value: Any) -> list[Any]:
        if not isinstance(value, list | tuple | set | frozenset):
            raise _refuse(value, "a list")
        return [one(plain(item)) for item in value]

    return array


def _map(key: Fit, held: Fit) -> Fit:
    def mapping(value: Any) -> dict[Any, Any]:
        if not isinstance(value, dict):
            raise _refuse(value, "a dict")
        return {key(plain(name)): held(plain(item)) for name, item in value.items()}

    return mapping


_KINDS: dict[str, Fit] = {
    "Float32": _float,
    "Float64": _float,
    "BFloat16": _float,
    "String": _text,
    "Bool": _bool,
    "Date": _day("Date"),
    "Date32": _day("Date32"),
    "DateTime": _moment("DateTime"),
    "DateTime64": _moment("DateTime64"),
    "Time": _clock,
    "Time64": _clock,
    "UUID": _uuid,
}
