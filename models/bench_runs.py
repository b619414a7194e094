"""Benchmark runs of language models, from Banterhearts."""

from __future__ import annotations

from datetime import datetime
from decimal import Decimal
from typing import Any
from uuid import UUID as Uuid

from clickhouse_sqlalchemy import engines
from sqlalchemy import text
from sqlalchemy.orm import Mapped

from chimera_metrics.models.base import DEDUPLICATION_WINDOW, Base
from chimera_metrics.models.columns import commit, ident, measure, moment, money, word

# The identity of a run: a row that repeats all four is the same run, sent again. It leads with what questions name.
RUN_IDENTITY = ("model", "quant", "dataset", "run_id")


class BenchRun(Base):
    """One run of one model, quant and dataset. A run sent again replaces the earlier one, whatever day it carries."""

    __tablename__ = "bench_runs"

    ts: Mapped[datetime] = moment("When the run finished", now=True, stray=True)
    run_id: Mapped[Uuid] = ident("The run's own id", key=True, required=True)
    commit_sha: Mapped[str | None] = commit("Commit of Banterhearts that was measured")
    model: Mapped[str] = word("Model that ran", key=True, required=True)
    quant: Mapped[str] = word("Quantisation of its weights", key=True, required=True)
    dataset: Mapped[str] = word("Prompts that it ran on", key=True, required=True)
    latency_p50_ms: Mapped[float | None] = measure("Median latency of a generation", "ms")
    latency_p95_ms: Mapped[float | None] = measure("95th percentile of the latency", "ms")
    latency_p99_ms: Mapped[float | None] = measure("99th percentile of the latency", "ms")
    tokens_per_sec: Mapped[float | None] = measure("Tokens generated a second", "tokens/s")
    cost_per_1k: Mapped[Decimal | None] = money("Cost of a thousand tokens")
    memory_peak_mb: Mapped[float | None] = measure("Highest memory use", "MB")
    # The version by which the last received of two copies of a run wins. MATERIALIZED: no caller can set it.
    received_at: Mapped[datetime] = moment(
        "When the store received the run", materialized=text("now64(6, 'UTC')"), digits=6, stray=True
    )

    __table_args__: Any = (
        engines.ReplacingMergeTree(
            version="received_at",
            partition_by=text("toDate(ts)"),
            order_by=RUN_IDENTITY,
            non_replicated_deduplication_window=DEDUPLICATION_WINDOW,
        ),
        {"comment": "Benchmark runs of language models, from Banterhearts. A run sent again counts once."},
    )
