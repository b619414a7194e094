"""The native protocol's columns as the embedded engine answers them, beside clickhouse-driver's own.

The driver reads a DateTime without zone in the zone of the server or of this machine, rounds what a float does not
hold of a DateTime64, drops the zeros of an amount, and knows neither Time nor the shorter intervals. Its readers of
nested types take what makes the inner column as an argument, so these columns reach into arrays and maps as well.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import UTC, date, datetime, timedelta, tzinfo
from decimal import ROUND_HALF_EVEN, Context, Decimal
from struct import Struct
from types import FunctionType, MethodType
from typing import Any
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from clickhouse_driver.columns import service
from clickhouse_driver.columns.arraycolumn import create_array_column
from clickhouse_driver.columns.base import FormatColumn
from clickhouse_driver.columns.decimalcolumn import (
    Decimal32Column,
    Decimal64Column,
    Decimal128Column,
    Decimal256Column,
)
from clickhouse_driver.columns.exceptions import ColumnTypeMismatchException, StructPackException
from clickhouse_driver.columns.intervalcolumn import IntervalColumn
from clickhouse_driver.columns.lowcardinalitycolumn import create_low_cardinality_column
from clickhouse_driver.columns.nestedcolumn import create_nested_column
from clickhouse_driver.columns.nullablecolumn import create_nullable_column
from clickhouse_driver.columns.simpleaggregatefunctioncolumn import create_simple_aggregate_function_column
from clickhouse_driver.columns.tuplecolumn import create_tuple_column
from clickhouse_driver.errors import TypeMismatchError
from clickhouse_driver.streams import native

from chimera_metrics.integrations.clickhouse.native_nested import json_column, map_column
from chimera_metrics.integrations.clickhouse.types import parts_of, unquoted

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_SECOND = timedelta(seconds=1)
_EXACT = Context(prec=90)


class _Ticks(FormatColumn):
    """A column of whole numbers, `per_second` of them a second."""

    def __init__(self, per_second: int, **options: Any) -> None:
        self.per_second = per_second
        super().__init__(**options)

    def of(self, value: Any) -> int:
        raise NotImplementedError

    def read(self, ticks: int) -> Any:
        raise NotImplementedError

    def before_write_items(self, items: list[Any], nulls_map: Sequence[bool] | None = None) -> None:
        for index, item in enumerate(items):
            if nulls_map is not None and nulls_map[index]:
                items[index] = self.null_value
            elif not isinstance(item, int):
                items[index] = self.of(item)

    def after_read_items(self, items: Sequence[int], nulls_map: Sequence[bool] | None = None) -> tuple[Any, ...]:
        read = self.read
        if nulls_map is None:
            return tuple([read(item) for item in items])
        return tuple([None if is_null else read(item) for item, is_null in zip(items, nulls_map, strict=True)])


class _Moments(_Ticks):
    """DateTime and DateTime64: in UTC, or in the zone that the type names."""

    py_types = (datetime, date, int)

    def __init__(self, per_second: int, zone: tzinfo, **options: Any) -> None:
        super().__init__(per_second, **options)
        self.zone = zone

    def of(self, value: Any) -> int:
        if not isinstance(value, datetime):
            value = datetime(value.year, value.month, value.day, tzinfo=UTC)
        elif value.tzinfo is None:
            value = value.replace(tzinfo=UTC)
        since: timedelta = value - _EPOCH
        seconds, rest = divmod(since, _SECOND)
        nanoseconds = rest.microseconds * 1000 + int(getattr(value, "nanosecond", 0))
        return seconds * self.per_second + nanoseconds * self.per_second // 10**9

    def read(self, ticks: int) -> datetime:
        moment = _EPOCH + timedelta(microseconds=ticks * 10**6 // self.per_second)
        return moment if self.zone is UTC else moment.astimezone(self.zone)


class _Clock(_Ticks):
    """Time and Time64: a length of time, which may be negative or longer than a day."""

    py_types = (timedelta, int)

    def of(self, value: timedelta) -> int:
        microseconds = value // timedelta(microseconds=1)
        ticks = abs(microseconds) * self.per_second // 10**6
        return ticks if microseconds >= 0 else -ticks

    def read(self, ticks: int) -> timedelta:
        return timedelta(microseconds=ticks * 10**6 // self.per_second)


class _Brain(FormatColumn):
    """BFloat16: the upper half of a Float32."""

    ch_type = "BFloat16"
    py_types = (float, int)
    format = "H"

    def after_read_items(self, items: Sequence[int], nulls_map: Sequence[bool] | None = None) -> tuple[Any, ...]:
        floats = Struct(f"<{len(items)}f").unpack(Struct(f"<{len(items)}I").pack(*(item << 16 for item in items)))
        if nulls_map is None:
            return floats
        return tuple([None if is_null else item for item, is_null in zip(floats, nulls_map, strict=True)])

    def before_write_items(self, items: list[Any], nulls_map: Sequence[bool] | None = None) -> None:
        floats = [0.0 if nulls_map is not None and nulls_map[index] else item for index, item in enumerate(items)]
        bits = Struct(f"<{len(items)}I").unpack(Struct(f"<{len(items)}f").pack(*floats))
        items[:] = [one >> 16 for one in bits]


class _Amounts:
    """A Decimal with every digit of its scale."""

    precision: int
    scale: int
    null_value: Any

    def before_write_items(self, items: list[Any], nulls_map: Sequence[bool] | None = None) -> None:
        step = Decimal(1).scaleb(-self.scale)
        for index, item in enumerate(items):
            if nulls_map is not None and nulls_map[index]:
                items[index] = self.null_value
                continue
            exact = item if isinstance(item, Decimal) else Decimal(repr(item) if isinstance(item, float) else item)
            rounded = exact.quantize(step, rounding=ROUND_HALF_EVEN, context=_EXACT)
            items[index] = int(rounded.scaleb(self.scale, context=_EXACT))

    def after_read_items(self, items: Sequence[int], nulls_map: Sequence[bool] | None = None) -> tuple[Any, ...]:
        scale = -self.scale
        if nulls_map is None:
            return tuple([Decimal(item).scaleb(scale, context=_EXACT) for item in items])
        return tuple(
            [
                None if is_null else Decimal(item).scaleb(scale, context=_EXACT)
                for item, is_null in zip(items, nulls_map, strict=True)
            ]
        )


_DECIMALS: list[tuple[int, type]] = [
    (digits, type(f"_{column.__name__}", (_Amounts, column), {}))
    for digits, column in ((9, Decimal32Column), (18, Decimal64Column), (38, Decimal128Column), (76, Decimal256Column))
]


def _zone(words: Sequence[str]) -> tzinfo:
    name = unquoted(words[0]) if words else "UTC"
    try:
        return UTC if name in ("UTC", "Etc/UTC", "Etc/UCT", "Zulu", "Universal") else ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError):
        return UTC


def _moments(kind: str, inner: list[str], options: dict[str, Any]) -> Any:
    if kind == "DateTime":
        column = _Moments(1, _zone(inner), **options)
        column.format = "I"
        return column
    column = _Moments(10 ** int(inner[0]), _zone(inner[1:]), **options)
    column.format = "q"
    return column


def _clock(kind: str, inner: list[str], options: dict[str, Any]) -> Any:
    column = _Clock(10 ** int(inner[0]) if inner else 1, **options)
    column.format = "q" if kind == "Time64" else "i"
    return column


def _amounts(kind: str, inner: list[str], options: dict[str, Any]) -> Any:
    precision, scale = int(inner[0]), int(inner[1])
    column = next(column for digits, column in _DECIMALS if precision <= digits)
    return column(precision, scale, **options)


_OWN: dict[str, Callable[[str, list[str], dict[str, Any]], Any]] = {
    "DateTime": _moments,
    "DateTime64": _moments,
    "Time": _clock,
    "Time64": _clock,
    "Decimal": _amounts,
    "BFloat16": lambda _, __, options: _Brain(**options),
    **{
        f"Interval{unit}": lambda _, __, options: IntervalColumn(**options)
        for unit in ("Nanosecond", "Microsecond", "Millisecond", "Quarter")
    },
}
_NESTED: dict[str, Callable[..., Any]] = {
    "Array": create_array_column,
    "Tuple": create_tuple_column,
    "Nested": create_nested_column,
    "LowCardinality": create_low_cardinality_column,
    "Map": map_column,
    "JSON": json_column,
    "Nullable": lambda spec, create, _: create_nullable_column(spec, create),
    "SimpleAggregateFunction": lambda spec, create, _: create_simple_aggregate_function_column(spec, create),
}


def column_of(spec: str, options: dict[str, Any]) -> Any:
    """The column that reads and writes `spec`: ours, one of the driver's that holds others, or the driver's."""
    kind, inner = parts_of(spec)
    if kind in _OWN:
        return _OWN[kind](kind, inner, options)
    if kind in _NESTED:
        return _NESTED[kind](spec, lambda inner_spec: column_of(inner_spec, options), options)
    return service.get_column_by_spec(spec, options)


def _read_column(
    context: Any,
    spec: str,
    rows: int,
    buffer: Any,
    use_numpy: bool | None = None,
    has_custom_serialization: bool = False,
) -> Any:
    column = column_of(spec, {"context": context, "has_custom_serialization": has_custom_serialization})
    column.read_state_prefix(buffer)
    return column.read_data(rows, buffer)


def _write_column(context: Any, name: str, spec: str, items: Any, buffer: Any, types_check: bool = False) -> None:
    column = column_of(spec, {"context": context, "types_check": types_check})
    try:
        column.write_state_prefix(buffer, items)
        column.write_data(items, buffer)
    except (ColumnTypeMismatchException, StructPackException, OverflowError) as error:
        raise TypeMismatchError(f"{error.args[0]} in column {name} ({spec})") from None


def _with(function: Any, **names: Any) -> Any:
    """The driver's method as it is, but for what these names mean in it: nobody else's connection is touched."""
    return FunctionType(function.__code__, function.__globals__ | names, function.__name__, function.__defaults__)


_READ = _with(native.BlockInputStream.read, read_column=_read_column)
_WRITE = _with(native.BlockOutputStream.write, write_column=_write_column)


def take_over(connection: Any) -> None:
    """Makes a connection of the driver's read and write blocks by `column_of`."""
    make_input, make_output = connection.get_block_in_stream, connection.get_block_out_stream

    def block_input() -> Any:
        stream = make_input()
        stream.read = MethodType(_READ, stream)
        return stream

    def block_output() -> Any:
        stream = make_output()
        stream.write = MethodType(_WRITE, stream)
        return stream

    connection.get_block_in_stream, connection.get_block_out_stream = block_input, block_output
