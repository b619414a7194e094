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
import stat
import zlib
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any, cast

from chimera_metrics.integrations.backfill.bounded_lines import BoundedLines
from chimera_metrics.integrations.backfill.text_rows import (
    check_count,
    check_names,
    csv_rows,
    delimiter_of,
    encoding_of,
    jsonl_rows,
)
from chimera_metrics.integrations.backfill.xz_files import xz
from chimera_metrics.integrations.errors import InvalidInput
from chimera_metrics.integrations.unseen import shown_path
from chimera_metrics.integrations.validation.rules import rules_of
from chimera_metrics.models import FACT_TABLES
from chimera_metrics.suggestions import did_you_mean

FORMATS = {".jsonl": "jsonl", ".ndjson": "jsonl", ".json": "jsonl", ".csv": "csv", ".tsv": "csv", ".parquet": "parquet"}
# What to do with files that are named after a table and cannot be read.
_OTHER_FORMATS = {
    **dict.fromkeys((".xlsx", ".xls", ".ods", ".numbers"), "save it as CSV UTF-8"),
    **dict.fromkeys((".zip", ".tar", ".tgz", ".7z", ".rar"), "unpack it, or pack the file alone by gzip"),
    **dict.fromkeys((".txt", ".log", ".dat"), "call it .csv or .jsonl after what it holds"),
    **dict.fromkeys((".arrow", ".feather", ".orc", ".avro"), "write it as Parquet"),
}
ROWS_PER_WINDOW = 50_000
ARROW_ROWS_PER_WINDOW = 200_000


def _zstd(raw: IO[bytes]) -> IO[bytes]:
    import pyarrow as pa

    return cast(IO[bytes], pa.CompressedInputStream(pa.PythonFile(raw), "zstd"))


