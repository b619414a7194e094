"""The watches: which metric is looked at, and what raises an alarm."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from clickhouse_sqlalchemy import engines
from clickhouse_sqlalchemy import types as ch
from sqlalchemy.orm import Mapped

from chimera_metrics.models.base import Base
from chimera_metrics.models.columns import message, moment, prose, word
from chimera_metrics.models.ddl import col


class Watch(Base):
    """One watch; the newest row of a name counts."""

    __tablename__ = "watches"

    name: Mapped[str] = message("The watch's name", key=True)
    definition: Mapped[str] = prose("Metric, groups, filters, granularity, rule and webhook, as JSON text")
    since: Mapped[datetime] = moment("Since when it is judged by this definition", stray=True)
    silenced_until: Mapped[datetime | None] = col(
        ch.Nullable(ch.DateTime64(3, "UTC")), "Until when no webhook is sent; null: it is not silenced"
    )
    removed: Mapped[int] = col(ch.UInt8(), "1: it was removed")
    set_at: Mapped[datetime] = moment("When this row was written", digits=6, stray=True)
    set_by: Mapped[str] = word("Who wrote it")

    __table_args__: Any = (
        engines.ReplacingMergeTree(version="set_at", order_by=("name",)),
        {"comment": "Watches: which metric is looked at, and what raises an alarm."},
    )
