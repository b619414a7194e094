"""The audit log: one row per call of a tool."""

from __future__ import annotations

from datetime import datetime
from typing import Any
from uuid import UUID as Uuid

from clickhouse_sqlalchemy import engines
from sqlalchemy import text
from sqlalchemy.orm import Mapped

from chimera_metrics.models.base import (
    COUNT64,
    COUNT_CODEC,
    DEDUPLICATION_WINDOW,
    FLOAT,
    ID_CODEC,
    MEASURE_CODEC,
    MESSAGE_CODEC,
    TEXT,
    TEXT_CODEC,
    TIME,
    TIME_CODEC,
    UUID,
    WORD,
    WORD_CODEC,
    Base,
)
from chimera_metrics.models.ddl import col


class AuditEntry(Base):
    """One call of a tool, allowed or refused."""

    __tablename__ = "audit_log"

    ts: Mapped[datetime] = col(TIME, "When the call came", key=True, codec=TIME_CODEC)
    call_id: Mapped[Uuid] = col(UUID, "The call's own id", key=True, codec=ID_CODEC)
    who: Mapped[str] = col(WORD, "Local user or token name", codec=WORD_CODEC)
    role: Mapped[str] = col(WORD, "Role of the caller", codec=WORD_CODEC)
    client: Mapped[str] = col(WORD, "Program that called, with its version", codec=WORD_CODEC)
    tool: Mapped[str] = col(WORD, "Tool", codec=WORD_CODEC)
    arguments: Mapped[str] = col(TEXT, "Arguments as JSON text, cleaned of personal data", codec=TEXT_CODEC)
    statement: Mapped[str] = col(TEXT, "Statement that ran", codec=TEXT_CODEC)
    query_id: Mapped[str] = col(TEXT, "Id of the statement on the engine", codec=MESSAGE_CODEC)
    rows: Mapped[int] = col(COUNT64, "Rows answered or stored", unit="rows", codec=COUNT_CODEC)
    bytes: Mapped[int] = col(COUNT64, "Bytes answered", unit="bytes", codec=COUNT_CODEC)
    elapsed_ms: Mapped[float] = col(FLOAT, "Time that the call took", unit="ms", codec=MEASURE_CODEC)
    outcome: Mapped[str] = col(WORD, "How it ended", words=("ok", "refused", "error", "cancelled"), codec=WORD_CODEC)
    error: Mapped[str] = col(TEXT, "What went wrong", codec=MESSAGE_CODEC)

    __table_args__: Any = (
        engines.MergeTree(
            partition_by=text("toDate(ts)"),
            order_by=("ts", "call_id"),
            non_replicated_deduplication_window=DEDUPLICATION_WINDOW,
        ),
        {"comment": "Calls of the tools."},
    )
