"""What each session of the user interface came to, by the hour in which it began."""

from __future__ import annotations

from datetime import datetime
from typing import Any
from uuid import UUID as Uuid

from clickhouse_sqlalchemy import engines
from sqlalchemy import text
from sqlalchemy.orm import Mapped

from chimera_metrics.models.base import DEDUPLICATION_WINDOW, Base
from chimera_metrics.models.columns import count, hour, ident, measure


class SessionStat(Base):
    """One session, summed up."""

    __tablename__ = "session_stats"

    hour: Mapped[datetime] = hour("Hour in which the session began", key=True, required=True)
    session_id: Mapped[Uuid] = ident("The session", key=True, required=True)
    avg_latency_ms: Mapped[float | None] = measure("Mean latency of its events", "ms")
    error_rate: Mapped[float] = measure(
        "Share of its events that are errors, 0 to 1", bounds=(0, 1), required=True, null=False
    )
    abandonment_rate: Mapped[float] = measure(
        "1 if it ended in an error or after one event, else 0", bounds=(0, 1), required=True, null=False
    )
    events_count: Mapped[int] = count("Its events", "events", required=True)
    duration_seconds: Mapped[float] = measure("Time from its first event to its last", "s", required=True, null=False)

    __table_args__: Any = (
        engines.MergeTree(
            partition_by=text("toDate(hour)"),
            order_by=("hour", "session_id"),
            non_replicated_deduplication_window=DEDUPLICATION_WINDOW,
        ),
        {"comment": "Sessions of the user interface, summed up."},
    )
