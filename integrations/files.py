"""Files of rows: JSONL, CSV and Parquet, plain or compressed, each named after its table."""

from __future__ import annotations

import bz2
import csv
import gzip
import lzma
from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any

import orjson

from integrations.errors import InvalidInput
from models import FACT_TABLES

FORMATS = {".jsonl": "jsonl", ".ndjson": "jsonl", ".csv": "csv", ".parquet": "parquet"}
_OPENERS: dict[str, Callable[..., AbstractContextManager[IO[str]]]] = {
    "": open,
    ".gz": gzip.open,
    ".bz2": bz2.open,
    ".xz": lzma.open,
}


@dataclass(frozen=True, slots=True)
class SourceFile:
    """One file of rows for one table."""

    path: Path
    table: str
    format: str
    compression: str

    def rows(self) -> Iterator[Mapping[str, Any]]:
        """The rows in the file's order. An empty CSV field is null."""
        return {"jsonl": self._jsonl, "csv": self._csv, "parquet": self._parquet}[self.format]()

    def _open(self) -> AbstractContextManager[IO[str]]:
        return _OPENERS[self.compression](self.path, "rt", encoding="utf-8", newline="")

    def _jsonl(self) -> Iterator[Mapping[str, Any]]:
        with self._open() as lines:
            for number, line in enumerate(lines, 1):
                if not line.strip():
                    continue
                try:
                    row = orjson.loads(line)
                except orjson.JSONDecodeError as error:
                    raise InvalidInput(f"{self.path}, line {number}, is not JSON ({error}); correct that line.") from None
                if not isinstance(row, dict):
                    raise InvalidInput(f"{self.path}, line {number}, is not an object; write one row as one object.")
                yield row

    def _csv(self) -> Iterator[Mapping[str, Any]]:
        with self._open() as lines:
            for row in csv.DictReader(lines):
                yield {name: (value if value != "" else None) for name, value in row.items()}

    def _parquet(self) -> Iterator[Mapping[str, Any]]:
        from pyarrow import parquet

        for batch in parquet.ParquetFile(self.path).iter_batches():
            yield from batch.to_pylist()


def find_files(source: Path) -> list[SourceFile]:
    """The files of `source`, a file or a folder, tables in the order of the models."""
    if not source.exists():
        raise InvalidInput(f"There is no file or folder {source}; name one with --source or MUSE_SOURCE_DIR.")
    candidates = [source] if source.is_file() else sorted(path for path in source.iterdir() if path.is_file())
    found = [file for path in candidates if (file := _recognise(path)) is not None]
    if not found:
        kinds = ", ".join(sorted(FORMATS))
        raise InvalidInput(f"{source} holds no file named after a table, such as ui_events.jsonl (formats: {kinds}).")
    order = list(FACT_TABLES)
    return sorted(found, key=lambda file: (order.index(file.table), file.path.name))


def _recognise(path: Path) -> SourceFile | None:
    suffixes = path.suffixes
    compression = suffixes.pop() if suffixes and suffixes[-1] in _OPENERS else ""
    table = path.name.split(".")[0]
    if not suffixes or suffixes[-1] not in FORMATS or table not in FACT_TABLES:
        return None
    return SourceFile(path, table, FORMATS[suffixes[-1]], compression)
