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
from sqlalchemy.orm import Mapped

from chimera_metrics.models.base import (
    COUNT64,
    COUNT_CODEC,
    DEDUPLICATION_WINDOW,
    FLOAT,
    HOUR,
    HOUR_CODEC,
    MEASURE_CODEC,
    SKETCH_CODEC,
    UUID,
    WORD,
    WORD_CODEC,
    Base,
    nullable,
)
from chimera_metrics.models.ddl import MaterializedView, col

QUANTILES = "quantilesDD(0.01, 0.5, 0.9, 0.95, 0.99)"


def _sum(type_: Any) -> ch.SimpleAggregateFunction:
    return ch.SimpleAggregateFunction("sum", type_)


class LlmEventHour(Base):
    """`llm_events` by hour, source, model, operation and status."""

    __tablename__ = "llm_events_hourly"

    hour: Mapped[datetime] = col(HOUR, "Hour in UTC", key=True, codec=HOUR_CODEC)
    source: Mapped[str] = col(WORD, "Program that called", key=True, codec=WORD_CODEC)
    model: Mapped[str] = col(WORD, "Model that was called", key=True, codec=WORD_CODEC)
    operation: Mapped[str] = col(WORD, "What it was called for", key=True, codec=WORD_CODEC)
    status: Mapped[str] = col(WORD, "How the calls ended", key=True, codec=WORD_CODEC)
    events: Mapped[int] = col(_sum(COUNT64), "Calls", unit="calls", codec=COUNT_CODEC)
    tokens_in: Mapped[int] = col(_sum(COUNT64), "Tokens sent", unit="tokens", codec=COUNT_CODEC)
    tokens_out: Mapped[int] = col(_sum(COUNT64), "Tokens received", unit="tokens", codec=COUNT_CODEC)
    # 128 bits wide, which T64 does not take.
    cost_usd: Mapped[Decimal] = col(_sum(ch.Decimal(38, 6)), "Cost", unit="USD", codec="ZSTD(1)")
    latency_count: Mapped[int] = col(_sum(COUNT64), "Calls with a latency", unit="calls", codec=COUNT_CODEC)
    latency_sum_ms: Mapped[float] = col(_sum(FLOAT), "Sum of the latencies", unit="ms", codec=MEASURE_CODEC)
    latency_min_ms: Mapped[float | None] = col(ch.SimpleAggregateFunction("min", nullable(FLOAT)), "Lowest latency", unit="ms", codec=MEASURE_CODEC)
    latency_max_ms: Mapped[float | None] = col(ch.SimpleAggregateFunction("max", nullable(FLOAT)), "Highest latency", unit="ms", codec=MEASURE_CODEC)
    latency_quantiles_ms: Mapped[Any] = col(ch.AggregateFunction(QUANTILES, nullable(FLOAT)), "Sketch of the latencies", unit="ms", codec=SKETCH_CODEC)

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

    hour: Mapped[datetime] = col(HOUR, "Hour in UTC", key=True, codec=HOUR_CODEC)
    event_type: Mapped[str] = col(WORD, "What happened", key=True, codec=WORD_CODEC)
    events: Mapped[int] = col(_sum(COUNT64), "Events", unit="events", codec=COUNT_CODEC)
    sessions: Mapped[Any] = col(ch.AggregateFunction("uniq", UUID), "Sketch of the sessions", unit="sessions", codec=SKETCH_CODEC)
    latency_count: Mapped[int] = col(_sum(COUNT64), "Events with a latency", unit="events", codec=COUNT_CODEC)
    latency_sum_ms: Mapped[float] = col(_sum(FLOAT), "Sum of the latencies", unit="ms", codec=MEASURE_CODEC)
    latency_min_ms: Mapped[float | None] = col(ch.SimpleAggregateFunction("min", nullable(FLOAT)), "Lowest latency", unit="ms", codec=MEASURE_CODEC)
    latency_max_ms: Mapped[float | None] = col(ch.SimpleAggregateFunction("max", nullable(FLOAT)), "Highest latency", unit="ms", codec=MEASURE_CODEC)
    latency_quantiles_ms: Mapped[Any] = col(ch.AggregateFunction(QUANTILES, nullable(FLOAT)), "Sketch of the latencies", unit="ms", codec=SKETCH_CODEC)

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
