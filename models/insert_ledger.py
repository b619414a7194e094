"""The ledger: one row per batch acknowledged, by which a repeated call is known."""

from __future__ import annotations

from datetime import datetime
from typing import Any
from uuid import UUID as Uuid

from clickhouse_sqlalchemy import engines
from clickhouse_sqlalchemy import types as ch
from sqlalchemy import text
from sqlalchemy.orm import Mapped

from chimera_metrics.models.base import (
    COUNT64,
    COUNT_CODEC,
    DEDUPLICATION_WINDOW,
    ID_CODEC,
    MESSAGE_CODEC,
    STRAY_TIME_CODEC,
    TEXT,
    UUID,
    WORD,
    WORD_CODEC,
    Base,
)
from chimera_metrics.models.ddl import FixedString, col


class LedgerEntry(Base):
    """One acknowledged batch: its key, the hash of its rows as received, and the answer given."""

    __tablename__ = "insert_ledger"

    acknowledged_at: Mapped[datetime] = col(ch.DateTime64(6, "UTC"), "When the batch was acknowledged", codec=STRAY_TIME_CODEC)
    table_name: Mapped[str] = col(WORD, "Table that it went into", key=True, codec=WORD_CODEC)
    idempotency_key: Mapped[str] = col(TEXT, "The caller's key, or the content hash", key=True, codec=MESSAGE_CODEC)
    content_hash: Mapped[str] = col(FixedString(64), "SHA-256 of the rows as received", codec=MESSAGE_CODEC)
    batch_id: Mapped[Uuid] = col(UUID, "The batch's own id", codec=ID_CODEC)
    received: Mapped[int] = col(COUNT64, "Rows received", unit="rows", codec=COUNT_CODEC)
    inserted: Mapped[int] = col(COUNT64, "Rows stored", unit="rows", codec=COUNT_CODEC)
    rejected: Mapped[int] = col(COUNT64, "Rows refused", unit="rows", codec=COUNT_CODEC)
    quarantined: Mapped[int] = col(COUNT64, "Rows kept aside on disk", unit="rows", codec=COUNT_CODEC)
    replaced: Mapped[int] = col(COUNT64, "Rows that replaced an earlier copy", unit="rows", codec=COUNT_CODEC)
    answer: Mapped[str] = col(TEXT, "The answer as JSON text", codec=MESSAGE_CODEC)

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
