"""Which change of a type the engine can make in place, every value kept."""

from __future__ import annotations

import re

_CALL = re.compile(r"(\w+)(?:\((.*)\))?$", re.DOTALL)
_INT = re.compile(r"(U?)Int(\d+)$")


def converts_in_place(old: str, new: str) -> bool:
    """Whether every value of `old` is a value of `new`, so that MODIFY COLUMN cannot fail half-way."""
    old, new = _inside(old, "LowCardinality"), _inside(new, "LowCardinality")
    if old == new:
        return True
    if new.startswith("Nullable("):
        return converts_in_place(_inside(old, "Nullable"), _inside(new, "Nullable"))
    if old.startswith("Nullable("):
        return False
    return _widens(old, new)


def _inside(type_: str, wrapper: str) -> str:
    return type_[len(wrapper) + 1 : -1] if type_.startswith(f"{wrapper}(") else type_


def _widens(old: str, new: str) -> bool:
    from_int, to_int = _INT.match(old), _INT.match(new)
    if from_int and to_int:
        wider = int(to_int[2]) > int(from_int[2])
        return wider and (from_int[1] == to_int[1] or not to_int[1])
    (old_name, old_args), (new_name, new_args) = _call(old), _call(new)
    if old_name == new_name == "Decimal":
        (precision, scale), (wider_precision, wider_scale) = map(_numbers, (old_args, new_args))
        return wider_scale >= scale and wider_precision - wider_scale >= precision - scale
    if old_name == new_name == "DateTime64":
        return _zone(old_args) == _zone(new_args) and int(new_args[0]) >= int(old_args[0])
    if old_name == "DateTime" and new_name == "DateTime64":
        return old_args == new_args[1:]
    if old_name == new_name == "FixedString":
        return int(new_args[0]) >= int(old_args[0])
    return (old_name, new_name) in {("Float32", "Float64"), ("FixedString", "String"), ("Date", "Date32")}


def _call(type_: str) -> tuple[str, list[str]]:
    match = _CALL.match(type_)
    if match is None:
        return type_, []
    return match[1], [part.strip() for part in match[2].split(",")] if match[2] else []


def _numbers(arguments: list[str]) -> tuple[int, int]:
    precision, scale = arguments
    return int(precision), int(scale)


def _zone(arguments: list[str]) -> list[str]:
    return arguments[1:]


def plain(type_: str) -> str:
    """The type without LowCardinality and Nullable around it."""
    return _inside(_inside(type_, "LowCardinality"), "Nullable")


def nullable(type_: str) -> bool:
    return _inside(type_, "LowCardinality").startswith("Nullable(")
