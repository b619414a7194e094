"""The audit log: one row per call of a tool."""

from __future__ import annotations

from datetime import datetime
from typing import Any
from uuid import UUID as Uuid

from clickhouse_sqlalchemy import engines
from sqlalchemy import text
from sqlalchemy.orm import Mapped

from chimera_metrics.models.base import DEDUPLICATION_WINDOW, Base
from chimera_metrics.models.columns import count, ident, measure, message, moment, prose, word


class AuditEntry(Base):
    """One call of a tool, allowed or refused."""

    __tablename__ = "audit_log"

    ts: Mapped[datetime] = moment("When the call came", key=True)
    call_id: Mapped[Uuid] = ident("The call's own id", key=True)
    who: Mapped[str] = word("Local user or token name")
    role: Mapped[str] = word("Role of the caller")
    client: Mapped[str] = word("Program that called, with its version")
    tool: Mapped[str] = word("Tool")
    arguments: Mapped[str] = prose("Arguments as JSON text, cleaned of personal data")
    statement: Mapped[str] = prose("Statement that ran")
    query_id: Mapped[str] = message("Id of the statement on the engine")
    rows: Mapped[int] = count("Rows answered or stored", "rows", bits=64)
    bytes: Mapped[int] = count("Bytes answered", "bytes", bits=64)
    elapsed_ms: Mapped[float] = measure("Time that the call took", "ms", null=False)
    outcome: Mapped[str] = word("How it ended", words=("ok", "refused", "error", "cancelled"))
    error: Mapped[str] = message("What went wrong")

    __table_args__: Any = (
        engines.MergeTree(
            partition_by=text("toDate(ts)"),
            order_by=("ts", "call_id"),
            non_replicated_deduplication_window=DEDUPLICATION_WINDOW,
        ),
        {"comment": "Calls of the tools."},
    )
