"""Cleans one value: what a column stores for it, or the sentence that rejects it.

This is the one place that decides. The row path and the column path have fast checks for values that are obviously
fine, and bring every other value here, so the two paths cannot differ.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace
from typing import Any

import orjson

from chimera_metrics.integrations.validation.column_rule import ColumnRule
from chimera_metrics.integrations.validation.kinds import Kind
from chimera_metrics.integrations.validation.typed_values import TYPED
from chimera_metrics.integrations.validation.values import (
    SIMPLE,
    Cleaner,
    CleanValue,
    ValueRejected,
    json_text,
    reject,
    show,
    text_of,
)


def clean_value(rule: ColumnRule, value: Any) -> CleanValue:
    """The clean value for `rule`'s column and whether it was rounded. `value` is not None. Raises ValueRejected."""
    return _CLEANERS[rule.kind](rule, value)


def _list(rule: ColumnRule, value: Any) -> CleanValue:
    value = _spelled(rule, value, "[")
    if isinstance(value, set | frozenset):
        value = sorted(value, key=repr)
    elif not isinstance(value, list | tuple) and type(value).__name__ == "ndarray":
        value = value.tolist()
    if not isinstance(value, list | tuple):
        reject(rule, show(value))
    [part] = rule.parts
    cleaned = [_part(part, item, f"{rule.name}[{place}]") for place, item in enumerate(value)]
    return [clean for clean, _ in cleaned], any(rounded for _, rounded in cleaned)


def _map(rule: ColumnRule, value: Any) -> CleanValue:
    value = _spelled(rule, value, "{")
    pairs = value.items() if isinstance(value, Mapping) else _pairs(value)
    if pairs is None:
        reject(rule, show(value))
    key_rule, value_rule = rule.parts
    found: dict[Any, Any] = {}
    rounded = False
    for given, item in pairs:
        key, key_rounded = _part(key_rule, given, f"a key of {rule.name}")
        if key in found:
            reject(rule, f"the key {show(given)} twice")
        found[key], item_rounded = _part(value_rule, item, f"{rule.name}[{show(given)}]")
        rounded = rounded or key_rounded or item_rounded
    return found, rounded


def _pairs(value: Any) -> Iterable[tuple[Any, Any]] | None:
    """The pairs of a map as Arrow gives it to Python, or None."""
    if isinstance(value, list) and all(isinstance(pair, tuple) and len(pair) == 2 for pair in value):
        return value
    return None


def _tuple(rule: ColumnRule, value: Any) -> CleanValue:
    value = _spelled(rule, value, "[{")
    if isinstance(value, Mapping):
        unknown = [name for name in value if name not in rule.names]
        if unknown:
            reject(rule, f"an object with the name {show(unknown[0])}")
        value = [value.get(name) for name in rule.names]
    if not isinstance(value, list | tuple) or len(value) != len(rule.parts):
        reject(rule, f"a list of {len(value)}" if isinstance(value, list | tuple) else show(value))
    cleaned = [
        _part(part, item, f"{rule.name}.{name}") for part, name, item in zip(rule.parts, rule.names, value, strict=True)
    ]
    return tuple(clean for clean, _ in cleaned), any(rounded for _, rounded in cleaned)


def _object(rule: ColumnRule, value: Any) -> CleanValue:
    """A JSON column's object, through its text: what the engine is sent is what was looked at.

    A name whose value is null is left out, as the engine leaves it out.
    """
    if isinstance(value, Mapping):
        try:
            text = json_text(value if isinstance(value, dict) else dict(value))
        except (ValueError, TypeError) as error:
            reject(rule, f"an object that JSON cannot hold ({str(error)[:80]})")
    else:
        text = text_of(rule, value)
    text_of(rule, text)
    try:
        found = orjson.loads(text)
    except orjson.JSONDecodeError:
        found = None
    if not isinstance(found, dict):
        reject(rule, show(text) if text else "empty text")
    return without_nulls(found), False


def without_nulls(value: Any) -> Any:
    """An object without the fields that are null, at any depth."""
    if isinstance(value, dict):
        return {key: without_nulls(part) for key, part in value.items() if part is not None}
    return list(map(without_nulls, value)) if isinstance(value, list) else value


def _part(part: ColumnRule, value: Any, place: str) -> CleanValue:
    """A value inside another. A null is one only where the type inside says so."""
    if value is None:
        if part.nullable:
            return None, False
        reject(replace(part, name=place), "null")
    try:
        return clean_value(part, value)
    except ValueRejected:
        return clean_value(replace(part, name=place), value)


def _spelled(rule: ColumnRule, value: Any, opens: str) -> Any:
    """The value that JSON text, such as a field of a CSV file, spells."""
    if not isinstance(value, str | bytes):
        return value
    text = text_of(rule, value)
    if not text.lstrip()[:1] or text.lstrip()[0] not in opens:
        reject(rule, show(text) if text else "empty text")
    try:
        return orjson.loads(text)
    except orjson.JSONDecodeError:
        reject(rule, show(text))


_NESTED: dict[Kind, Callable[[ColumnRule, Any], CleanValue]] = {
    "list": _list,
    "map": _map,
    "tuple": _tuple,
    "object": _object,
}
_CLEANERS: dict[Kind, Cleaner] = SIMPLE | TYPED | _NESTED
