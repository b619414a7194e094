"""A result as JSON: amounts are text there, so that no reader makes a double of money."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from typing import Any

import orjson

_ON_REQUEST = ("sql", "parameters")


def lean(result: Mapping[str, Any], include_sql: bool = False) -> dict[str, Any]:
    """The fields that a tool answers: without the statement, unless it was asked for."""
    return {name: value for name, value in result.items() if include_sql or name not in _ON_REQUEST}


def as_json(value: Any) -> bytes:
    """The JSON of a result, or of a part of it."""
    return orjson.dumps(value, default=_text)


def _text(value: Any) -> str:
    if isinstance(value, Decimal):
        return format(value, "f")
    raise TypeError(f"{type(value).__name__} is nothing that a result holds.")
