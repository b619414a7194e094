CREATE TABLE episodes
(
    `ts` DateTime64(3, 'UTC') DEFAULT now64(3, 'UTC') COMMENT 'When the episode was written' CODEC(T64, ZSTD(1)),
    `run_id` UUID DEFAULT generateUUIDv4() COMMENT 'The Council run that wrote it' CODEC(ZSTD(1)),
    `series` LowCardinality(String) COMMENT 'Series that the episode belongs to' CODEC(ZSTD(1)),
    `episode_num` UInt32 COMMENT 'Its number in the series' CODEC(Delta(4), T64('bit'), ZSTD(1)),
    `title` String COMMENT 'Title' CODEC(ZSTD(6)),
    `confidence_score` Nullable(Float64) COMMENT 'The Council\'s confidence, 0 to 1' CODEC(ZSTD(3)),
    `correlation_strength` Nullable(Float64) COMMENT 'Correlation that it rests on, -1 to 1' CODEC(ZSTD(3)),
    `tokens_total` Nullable(UInt64) COMMENT 'Tokens used in writing it [tokens]' CODEC(T64, ZSTD(1)),
    `cost_total` Nullable(Decimal(21, 9)) COMMENT 'Cost of writing it [USD]' CODEC(ZSTD(1)),
    `status` LowCardinality(String) DEFAULT 'draft' COMMENT 'Where it stands' CODEC(ZSTD(1)),
    `file_path` Nullable(String) COMMENT 'File that holds the text' CODEC(ZSTD(6)),
    `commit_sha` Nullable(FixedString(40)) COMMENT 'Commit that added the file' CODEC(ZSTD(1))
)
ENGINE = MergeTree
PARTITION BY toDate(ts)
ORDER BY (series, episode_num)
SETTINGS non_replicated_deduplication_window = 10000, index_granularity = 8192
COMMENT 'Episodes that the Council wrote from what correlates.'
