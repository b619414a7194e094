"""One row per event in the overlay's user interface, from Banterpacks."""

from __future__ import annotations

from datetime import datetime
from typing import Any
from uuid import UUID as Uuid

from clickhouse_sqlalchemy import engines
from clickhouse_sqlalchemy import types as ch
from sqlalchemy import text
from sqlalchemy.orm import Mapped

from models.base import (
    COMMIT,
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
    nullable,
)
from models.ddl import SkipIndex, col


class UiEvent(Base):
    """One event of one session of the user interface."""

    __tablename__ = "ui_events"

    ts: Mapped[datetime] = col(TIME, "When the event happened", key=True, default=text("now64(3, 'UTC')"), codec=TIME_CODEC)
    session_id: Mapped[Uuid] = col(UUID, "Session that the event belongs to", key=True, required=True, codec=NUMBER_CODEC)
    commit_sha: Mapped[str | None] = col(COMMIT, "Commit of Banterpacks that was running", codec=TEXT_CODEC)
    event_type: Mapped[str] = col(WORD, "What happened", key=True, required=True, words=("overlay_open", "query_submit", "error"))
    latency_ms: Mapped[float | None] = col(nullable(FLOAT), "Time until the interface answered", unit="ms", codec=NUMBER_CODEC)
    user_agent: Mapped[str | None] = col(ch.LowCardinality(ch.Nullable(ch.String())), "Browser, version family and platform")
    metadata_: Mapped[str] = col(TEXT, "Further facts as JSON text, cleaned of personal data", name="metadata", default="{}", codec=TEXT_CODEC)
    schema_version: Mapped[int] = col(ch.UInt16(), "Version of the event's format", default=text("1"), codec=NUMBER_CODEC)

    __table_args__: Any = (
        # Questions name event types and a time window.
        engines.MergeTree(
            partition_by=text("toDate(ts)"),
            order_by=("event_type", "ts"),
            non_replicated_deduplication_window=DEDUPLICATION_WINDOW,
        ),
        # Rebuilding or reading one session must not read every event of its days.
        SkipIndex("session_id_bloom", "session_id", "bloom_filter(0.01)", 1),
        {"comment": "Events of the user interface, from Banterpacks."},
    )
