"""The columns of a file: ClickHouse's types as Arrow's, and values as those hold them."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator, Sequence
from typing import Any, BinaryIO

import orjson

from chimera_metrics.integrations.answers.shaping import Shaper
from chimera_metrics.integrations.clickhouse.codec import Column
from chimera_metrics.integrations.clickhouse.dbapi import Block
from chimera_metrics.integrations.clickhouse.types import parts_of, unquoted

_NUMBERS = {f"{sign}Int{bits}": f"{sign.lower()}int{bits}" for sign in ("", "U") for bits in (8, 16, 32, 64)}
_NUMBERS |= {"Float32": "float32", "Float64": "float64", "BFloat16": "float32"}
_WRAPPERS = {"Nullable", "LowCardinality", "SimpleAggregateFunction"}
_TEXTS = {"String", "FixedString", "Enum8", "Enum16"}
# Decimals of more digits do not fit 128 bits.
_DIGITS_OF_128 = 38
_DIGITS = {"Decimal32": 9, "Decimal64": 18, "Decimal128": 38, "Decimal256": 76}
Change = Callable[[Any], Any]


class FileColumns:
    """The columns of one file."""

    def __init__(self, columns: Sequence[Column], form: str) -> None:
        import pyarrow as pa

        self._form = form
        kinds = [arrow_type(column.type or "String", flat=form == "csv") for column in columns]
        self._changes = [change for _, change in kinds]
        self._schema = pa.schema([(column.name, type_) for column, (type_, _) in zip(columns, kinds, strict=True)])

    def batch(self, block: Block) -> Any:
        """A block of values as Arrow's record batch."""
        import pyarrow as pa

        arrays = [
            pa.array(values if change is None else [None if one is None else change(one) for one in values], type_)
            for values, change, type_ in zip(block, self._changes, self._schema.types, strict=True)
        ]
        return pa.record_batch(arrays, schema=self._schema)

    @contextlib.contextmanager
    def writer(self, file: BinaryIO) -> Iterator[Any]:
        """What writes tables into `file`, which stays open."""
        import pyarrow as pa

        if self._form == "csv":
            from pyarrow import csv

            made: Any = csv.CSVWriter(file, self._schema)
        elif self._form == "parquet":
            from pyarrow import parquet

            made = parquet.ParquetWriter(file, self._schema, compression="zstd")
        else:
            made = pa.ipc.new_file(file, self._schema, options=pa.ipc.IpcWriteOptions(compression="lz4"))
        with made:
            yield made


def arrow_type(spec: str, flat: bool) -> tuple[Any, Change | None]:
    """Arrow's type for a type of ClickHouse, and what its values become; `flat` files hold no lists and no zones."""
    import pyarrow as pa

    kind, parts = parts_of(spec)
    if kind in _WRAPPERS:
        return arrow_type(parts[-1], flat)
    if kind in _NUMBERS:
        return pa.type_for_alias(_NUMBERS[kind]), None
    if kind == "Bool":
        return pa.bool_(), bool
    if kind in {"Date", "Date32"}:
        return pa.date32(), None
    if kind in {"DateTime", "DateTime64"}:
        zone = next((unquoted(part) for part in parts if part.startswith("'")), "UTC")
        whole = kind == "DateTime" or parts[0] == "0"
        return pa.timestamp("s" if whole else "us", tz="UTC" if flat else zone), None
    if kind.startswith("Decimal") and (kind == "Decimal" or kind in _DIGITS):
        digits = int(parts[0]) if kind == "Decimal" else _DIGITS[kind]
        scale = int(parts[-1]) if kind != "Decimal" or len(parts) > 1 else 0
        return (pa.decimal128 if digits <= _DIGITS_OF_128 else pa.decimal256)(digits, scale), None
    if kind == "Array" and not flat:
        inner, change = arrow_type(parts[0], flat)
        return pa.list_(inner), None if change is None else lambda values: _each(change, values)
    return pa.string(), _text if kind in _TEXTS else _as_text


def _each(change: Change, values: Sequence[Any]) -> list[Any]:
    return [None if one is None else change(one) for one in values]


def _text(value: Any) -> str:
    """Bytes that are no UTF-8 become their hexadecimal digits, as in answers."""
    return value.hex() if isinstance(value, bytes) else str(value)


def _as_text(value: Any) -> str:
    """Values of other types as an answer shows them: maps, tuples and lists as JSON."""
    shaped = _Exact().value(value)
    return orjson.dumps(shaped).decode() if isinstance(shaped, list | dict) else _plain(shaped)


def _plain(value: Any) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)


class _Exact(Shaper):
    """A file holds texts as they are stored, invisible characters too."""

    def _text(self, text: str, column: str) -> str:
        return text
