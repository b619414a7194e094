"""Runs of the Watcher, which checks that the data is fresh."""

from __future__ import annotations

from datetime import datetime
from typing import Any
from uuid import UUID as Uuid

from clickhouse_sqlalchemy import engines
from sqlalchemy import text
from sqlalchemy.orm import Mapped

from chimera_metrics.models.base import DEDUPLICATION_WINDOW, Base
from chimera_metrics.models.columns import commit, count, ident, measure, moment, word


class WatcherRun(Base):
    """One check of the pipeline by the Watcher."""

    __tablename__ = "watcher_runs"

    ts: Mapped[datetime] = moment("When the check ran", key=True, now=True)
    run_id: Mapped[Uuid] = ident("The check's own id", key=True, fresh=True)
    hearts_commit: Mapped[str | None] = commit("Newest commit of Banterhearts seen")
    packs_commit: Mapped[str | None] = commit("Newest commit of Banterpacks seen")
    hearts_rows_found: Mapped[int | None] = count("Benchmark rows found", "rows", bits=64, null=True)
    packs_rows_found: Mapped[int | None] = count("UI event rows found", "rows", bits=64, null=True)
    # Negative when the newest row's clock runs ahead: the very thing that the Watcher should report.
    lag_seconds: Mapped[float | None] = measure("Age of the newest row found", "s", bounds=(None, None))
    status: Mapped[str] = word(
        "What the check found",
        required=True,
        words=("valid", "degraded", "missing_hearts", "missing_packs", "lag_exceeded", "error"),
    )
    duration_ms: Mapped[float | None] = measure("Time that the check took", "ms")

    __table_args__: Any = (
        engines.MergeTree(
            partition_by=text("toDate(ts)"),
            order_by=("ts",),
            non_replicated_deduplication_window=DEDUPLICATION_WINDOW,
        ),
        {"comment": "Checks of the Watcher that the data is fresh."},
    )
