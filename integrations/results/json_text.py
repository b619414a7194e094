"""A result as JSON: amounts are text there, so that no reader makes a double of money."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import orjson


def as_json(value: Any) -> bytes:
    """The JSON of a result, or of a part of it."""
    return orjson.dumps(value, default=_text)


def _text(value: Any) -> str:
    if isinstance(value, Decimal):
        return format(value, "f")
    raise TypeError(f"{type(value).__name__} is nothing that a result holds.")
