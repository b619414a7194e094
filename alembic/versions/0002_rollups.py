# ruff: noqa: E501  # DDL as the engine writes it
"""Hourly rollups of the two large tables, and the indexes that find a session and a commit.

The rollups are filled from the rows that stand, each counted once (see fill_rollup).
"""

from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None

LLM_EVENTS_HOURLY = """
CREATE TABLE llm_events_hourly
(
    `hour` DateTime('UTC') COMMENT 'Hour in UTC' CODEC(Delta(4), ZSTD(1)),
    `source` LowCardinality(String) COMMENT 'Program that called' CODEC(ZSTD(1)),
    `model` LowCardinality(String) COMMENT 'Model that was called' CODEC(ZSTD(1)),
    `operation` LowCardinality(String) COMMENT 'What it was called for' CODEC(ZSTD(1)),
    `status` LowCardinality(String) COMMENT 'How the calls ended' CODEC(ZSTD(1)),
    `events` SimpleAggregateFunction(sum, UInt64) COMMENT 'Calls [calls]' CODEC(T64, ZSTD(1)),
    `tokens_in` SimpleAggregateFunction(sum, UInt64) COMMENT 'Tokens sent [tokens]' CODEC(T64, ZSTD(1)),
    `tokens_out` SimpleAggregateFunction(sum, UInt64) COMMENT 'Tokens received [tokens]' CODEC(T64, ZSTD(1)),
    `cost_usd` SimpleAggregateFunction(sum, Decimal(38, 6)) COMMENT 'Cost [USD]' CODEC(ZSTD(1)),
    `latency_count` SimpleAggregateFunction(sum, UInt64) COMMENT 'Calls with a latency [calls]' CODEC(T64, ZSTD(1)),
    `latency_sum_ms` SimpleAggregateFunction(sum, Float64) COMMENT 'Sum of the latencies [ms]' CODEC(ZSTD(3)),
    `latency_min_ms` SimpleAggregateFunction(min, Nullable(Float64)) COMMENT 'Lowest latency [ms]' CODEC(ZSTD(3)),
    `latency_max_ms` SimpleAggregateFunction(max, Nullable(Float64)) COMMENT 'Highest latency [ms]' CODEC(ZSTD(3)),
    `latency_quantiles_ms` AggregateFunction(quantilesDD(0.01, 0.5, 0.9, 0.95, 0.99), Nullable(Float64)) COMMENT 'Sketch of the latencies [ms]' CODEC(ZSTD(3))
)
ENGINE = AggregatingMergeTree
PARTITION BY toDate(hour)
ORDER BY (source, model, operation, status, hour)
SETTINGS non_replicated_deduplication_window = 10000, index_granularity = 8192
COMMENT 'Calls of language models by the hour, kept by llm_events_hourly_mv.'
"""

UI_EVENTS_HOURLY = """
CREATE TABLE ui_events_hourly
(
    `hour` DateTime('UTC') COMMENT 'Hour in UTC' CODEC(Delta(4), ZSTD(1)),
    `event_type` LowCardinality(String) COMMENT 'What happened' CODEC(ZSTD(1)),
    `events` SimpleAggregateFunction(sum, UInt64) COMMENT 'Events [events]' CODEC(T64, ZSTD(1)),
    `sessions` AggregateFunction(uniq, UUID) COMMENT 'Sketch of the sessions [sessions]' CODEC(ZSTD(3)),
    `latency_count` SimpleAggregateFunction(sum, UInt64) COMMENT 'Events with a latency [events]' CODEC(T64, ZSTD(1)),
    `latency_sum_ms` SimpleAggregateFunction(sum, Float64) COMMENT 'Sum of the latencies [ms]' CODEC(ZSTD(3)),
    `latency_min_ms` SimpleAggregateFunction(min, Nullable(Float64)) COMMENT 'Lowest latency [ms]' CODEC(ZSTD(3)),
    `latency_max_ms` SimpleAggregateFunction(max, Nullable(Float64)) COMMENT 'Highest latency [ms]' CODEC(ZSTD(3)),
    `latency_quantiles_ms` AggregateFunction(quantilesDD(0.01, 0.5, 0.9, 0.95, 0.99), Nullable(Float64)) COMMENT 'Sketch of the latencies [ms]' CODEC(ZSTD(3))
)
ENGINE = AggregatingMergeTree
PARTITION BY toDate(hour)
ORDER BY (event_type, hour)
SETTINGS non_replicated_deduplication_window = 10000, index_granularity = 8192
COMMENT 'Events of the user interface by the hour, kept by ui_events_hourly_mv.'
"""

LLM_EVENTS_HOURLY_QUERY = """
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
    quantilesDDState(0.01, 0.5, 0.9, 0.95, 0.99)(latency_ms) AS latency_quantiles_ms
FROM llm_events {where}
GROUP BY hour, source, model, operation, status
"""

LLM_EVENTS_HOURLY_MV = f"""
CREATE MATERIALIZED VIEW llm_events_hourly_mv TO llm_events_hourly AS {LLM_EVENTS_HOURLY_QUERY.format(where="").strip()}
COMMENT 'Keeps llm_events_hourly.'
"""

UI_EVENTS_HOURLY_QUERY = """
SELECT
    toStartOfHour(toDateTime(ts, 'UTC')) AS hour,
    event_type,
    count() AS events,
    uniqState(session_id) AS sessions,
    count(latency_ms) AS latency_count,
    sum(ifNull(latency_ms, 0)) AS latency_sum_ms,
    min(latency_ms) AS latency_min_ms,
    max(latency_ms) AS latency_max_ms,
    quantilesDDState(0.01, 0.5, 0.9, 0.95, 0.99)(latency_ms) AS latency_quantiles_ms
FROM ui_events {where}
GROUP BY hour, event_type
"""

UI_EVENTS_HOURLY_MV = f"""
CREATE MATERIALIZED VIEW ui_events_hourly_mv TO ui_events_hourly AS {UI_EVENTS_HOURLY_QUERY.format(where="").strip()}
COMMENT 'Keeps ui_events_hourly.'
"""


def upgrade() -> None:
    op.ensure_index("ui_events", "session_id_bloom", "session_id TYPE bloom_filter(0.01) GRANULARITY 1")
    op.ensure_index("ui_events", "commit_sha_bloom", "commit_sha TYPE bloom_filter(0.01) GRANULARITY 1")
    op.ensure_table(LLM_EVENTS_HOURLY)
    op.ensure_view(LLM_EVENTS_HOURLY_MV)
    op.fill_rollup(
        "llm_events_hourly",
        source="llm_events",
        query=LLM_EVENTS_HOURLY_QUERY,
        day="toDate(ts)",
        target_day="toDate(hour)",
        rows="sum(events)",
    )
    op.ensure_table(UI_EVENTS_HOURLY)
    op.ensure_view(UI_EVENTS_HOURLY_MV)
    op.fill_rollup(
        "ui_events_hourly",
        source="ui_events",
        query=UI_EVENTS_HOURLY_QUERY,
        day="toDate(ts)",
        target_day="toDate(hour)",
        rows="sum(events)",
    )


def downgrade() -> None:
    op.remove_view("ui_events_hourly_mv")
    op.remove_table("ui_events_hourly")
    op.remove_view("llm_events_hourly_mv")
    op.remove_table("llm_events_hourly")
    op.remove_index("ui_events", "commit_sha_bloom")
    op.remove_index("ui_events", "session_id_bloom")
