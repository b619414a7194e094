"""Deployments of episodes by the Publisher."""

from __future__ import annotations

from datetime import datetime
from typing import Any
from uuid import UUID as Uuid

from clickhouse_sqlalchemy import engines
from sqlalchemy import text
from sqlalchemy.orm import Mapped

from chimera_metrics.models.base import (
    DEDUPLICATION_WINDOW,
    FLOAT,
    ID_CODEC,
    MEASURE_CODEC,
    MESSAGE_CODEC,
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


class Deployment(Base):
    """One deployment, at one point of its life."""

    __tablename__ = "deployments"

    ts: Mapped[datetime] = col(TIME, "When the deployment was reported", key=True, default=text("now64(3, 'UTC')"), codec=TIME_CODEC)
    run_id: Mapped[Uuid] = col(UUID, "The Publisher run that deployed", key=True, default=text("generateUUIDv4()"), codec=ID_CODEC)
    episode_run_id: Mapped[Uuid | None] = col(nullable(UUID), "run_id of the episode deployed", codec=ID_CODEC)
    status: Mapped[str] = col(WORD, "How it stands", required=True, words=("building", "ready", "error"), codec=WORD_CODEC)
    vercel_deployment_id: Mapped[str | None] = col(nullable(TEXT), "Vercel's id of the deployment", codec=MESSAGE_CODEC)
    url: Mapped[str | None] = col(nullable(TEXT), "Where it can be seen", codec=MESSAGE_CODEC)
    duration_ms: Mapped[float | None] = col(nullable(FLOAT), "Time from start to ready or error", unit="ms", codec=MEASURE_CODEC)
    error_msg: Mapped[str | None] = col(nullable(TEXT), "What went wrong, cleaned of personal data", codec=MESSAGE_CODEC)

    __table_args__: Any = (
        engines.MergeTree(
            partition_by=text("toDate(ts)"),
            order_by=("ts",),
            non_replicated_deduplication_window=DEDUPLICATION_WINDOW,
        ),
        {"comment": "Deployments of episodes by the Publisher."},
    )
