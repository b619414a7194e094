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
