CREATE TABLE insert_ledger
(
    `acknowledged_at` DateTime64(6, 'UTC') COMMENT 'When the batch was acknowledged' CODEC(T64, ZSTD(1)),
    `table_name` LowCardinality(String) COMMENT 'Table that it went into' CODEC(ZSTD(1)),
    `idempotency_key` String COMMENT 'The caller\'s key, or the content hash' CODEC(ZSTD(1)),
    `content_hash` FixedString(64) COMMENT 'SHA-256 of the rows as received' CODEC(ZSTD(1)),
    `batch_id` UUID COMMENT 'The batch\'s own id' CODEC(ZSTD(1)),
    `received` UInt64 COMMENT 'Rows received [rows]' CODEC(T64, ZSTD(1)),
    `inserted` UInt64 COMMENT 'Rows stored [rows]' CODEC(T64, ZSTD(1)),
    `rejected` UInt64 COMMENT 'Rows refused [rows]' CODEC(T64, ZSTD(1)),
    `quarantined` UInt64 COMMENT 'Rows kept aside on disk [rows]' CODEC(T64, ZSTD(1)),
    `replaced` UInt64 COMMENT 'Rows that replaced an earlier copy [rows]' CODEC(T64, ZSTD(1)),
    `answer` String COMMENT 'The answer as JSON text' CODEC(ZSTD(1))
)
ENGINE = MergeTree
PARTITION BY toYYYYMM(acknowledged_at)
ORDER BY (table_name, idempotency_key)
SETTINGS index_granularity = 256, non_replicated_deduplication_window = 10000
COMMENT 'Batches acknowledged, by which a repeated insert is known.'
