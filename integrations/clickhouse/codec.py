"""ClickHouse's Native format to and from Python values, by clickhouse-connect's codec.

Both engines answer with the same values: str, int, float, bool, None, Decimal, UUID, date, and datetimes in UTC that
carry their zone.
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Generator, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC
from itertools import chain
from typing import Any, cast

import chimera_metrics.integrations.clickhouse.native_library  # noqa: F401  # first, for it may import less

# isort: split

from clickhouse_connect.datatypes import registry
from clickhouse_connect.driver.insert import InsertBlock, InsertContext
from clickhouse_connect.driver.query import QueryContext, QueryResult
from clickhouse_connect.driver.transform import NativeTransform

from chimera_metrics.integrations.clickhouse.native_buffer import Buffer
from chimera_metrics.integrations.clickhouse.types import is_open
from chimera_metrics.integrations.clickhouse.uuids import UUIDColumn
from chimera_metrics.integrations.nesting import items_of

# The codec logs a value that it cannot write, with its traceback; rows of users do not belong in logs, and the error
# is raised all the same.
logging.getLogger("clickhouse_connect.driver.transform").setLevel(logging.CRITICAL)

# A FixedString here is text (a commit id), not bytes; a tuple with names is a tuple, as the native driver gives it.
_FORMATS = {"FixedString": "string", "Tuple": "tuple"}

_BLOCK_ROWS = 8192

# First bytes of values that hold others, as JSON and Dynamic keep them: Array, two kinds of Tuple, Nullable,
# LowCardinality, Map, Dynamic, JSON. What the codec fails at, such as what is nested too deeply, it leaves as it is.
_HOLDING = frozenset(b"\x1e\x1f\x20\x23\x26\x27\x2b\x30")


# The codec's context of each thread: to make one takes as long as to read a short answer.
_reading = threading.local()


@dataclass(frozen=True, slots=True)
class Column:
    """Name and ClickHouse type of a result's column."""

    name: str
    type: str


class Unreadable(Exception):
    """The codec does not read a type of the answer."""


def decode(chunk: bytes) -> tuple[list[Column], list[Sequence[Any]]]:
    """One or more Native blocks: columns, and the values column by column. Raises Unreadable."""
    context = getattr(_reading, "context", None)
    if context is None:
        context = _reading.context = QueryContext(
            query_formats=_FORMATS, column_oriented=True, server_tz=UTC, apply_server_tz=True, tz_mode="aware"
        )
    try:
        result = cast(QueryResult, NativeTransform.parse_response(Buffer.of(chunk), context))
        with result.column_block_stream as blocks:
            data = _joined(list(blocks))
    except MemoryError:
        raise
    except Exception as error:  # noqa: BLE001  # the codec raises whatever the type's reader raises
        raise Unreadable(str(error)) from None
    columns = [Column(name, type_.name) for name, type_ in zip(result.column_names, result.column_types, strict=True)]
    for column, values in zip(columns, data, strict=True):
        if is_open(column.type) and _is_left_over(values):
            raise Unreadable(f"A value of column {column.name} is nested too deeply, or of a type that is not known.")
    return columns, data


def _joined(blocks: list[list[Sequence[Any]]]) -> list[Sequence[Any]]:
    """The columns of all blocks; those of a single one are not copied."""
    if len(blocks) == 1:
        return [column if isinstance(column, list | UUIDColumn) else list(column) for column in blocks[0]]
    return [list(chain.from_iterable(parts)) for parts in zip(*blocks, strict=True)]


def _is_left_over(values: Sequence[Any]) -> bool:
    """Whether bytes that stand for a list or a map are among the values, or within them."""
    level: Sequence[Any] = values
    while level:
        if any(isinstance(one, bytes) and one and one[0] in _HOLDING for one in level):
            return True
        level = [item for one in level for item in items_of(one)]
    return False


class _Columns(InsertContext):
    """Columns in blocks. The context's own way first asks whether they are a frame, for which it imports pandas."""

    def __init__(self, names: Sequence[str], types: Sequence[str], data: Sequence[Sequence[Any]]) -> None:
        found = [registry.get_from_name(type_) for type_ in types]
        super().__init__("", list(names), found, query_formats=_FORMATS, server_tz=UTC)
        self._columns = data

    def next_block(self) -> Generator[InsertBlock, None, None]:
        rows = len(self._columns[0])
        for start in range(0, rows, _BLOCK_ROWS):
            part = [column[start : start + _BLOCK_ROWS] for column in self._columns]
            yield InsertBlock(b"", len(part), len(part[0]), self.column_names, self.column_types, part)


def encode(names: Sequence[str], types: Sequence[str], data: Sequence[Sequence[Any]]) -> Iterator[bytes]:
    """Native blocks of `data`, given column by column. Raises the codec's error when a value does not fit its type."""
    context = _Columns(names, types, data)
    for chunk in NativeTransform.build_insert(context):
        if context.insert_exception is not None:
            raise context.insert_exception
        yield bytes(chunk)
