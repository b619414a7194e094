"""Columns that hold others, which clickhouse-driver cannot take apart: JSON with declared types, Map of Maps.

Its Map splits its arguments at the first bracket it can see, and its JSON is written by path, which loses the types
that a column declares. Here JSON travels as text (`JSON_AS_TEXT`, for reading, is a setting).
"""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from typing import Any

from clickhouse_driver.columns.mapcolumn import MapColumn
from clickhouse_driver.columns.newjsoncolumn import OBJECT_STRING, NewJsonColumn
from clickhouse_driver.writer import write_binary_uint64

from chimera_metrics.integrations.clickhouse.types import parts_of

JSON_AS_TEXT = "output_format_native_write_json_as_string"


class JsonColumn(NewJsonColumn):
    """`JSON`, written as one text a row."""

    prefix_needs_items = False

    def write_state_prefix(self, buf: Any, items: Any = None) -> None:
        write_binary_uint64(OBJECT_STRING, buf)

    def write_items(self, items: Sequence[Any], buf: Any) -> None:
        texts = [item if isinstance(item, str) else json.dumps(item, ensure_ascii=False) for item in items]
        self.string_column.write_items(texts, buf)


def json_column(_spec: str, getter: Callable[[str], Any], options: dict[str, Any]) -> JsonColumn:
    """A JSON column, whatever types its specification declares."""
    return JsonColumn(getter, **options)


def map_column(spec: str, getter: Callable[[str], Any], options: dict[str, Any]) -> MapColumn:
    """A Map whose key and value may have arguments of their own."""
    _, [key, value] = parts_of(spec)
    return MapColumn(getter(key), getter(value), **options)
