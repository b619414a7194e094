"""One row per event in the overlay's user interface, from Banterpacks."""

from __future__ import annotations

from datetime import datetime
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
    MEASURE_CODEC,
    TEXT,
    TEXT_CODEC,
    TIME,
    TIME_CODEC,
    UUID,
    WORD,
    WORD_CODEC,
    Base,
    nullable,
)
from chimera_metrics.models.ddl import SkipIndex, col


class UiEvent(Base):
    """One event of one session of the user interface."""

    __tablename__ = "ui_events"

    ts: Mapped[datetime] = col(TIME, "When the event happened", key=True, default=text("now64(3, 'UTC')"), codec=TIME_CODEC)
    # A session's id comes back within minutes: level 3 finds it again in the large blocks below, level 1 does not.
    session_id: Mapped[Uuid] = col(UUID, "Session that the event belongs to", key=True, required=True, codec="ZSTD(3)")
    commit_sha: Mapped[str | None] = col(COMMIT, "Commit of Banterpacks that was running", codec=COMMIT_CODEC)
    event_type: Mapped[str] = col(WORD, "What happened", key=True, required=True, words=("overlay_open", "query_submit", "error"), codec=WORD_CODEC)
    latency_ms: Mapped[float | None] = col(nullable(FLOAT), "Time until the interface answered", unit="ms", codec=MEASURE_CODEC)
    user_agent: Mapped[str | None] = col(ch.LowCardinality(ch.Nullable(ch.String())), "Browser, version family and platform", codec=WORD_CODEC)
    metadata_: Mapped[str] = col(TEXT, "Further facts as JSON text, cleaned of personal data", name="metadata", default="{}", codec=TEXT_CODEC)
    schema_version: Mapped[int] = col(ch.UInt16(), "Version of the event's format", default=text("1"), codec=COUNT_CODEC)

    __table_args__: Any = (
        # Questions name event types and a time window. A session's id repeats far apart in this order (7 bytes a row in
        # blocks of 64 kB, 3 in blocks of 1 MB), and only wide parts keep a column's blocks together: those of days from about
        # 10,000 events on, where the engine's own limit would be 100,000.
        engines.MergeTree(
            partition_by=text("toDate(ts)"),
            order_by=("event_type", "ts"),
            min_bytes_for_wide_part=1_048_576,
            min_compress_block_size=1_048_576,
            non_replicated_deduplication_window=DEDUPLICATION_WINDOW,
        ),
        # Rebuilding or reading one session must not read every event of its days.
        SkipIndex("session_id_bloom", "session_id", "bloom_filter(0.01)", 1),
        # What changed with a commit: its days stand together, and a day's index takes a few dozen bytes.
        SkipIndex("commit_sha_bloom", "commit_sha", "bloom_filter(0.01)", 1),
        {"comment": "Events of the user interface, from Banterpacks."},
    )