_DECOMPRESSORS: dict[str, Callable[[IO[bytes]], Any]] = {
    "": lambda raw: raw,
    ".gz": lambda raw: gzip.GzipFile(fileobj=raw),
    ".bz2": bz2.BZ2File,
    ".xz": xz,
    ".zst": _zstd,
}
_BROKEN = (OSError, EOFError, lzma.LZMAError, zlib.error, csv.Error)
# More than any first line of names.
_BEGINNING = 65_536
BYTES_PER_WINDOW = 32_000_000
WEIGHT_PER_WINDOW = 192_000_000
# A Parquet file is compressed in itself: packed once more, it becomes hardly smaller.
_UNPACKED, _UNPACKED_TIMES = 100_000_000, 20


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

    def windows(self, skip: int = 0, cuts: Sequence[int] = (), bounded: bool = True) -> Iterator[RowWindow]:
        """The rows from `skip` on, in windows that end at multiples of their size and at `cuts`.

        bounded: whether a window also ends where its texts reach BYTES_PER_WINDOW, or its values WEIGHT_PER_WINDOW,
        as those of earlier versions did not. An empty CSV field is null.
        """
        try:
            if self.format == "parquet":
                yield from self._parquet(skip, cuts, bounded)
                return
            encoding, header = self._beginning()
            with open(self.path, "rb") as raw:
                text = io.TextIOWrapper(_DECOMPRESSORS[self.compression](raw), encoding=encoding, newline="")
                lines = BoundedLines(text, self.path)
                if self.format == "csv":
                    known = rules_of(self.table).names
                    rows = csv_rows(self.path, lines, delimiter_of(header, known), known)
                    next(itertools.islice(rows, skip, skip), None)
                else:
                    rows = jsonl_rows(self.path, lines, skip)
                start = skip
                while found := list(self._window(rows, lines, _size(start, ROWS_PER_WINDOW, cuts), bounded)):
                    window = RowWindow(found, start, raw.tell())
                    start = window.stop
                    found = []  # one window in memory is enough
                    yield window
                    del window
        except UnicodeDecodeError as error:
            raise InvalidInput(
                f"{self.path} is not written in UTF-8: it has the byte 0x{error.object[error.start]:02x} where text "
                'should be. Save it as UTF-8, which spreadsheets call "CSV UTF-8", and run this again.'
            ) from None
        except _BROKEN as error:
            raise InvalidInput(f"{self.path} cannot be read to its end ({error}); is it whole?") from None

    def _beginning(self) -> tuple[str, str]:
        """The file's encoding, which a mark at its start may name, and its first line."""
        with open(self.path, "rb") as raw:
            start: bytes = _DECOMPRESSORS[self.compression](raw).read(_BEGINNING)
        encoding = encoding_of(start)
        return encoding, start.decode(encoding, "replace").partition("\n")[0].strip("\r")

    @staticmethod
    def _window(rows: Iterator[Any], lines: BoundedLines, most: int, bounded: bool) -> Iterator[Any]:
        start, weight = lines.read, lines.weight
        for row in itertools.islice(rows, most):
            yield row
            if not bounded:
                continue
            if lines.read - start >= BYTES_PER_WINDOW or lines.weight - weight >= WEIGHT_PER_WINDOW:
                return

    def _parquet(self, skip: int, cuts: Sequence[int], bounded: bool) -> Iterator[RowWindow]:
        import pyarrow as pa

        from chimera_metrics.integrations.backfill import parquet_rows

        try:
            with self._parquet_source() as source:
                names, total = parquet_rows.column_names(source)
                check_count(self.path, len(names))
                check_names(self.path, names)
                size, start, room = self.path.stat().st_size, 0, lambda row: _size(row, ARROW_ROWS_PER_WINDOW, cuts)
                for rows in parquet_rows.tables(source, self.path, room, BYTES_PER_WINDOW if bounded else None):
                    window = RowWindow(rows, start, size * (start + rows.num_rows) // total)
                    start = window.stop
                    if start > skip:
                        yield window
        except (pa.ArrowException, ValueError) as error:
            raise InvalidInput(f"{self.path} is not a Parquet file that can be read ({error}).") from None

    def _parquet_source(self) -> Any:
        raw = open(self.path, "rb")  # noqa: SIM115  # closed by the caller
        if not self.compression:
            return raw
        most = max(_UNPACKED, _UNPACKED_TIMES * self.path.stat().st_size)
        with raw:
            data = _DECOMPRESSORS[self.compression](raw).read(most + 1)
        if len(data) > most:
            raise InvalidInput(
                f"{self.path} unpacks to more than {most:,} bytes, which no Parquet file does that is compressed in "
                "itself; unpack it first."
            )
        return io.BytesIO(data)


def _size(start: int, rows: int, cuts: Sequence[int]) -> int:
    """Rows of the window that begins at `start`."""
    stop = (start // rows + 1) * rows
    return min([stop, *(cut for cut in cuts if cut > start)]) - start


def find_files(source: Path) -> list[SourceFile]:
    """The files of `source`, a file or a folder, tables in the order of the models."""
    candidates = _candidates(source)
    found = [file for path in candidates if (file := _recognise(path)) is not None]
    if not found:
        kinds = ", ".join(sorted(FORMATS))
        packed = ", ".join(filter(None, _DECOMPRESSORS))
        if unread := [sentence for path in candidates if (sentence := _unread(path))]:
            raise InvalidInput(f"{unread[0]} Formats that are read: {kinds}; each also with {packed}.")
        raise InvalidInput(
            f"{source} holds no file named after a table, such as ui_events.jsonl (formats: {kinds}; "
            f"each also with {packed}).{_hint(source)}"
        )
    order = list(FACT_TABLES)
    return sorted(found, key=lambda file: (order.index(file.table), file.path.name))


def _candidates(source: Path) -> list[Path]:
    """The plain files that `source` names. A pipe or a device is none: reading it may never end."""
    try:
        mode = source.stat().st_mode
        if stat.S_ISDIR(mode):
            return sorted(path for path in source.iterdir() if path.is_file())
    except FileNotFoundError:
        raise InvalidInput(f"There is no file or folder {source}; name one with --source or MUSE_SOURCE_DIR.") from None
    except OSError as error:
        raise InvalidInput(
            f"{shown_path(str(source))} cannot be read ({error.strerror}); name a file or folder with --source or "
            "MUSE_SOURCE_DIR."
        ) from None
    if not stat.S_ISREG(mode):
        raise InvalidInput(f"{source} is neither a file nor a folder; write its rows to a file, and name that.")
    return [source]


def passed_over(folder: Path) -> list[str]:
    """What to say of files in a folder that look like rows of a table and are not taken."""
    if not folder.is_dir():
        return []
    paths = [path for path in sorted(folder.iterdir()) if _has_format(path) and _recognise(path) is None]
    broken = [
        path for path in sorted(folder.iterdir()) if _has_format(path) and path.is_symlink() and not path.exists()
    ]
    return [
        *(f"{path.name} is a link that leads nowhere; it was passed over." for path in broken),
        *(f"{path.name} is named after no table; it was passed over.{_hint(path)}" for path in paths if path.is_file()),
        *filter(None, map(_unread, sorted(folder.iterdir()))),
    ]


def _unread(path: Path) -> str | None:
    """What to do with a file that is named after a table, in a format that is not read; None for other files."""
    instead = _OTHER_FORMATS.get(path.suffix.lower())
    if instead is None or not path.is_file() or not _tables_of(path):
        return None
    return f"{path.name} is in a format that is not read; {instead}."


def _tables_of(path: Path) -> list[str]:
    return [table for table in FACT_TABLES if _is_of(path.name.lower(), table)]


def _hint(path: Path) -> str:
    """The table that a file's name may mean."""
    stem = path.name.partition(".")[0].lower()
    return did_you_mean(stem, FACT_TABLES, "{}", words=0.5) if path.is_file() else ""


def _has_format(path: Path) -> bool:
    suffixes = [suffix.lower() for suffix in path.suffixes]
    return bool(suffixes) and (suffixes[-1] in FORMATS or (len(suffixes) > 1 and suffixes[-2] in FORMATS))


def _recognise(path: Path) -> SourceFile | None:
    suffixes = [suffix.lower() for suffix in path.suffixes]
    compression = suffixes.pop() if suffixes and suffixes[-1] in _DECOMPRESSORS else ""
    if not suffixes or suffixes[-1] not in FORMATS:
        return None
    tables = _tables_of(path)
    return SourceFile(path, tables[0], FORMATS[suffixes[-1]], compression) if tables else None


def _is_of(name: str, table: str) -> bool:
    """Whether a file is named after the table: `ui_events-2026.csv` and `ui_events (1).csv` are, but not
    `ui_events_hourly.csv`, whose name is a word of its own."""
    begins, rest = name[: len(table)], name[len(table) :]
    return begins.replace("-", "_").replace(" ", "_") == table and not rest.removeprefix("_")[:1].isalpha()
