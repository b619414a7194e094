"""One row per call of a language model."""

from __future__ import annotations

from datetime import datetime
from decimal import Decimal
from typing import Any
from uuid import UUID as Uuid

from clickhouse_sqlalchemy import engines
from sqlalchemy import text
from sqlalchemy.orm import Mapped

from models.base import (
    COUNT32,
    DEDUPLICATION_WINDOW,
    FLOAT,
    MONEY,
    NUMBER_CODEC,
    TEXT,
    TEXT_CODEC,
    TIME,
    TIME_CODEC,
    UUID,
    WORD,
    Base,
    nullable,
)
from models.ddl import col


class LlmEvent(Base):
    """One call of a language model by one of the pipeline's programs."""

    __tablename__ = "llm_events"

    ts: Mapped[datetime] = col(TIME, "When the call ended", key=True, default=text("now64(3, 'UTC')"), codec=TIME_CODEC)
    run_id: Mapped[Uuid] = col(UUID, "The call's own id", key=True, default=text("generateUUIDv4()"), codec=NUMBER_CODEC)
    source: Mapped[str] = col(WORD, "Program that called", required=True, words=("banterhearts", "banterpacks", "council"))
    model: Mapped[str] = col(WORD, "Model that was called", required=True)
    operation: Mapped[str] = col(WORD, "What it was called for", required=True)
    tokens_in: Mapped[int | None] = col(nullable(COUNT32), "Tokens sent", unit="tokens", codec=NUMBER_CODEC)
    tokens_out: Mapped[int | None] = col(nullable(COUNT32), "Tokens received", unit="tokens", codec=NUMBER_CODEC)
    latency_ms: Mapped[float | None] = col(nullable(FLOAT), "Time from request to full answer", unit="ms", codec=NUMBER_CODEC)
    cost_usd: Mapped[Decimal | None] = col(nullable(MONEY), "Cost of the call", unit="USD", codec=NUMBER_CODEC)
    status: Mapped[str] = col(WORD, "How the call ended", required=True, words=("success", "failure", "timeout"))
    error_msg: Mapped[str | None] = col(nullable(TEXT), "What went wrong, cleaned of personal data", codec=TEXT_CODEC)

    __table_args__: Any = (
        # Questions name a source and a time window; within them rows lie by time, which keeps ts and costs compressible.
        engines.MergeTree(
            partition_by=text("toDate(ts)"),
            order_by=("source", "ts"),
            non_replicated_deduplication_window=DEDUPLICATION_WINDOW,
        ),
        {"comment": "Calls of language models: tokens, latency, cost, outcome."},
    )
