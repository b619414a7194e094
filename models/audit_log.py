"""The audit log: one row per call of a tool."""

from __future__ import annotations

from datetime import datetime
from typing import Any
from uuid import UUID as Uuid

from clickhouse_sqlalchemy import engines
from sqlalchemy import text
from sqlalchemy.orm import Mapped

from models.base import (
    COUNT64,
    DEDUPLICATION_WINDOW,
    FLOAT,
    NUMBER_CODEC,
    TEXT,
    TEXT_CODEC,
    TIME,
    TIME_CODEC,
    UUID,
    WORD,
    Base,
)
from models.ddl import col


class AuditEntry(Base):
    """One call of a tool, allowed or refused."""

    __tablename__ = "audit_log"

    ts: Mapped[datetime] = col(TIME, "When the call came", key=True, codec=TIME_CODEC)
    call_id: Mapped[Uuid] = col(UUID, "The call's own id", key=True, codec=NUMBER_CODEC)
    who: Mapped[str] = col(WORD, "Local user or token name")
    role: Mapped[str] = col(WORD, "Role of the caller")
    client: Mapped[str] = col(WORD, "Program that called, with its version")
    tool: Mapped[str] = col(WORD, "Tool")
    arguments: Mapped[str] = col(TEXT, "Arguments as JSON text, cleaned of personal data", codec=TEXT_CODEC)
    statement: Mapped[str] = col(TEXT, "Statement that ran", codec=TEXT_CODEC)
    query_id: Mapped[str] = col(TEXT, "Id of the statement on the engine", codec=NUMBER_CODEC)
    rows: Mapped[int] = col(COUNT64, "Rows answered or stored", unit="rows", codec=NUMBER_CODEC)
    bytes: Mapped[int] = col(COUNT64, "Bytes answered", unit="bytes", codec=NUMBER_CODEC)
    elapsed_ms: Mapped[float] = col(FLOAT, "Time that the call took", unit="ms", codec=NUMBER_CODEC)
    outcome: Mapped[str] = col(WORD, "How it ended", words=("ok", "refused", "error", "cancelled"))
    error: Mapped[str] = col(TEXT, "What went wrong", codec=TEXT_CODEC)

    __table_args__: Any = (
        engines.MergeTree(
            partition_by=text("toDate(ts)"),
            order_by=("ts", "call_id"),
            non_replicated_deduplication_window=DEDUPLICATION_WINDOW,
        ),
        {"comment": "Calls of the tools."},
    )
