"""How long each table keeps its rows."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from clickhouse_sqlalchemy import engines
from clickhouse_sqlalchemy import types as ch
from sqlalchemy import text
from sqlalchemy.orm import Mapped

from chimera_metrics.models.base import Base
from chimera_metrics.models.ddl import col


class RetentionRule(Base):
    """One rule; the newest of a table counts. Nothing deletes by itself."""

    __tablename__ = "retention_rules"

    table_name: Mapped[str] = col(ch.String(), "Table that the rule is for", key=True)
    keep_days: Mapped[int | None] = col(ch.Nullable(ch.UInt32()), "Whole days kept; null keeps all", unit="days")
    set_at: Mapped[datetime] = col(ch.DateTime64(6, "UTC"), "When the rule was set", default=text("now64(6, 'UTC')"))
    set_by: Mapped[str] = col(ch.String(), "Who set it")

    __table_args__: Any = (
        engines.ReplacingMergeTree(version="set_at", order_by=("table_name",)),
        {"comment": "Retention rules: how long each table keeps its rows."},
    )
