CREATE MATERIALIZED VIEW ui_events_hourly_mv TO ui_events_hourly
(
    `hour` DateTime('UTC'),
    `event_type` LowCardinality(String),
    `events` UInt64,
    `sessions` AggregateFunction(uniq, UUID),
    `latency_count` UInt64,
    `latency_sum_ms` Float64,
    `latency_min_ms` Nullable(Float64),
    `latency_max_ms` Nullable(Float64),
    `latency_quantiles_ms` AggregateFunction(quantilesDD(0.01, 0.5, 0.9, 0.95, 0.99), Nullable(Float64))
)
COMMENT 'Keeps ui_events_hourly.'
AS SELECT
    toStartOfHour(toDateTime(ts, 'UTC')) AS hour,
    event_type,
    count() AS events,
    uniqState(session_id) AS sessions,
    count(latency_ms) AS latency_count,
    sum(ifNull(latency_ms, 0)) AS latency_sum_ms,
    min(latency_ms) AS latency_min_ms,
    max(latency_ms) AS latency_max_ms,
    quantilesDDState(0.01, 0.5, 0.9, 0.95, 0.99)(latency_ms) AS latency_quantiles_ms
FROM ui_events
GROUP BY
    hour,
    event_type
