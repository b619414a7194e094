"""Python values as ClickHouse literals, the same on both engines, and SQLAlchemy's way to put them into a statement.

The drivers would each do this in their own way (clickhouse-driver cuts a datetime to whole seconds), so both DBAPIs
of ours take their text from here.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from datetime import UTC, date, datetime
from decimal import Decimal
from enum import Enum
from typing import Any
from uuid import UUID

from chimera_metrics.integrations.errors import InvalidInput

_ESCAPES = str.maketrans(
    {"\\": "\\\\", "'": "\\'", "\b": "\\b", "\f": "\\f", "\n": "\\n", "\r": "\\r", "\t": "\\t", "\0": "\\0"}
)


def quote(text: str) -> str:
    """A string literal."""
    return "'" + text.translate(_ESCAPES) + "'"


def quote_name(name: str) -> str:
    """A quoted identifier."""
    return "`" + name.replace("\\", "\\\\").replace("`", "\\`") + "`"


def literal(value: Any) -> str:  # one line a type
    """`value` as a ClickHouse literal that keeps every digit."""
    if value is None:
        return "NULL"
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, Enum):
        return literal(value.value)
    if isinstance(value, int):
        return str(value)
    if isinstance(value, float):
        return repr(value) if math.isfinite(value) else ("nan" if value != value else "inf" if value > 0 else "-inf")
    if isinstance(value, Decimal):
        return f"toDecimal128({quote(format(value, 'f'))}, {max(0, -int(value.as_tuple().exponent))})"
    if isinstance(value, datetime):
        moment = value.replace(tzinfo=UTC) if value.tzinfo is None else value.astimezone(UTC)
        # To a column of milliseconds, which the tables' times are, the engine compares milliseconds without a cast.
        if moment.microsecond % 1000:
            return f"toDateTime64('{moment:%Y-%m-%d %H:%M:%S.%f}', 6, 'UTC')"
        return f"toDateTime64('{moment:%Y-%m-%d %H:%M:%S}.{moment.microsecond // 1000:03}', 3, 'UTC')"
    if isinstance(value, date):
        return f"toDate('{value.isoformat()}')"
    if isinstance(value, UUID):
        return f"toUUID('{value}')"
    if isinstance(value, str):
        return quote(value)
    if isinstance(value, bytes):
        return f"unhex('{value.hex()}')"
    if isinstance(value, list | tuple | set | frozenset):
        items = ", ".join(map(literal, value))
        return f"({items})" if isinstance(value, tuple) else f"[{items}]"
    if isinstance(value, Mapping):
        return "map(" + ", ".join(f"{literal(k)}, {literal(v)}" for k, v in value.items()) + ")"
    raise InvalidInput(f"A value of type {type(value).__name__} cannot be a parameter; give text, a number or a list.")


def format_pyformat(statement: str, parameters: Mapping[str, Any] | None) -> str:
    """Replaces `%(name)s`, SQLAlchemy's parameter style, by literals, and `%%` by `%`."""
    return statement % {name: literal(value) for name, value in (parameters or {}).items()}
