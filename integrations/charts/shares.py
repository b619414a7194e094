"""Shares drawn in percent, as pages say them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

_IN_UNIT = frozenset(
    {
        "value", "expected", "before", "after", "low", "high", "low_80", "high_80", "low_95", "high_95",
        "slope_per_day", "slope_low", "slope_high", "change", "contribution", "rest",
    }
)  # fmt: skip
"""What an answer holds in the metric's unit, by name."""


def in_percent(result: Any, unit: str | None) -> Any:
    """The result, or a part of it, with every share as a percentage and the unit %; others as they are.

    Example: {"unit": "share", "value": 0.25, "n": 4} is {"unit": "%", "value": 25.0, "n": 4}.
    """
    if unit != "share":
        return result
    if isinstance(result, Mapping):
        found = {
            name: _percent(part) if name in _IN_UNIT and _is_number(part) else in_percent(part, unit)
            for name, part in result.items()
        }
        columns, rows = result.get("columns"), result.get("rows")
        if columns is not None and rows is not None:
            found["rows"] = [
                [_percent(x) if name in _IN_UNIT else x for name, x in zip(columns, row, strict=True)] for row in rows
            ]
        return found | ({"unit": "%"} if "unit" in found else {})
    return [in_percent(part, unit) for part in result] if isinstance(result, list | tuple) else result


def _percent(value: Any) -> Any:
    return 100.0 * value if _is_number(value) else value


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def change_unit(unit: str | None) -> str:
    """The unit of a difference or a slope, with a space before it."""
    return " percentage points" if unit == "%" else f" {unit}" if unit else ""
