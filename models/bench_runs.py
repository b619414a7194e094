"""Benchmark runs of language models, from Banterhearts."""

from __future__ import annotations

from datetime import datetime
from decimal import Decimal
from typing import Any
from uuid import UUID as Uuid

from clickhouse_sqlalchemy import engines
from clickhouse_sqlalchemy import types as ch
from sqlalchemy import text
from sqlalchemy.orm import Mapped

from chimera_metrics.models.base import (
    COMMIT,
    COMMIT_CODEC,
    COUNT_CODEC,
    DEDUPLICATION_WINDOW,
    FLOAT,
    ID_CODEC,
    MEASURE_CODEC,
    MONEY,
    STRAY_TIME_CODEC,
    TIME,
    UUID,
    WORD,
    WORD_CODEC,
    Base,
    nullable,
)
from chimera_metrics.models.ddl import col

# The identity of a run: a row that repeats all four is the same run, sent again. It leads with what questions name.
RUN_IDENTITY = ("model", "quant", "dataset", "run_id")


class BenchRun(Base):
    """One run of one model, quant and dataset. A run sent again replaces the earlier one, whatever day it carries."""

    __tablename__ = "bench_runs"

    ts: Mapped[datetime] = col(TIME, "When the run finished", default=text("now64(3, 'UTC')"), codec=STRAY_TIME_CODEC)
    run_id: Mapped[Uuid] = col(UUID, "The run's own id", key=True, required=True, codec=ID_CODEC)
    commit_sha: Mapped[str | None] = col(COMMIT, "Commit of Banterhearts that was measured", codec=COMMIT_CODEC)
    model: Mapped[str] = col(WORD, "Model that ran", key=True, required=True, codec=WORD_CODEC)
    quant: Mapped[str] = col(WORD, "Quantisation of its weights", key=True, required=True, codec=WORD_CODEC)
    dataset: Mapped[str] = col(WORD, "Prompts that it ran on", key=True, required=True, codec=WORD_CODEC)
    latency_p50_ms: Mapped[float | None] = col(nullable(FLOAT), "Median latency of a generation", unit="ms", codec=MEASURE_CODEC)
    latency_p95_ms: Mapped[float | None] = col(nullable(FLOAT), "95th percentile of the latency", unit="ms", codec=MEASURE_CODEC)
    latency_p99_ms: Mapped[float | None] = col(nullable(FLOAT), "99th percentile of the latency", unit="ms", codec=MEASURE_CODEC)
    tokens_per_sec: Mapped[float | None] = col(nullable(FLOAT), "Tokens generated a second", unit="tokens/s", codec=MEASURE_CODEC)
    cost_per_1k: Mapped[Decimal | None] = col(nullable(MONEY), "Cost of a thousand tokens", unit="USD", codec=COUNT_CODEC)
    memory_peak_mb: Mapped[float | None] = col(nullable(FLOAT), "Highest memory use", unit="MB", codec=MEASURE_CODEC)
    # The version by which the last received of two copies of a run wins. MATERIALIZED: no caller can set it.
    received_at: Mapped[datetime] = col(ch.DateTime64(6, "UTC"), "When the store received the run", materialized=text("now64(6, 'UTC')"), codec=STRAY_TIME_CODEC)

    __table_args__: Any = (
        engines.ReplacingMergeTree(
            version="received_at",
            partition_by=text("toDate(ts)"),
            order_by=RUN_IDENTITY,
            non_replicated_deduplication_window=DEDUPLICATION_WINDOW,
        ),
        {"comment": "Benchmark runs of language models, from Banterhearts. A run sent again counts once."},
    )
