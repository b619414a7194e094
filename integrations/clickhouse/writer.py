"""The one way in for rows: hash, ledger, validation, masking, day-aligned blocks under tokens, acknowledgement."""

from __future__ import annotations

import hashlib
import itertools
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from sqlalchemy import func, select, tuple_

from integrations.clickhouse.executor import Executor
from integrations.clickhouse.ledger import WRITE_SETTINGS, Entry, Ledger, content_hash, new_batch_id
from integrations.clickhouse.retries import repeat
from integrations.clickhouse.row_path import Batch, validate_rows
from integrations.errors import InvalidInput
from integrations.results import Result
from models import FACT_TABLES, BenchRun

OnInvalid = Literal["reject_batch", "skip"]
Prepare = Callable[[Sequence[Mapping[str, Any]]], Sequence[Mapping[str, Any]]]

# One INSERT may span at most 100 partitions (code 252).
_DAYS_PER_BLOCK = 90
_ROWS_PER_BLOCK = 200_000
_REJECTED_SHOWN = 100


@dataclass(frozen=True, slots=True)
class Block:
    """Rows of a few days that go in under one token."""

    number: int
    data: list[list[Any]]


class Writer:
    """Stores batches exactly once, in the table and in every rollup."""

    def __init__(self, executor: Executor, retry_attempts: int, masking: bool) -> None:
        self._executor = executor
        self._ledger = Ledger(executor)
        self._attempts = retry_attempts
        self._masking = masking

    def insert(
        self,
        table: str,
        rows: Sequence[Mapping[str, Any]],
        idempotency_key: str | None = None,
        on_invalid: OnInvalid = "reject_batch",
        prepare: Prepare | None = None,
    ) -> Result:
        """Stores `rows`, once. The result's fields are those of the `insert` tools.

        The same rows again, or the same key, answer as duplicates; the same key with other rows is refused.
        `prepare` changes the rows after they are hashed: what was received, not what it became, makes a duplicate.
        """
        known_table(table)
        digest = content_hash(table, rows)
        key = idempotency_key or digest
        known = repeat(lambda: self._ledger.find(table, key), self._attempts)
        if known is not None:
            return self._again(table, digest, known, len(rows), given=idempotency_key is not None)
        batch = validate_rows(table, prepare(rows) if prepare is not None else rows, mask=self._masking)
        answer = self._answer(table, batch, len(rows))
        stored = batch.rows if on_invalid == "skip" or not batch.rejected else 0
        if batch.rejected and on_invalid == "reject_batch":
            answer["rejected_count"] = len(rows)
            answer["note"] = (
                f"{len(batch.rejected)} of {len(rows)} rows are wrong, so none was stored; correct them and send the "
                'batch again, or send it with on_invalid "skip" to store the others.'
            )
        if not stored:
            return Result.of(answer)
        answer["replaced"] = self._replaced(table, batch)
        self._store(table, batch, token=_token(table, key, digest))
        answer["inserted"] = stored
        return self._acknowledge(table, key, digest, answer)

    def _store(self, table: str, batch: Batch, token: str) -> None:
        for block in blocks(batch):
            settings = dict(WRITE_SETTINGS) | {"insert_deduplication_token": f"{token}-{block.number}"}
            repeat(
                lambda block=block, settings=settings: self._executor.insert(  # type: ignore[misc]
                    table, batch.columns, block.data, settings, batch.types
                ),
                self._attempts,
            )

    def _acknowledge(self, table: str, key: str, digest: str, answer: dict[str, Any]) -> Result:
        batch_id = new_batch_id()
        answer["batch_id"] = str(batch_id)
        repeat(lambda: self._ledger.record(table, key, digest, batch_id, answer), self._attempts)
        # Two callers may have sent the same batch at once: the tokens kept one copy, and one of them is told so.
        first = repeat(lambda: self._ledger.find(table, key), self._attempts)
        if first is not None and first.batch_id != batch_id:
            return self._again(table, digest, first, answer["received"], given=key != digest)
        return Result.of(answer)

    def _again(self, table: str, digest: str, known: Entry, received: int, given: bool) -> Result:
        if known.content_hash != digest:
            raise InvalidInput(
                f"The idempotency_key {known.key!r} was used at {known.acknowledged_at:%Y-%m-%d %H:%M:%S}Z for other "
                f"rows of {table}; send these rows under a key of their own."
            )
        answer = dict(known.answer)
        answer["duplicates"] = answer["inserted"] + answer["duplicates"]
        answer["inserted"] = answer["replaced"] = 0
        how = "another idempotency_key" if given else "an idempotency_key of your own"
        answer["note"] = (
            f"This batch was stored at {known.acknowledged_at:%Y-%m-%d %H:%M:%S}Z; nothing was stored again. "
            f"To store the same rows once more, send them with {how}."
        )
        return Result.of(answer)

    def _answer(self, table: str, batch: Batch, received: int) -> dict[str, Any]:
        return {
            "table": table,
            "batch_id": None,
            "received": received,
            "inserted": 0,
            "duplicates": 0,
            "replaced": 0,
            "rejected_count": len(batch.rejected),
            "quarantined": 0,
            "rejected": [
                {"index": bad.index, "field": bad.field, "error": bad.error} for bad in batch.rejected[:_REJECTED_SHOWN]
            ],
            "masked": dict(batch.masked),
            "rounded": dict(batch.rounded),
            "note": None,
        }

    def _replaced(self, table: str, batch: Batch) -> int:
        """Runs of the batch that the store has already, or that stand earlier in the batch."""
        if table != "bench_runs":
            return 0
        names = ("model", "quant", "dataset", "run_id")
        keys = list(zip(*(batch.data[batch.columns.index(name)] for name in names), strict=True))
        distinct = set(keys)
        found = 0
        wanted = sorted(distinct, key=str)
        for start in range(0, len(wanted), 1000):
            chunk = wanted[start : start + 1000]
            condition = tuple_(BenchRun.model, BenchRun.quant, BenchRun.dataset, BenchRun.run_id).in_(chunk)
            found += int(self._executor.scalar(select(func.count()).select_from(BenchRun).where(condition)))
        return found + len(keys) - len(distinct)


def known_table(table: str) -> None:
    """Refuses a table that takes no rows."""
    if table not in FACT_TABLES:
        raise InvalidInput(f"Unknown table {table!r}; rows go into {', '.join(FACT_TABLES)}.")


def blocks(batch: Batch) -> Iterator[Block]:
    """The batch by day, in blocks of at most 90 days and 200,000 rows; the same batch gives the same blocks."""
    order = sorted(range(batch.rows), key=batch.days.__getitem__)
    number = 0
    for _, group in itertools.groupby(_numbered(order, batch.days), key=lambda item: item[0]):
        indexes = [index for _, index in group]
        for start in range(0, len(indexes), _ROWS_PER_BLOCK):
            chosen = indexes[start : start + _ROWS_PER_BLOCK]
            yield Block(number, [[column[index] for index in chosen] for column in batch.data])
            number += 1


def _numbered(order: Sequence[int], days: Sequence[int]) -> Iterator[tuple[int, int]]:
    seen = 0
    last: int | None = None
    for index in order:
        if days[index] != last:
            last = days[index]
            seen += 1
        yield (seen - 1) // _DAYS_PER_BLOCK, index


def _token(table: str, key: str, digest: str) -> str:
    return hashlib.sha256(f"{table}\n{key}\n{digest}".encode()).hexdigest()
