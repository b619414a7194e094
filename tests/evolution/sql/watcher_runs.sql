CREATE TABLE watcher_runs
(
    `ts` DateTime64(3, 'UTC') DEFAULT now64(3, 'UTC') COMMENT 'When the check ran' CODEC(Delta(8), T64('bit'), ZSTD(1)),
    `run_id` UUID DEFAULT generateUUIDv4() COMMENT 'The check\'s own id' CODEC(ZSTD(1)),
    `hearts_commit` Nullable(FixedString(40)) COMMENT 'Newest commit of Banterhearts seen' CODEC(ZSTD(1)),
    `packs_commit` Nullable(FixedString(40)) COMMENT 'Newest commit of Banterpacks seen' CODEC(ZSTD(1)),
    `hearts_rows_found` Nullable(UInt64) COMMENT 'Benchmark rows found [rows]' CODEC(T64, ZSTD(1)),
    `packs_rows_found` Nullable(UInt64) COMMENT 'UI event rows found [rows]' CODEC(T64, ZSTD(1)),
    `lag_seconds` Nullable(Float64) COMMENT 'Age of the newest row found [s]' CODEC(ZSTD(3)),
    `status` LowCardinality(String) COMMENT 'What the check found' CODEC(ZSTD(1)),
    `duration_ms` Nullable(Float64) COMMENT 'Time that the check took [ms]' CODEC(ZSTD(3))
)
ENGINE = MergeTree
PARTITION BY toDate(ts)
ORDER BY ts
SETTINGS non_replicated_deduplication_window = 10000, index_granularity = 8192
COMMENT 'Checks of the Watcher that the data is fresh.'
