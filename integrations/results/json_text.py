"""A result as JSON: amounts are text there, so that no reader makes a double of money."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from typing import Any

import orjson

_ON_REQUEST = frozenset({"sql", "parameters"})
# Fields that say something only when they hold something. A list that answers the question is not among them.
_SILENT = frozenset(
    {
        *("notes", "note", "cautions", "reason", "cycle", "adjusted", "within", "removed", "partial"),
        *("truncated", "truncated_reason", "estimate", "export", "filters", "group_by"),
        *("steps_or_climbs", "between_steps", "lags", "best_lag", "best_lag_p_adjusted"),
        *("masked", "rounded", "advice", "unit", "values"),
    }
)
# What was stored, which stays as it is.
_STORED = frozenset({"rows", "parameters", "rejected", "by_status"})


def lean(result: Mapping[str, Any], include_sql: bool = False) -> dict[str, Any]:
    """The fields that a tool answers: no statement unless it was asked for, no field that says nothing."""
    asked = {name: value for name, value in result.items() if include_sql or name not in _ON_REQUEST}
    found: dict[str, Any] = _lean("", asked)
    return found


def _lean(name: str, value: Any) -> Any:
    if name in _STORED:
        return value
    if isinstance(value, Mapping):
        return {key: _lean(key, item) for key, item in value.items() if key not in _SILENT or _says_something(item)}
    return [_lean("", item) for item in value] if isinstance(value, list) else value


def _says_something(value: Any) -> bool:
    """Zero is a number like others."""
    return not (value is None or value is False or (isinstance(value, str | list | Mapping) and not value))


def as_json(value: Any) -> bytes:
    """The JSON of a result, or of a part of it."""
    return orjson.dumps(value, default=_text)


def _text(value: Any) -> str:
    if isinstance(value, Decimal):
        return format(value, "f")
    raise TypeError(f"{type(value).__name__} is nothing that a result holds.")
