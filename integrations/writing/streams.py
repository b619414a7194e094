"""Rows without end, in constant memory: an iterable or Arrow data as a chain of batches.

Each piece is a batch of its own, stored before the next is awaited. It is known by what it holds and by nothing that
goes before it, so that a stream in which rows were corrected stores only the pieces that changed; a piece that
equals an earlier one of the same stream is data, known by its number among its equals. Under a caller's key a piece is
known by its place. Either way pieces are counted off from the start: rows taken out or put in move all that follow.
"""

from __future__ import annotations

import contextvars
import hashlib
import itertools
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from datetime import UTC, datetime
from typing import Any

from chimera_metrics.integrations.results import Result
from chimera_metrics.integrations.writing.arguments import OnInvalid, check_call, check_rows
from chimera_metrics.integrations.writing.keys import own_key
from chimera_metrics.integrations.writing.ledger import content_hash
from chimera_metrics.integrations.writing.prepared import Prepare, Prepared
from chimera_metrics.integrations.writing.writer import Writer

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
    check_call(table, key, on_invalid)
    check_rows(rows)
    key, source = own_key(key), iter(rows)
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
    from chimera_metrics.integrations.writing.bulk import arrow_hash

    check_call(table, key, on_invalid)
    key, digested = own_key(key), ((piece, arrow_hash(table, piece)) for piece in arrow_pieces(data))
    return _store_all(writer, table, digested, key, on_invalid, progress, prepare)


def is_table(data: object) -> bool:
    """Whether `data` is columns rather than rows. Imports none of the libraries that make such."""
    origin = type(data).__module__.partition(".")[0]
    return origin in ("pandas", "polars", "pyarrow") or hasattr(data, "__arrow_c_stream__")


def arrow_pieces(data: Any) -> Iterator[Any]:
    """Arrow tables of equal size, however the data comes in pieces itself."""
    import pyarrow as pa

    from chimera_metrics.integrations.validation.frames import to_arrow

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
    now, total = datetime.now(UTC), _Total(table, on_invalid)
    checked = _checked(writer, table, pieces, key, on_invalid, prepare, now)
    call = contextvars.copy_context()  # whose rows they are is known on the other thread too
    # The next piece is read and checked while the engine, which needs no interpreter, stores this one.
    with ThreadPoolExecutor(1, thread_name_prefix="muse-check") as pool:
        waiting: Future[Prepared | None] = pool.submit(lambda: call.run(next, checked, None))
        while (prepared := waiting.result()) is not None:
            waiting = pool.submit(lambda: call.run(next, checked, None))
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
    seen: Counter[str] = Counter()
    for number, (piece, digest) in enumerate(pieces):
        own = _key(digest, seen[digest]) if key is None else key if number == 0 else f"{key}#{number}"
        seen[digest] += 1
        yield writer.check(table, piece, digest, own, on_invalid, prepare, now)


def _key(digest: str, before: int) -> str | None:
    """The key of a piece before which so many of its equals came; the first goes by that of the same rows in a list."""
    return hashlib.sha256(f"{digest}\n{before}".encode()).hexdigest() if before else None


class _Total:
    """What the pieces' answers come to."""

    def __init__(self, table: str, on_invalid: OnInvalid) -> None:
        self._table = table
        self._on_invalid = on_invalid
        self._answers = dict.fromkeys(_SUMS, 0)
        self._rejected: list[Any] = []
        self._masked: dict[str, int] = {}
        self._rounded: dict[str, int] = {}
        self._first: Any = None
        self._refused = self._known = 0
        self._notes: dict[str, str] = {}
        self.batches = 0

    def add(self, result: Result) -> None:
        start = self._answers["received"]
        self.batches += 1
        self._first = self._first or result["batch_id"]
        if result["quarantined"]:
            self._notes["quarantined"] = result["note"]
        elif result["duplicates"]:
            self._known += 1
            self._notes["known"] = result["note"]
        elif self._on_invalid == "reject_batch" and result["rejected_count"]:
            self._refused += 1
            self._notes["refused"] = result["note"]
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
                "note": " ".join(self._said()) or None,
                "batches": self.batches,
            }
        )

    def _said(self) -> Iterator[str]:
        """The notes of the pieces, each true of the stream as a whole."""
        if self._refused and self.batches > 1:
            here = self._answers["inserted"] + self._answers["duplicates"]
            hold, those = ("holds", "that piece") if self._refused == 1 else ("hold", "those pieces")
            yield (
                f"{self._refused} of the {self.batches} pieces of this stream {hold} wrong rows, so none of the "
                f"{self._answers['rejected_count']} rows of {those} was stored; {here} rows of the others are. Correct "
                "the wrong rows where they stand and send the whole stream again: only what is missing is stored. "
                'on_invalid "skip" stores the right rows of such a piece too.'
            )
        elif self._refused:
            yield self._notes["refused"]
        if self._known and self._known < self.batches:
            yield f"{self._answers['duplicates']} of these rows were stored before and are not stored again."
        elif self._known:
            yield self._notes["known"]
        if "quarantined" in self._notes:
            yield self._notes["quarantined"]
