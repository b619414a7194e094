CREATE TABLE ui_events
(
    `ts` DateTime64(3, 'UTC') DEFAULT now64(3, 'UTC') COMMENT 'When the event happened' CODEC(Delta(8), T64('bit'), ZSTD(1)),
    `session_id` UUID COMMENT 'Session that the event belongs to' CODEC(ZSTD(3)),
    `commit_sha` Nullable(FixedString(40)) COMMENT 'Commit of Banterpacks that was running' CODEC(ZSTD(1)),
    `event_type` LowCardinality(String) COMMENT 'What happened' CODEC(ZSTD(1)),
    `latency_ms` Nullable(Float64) COMMENT 'Time until the interface answered [ms]' CODEC(ZSTD(3)),
    `user_agent` LowCardinality(Nullable(String)) COMMENT 'Browser, version family and platform' CODEC(ZSTD(1)),
    `metadata` String DEFAULT '{}' COMMENT 'Further facts as JSON text, cleaned of personal data' CODEC(ZSTD(6)),
    `schema_version` UInt16 DEFAULT 1 COMMENT 'Version of the event\'s format' CODEC(T64, ZSTD(1)),
    INDEX session_id_bloom session_id TYPE bloom_filter(0.01) GRANULARITY 1,
    INDEX commit_sha_bloom commit_sha TYPE bloom_filter(0.01) GRANULARITY 1
)
ENGINE = MergeTree
PARTITION BY toDate(ts)
ORDER BY (event_type, ts)
SETTINGS min_bytes_for_wide_part = 1048576, min_compress_block_size = 1048576, non_replicated_deduplication_window = 10000, index_granularity = 8192
COMMENT 'Events of the user interface, from Banterpacks.'
