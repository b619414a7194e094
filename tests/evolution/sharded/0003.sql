-- up
-- Running upgrade 0002 -> 0003



CREATE TABLE IF NOT EXISTS insert_ledger ON CLUSTER 'muse'
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
ENGINE = ReplicatedMergeTree('/clickhouse/books/shop/insert_ledger', '{shard}-{replica}')
PARTITION BY toYYYYMM(acknowledged_at)
ORDER BY (table_name, idempotency_key)
SETTINGS index_granularity = 256, replicated_deduplication_window = 10000, replicated_deduplication_window_seconds = 604800
COMMENT 'Batches acknowledged, by which a repeated insert is known.';



CREATE TABLE IF NOT EXISTS audit_log ON CLUSTER 'muse'
(
    `ts` DateTime64(3, 'UTC') COMMENT 'When the call came' CODEC(Delta(8), T64('bit'), ZSTD(1)),
    `call_id` UUID COMMENT 'The call\'s own id' CODEC(ZSTD(1)),
    `who` LowCardinality(String) COMMENT 'Local user or token name' CODEC(ZSTD(1)),
    `role` LowCardinality(String) COMMENT 'Role of the caller' CODEC(ZSTD(1)),
    `client` LowCardinality(String) COMMENT 'Program that called, with its version' CODEC(ZSTD(1)),
    `tool` LowCardinality(String) COMMENT 'Tool' CODEC(ZSTD(1)),
    `arguments` String COMMENT 'Arguments as JSON text, cleaned of personal data' CODEC(ZSTD(6)),
    `statement` String COMMENT 'Statement that ran' CODEC(ZSTD(6)),
    `query_id` String COMMENT 'Id of the statement on the engine' CODEC(ZSTD(1)),
    `rows` UInt64 COMMENT 'Rows answered or stored [rows]' CODEC(T64, ZSTD(1)),
    `bytes` UInt64 COMMENT 'Bytes answered [bytes]' CODEC(T64, ZSTD(1)),
    `elapsed_ms` Float64 COMMENT 'Time that the call took [ms]' CODEC(ZSTD(3)),
    `outcome` LowCardinality(String) COMMENT 'How it ended' CODEC(ZSTD(1)),
    `error` String COMMENT 'What went wrong' CODEC(ZSTD(1))
)
ENGINE = ReplicatedMergeTree('/clickhouse/books/shop/audit_log', '{shard}-{replica}')
PARTITION BY toDate(ts)
ORDER BY (ts, call_id)
SETTINGS replicated_deduplication_window = 10000, replicated_deduplication_window_seconds = 604800, index_granularity = 8192
COMMENT 'Calls of the tools.';



CREATE TABLE IF NOT EXISTS retention_rules ON CLUSTER 'muse'
(
    `table_name` String COMMENT 'Table that the rule is for',
    `keep_days` Nullable(UInt32) COMMENT 'Whole days kept; null keeps all [days]',
    `set_at` DateTime64(6, 'UTC') DEFAULT now64(6, 'UTC') COMMENT 'When the rule was set',
    `set_by` String COMMENT 'Who set it'
)
ENGINE = ReplicatedReplacingMergeTree('/clickhouse/books/shop/retention_rules', '{shard}-{replica}', set_at)
ORDER BY table_name
SETTINGS index_granularity = 8192
COMMENT 'Retention rules: how long each table keeps its rows.';

ALTER TABLE alembic_version UPDATE version_num='0003' WHERE version_num = '0002' SETTINGS mutations_sync = 2;

-- down
-- Running downgrade 0003 -> 0002

-- Destroys the rows of retention_rules: needs --allow-destructive.

DROP TABLE IF EXISTS `retention_rules` ON CLUSTER 'muse' SYNC;

-- Destroys the rows of audit_log: needs --allow-destructive.

DROP TABLE IF EXISTS `audit_log` ON CLUSTER 'muse' SYNC;

-- Destroys the rows of insert_ledger: needs --allow-destructive.

DROP TABLE IF EXISTS `insert_ledger` ON CLUSTER 'muse' SYNC;

ALTER TABLE alembic_version UPDATE version_num='0002' WHERE version_num = '0003' SETTINGS mutations_sync = 2;
