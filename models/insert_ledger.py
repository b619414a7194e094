"""The ledger: one row per batch acknowledged, by which a repeated call is known."""

from __future__ import annotations

from datetime import datetime
from typing import Any
from uuid import UUID as Uuid

from clickhouse_sqlalchemy import engines
from sqlalchemy import text
from sqlalchemy.orm import Mapped

from chimera_metrics.models.base import DEDUPLICATION_WINDOW, Base
from chimera_metrics.models.columns import MESSAGE_CODEC, count, ident, message, moment, word
from chimera_metrics.models.ddl import FixedString, col


class LedgerEntry(Base):
    """One acknowledged batch: its key, the hash of its rows as received, and the answer given."""

    __tablename__ = "insert_ledger"

    acknowledged_at: Mapped[datetime] = moment("When the batch was acknowledged", digits=6, stray=True)
    table_name: Mapped[str] = word("Table that it went into", key=True)
    idempotency_key: Mapped[str] = message("The caller's key, or the content hash", key=True)
    content_hash: Mapped[str] = col(FixedString(64), "SHA-256 of the rows as received", codec=MESSAGE_CODEC)
    batch_id: Mapped[Uuid] = ident("The batch's own id")
    received: Mapped[int] = count("Rows received", "rows", bits=64)
    inserted: Mapped[int] = count("Rows stored", "rows", bits=64)
    rejected: Mapped[int] = count("Rows refused", "rows", bits=64)
    quarantined: Mapped[int] = count("Rows kept aside on disk", "rows", bits=64)
    replaced: Mapped[int] = count("Rows that replaced an earlier copy", "rows", bits=64)
    answer: Mapped[str] = message("The answer as JSON text")

    __table_args__: Any = (
        # A look-up by key on every insert: small granules, and few parts because partitions are months.
        engines.MergeTree(
            partition_by=text("toYYYYMM(acknowledged_at)"),
            order_by=("table_name", "idempotency_key"),
            index_granularity=256,
            non_replicated_deduplication_window=DEDUPLICATION_WINDOW,
        ),
        {"comment": "Batches acknowledged, by which a repeated insert is known."},
    )
