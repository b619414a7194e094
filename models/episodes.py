"""Episodes that the Council agent wrote."""

from __future__ import annotations

from datetime import datetime
from decimal import Decimal
from typing import Any
from uuid import UUID as Uuid

from clickhouse_sqlalchemy import engines
from sqlalchemy import text
from sqlalchemy.orm import Mapped

from chimera_metrics.models.base import (
    COMMIT,
    COMMIT_CODEC,
    COUNT32,
    COUNT64,
    COUNT_CODEC,
    DEDUPLICATION_WINDOW,
    FLOAT,
    ID_CODEC,
    MEASURE_CODEC,
    MONEY,
    SERIAL_CODEC,
    STRAY_TIME_CODEC,
    TEXT,
    TEXT_CODEC,
    TIME,
    UUID,
    WORD,
    WORD_CODEC,
    Base,
    nullable,
)
from chimera_metrics.models.ddl import col


class Episode(Base):
    """One episode, at one point of its life."""

    __tablename__ = "episodes"

    ts: Mapped[datetime] = col(TIME, "When the episode was written", key=True, default=text("now64(3, 'UTC')"), codec=STRAY_TIME_CODEC)
    run_id: Mapped[Uuid] = col(UUID, "The Council run that wrote it", key=True, default=text("generateUUIDv4()"), codec=ID_CODEC)
    series: Mapped[str] = col(WORD, "Series that the episode belongs to", required=True, codec=WORD_CODEC)
    episode_num: Mapped[int] = col(COUNT32, "Its number in the series", required=True, codec=SERIAL_CODEC)
    title: Mapped[str] = col(TEXT, "Title", required=True, codec=TEXT_CODEC)
    confidence_score: Mapped[float | None] = col(nullable(FLOAT), "The Council's confidence, 0 to 1", codec=MEASURE_CODEC)
    correlation_strength: Mapped[float | None] = col(nullable(FLOAT), "Correlation that it rests on, -1 to 1", codec=MEASURE_CODEC)
    tokens_total: Mapped[int | None] = col(nullable(COUNT64), "Tokens used in writing it", unit="tokens", codec=COUNT_CODEC)
    cost_total: Mapped[Decimal | None] = col(nullable(MONEY), "Cost of writing it", unit="USD", codec=COUNT_CODEC)
    status: Mapped[str] = col(WORD, "Where it stands", default="draft", words=("draft", "published", "failed"), codec=WORD_CODEC)
    file_path: Mapped[str | None] = col(nullable(TEXT), "File that holds the text", codec=TEXT_CODEC)
    commit_sha: Mapped[str | None] = col(COMMIT, "Commit that added the file", codec=COMMIT_CODEC)

    __table_args__: Any = (
        engines.MergeTree(
            partition_by=text("toDate(ts)"),
            order_by=("series", "episode_num"),
            non_replicated_deduplication_window=DEDUPLICATION_WINDOW,
        ),
        {"comment": "Episodes that the Council wrote from what correlates."},
    )
