"""Rows without end, in constant memory: an iterable or Arrow data as a chain of batches.

Each piece is a batch of its own, stored before the next is awaited. Without a key of the caller's, a piece's key is
the hash of its content and of all before it: the same stream again is all duplicates, and a piece that happens to
equal an earlier one of the same stream is data.
"""

from __future__ import annotations

import hashlib
import itertools
from collections.abc import Callable, Iterable, Iterator, Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from datetime import UTC, datetime
from typing import Any

from integrations.clickhouse.ledger import content_hash
from integrations.clickhouse.writer import OnInvalid, Prepare, Prepared, Writer, known_table
from integrations.results import Result

ROWS_PER_PIECE = 10_000
ARROW_ROWS_PER_PIECE = 200_000
_REJECTED_SHOWN = 100
_SUMS = ("received", "inserted", "duplicates", "replaced", "rejected_count", "quarantined")

Progress = Callable[[Result], None]
"""Called with the sums so far after each piece."""
Digested = tuple[Any, str]
"""A piece, and the hash of its content."""


def insert_stream(
    writer: Writer,
    table: str,
    rows: Iterable[Mapping[str, Any]],
    key: str | None = None,
    on_invalid: OnInvalid = "reject_batch",
    progress: Progress | None = None,
    prepare: Prepare | None = None,
) -> Result:
    """Stores any number of rows. The result adds up its pieces; `on_invalid` speaks of one piece."""
    known_table(table)
    source = iter(rows)
    pieces = iter(lambda: list(itertools.islice(source, ROWS_PER_PIECE)), [])
    digested = ((piece, content_hash(table, piece)) for piece in pieces)
    return _store_all(writer, table, digested, key, on_invalid, progress, prepare)


def insert_table(
    writer: Writer,
    table: str,
    data: Any,
    key: str | None = None,
    on_invalid: OnInvalid = "reject_batch",
    progress: Progress | None = None,
    prepare: Prepare | None = None,
) -> Result:
    """Stores an Arrow table or record batches, or a pandas or polars frame. The result is that of `insert_stream`."""
    from integrations.clickhouse.bulk import arrow_hash

    known_table(table)
    digested = ((piece, arrow_hash(table, piece)) for piece in arrow_pieces(data))
    return _store_all(writer, table, digested, key, on_invalid, progress, prepare)


def is_table(data: object) -> bool:
    """Whether `data` is columns rather than rows. Imports none of the libraries that make such."""
    origin = type(data).__module__.partition(".")[0]
    return origin in ("pandas", "polars", "pyarrow") or hasattr(data, "__arrow_c_stream__")


def arrow_pieces(data: Any) -> Iterator[Any]:
    """Arrow tables of equal size, however the data comes in pieces itself."""
    import pyarrow as pa

    from integrations.clickhouse.column_path import to_arrow

    if not isinstance(data, pa.RecordBatchReader):
        table = to_arrow(data)
        for start in range(0, table.num_rows, ARROW_ROWS_PER_PIECE):
            yield table.slice(start, ARROW_ROWS_PER_PIECE)
        return
    waiting: list[Any] = []
    count = 0
    for batch in data:
        while batch.num_rows:
            taken = batch.slice(0, ARROW_ROWS_PER_PIECE - count)
            batch = batch.slice(taken.num_rows)
            waiting.append(taken)
            count += taken.num_rows
            if count == ARROW_ROWS_PER_PIECE:
                yield pa.Table.from_batches(waiting)
                waiting, count = [], 0
    if waiting:
        yield pa.Table.from_batches(waiting)


def _store_all(
    writer: Writer,
    table: str,
    pieces: Iterator[Digested],
    key: str | None,
    on_invalid: OnInvalid,
    progress: Progress | None,
    prepare: Prepare | None,
) -> Result:
    now, total = datetime.now(UTC), _Total(table)
    checked = _checked(writer, table, pieces, key, on_invalid, prepare, now)
    # The next piece is read and checked while the engine, which needs no interpreter, stores this one.
    with ThreadPoolExecutor(1, thread_name_prefix="muse-check") as pool:
        waiting: Future[Prepared | None] = pool.submit(next, checked, None)
        while (prepared := waiting.result()) is not None:
            waiting = pool.submit(next, checked, None)
            result = writer.store(prepared)
            total.add(result)
            if progress is not None:
                progress(total.result())
    return total.result()


def _checked(
    writer: Writer,
    table: str,
    pieces: Iterator[Digested],
    key: str | None,
    on_invalid: OnInvalid,
    prepare: Prepare | None,
    now: datetime,
) -> Iterator[Prepared]:
    chain = ""
    for number, (piece, digest) in enumerate(pieces):
        chain = digest if not chain else hashlib.sha256(f"{chain}\n{digest}".encode()).hexdigest()
        # The first piece goes by the same key as the same rows sent in one call.
        own = (key if number == 0 else f"{key}#{number}") if key is not None else (None if number == 0 else chain)
        yield writer.check(table, piece, digest, own, on_invalid, prepare, now)


class _Total:
    """What the pieces' answers come to."""

    def __init__(self, table: str) -> None:
        self._table = table
        self._answers = dict.fromkeys(_SUMS, 0)
        self._rejected: list[Any] = []
        self._masked: dict[str, int] = {}
        self._rounded: dict[str, int] = {}
        self._first: Any = None
        self._note: str | None = None
        self.batches = 0

    def add(self, result: Result) -> None:
        start = self._answers["received"]
        self.batches += 1
        self._first = self._first or result["batch_id"]
        self._note = result["note"] or self._note
        for name in _SUMS:
            self._answers[name] += result[name]
        room = _REJECTED_SHOWN - len(self._rejected)
        self._rejected += [{**bad, "index": bad["index"] + start} for bad in result["rejected"][:room]]
        for sums, counts in ((self._masked, result["masked"]), (self._rounded, result["rounded"])):
            for name, count in counts.items():
                sums[name] = sums.get(name, 0) + count

    def result(self) -> Result:
        return Result.of(
            {
                "table": self._table,
                "batch_id": self._first,
                **self._answers,
                "rejected": self._rejected,
                "masked": self._masked,
                "rounded": self._rounded,
                "note": self._note,
                "batches": self.batches,
            }
        )
