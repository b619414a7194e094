"""What each session of the user interface came to, by the hour in which it began."""

from __future__ import annotations

from datetime import datetime
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
    HOUR,
    HOUR_CODEC,
    ID_CODEC,
    MEASURE_CODEC,
    UUID,
    Base,
    nullable,
)
from chimera_metrics.models.ddl import col


class SessionStat(Base):
    """One session, summed up."""

    __tablename__ = "session_stats"

    hour: Mapped[datetime] = col(HOUR, "Hour in which the session began", key=True, required=True, codec=HOUR_CODEC)
    session_id: Mapped[Uuid] = col(UUID, "The session", key=True, required=True, codec=ID_CODEC)
    avg_latency_ms: Mapped[float | None] = col(nullable(FLOAT), "Mean latency of its events", unit="ms", codec=MEASURE_CODEC)
    error_rate: Mapped[float] = col(FLOAT, "Share of its events that are errors, 0 to 1", required=True, codec=MEASURE_CODEC)
    abandonment_rate: Mapped[float] = col(FLOAT, "1 if it ended in an error or after one event, else 0", required=True, codec=MEASURE_CODEC)
    events_count: Mapped[int] = col(COUNT32, "Its events", unit="events", required=True, codec=COUNT_CODEC)
    duration_seconds: Mapped[float] = col(FLOAT, "Time from its first event to its last", unit="s", required=True, codec=MEASURE_CODEC)

    __table_args__: Any = (
        engines.MergeTree(
            partition_by=text("toDate(hour)"),
            order_by=("hour", "session_id"),
            non_replicated_deduplication_window=DEDUPLICATION_WINDOW,
        ),
        {"comment": "Sessions of the user interface, summed up."},
    )
