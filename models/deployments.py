"""Deployments of episodes by the Publisher."""

from __future__ import annotations

from datetime import datetime
from typing import Any
from uuid import UUID as Uuid

from clickhouse_sqlalchemy import engines
from sqlalchemy import text
from sqlalchemy.orm import Mapped

from chimera_metrics.models.base import DEDUPLICATION_WINDOW, Base
from chimera_metrics.models.columns import ident, measure, message, moment, word


class Deployment(Base):
    """One deployment, at one point of its life."""

    __tablename__ = "deployments"

    ts: Mapped[datetime] = moment("When the deployment was reported", key=True, now=True)
    run_id: Mapped[Uuid] = ident("The Publisher run that deployed", key=True, fresh=True)
    episode_run_id: Mapped[Uuid | None] = ident("run_id of the episode deployed", null=True)
    status: Mapped[str] = word("How it stands", required=True, words=("building", "ready", "error"))
    vercel_deployment_id: Mapped[str | None] = message("Vercel's id of the deployment", null=True)
    url: Mapped[str | None] = message("Where it can be seen", null=True)
    duration_ms: Mapped[float | None] = measure("Time from start to ready or error", "ms")
    error_msg: Mapped[str | None] = message("What went wrong, cleaned of personal data", null=True)

    __table_args__: Any = (
        engines.MergeTree(
            partition_by=text("toDate(ts)"),
            order_by=("ts",),
            non_replicated_deduplication_window=DEDUPLICATION_WINDOW,
        ),
        {"comment": "Deployments of episodes by the Publisher."},
    )
