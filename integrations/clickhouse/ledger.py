"""The ledger: which batch is known, under which key, and what it was answered.

The key is the caller's idempotency key, or the hash of the rows where the caller gave none. Same key and same rows: the
stored answer. Same key, other rows: refused, because one of the two would be lost.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any
from uuid import UUID, uuid4

import orjson
from sqlalchemy import select

from integrations.clickhouse.executor import Executor
from models import LedgerEntry

_COLUMNS = (
    "acknowledged_at",
    "table_name",
    "idempotency_key",
    "content_hash",
    "batch_id",
    "received",
    "inserted",
    "rejected",
    "quarantined",
    "replaced",
    "answer",
)

# An acknowledged insert has been written to the store's files, and its parts are not merged away half-way.
WRITE_SETTINGS: Mapping[str, Any] = {
    "async_insert": 0,
    "insert_deduplicate": 1,
    "deduplicate_blocks_in_dependent_materialized_views": 1,
}


def content_hash(table: str, rows: Sequence[Mapping[str, Any]]) -> str:
    """SHA-256 of the rows as received, before defaults and masking; 64 hexadecimal digits.

    The order of a row's fields does not matter, the order of the rows does.
    """
    digest = hashlib.sha256(table.encode() + b"\n")
    for start in range(0, len(rows), 1000):
        digest.update(_bytes(list(rows[start : start + 1000])))
    return digest.hexdigest()


def _bytes(rows: list[Mapping[str, Any]]) -> bytes:
    try:
        return orjson.dumps(rows, default=_plain, option=_OPTIONS)
    except TypeError:
        # Whole numbers beyond 64 bits and broken text are refused later, with a sentence; they too have a hash.
        return repr([sorted(row.items(), key=repr) for row in rows]).encode("utf-8", "surrogatepass")


_OPTIONS = orjson.OPT_SORT_KEYS | orjson.OPT_NON_STR_KEYS | orjson.OPT_PASSTHROUGH_SUBCLASS


def _plain(value: Any) -> Any:
    # Decimal, numpy scalars and whatever else a Python caller sends: their type and text tell them apart.
    return [type(value).__name__, repr(value)]


@dataclass(frozen=True, slots=True)
class Entry:
    """One acknowledged batch."""

    key: str
    content_hash: str
    batch_id: UUID
    counts: Mapping[str, int]
    answer: Mapping[str, Any]
    acknowledged_at: datetime


class Ledger:
    """Reads and writes the table `insert_ledger`."""

    def __init__(self, executor: Executor) -> None:
        self._executor = executor

    def find(self, table: str, key: str) -> Entry | None:
        """The first batch acknowledged under `key`, or None."""
        entry = LedgerEntry
        statement = (
            select(
                entry.content_hash,
                entry.batch_id,
                entry.received,
                entry.inserted,
                entry.rejected,
                entry.quarantined,
                entry.replaced,
                entry.answer,
                entry.acknowledged_at,
            )
            .where(entry.table_name == table, entry.idempotency_key == key)
            .order_by(entry.acknowledged_at)
            .limit(1)
        )
        rows = self._executor.read(statement).mappings()
        if not rows:
            return None
        row = rows[0]
        counts = {name: row[name] for name in ("received", "inserted", "rejected", "quarantined", "replaced")}
        return Entry(
            key, row["content_hash"], row["batch_id"], counts, orjson.loads(row["answer"]), row["acknowledged_at"]
        )

    def record(self, table: str, key: str, digest: str, batch_id: UUID, answer: Mapping[str, Any]) -> None:
        """Acknowledges a batch. Of two callers that record the same key at once, the engine keeps one."""
        values = (
            datetime.now(UTC),
            table,
            key,
            digest,
            batch_id,
            answer["received"],
            answer["inserted"],
            answer["rejected_count"],
            answer["quarantined"],
            answer["replaced"],
            orjson.dumps(answer).decode(),
        )
        token = hashlib.sha256(f"ledger\n{table}\n{key}\n{digest}".encode()).hexdigest()
        self._executor.insert(
            "insert_ledger",
            _COLUMNS,
            [[value] for value in values],
            settings=dict(WRITE_SETTINGS) | {"insert_deduplication_token": token},
            types=_TYPES,
        )


_TYPES = (
    "DateTime64(6, 'UTC')",
    "LowCardinality(String)",
    "String",
    "FixedString(64)",
    "UUID",
    "UInt64",
    "UInt64",
    "UInt64",
    "UInt64",
    "UInt64",
    "String",
)


def new_batch_id() -> UUID:
    return uuid4()
