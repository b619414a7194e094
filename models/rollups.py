"""Hourly rollups of the two large tables, kept up to date by materialized views.

A question over days then reads 24 rows a day and key instead of every event. Counts, sums and extremes are exact;
percentiles come from a DDSketch (quantilesDD, relative error at most 1 %), distinct counts from uniq.
"""

from __future__ import annotations

from datetime import datetime
from decimal import Decimal
from typing import Any

from clickhouse_sqlalchemy import engines
from clickhouse_sqlalchemy import types as ch
from sqlalchemy import text
from sqlalchemy.orm import Mapped, MappedColumn

from chimera_metrics.models.base import DEDUPLICATION_WINDOW, Base
from chimera_metrics.models.columns import COUNT_CODEC, MEASURE_CODEC, hour, word
from chimera_metrics.models.ddl import MaterializedView, col

QUANTILES = "quantilesDD(0.01, 0.5, 0.9, 0.95, 0.99)"


FLOAT = ch.Float64()
# Sketches of quantiles and distinct counts: sparse arrays.
SKETCH_CODEC = "ZSTD(3)"


def _counted(meaning: str, unit: str) -> MappedColumn[Any]:
    """A sum of whole numbers."""
    return col(ch.SimpleAggregateFunction("sum", ch.UInt64()), meaning, unit=unit, codec=COUNT_CODEC)


def _latency(function: str, type_: Any, meaning: str) -> MappedColumn[Any]:
    """The sum, the lowest or the highest of latencies."""
    return col(ch.SimpleAggregateFunction(function, type_), meaning, unit="ms", codec=MEASURE_CODEC)


def _sketch(function: str, type_: Any, meaning: str, unit: str) -> MappedColumn[Any]:
    """The state of an aggregate that cannot be added up."""
    return col(ch.AggregateFunction(function, type_), meaning, unit=unit, codec=SKETCH_CODEC)


class LlmEventHour(Base):
    """`llm_events` by hour, source, model, operation and status."""

    __tablename__ = "llm_events_hourly"

    hour: Mapped[datetime] = hour("Hour in UTC", key=True)
    source: Mapped[str] = word("Program that called", key=True)
    model: Mapped[str] = word("Model that was called", key=True)
    operation: Mapped[str] = word("What it was called for", key=True)
    status: Mapped[str] = word("How the calls ended", key=True)
    events: Mapped[int] = _counted("Calls", "calls")
    tokens_in: Mapped[int] = _counted("Tokens sent", "tokens")
    tokens_out: Mapped[int] = _counted("Tokens received", "tokens")
    # 128 bits wide, which T64 does not take.
    cost_usd: Mapped[Decimal] = col(
        ch.SimpleAggregateFunction("sum", ch.Decimal(38, 9)), "Cost", unit="USD", codec="ZSTD(1)"
    )
    latency_count: Mapped[int] = _counted("Calls with a latency", "calls")
    latency_sum_ms: Mapped[float] = _latency("sum", FLOAT, "Sum of the latencies")
    latency_min_ms: Mapped[float | None] = _latency("min", ch.Nullable(FLOAT), "Lowest latency")
    latency_max_ms: Mapped[float | None] = _latency("max", ch.Nullable(FLOAT), "Highest latency")
    latency_quantiles_ms: Mapped[Any] = _sketch(QUANTILES, ch.Nullable(FLOAT), "Sketch of the latencies", "ms")

    __table_args__: Any = (
        engines.AggregatingMergeTree(
            partition_by=text("toDate(hour)"),
            order_by=("source", "model", "operation", "status", "hour"),
            non_replicated_deduplication_window=DEDUPLICATION_WINDOW,
        ),
        {"comment": "Calls of language models by the hour, kept by llm_events_hourly_mv."},
    )


class UiEventHour(Base):
    """`ui_events` by hour and event type."""

    __tablename__ = "ui_events_hourly"

    hour: Mapped[datetime] = hour("Hour in UTC", key=True)
    event_type: Mapped[str] = word("What happened", key=True)
    events: Mapped[int] = _counted("Events", "events")
    sessions: Mapped[Any] = _sketch("uniq", ch.UUID(), "Sketch of the sessions", "sessions")
    latency_count: Mapped[int] = _counted("Events with a latency", "events")
    latency_sum_ms: Mapped[float] = _latency("sum", FLOAT, "Sum of the latencies")
    latency_min_ms: Mapped[float | None] = _latency("min", ch.Nullable(FLOAT), "Lowest latency")
    latency_max_ms: Mapped[float | None] = _latency("max", ch.Nullable(FLOAT), "Highest latency")
    latency_quantiles_ms: Mapped[Any] = _sketch(QUANTILES, ch.Nullable(FLOAT), "Sketch of the latencies", "ms")

    __table_args__: Any = (
        engines.AggregatingMergeTree(
            partition_by=text("toDate(hour)"),
            order_by=("event_type", "hour"),
            non_replicated_deduplication_window=DEDUPLICATION_WINDOW,
        ),
        {"comment": "Events of the user interface by the hour, kept by ui_events_hourly_mv."},
    )


_STATE = QUANTILES.replace("quantilesDD(", "quantilesDDState(")

LLM_EVENTS_HOURLY_MV = MaterializedView(
    "llm_events_hourly_mv",
    target="llm_events_hourly",
    source="llm_events",
    query=f"""
SELECT
    toStartOfHour(toDateTime(ts, 'UTC')) AS hour,
    source,
    model,
    operation,
    status,
    count() AS events,
    sum(ifNull(tokens_in, 0)) AS tokens_in,
    sum(ifNull(tokens_out, 0)) AS tokens_out,
    sum(ifNull(cost_usd, 0)) AS cost_usd,
    count(latency_ms) AS latency_count,
    sum(ifNull(latency_ms, 0)) AS latency_sum_ms,
    min(latency_ms) AS latency_min_ms,
    max(latency_ms) AS latency_max_ms,
    {_STATE}(latency_ms) AS latency_quantiles_ms
FROM llm_events
GROUP BY hour, source, model, operation, status
""",
    comment="Keeps llm_events_hourly.",
    metadata=Base.metadata,
)

UI_EVENTS_HOURLY_MV = MaterializedView(
    "ui_events_hourly_mv",
    target="ui_events_hourly",
    source="ui_events",
    query=f"""
SELECT
    toStartOfHour(toDateTime(ts, 'UTC')) AS hour,
    event_type,
    count() AS events,
    uniqState(session_id) AS sessions,
    count(latency_ms) AS latency_count,
    sum(ifNull(latency_ms, 0)) AS latency_sum_ms,
    min(latency_ms) AS latency_min_ms,
    max(latency_ms) AS latency_max_ms,
    {_STATE}(latency_ms) AS latency_quantiles_ms
FROM ui_events
GROUP BY hour, event_type
""",
    comment="Keeps ui_events_hourly.",
    metadata=Base.metadata,
)
