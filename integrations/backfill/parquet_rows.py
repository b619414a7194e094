"""Rows of a Parquet file in pieces of bounded bytes, whatever a few packed bytes stand for.

A dictionary's words are not written out for more rows at once than fit: a column that repeats one long text a million
times is read as that text and a million numbers. Types are those of the file, however it was read.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import IO, Any

import numpy as np
import pyarrow as pa
from pyarrow import parquet

from chimera_metrics.integrations.backfill.parquet_pages import Group, groups, pages
from chimera_metrics.integrations.errors import InvalidInput

ROWS_AT_ONCE = 65_536
BYTES_AT_ONCE = 16_000_000
LARGEST_PAGES = 160_000_000
"""Bytes of the largest pages of a group's columns together, which are unpacked at the same time."""
LARGEST_ROW = 160_000_000
# What a value takes once it is unpacked, however few bits it has in the file.
_VALUE_BYTES = 16
# What a field of a struct takes as a value of Python's.
_A_FIELD = 32
_NESTED_ROWS = 1_024
_NESTED_VALUES = 10_000_000

Array = Any  # pyarrow ships no types


def tables(source: IO[bytes], path: Path, room: Callable[[int], int], most_bytes: int | None) -> Iterator[Any]:
    """Tables of as many rows as `room` says from the row on at which each begins, or fewer where they are large.

    Raises InvalidInput, and what pyarrow raises.
    """
    waiting: list[Any] = []
    start = rows = size = 0
    for batch in _batches(source, path):
        ends = np.cumsum(row_bytes(batch))
        done = 0
        while done < batch.num_rows:
            before = int(ends[done - 1]) if done else 0
            fit = batch.num_rows
            if most_bytes is not None:
                fit = int(np.searchsorted(ends, before + most_bytes - size, side="right"))
            stop = min(done + room(start) - rows, max(fit, done if rows else done + 1), batch.num_rows)
            waiting += [batch.slice(done, stop - done)] if stop > done else []
            rows, size = rows + stop - done, size + (int(ends[stop - 1]) if stop else 0) - before
            done = stop
            if rows == room(start) or done < batch.num_rows:
                yield pa.Table.from_batches(waiting)
                start, rows, size, waiting = start + rows, 0, 0, []
    if waiting:
        yield pa.Table.from_batches(waiting)


def column_names(source: IO[bytes]) -> tuple[list[str], int]:
    """The names of a file's columns, and how many rows it has."""
    file = parquet.ParquetFile(source)
    return file.schema_arrow.names, file.metadata.num_rows


def _batches(source: IO[bytes], path: Path) -> Iterator[Any]:
    """Record batches of at most BYTES_AT_ONCE, or of one row."""
    plain = parquet.ParquetFile(source, pre_buffer=False)
    schema, metadata = plain.schema_arrow, plain.metadata
    stated = groups(source)
    if any(len(group.chunks) != metadata.num_columns for group in stated):
        raise ValueError("a footer that leaves columns out")
    # pyarrow cannot read what is spelled by differences as a dictionary; no dictionary is in it either.
    spelled = {chunk.path for group in stated for chunk in group.chunks if chunk.is_spelled}
    leaves = [plain.schema.column(place) for place in range(metadata.num_columns)]
    texts = [leaf for leaf in leaves if leaf.physical_type == "BYTE_ARRAY" and leaf.logical_type.type != "DECIMAL"]
    words = [leaf.path for leaf in texts if leaf.path not in spelled]
    file = parquet.ParquetFile(source, pre_buffer=False, read_dictionary=words, metadata=metadata)
    for place, group in enumerate(stated):
        rows = _rows_at_once(source, path, file, group)
        for batch in file.iter_batches(batch_size=rows, row_groups=[place]):
            yield from _pieces(batch, schema, path)


def row_bytes(batch: Any) -> Any:
    """How many bytes the rows' texts take, each with all its columns; the same however the rows are chunked."""
    sizes = np.full(batch.num_rows, 8 * batch.num_columns, dtype=np.int64)
    for column in batch.columns:
        for chunk, start in _chunks(column):
            sizes[start : start + len(chunk)] += _sizes(chunk)
    return sizes


def _chunks(column: Any) -> Iterator[tuple[Array, int]]:
    start = 0
    for chunk in getattr(column, "chunks", [column]):
        yield chunk, start
        start += len(chunk)


