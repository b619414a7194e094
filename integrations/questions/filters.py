"""Filters in words, as answers and pictures name them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from chimera_metrics.analytics import Filter


def in_words(condition: Mapping[str, Any] | Filter) -> str:
    """`model = opus`, of a filter in the form that is documented, or as an object."""
    if isinstance(condition, Filter):
        condition = {"column": condition.column, "op": condition.op, "values": condition.values}
    given = condition.get("values") if condition.get("values") is not None else condition.get("value")
    words = given if isinstance(given, list | tuple) else [] if given is None else [given]
    return f"{condition['column']} {condition['op']} {', '.join(map(str, words))}".rstrip()
