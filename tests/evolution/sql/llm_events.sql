CREATE TABLE llm_events
(
    `ts` DateTime64(3, 'UTC') DEFAULT now64(3, 'UTC') COMMENT 'When the call ended' CODEC(Delta(8), T64('bit'), ZSTD(1)),
    `run_id` UUID DEFAULT generateUUIDv4() COMMENT 'The call\'s own id' CODEC(ZSTD(1)),
    `source` LowCardinality(String) COMMENT 'Program that called' CODEC(ZSTD(1)),
    `model` LowCardinality(String) COMMENT 'Model that was called' CODEC(ZSTD(1)),
    `operation` LowCardinality(String) COMMENT 'What it was called for' CODEC(ZSTD(1)),
    `tokens_in` Nullable(UInt32) COMMENT 'Tokens sent [tokens]' CODEC(T64, ZSTD(1)),
    `tokens_out` Nullable(UInt32) COMMENT 'Tokens received [tokens]' CODEC(T64, ZSTD(1)),
    `latency_ms` Nullable(Float64) COMMENT 'Time from request to full answer [ms]' CODEC(ZSTD(3)),
    `cost_usd` Nullable(Decimal(21, 9)) COMMENT 'Cost of the call [USD]' CODEC(ZSTD(1)),
    `status` LowCardinality(String) COMMENT 'How the call ended' CODEC(ZSTD(1)),
    `error_msg` Nullable(String) COMMENT 'What went wrong, cleaned of personal data' CODEC(ZSTD(1))
)
ENGINE = MergeTree
PARTITION BY toDate(ts)
ORDER BY (source, ts)
SETTINGS non_replicated_deduplication_window = 10000, index_granularity = 8192
COMMENT 'Calls of language models: tokens, latency, cost, outcome.'
