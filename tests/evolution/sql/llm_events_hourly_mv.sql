CREATE MATERIALIZED VIEW llm_events_hourly_mv TO llm_events_hourly
(
    `hour` DateTime('UTC'),
    `source` LowCardinality(String),
    `model` LowCardinality(String),
    `operation` LowCardinality(String),
    `status` LowCardinality(String),
    `events` UInt64,
    `tokens_in` UInt64,
    `tokens_out` UInt64,
    `cost_usd` Decimal(38, 6),
    `latency_count` UInt64,
    `latency_sum_ms` Float64,
    `latency_min_ms` Nullable(Float64),
    `latency_max_ms` Nullable(Float64),
    `latency_quantiles_ms` AggregateFunction(quantilesDD(0.01, 0.5, 0.9, 0.95, 0.99), Nullable(Float64))
)
COMMENT 'Keeps llm_events_hourly.'
AS SELECT
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
FROM llm_events
GROUP BY
    hour,
    source,
    model,
    operation,
    status
