"""A whole result as a file: CSV, Parquet or Arrow, written block by block, so that memory stays flat."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import islice
from pathlib import Path
from typing import Any, BinaryIO, Literal, get_args

from chimera_metrics.integrations.answers.file_columns import FileColumns
from chimera_metrics.integrations.answers.shaping import Shown, shape
from chimera_metrics.integrations.clickhouse.codec import Column
from chimera_metrics.integrations.clickhouse.dbapi import Block
from chimera_metrics.integrations.errors import InvalidInput
from chimera_metrics.integrations.private_files import open_private
from chimera_metrics.integrations.results import QueryResult, Result

FileFormat = Literal["csv", "parquet", "arrow"]
MIME_TYPES: Mapping[str, str] = {
    "csv": "text/csv",
    "parquet": "application/vnd.apache.parquet",
    "arrow": "application/vnd.apache.arrow.file",
}
PREVIEW = 10
"""Rows that an answer shows of a result that went to a file."""
# What is gathered before it is written: a group of rows of its own in Parquet.
_GROUP_ROWS = 65_536
_GROUP_BYTES = 16_000_000


@dataclass
class Export:
    """A file that takes one whole result. `room` says how many bytes it may have by now."""

    format: FileFormat
    path: Path
    room: Callable[[], int] = lambda: sys.maxsize
    rows: int = 0
    bytes: int = 0
    preview: list[tuple[Any, ...]] = field(default_factory=list)

    def __post_init__(self) -> None:
        if self.format not in get_args(FileFormat):
            raise InvalidInput(f"export is {self.format!r}, but takes {', '.join(get_args(FileFormat))}.")

    def write(self, columns: Sequence[Column], blocks: Iterator[Block]) -> None:
        """Writes the file anew. Raises InvalidInput where it has no room; the file is the caller's to remove then."""
        self.rows = self.bytes = 0
        self.preview = []
        try:
            descriptor = open_private(self.path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC)
            with open(descriptor, "wb") as file:
                self._write(file, FileColumns(columns, self.format), blocks)
            self.bytes = self.path.stat().st_size
        except OSError as error:
            raise InvalidInput(
                f"The export cannot be written to {self.path.parent} ({error.strerror or error}); correct the folder's "
                "rights or room, or name another one in MUSE_EXPORT_DIR."
            ) from None

    def _write(self, file: BinaryIO, columns: FileColumns, blocks: Iterator[Block]) -> None:
        import pyarrow as pa

        waiting: list[Any] = []
        with columns.writer(file) as writer:
            for block in blocks:
                if len(self.preview) <= PREVIEW:
                    self.preview += islice(zip(*block, strict=True), PREVIEW + 1 - len(self.preview))
                self.rows += len(block[0]) if block else 0
                waiting.append(columns.batch(block))
                if sum(map(len, waiting)) >= _GROUP_ROWS or sum(batch.nbytes for batch in waiting) >= _GROUP_BYTES:
                    writer.write_table(pa.Table.from_batches(waiting))
                    waiting.clear()
                    self._check(file)
            if waiting:
                writer.write_table(pa.Table.from_batches(waiting))
        self._check(file)

    def _check(self, file: BinaryIO) -> None:
        file.flush()
        if file.tell() > self.room():
            raise InvalidInput(
                "The export has no room: exports may have so many bytes together (MUSE_EXPORT_MAX_MB), and are removed "
                "after their time. Select fewer columns or rows, or take parquet, which is smaller."
            )

    def answer(self, running: Shown, max_rows: int, max_bytes: int) -> QueryResult:
        """The first rows as `query` shows them, and what the file holds."""
        shown = min(max_rows, PREVIEW)
        answer = shape(_First(running, self.preview), shown, max_bytes, shown)
        answer["truncated"] = self.rows > len(answer["rows"])
        answer["truncated_reason"] = self.reason(len(answer["rows"])) if answer["truncated"] else None
        answer["export"] = self.facts()
        return answer

    def reason(self, shown: int) -> str:
        return f"The first {shown} of {self.rows:,} rows are shown; the export has all."

    def facts(self) -> Result:
        return Result(format=self.format, rows=self.rows, bytes=self.bytes)


class _First:
    """The first rows of a statement that was read to its end."""

    def __init__(self, whole: Shown, rows: Sequence[tuple[Any, ...]]) -> None:
        self.columns = whole.columns
        self.rows = whole.rows
        self.elapsed_ms = whole.elapsed_ms
        self.rows_read = whole.rows_read
        self.bytes_read = whole.bytes_read
        self.query_id = whole.query_id
        self._first = rows

    def blocks(self) -> Iterator[Block]:
        if self._first:
            yield list(map(list, zip(*self._first, strict=True)))