def _sizes(array: Array) -> Any:
    import pyarrow.compute as pc

    kind = array.type
    if pa.types.is_dictionary(kind):
        words = np.append(np.broadcast_to(_sizes(array.dictionary), len(array.dictionary)), 0)
        places = pc.fill_null(array.indices, len(array.dictionary)).to_numpy(zero_copy_only=False)
        if places.size and not 0 <= places.min() <= places.max() < len(words):  # pyarrow would read beyond its memory
            raise ValueError("a value that its dictionary does not have")
        return words[places]
    if _is_text(kind) or pa.types.is_fixed_size_binary(kind):
        array = array if "view" not in str(kind) else array.cast(pa.large_binary())
        return pc.fill_null(pc.binary_length(array), 0).to_numpy(zero_copy_only=False)
    if pa.types.is_struct(kind):
        parts = array.flatten()
        own = np.full(len(array), _A_FIELD * len(parts), dtype=np.int64)
        return sum((_sizes(part) for part in parts), own)
    if pa.types.is_list(kind) or pa.types.is_large_list(kind) or pa.types.is_map(kind):
        inner = _sizes(array.keys) + _sizes(array.items) if pa.types.is_map(kind) else _sizes(array.values)
        count = len(array.keys) if pa.types.is_map(kind) else len(array.values)
        ends = np.concatenate([[0], np.cumsum(np.broadcast_to(inner, count) + 8)])
        offsets = array.offsets.to_numpy(zero_copy_only=False)
        return ends[offsets[1:]] - ends[offsets[:-1]]
    return kind.byte_width if pa.types.is_decimal256(kind) else 0


def _is_text(kind: Any) -> bool:
    types = pa.types
    texts = (types.is_string, types.is_large_string, types.is_string_view)
    tests = (*texts, types.is_binary, types.is_large_binary, types.is_binary_view)
    return any(test(kind) for test in tests)


def _pieces(batch: Any, schema: Any, path: Path) -> Iterator[Any]:
    """The batch cut where its bytes reach the limit, each piece in the types of the file."""
    sizes = row_bytes(batch)
    if sizes.max(initial=0) > LARGEST_ROW:
        raise InvalidInput(
            f"{path} has a row of {sizes.max():,} bytes; a row has room for {LARGEST_ROW:,}, and a text takes at most "
            "1,000,000 of them. Shorten its values."
        )
    ends = np.cumsum(sizes)
    start = done = 0
    while start < batch.num_rows:
        stop = max(start + 1, int(np.searchsorted(ends, done + BYTES_AT_ONCE, side="right")))
        piece = batch.slice(start, stop - start)
        columns = [
            column if column.type == field.type else _as(column, field.type)
            for column, field in zip(piece.columns, schema, strict=True)
        ]
        yield pa.RecordBatch.from_arrays(columns, schema=schema)
        done, start = int(ends[stop - 1]), stop


def _as(column: Array, kind: Any) -> Array:
    # A dictionary is not cast to a view in one step.
    return (column.cast(column.type.value_type) if "view" in str(kind) else column).cast(kind)


def _rows_at_once(source: IO[bytes], path: Path, file: Any, group: Group) -> int:
    """How many rows of a group may be read at once. Raises InvalidInput where not even one may."""
    together, a_row, nested, most = 0, 0.0, 0, ROWS_AT_ONCE
    for place, chunk in enumerate(group.chunks):
        column, found = file.schema.column(place), list(pages(source, chunk))
        largest = max(found, key=lambda page: page.unpacked, default=None)
        if largest is None:
            continue
        together += largest.unpacked
        if largest.unpacked > LARGEST_PAGES:
            raise _too_large(path, chunk.path, largest.unpacked)
        a_row += column.length if column.physical_type == "FIXED_LEN_BYTE_ARRAY" else _VALUE_BYTES
        a_row += max((page.unpacked / max(page.values, 1) for page in found if not page.is_dictionary), default=0)
        if chunk.has_prefixes:
            a_row += largest.unpacked
        if column.max_repetition_level:
            most, nested = _NESTED_ROWS, nested + chunk.values
            if nested > max(_NESTED_VALUES, 100 * group.rows):
                raise _too_large(path, chunk.path, 8 * nested)
    if together > 2 * LARGEST_PAGES:
        raise _too_large(path, "all columns together", together)
    return max(1, min(most, int(4 * BYTES_AT_ONCE / max(a_row, 1))))


def _too_large(path: Path, what: str, size: int) -> InvalidInput:
    return InvalidInput(
        f"{path} has pages of {size:,} bytes ({what}), and a page is unpacked as a whole; write the file again with "
        "smaller pages, such as those of 1 MB that most programs write, or with shorter texts: a text takes at most "
        "1,000,000 bytes."
    )
