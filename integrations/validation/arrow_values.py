"""A clean column in Arrow: its type there, and clean Python values to Arrow and back.

What Arrow has no type for (whole numbers of 128 bits and more, addresses, clocks, Enum words, JSON) is carried as the
text that the engine reads. This module needs pyarrow; import it only where Arrow data is at hand.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from ipaddress import IPv4Address, IPv6Address
from typing import Any
from uuid import UUID

import orjson
import pyarrow as pa

from chimera_metrics.integrations.validation.column_rule import ColumnRule
from chimera_metrics.integrations.validation.typed_values import TYPED, clock_text
from chimera_metrics.integrations.validation.values import json_text

Array = Any  # pyarrow ships no types

_WIDTHS = (8, 16, 32, 64)


def target(rule: ColumnRule) -> Any:
    """The Arrow type in which a column is inserted."""
    match rule.kind:
        case "time":
            return pa.timestamp("s" if not rule.digits else "ms" if rule.digits <= 3 else "us", "UTC")
        case "hour":
            return pa.timestamp("s", "UTC")
        case "date":
            return pa.date32()
        case "uuid":
            return pa.binary(16)
        case "bool":
            return pa.bool_()
        case "float":
            return pa.float32() if rule.digits == 32 else pa.float64()
        case "money":
            return pa.decimal128(21, 9)
        case "decimal":
            precision = len(str(rule.high)) - 1 + rule.digits
            return pa.decimal128(precision, rule.digits) if precision <= 38 else pa.decimal256(precision, rule.digits)
        case "int":
            return _integer(rule)
        case "list":
            return pa.list_(target(rule.parts[0]))
        case "map":
            return pa.map_(*map(target, rule.parts))
        case "tuple":
            return pa.struct(list(zip(rule.names, map(target, rule.parts), strict=True)))
        case _:
            return pa.string()


def _integer(rule: ColumnRule) -> Any:
    bits = int(rule.high).bit_length() + (rule.low < 0)
    if bits not in _WIDTHS:
        return pa.string()
    return pa.type_for_alias(f"{'' if rule.low < 0 else 'u'}int{bits}")


def to_array(rule: ColumnRule, values: Sequence[Any]) -> Array:
    """Clean values as the array that is inserted."""
    return pa.array(_each(_sent(rule), values), target(rule))


def from_array(rule: ColumnRule, array: Array) -> list[Any]:
    """The clean values of an array that `to_array` or a short cut made."""
    return _each(_received(rule), array.to_pylist())


_Change = Callable[[Any], Any]


def _each(change: _Change | None, values: Sequence[Any]) -> list[Any]:
    if change is None:
        return list(values)
    return [None if value is None else change(value) for value in values]


def _sent(rule: ColumnRule) -> _Change | None:
    """What makes of a clean value what Arrow carries; None where it carries the value itself."""
    match rule.kind:
        case "uuid":
            return lambda value: value.bytes
        case "ip":
            return str
        case "int" if pa.types.is_string(target(rule)):
            return str
        case "clock":
            return clock_text
        case "object":
            return json_text
    inner = [_sent(part) for part in rule.parts]
    if rule.kind == "map":
        return lambda value: list(zip(_each(inner[0], list(value)), _each(inner[1], list(value.values())), strict=True))
    if rule.kind == "tuple":
        return lambda value: dict(zip(rule.names, _parted(inner, value), strict=True))
    if rule.kind == "list" and inner[0] is not None:
        return lambda value: _each(inner[0], value)
    return None


def _received(rule: ColumnRule) -> _Change | None:
    """What makes of a value that Arrow carried the clean value again."""
    match rule.kind:
        case "uuid":
            return lambda value: UUID(bytes=value)
        case "ip":
            return IPv4Address if rule.digits == 4 else IPv6Address
        case "int" if pa.types.is_string(target(rule)):
            return int
        case "clock":
            return lambda value: TYPED["clock"](rule, value)[0]
        case "object":
            return orjson.loads
    inner = [_received(part) for part in rule.parts]
    if rule.kind == "map":
        return lambda value: dict(
            zip(_each(inner[0], [key for key, _ in value]), _each(inner[1], [item for _, item in value]), strict=True)
        )
    if rule.kind == "tuple":
        return lambda value: tuple(_parted(inner, [value[name] for name in rule.names]))
    if rule.kind == "list" and inner[0] is not None:
        return lambda value: _each(inner[0], value)
    return None


def _parted(inner: Sequence[_Change | None], values: Sequence[Any]) -> list[Any]:
    return [
        value if change is None or value is None else change(value) for change, value in zip(inner, values, strict=True)
    ]
