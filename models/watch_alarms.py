"""The alarms that watches have raised."""

from __future__ import annotations

from datetime import datetime
from typing import Any
from uuid import UUID as Uuid

from clickhouse_sqlalchemy import engines
from clickhouse_sqlalchemy import types as ch
from sqlalchemy import text
from sqlalchemy.orm import Mapped

from chimera_metrics.models.base import Base
from chimera_metrics.models.columns import ident, message, moment, prose, word
from chimera_metrics.models.ddl import col


class WatchAlarm(Base):
    """One alarm; of an id the row that changed last counts."""

    __tablename__ = "watch_alarms"

    alarm_id: Mapped[Uuid] = ident("The alarm's id, which follows from watch, series and bucket", key=True)
    watch: Mapped[str] = word("The watch that raised it")
    series: Mapped[str] = message("Its group, as JSON text; empty for none")
    rule: Mapped[str] = word("The rule that it broke", words=("change", "drift", "above", "below"))
    bucket: Mapped[datetime] = moment("Start of the bucket that raised it", stray=True)
    detail: Mapped[str] = prose("Value, direction and first day of the change, as JSON text")
    raised_at: Mapped[datetime] = moment("When it was raised", stray=True)
    cleared_at: Mapped[datetime | None] = col(
        ch.Nullable(ch.DateTime64(3, "UTC")), "When the value was back; null: it is on, or cannot be cleared"
    )
    acknowledged_at: Mapped[datetime | None] = col(
        ch.Nullable(ch.DateTime64(3, "UTC")), "When somebody said that it was seen; null: nobody did"
    )
    acknowledged_by: Mapped[str] = word("Who said so")
    changed_at: Mapped[datetime] = moment("When this row was written", digits=6, stray=True)

    __table_args__: Any = (
        engines.ReplacingMergeTree(
            version="changed_at", partition_by=text("toYYYYMM(raised_at)"), order_by=("alarm_id",)
        ),
        {"comment": "Alarms that watches have raised."},
    )
