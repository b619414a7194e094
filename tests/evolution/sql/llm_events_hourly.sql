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
    `cost_usd` SimpleAggregateFunction(sum, Decimal(38, 9)) COMMENT 'Cost [USD]' CODEC(ZSTD(1)),
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
