"""One row per call of a language model."""

from __future__ import annotations

from datetime import datetime
from decimal import Decimal
from typing import Any
from uuid import UUID as Uuid

from clickhouse_sqlalchemy import engines
from sqlalchemy import text
from sqlalchemy.orm import Mapped

from chimera_metrics.models.base import (
    COUNT32,
    COUNT_CODEC,
    DEDUPLICATION_WINDOW,
    FLOAT,
    ID_CODEC,
    MEASURE_CODEC,
    MESSAGE_CODEC,
    MONEY,
    TEXT,
    TIME,
    TIME_CODEC,
    UUID,
    WORD,
    WORD_CODEC,
    Base,
    nullable,
)
from chimera_metrics.models.ddl import col


class LlmEvent(Base):
    """One call of a language model by one of the pipeline's programs."""

    __tablename__ = "llm_events"

    ts: Mapped[datetime] = col(TIME, "When the call ended", key=True, default=text("now64(3, 'UTC')"), codec=TIME_CODEC)
    run_id: Mapped[Uuid] = col(UUID, "The call's own id", key=True, default=text("generateUUIDv4()"), codec=ID_CODEC)
    source: Mapped[str] = col(WORD, "Program that called", required=True, words=("banterhearts", "banterpacks", "council"), codec=WORD_CODEC)
    model: Mapped[str] = col(WORD, "Model that was called", required=True, codec=WORD_CODEC)
    operation: Mapped[str] = col(WORD, "What it was called for", required=True, codec=WORD_CODEC)
    tokens_in: Mapped[int | None] = col(nullable(COUNT32), "Tokens sent", unit="tokens", codec=COUNT_CODEC)
    tokens_out: Mapped[int | None] = col(nullable(COUNT32), "Tokens received", unit="tokens", codec=COUNT_CODEC)
    latency_ms: Mapped[float | None] = col(nullable(FLOAT), "Time from request to full answer", unit="ms", codec=MEASURE_CODEC)
    cost_usd: Mapped[Decimal | None] = col(nullable(MONEY), "Cost of the call", unit="USD", codec=COUNT_CODEC)
    status: Mapped[str] = col(WORD, "How the call ended", required=True, words=("success", "failure", "timeout"), codec=WORD_CODEC)
    error_msg: Mapped[str | None] = col(nullable(TEXT), "What went wrong, cleaned of personal data", codec=MESSAGE_CODEC)

    __table_args__: Any = (
        # Questions name a source and a time window; within them rows lie by time, which keeps ts and costs compressible.
        engines.MergeTree(
            partition_by=text("toDate(ts)"),
            order_by=("source", "ts"),
            non_replicated_deduplication_window=DEDUPLICATION_WINDOW,
        ),
        {"comment": "Calls of language models: tokens, latency, cost, outcome."},
    )
