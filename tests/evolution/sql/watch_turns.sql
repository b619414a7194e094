CREATE TABLE watch_turns
(
    `at` DateTime64(6, 'UTC') COMMENT 'When the row was written' CODEC(T64, ZSTD(1)),
    `work` LowCardinality(String) COMMENT 'What it is about' CODEC(ZSTD(1)),
    `subject` String COMMENT 'Watch and bucket of a look, alarm of a webhook' CODEC(ZSTD(1)),
    `attempt` UInt32 COMMENT 'Which attempt, from 1 on' CODEC(T64, ZSTD(1)),
    `state` LowCardinality(String) COMMENT 'What became of it' CODEC(ZSTD(1)),
    `server` UUID COMMENT 'The server that claimed it' CODEC(ZSTD(1)),
    `due_at` DateTime64(3, 'UTC') COMMENT 'When it may be tried next' CODEC(T64, ZSTD(1)),
    `detail` String COMMENT 'What was found, or the message and its receiver, as JSON text' CODEC(ZSTD(6))
)
ENGINE = MergeTree
PARTITION BY toYYYYMM(at)
ORDER BY (work, subject)
SETTINGS index_granularity = 256, non_replicated_deduplication_window = 10000
COMMENT 'Looks of watches and webhooks to deliver, each claimed by one server.'
