CREATE TABLE bench_runs
(
    `ts` DateTime64(3, 'UTC') DEFAULT now64(3, 'UTC') COMMENT 'When the run finished' CODEC(T64, ZSTD(1)),
    `run_id` UUID COMMENT 'The run\'s own id' CODEC(ZSTD(1)),
    `commit_sha` Nullable(FixedString(40)) COMMENT 'Commit of Banterhearts that was measured' CODEC(ZSTD(1)),
    `model` LowCardinality(String) COMMENT 'Model that ran' CODEC(ZSTD(1)),
    `quant` LowCardinality(String) COMMENT 'Quantisation of its weights' CODEC(ZSTD(1)),
    `dataset` LowCardinality(String) COMMENT 'Prompts that it ran on' CODEC(ZSTD(1)),
    `latency_p50_ms` Nullable(Float64) COMMENT 'Median latency of a generation [ms]' CODEC(ZSTD(3)),
    `latency_p95_ms` Nullable(Float64) COMMENT '95th percentile of the latency [ms]' CODEC(ZSTD(3)),
    `latency_p99_ms` Nullable(Float64) COMMENT '99th percentile of the latency [ms]' CODEC(ZSTD(3)),
    `tokens_per_sec` Nullable(Float64) COMMENT 'Tokens generated a second [tokens/s]' CODEC(ZSTD(3)),
    `cost_per_1k` Nullable(Decimal(21, 9)) COMMENT 'Cost of a thousand tokens [USD]' CODEC(ZSTD(1)),
    `memory_peak_mb` Nullable(Float64) COMMENT 'Highest memory use [MB]' CODEC(ZSTD(3)),
    `received_at` DateTime64(6, 'UTC') MATERIALIZED now64(6, 'UTC') COMMENT 'When the store received the run' CODEC(T64, ZSTD(1))
)
ENGINE = ReplacingMergeTree(received_at)
PARTITION BY toDate(ts)
ORDER BY (model, quant, dataset, run_id)
SETTINGS non_replicated_deduplication_window = 10000, index_granularity = 8192
COMMENT 'Benchmark runs of language models, from Banterhearts. A run sent again counts once.'
