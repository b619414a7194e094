"""Files of rows: JSONL, CSV and Parquet, plain or compressed, each named after its table.

A file is read in windows of a fixed number of rows, so that the same file always comes in the same pieces.
"""

from __future__ import annotations

import bz2
import csv
import gzip
import io
import itertools
import lzma
import zlib
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any, cast

import orjson

from chimera_metrics.integrations.errors import InvalidInput
from chimera_metrics.integrations.validation.rules import shown_name
from chimera_metrics.models import FACT_TABLES

FORMATS = {".jsonl": "jsonl", ".ndjson": "jsonl", ".csv": "csv", ".parquet": "parquet"}
ROWS_PER_WINDOW = 50_000
ARROW_ROWS_PER_WINDOW = 200_000


def _zstd(raw: IO[bytes]) -> IO[bytes]:
    import pyarrow as pa

    return cast(IO[bytes], pa.CompressedInputStream(pa.PythonFile(raw), "zstd"))


_DECOMPRESSORS: dict[str, Callable[[IO[bytes]], Any]] = {
    "": lambda raw: raw,
    ".gz": lambda raw: gzip.GzipFile(fileobj=raw),
    ".bz2": bz2.BZ2File,
    ".xz": lzma.LZMAFile,
    ".zst": _zstd,
}
_BROKEN = (OSError, EOFError, UnicodeDecodeError, lzma.LZMAError, zlib.error, csv.Error)
# A field longer than its column takes is refused with its row, and the others are stored; one far beyond that is what a
# quote without its end makes of the rest of the file.
_CSV_FIELD = 16_000_000


@dataclass(frozen=True, slots=True)
class RowWindow:
    """Some rows of a file, in its order: a list of mappings, or an Arrow table."""

    rows: Any
    start: int
    position: int
    """How many bytes of the file were read when it was complete."""

    @property
    def stop(self) -> int:
        return self.start + len(self.rows)


@dataclass(frozen=True, slots=True)
class SourceFile:
    """One file of rows for one table."""

    path: Path
    table: str
    format: str
    compression: str

    def windows(self, skip: int = 0, cuts: Sequence[int] = ()) -> Iterator[RowWindow]:
        """The rows from `skip` on, in windows that end at multiples of their size and at `cuts`.

        An empty CSV field is null.
        """
        try:
            if self.format == "parquet":
                yield from self._parquet(skip, cuts)
                return
            with open(self.path, "rb") as raw:
                text = io.TextIOWrapper(_DECOMPRESSORS[self.compression](raw), encoding="utf-8-sig", newline="")
                rows = self._csv(text) if self.format == "csv" else self._jsonl(text, skip)
                if self.format == "csv":
                    next(itertools.islice(rows, skip, skip), None)
                start = skip
                while found := list(itertools.islice(rows, _size(start, ROWS_PER_WINDOW, cuts))):
                    yield RowWindow(found, start, raw.tell())
                    start += len(found)
        except _BROKEN as error:
            raise InvalidInput(f"{self.path} cannot be read to its end ({error}); is it whole?") from None

    def _jsonl(self, lines: IO[str], skip: int) -> Iterator[Mapping[str, Any]]:
        seen = 0
        for number, line in enumerate(lines, 1):
            if not line.strip():
                continue
            seen += 1
            if seen <= skip:
                continue
            try:
                row = orjson.loads(line)
            except orjson.JSONDecodeError as error:
                raise InvalidInput(f"{self.path}, line {number}, is not JSON ({error}); correct that line.") from None
            if not isinstance(row, dict):
                raise InvalidInput(f"{self.path}, line {number}, is not an object; write one row as one object.")
            yield row

    def _csv(self, lines: IO[str]) -> Iterator[Mapping[str, Any]]:
        csv.field_size_limit(_CSV_FIELD)
        reader = csv.DictReader(lines, restkey="more fields than the header names")
        line = 1
        try:
            self._check_names(reader.fieldnames or ())
            line = reader.line_num + 1
            for row in reader:
                yield {name: (value if value != "" else None) for name, value in row.items()}
                line = reader.line_num + 1
        except csv.Error as error:
            if "field limit" not in str(error):
                raise
            raise InvalidInput(
                f"{self.path}, line {line}, has a field of more than {_CSV_FIELD:,} characters; look there for a quote "
                "that is never closed."
            ) from None

    def _check_names(self, names: Iterable[str]) -> None:
        if twice := [name for name, count in Counter(names).items() if count > 1]:
            raise InvalidInput(f"{self.path} names the column '{shown_name(twice[0])}' more than once; name each once.")

    def _parquet(self, skip: int, cuts: Sequence[int]) -> Iterator[RowWindow]:
        import pyarrow as pa
        from pyarrow import parquet

        try:
            with self._parquet_source() as source:
                file = parquet.ParquetFile(source)
                self._check_names(file.schema_arrow.names)
                total, size, start = file.metadata.num_rows, self.path.stat().st_size, 0
                waiting: list[Any] = []
                for batch in file.iter_batches(batch_size=65_536):
                    while batch.num_rows:
                        room = _size(start, ARROW_ROWS_PER_WINDOW, cuts) - sum(part.num_rows for part in waiting)
                        waiting.append(batch.slice(0, room))
                        batch = batch.slice(room)
                        if waiting[-1].num_rows < room:
                            break
                        window = RowWindow(pa.Table.from_batches(waiting), start, 0)
                        start, waiting = window.stop, []
                        if start > skip:
                            yield RowWindow(window.rows, window.start, size * start // total)
                if waiting:
                    yield RowWindow(pa.Table.from_batches(waiting), start, size)
        except pa.ArrowException as error:
            raise InvalidInput(f"{self.path} is not a Parquet file that can be read ({error}).") from None

    def _parquet_source(self) -> Any:
        raw = open(self.path, "rb")  # noqa: SIM115  # closed by the caller
        if not self.compression:
            return raw
        with raw:
            return io.BytesIO(_DECOMPRESSORS[self.compression](raw).read())


def _size(start: int, rows: int, cuts: Sequence[int]) -> int:
    """Rows of the window that begins at `start`."""
    stop = (start // rows + 1) * rows
    return min([stop, *(cut for cut in cuts if cut > start)]) - start


def find_files(source: Path) -> list[SourceFile]:
    """The files of `source`, a file or a folder, tables in the order of the models."""
    if not source.exists():
        raise InvalidInput(f"There is no file or folder {source}; name one with --source or MUSE_SOURCE_DIR.")
    candidates = [source] if source.is_file() else sorted(path for path in source.iterdir() if path.is_file())
    found = [file for path in candidates if (file := _recognise(path)) is not None]
    if not found:
        kinds = ", ".join(sorted(FORMATS))
        packed = ", ".join(filter(None, _DECOMPRESSORS))
        raise InvalidInput(
            f"{source} holds no file named after a table, such as ui_events.jsonl (formats: {kinds}; "
            f"each also with {packed})."
        )
    order = list(FACT_TABLES)
    return sorted(found, key=lambda file: (order.index(file.table), file.path.name))


def _recognise(path: Path) -> SourceFile | None:
    suffixes = [suffix.lower() for suffix in path.suffixes]
    compression = suffixes.pop() if suffixes and suffixes[-1] in _DECOMPRESSORS else ""
    table = path.name.split(".")[0]
    if not suffixes or suffixes[-1] not in FORMATS or table not in FACT_TABLES:
        return None
    return SourceFile(path, table, FORMATS[suffixes[-1]], compression)
