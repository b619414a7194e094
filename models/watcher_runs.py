"""Runs of the Watcher, which checks that the data is fresh."""

from __future__ import annotations

from datetime import datetime
from typing import Any
from uuid import UUID as Uuid

from clickhouse_sqlalchemy import engines
from sqlalchemy import text
from sqlalchemy.orm import Mapped

from chimera_metrics.models.base import (
    COMMIT,
    COMMIT_CODEC,
    COUNT64,
    COUNT_CODEC,
    DEDUPLICATION_WINDOW,
    FLOAT,
    ID_CODEC,
    MEASURE_CODEC,
    TIME,
    TIME_CODEC,
    UUID,
    WORD,
    WORD_CODEC,
    Base,
    nullable,
)
from chimera_metrics.models.ddl import col


class WatcherRun(Base):
    """One check of the pipeline by the Watcher."""

    __tablename__ = "watcher_runs"

    ts: Mapped[datetime] = col(TIME, "When the check ran", key=True, default=text("now64(3, 'UTC')"), codec=TIME_CODEC)
    run_id: Mapped[Uuid] = col(UUID, "The check's own id", key=True, default=text("generateUUIDv4()"), codec=ID_CODEC)
    hearts_commit: Mapped[str | None] = col(COMMIT, "Newest commit of Banterhearts seen", codec=COMMIT_CODEC)
    packs_commit: Mapped[str | None] = col(COMMIT, "Newest commit of Banterpacks seen", codec=COMMIT_CODEC)
    hearts_rows_found: Mapped[int | None] = col(nullable(COUNT64), "Benchmark rows found", unit="rows", codec=COUNT_CODEC)
    packs_rows_found: Mapped[int | None] = col(nullable(COUNT64), "UI event rows found", unit="rows", codec=COUNT_CODEC)
    lag_seconds: Mapped[float | None] = col(nullable(FLOAT), "Age of the newest row found", unit="s", codec=MEASURE_CODEC)
    status: Mapped[str] = col(WORD, "What the check found", required=True, words=("valid", "degraded", "missing_hearts", "missing_packs", "lag_exceeded", "error"), codec=WORD_CODEC)
    duration_ms: Mapped[float | None] = col(nullable(FLOAT), "Time that the check took", unit="ms", codec=MEASURE_CODEC)

    __table_args__: Any = (
        engines.MergeTree(
            partition_by=text("toDate(ts)"),
            order_by=("ts",),
            non_replicated_deduplication_window=DEDUPLICATION_WINDOW,
        ),
        {"comment": "Checks of the Watcher that the data is fresh."},
    )
