"""One row per call of a language model."""

from __future__ import annotations

from datetime import datetime
from decimal import Decimal
from typing import Any
from uuid import UUID as Uuid

from clickhouse_sqlalchemy import engines
from sqlalchemy import text
from sqlalchemy.orm import Mapped

from chimera_metrics.models.base import DEDUPLICATION_WINDOW, Base
from chimera_metrics.models.columns import count, ident, measure, message, moment, money, word


class LlmEvent(Base):
    """One call of a language model by one of the pipeline's programs."""

    __tablename__ = "llm_events"

    ts: Mapped[datetime] = moment("When the call ended", key=True, now=True)
    run_id: Mapped[Uuid] = ident("The call's own id", key=True, fresh=True)
    source: Mapped[str] = word("Program that called", required=True, words=("banterhearts", "banterpacks", "council"))
    model: Mapped[str] = word("Model that was called", required=True)
    operation: Mapped[str] = word("What it was called for", required=True)
    tokens_in: Mapped[int | None] = count("Tokens sent", "tokens", null=True)
    tokens_out: Mapped[int | None] = count("Tokens received", "tokens", null=True)
    latency_ms: Mapped[float | None] = measure("Time from request to full answer", "ms")
    cost_usd: Mapped[Decimal | None] = money("Cost of the call")
    status: Mapped[str] = word("How the call ended", required=True, words=("success", "failure", "timeout"))
    error_msg: Mapped[str | None] = message("What went wrong, cleaned of personal data", null=True)

    __table_args__: Any = (
        # Questions name a source and a time window; within them rows lie by time, which keeps ts and costs small.
        engines.MergeTree(
            partition_by=text("toDate(ts)"),
            order_by=("source", "ts"),
            non_replicated_deduplication_window=DEDUPLICATION_WINDOW,
        ),
        {"comment": "Calls of language models: tokens, latency, cost, outcome."},
    )
