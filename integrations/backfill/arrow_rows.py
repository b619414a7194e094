"""Arrow data as Python values, whatever it holds.

Python's times have microseconds and the years 1 to 9999. Arrow's go further, and its own way to Python then fails.
"""

from __future__ import annotations

from typing import Any

# Microseconds since 1970 that the calendar holds.
_FIRST, _LAST = -62_135_596_800_000_000, 253_402_300_799_999_999
_TICKS = {"s": 1, "ms": 10**3, "us": 10**6, "ns": 10**9}


def python_rows(table: Any) -> list[dict[str, Any]]:
    """The rows of an Arrow table, maps as dicts.

    Nanoseconds are cut off; what Python has no value for stands as a text of it.
    """
    from chimera_metrics.integrations.validation.arrow_layouts import map_reader

    columns = []
    for column in table.columns:
        coarse = _without_nanoseconds(column.type)
        read = map_reader(coarse)
        values = _values(column if coarse == column.type else column.cast(coarse, safe=False))
        columns.append(values if read is None else [value if value is None else read(value) for value in values])
    return [dict(zip(table.column_names, row, strict=True)) for row in zip(*columns, strict=True)]


def _values(column: Any) -> list[Any]:
    try:
        return list(column.to_pylist())
    except (OverflowError, ValueError):
        return [_value(scalar) for scalar in column]


def _value(scalar: Any) -> Any:
    import pyarrow as pa

    try:
        return scalar.as_py()
    except (OverflowError, ValueError):
        if pa.types.is_temporal(scalar.type):
            return f"{scalar.value} ({scalar.type})"
        if pa.types.is_string(scalar.type) or pa.types.is_large_string(scalar.type):
            return scalar.as_buffer().to_pybytes()
        return f"({scalar.type})"


def _without_nanoseconds(kind: Any) -> Any:
    """The type with microseconds where it has nanoseconds, at any depth."""
    import pyarrow as pa

    types = pa.types
    if types.is_timestamp(kind) and kind.unit == "ns":
        return pa.timestamp("us", kind.tz)
    if types.is_duration(kind) and kind.unit == "ns":
        return pa.duration("us")
    if types.is_time64(kind):
        return pa.time64("us")
    if types.is_dictionary(kind):
        return _without_nanoseconds(kind.value_type)
    if types.is_list(kind):
        return pa.list_(_without_nanoseconds(kind.value_type))
    if types.is_large_list(kind):
        return pa.large_list(_without_nanoseconds(kind.value_type))
    if types.is_struct(kind):
        return pa.struct([field.with_type(_without_nanoseconds(field.type)) for field in kind])
    if types.is_map(kind):
        return pa.map_(_without_nanoseconds(kind.key_type), _without_nanoseconds(kind.item_type))
    return kind


def moments(column: Any) -> Any | None:
    """A column of times or dates as timestamps in UTC, null where no calendar holds one; None for other columns."""
    import pyarrow as pa
    import pyarrow.compute as pc

    kind = column.type
    if pa.types.is_dictionary(kind):
        column, kind = column.cast(kind.value_type), kind.value_type
    if pa.types.is_date(kind):
        kind = pa.timestamp("ms")
        column = column.cast(kind)
    if not pa.types.is_timestamp(kind):
        return None
    column, ticks = column.cast(pa.timestamp(kind.unit, "UTC")), _TICKS[kind.unit]
    if ticks == _TICKS["ns"]:
        return column.cast(pa.timestamp("us", "UTC"), safe=False)
    ends = pc.min_max(column.cast(pa.int64())).as_py()
    first, last = _FIRST * ticks // 10**6, _LAST * ticks // 10**6
    if ends["min"] is None or (first <= ends["min"] and ends["max"] <= last):
        return column
    count = column.cast(pa.int64())
    held = pc.and_(pc.greater_equal(count, first), pc.less_equal(count, last))
    return pc.if_else(held, column, pa.scalar(None, column.type))
