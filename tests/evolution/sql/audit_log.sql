CREATE TABLE audit_log
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
ENGINE = MergeTree
PARTITION BY toDate(ts)
ORDER BY (ts, call_id)
SETTINGS non_replicated_deduplication_window = 10000, index_granularity = 8192
COMMENT 'Calls of the tools.'
