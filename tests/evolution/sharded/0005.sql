-- up
-- Running upgrade 0004 -> 0005



CREATE TABLE IF NOT EXISTS watches ON CLUSTER 'muse'
(
    `name` String COMMENT 'The watch\'s name' CODEC(ZSTD(1)),
    `definition` String COMMENT 'Metric, groups, filters, granularity, rule and webhook, as JSON text' CODEC(ZSTD(6)),
    `since` DateTime64(3, 'UTC') COMMENT 'Since when it is judged by this definition' CODEC(T64, ZSTD(1)),
    `silenced_until` Nullable(DateTime64(3, 'UTC')) COMMENT 'Until when no webhook is sent; null: it is not silenced',
    `removed` UInt8 COMMENT '1: it was removed',
    `set_at` DateTime64(6, 'UTC') COMMENT 'When this row was written' CODEC(T64, ZSTD(1)),
    `set_by` LowCardinality(String) COMMENT 'Who wrote it' CODEC(ZSTD(1))
)
ENGINE = ReplicatedReplacingMergeTree('/clickhouse/books/shop/watches', '{shard}-{replica}', set_at)
ORDER BY name
SETTINGS index_granularity = 8192
COMMENT 'Watches: which metric is looked at, and what raises an alarm.';



CREATE TABLE IF NOT EXISTS watch_alarms ON CLUSTER 'muse'
(
    `alarm_id` UUID COMMENT 'The alarm\'s id, which follows from watch, series and bucket' CODEC(ZSTD(1)),
    `watch` LowCardinality(String) COMMENT 'The watch that raised it' CODEC(ZSTD(1)),
    `series` String COMMENT 'Its group, as JSON text; empty for none' CODEC(ZSTD(1)),
    `rule` LowCardinality(String) COMMENT 'The rule that it broke' CODEC(ZSTD(1)),
    `bucket` DateTime64(3, 'UTC') COMMENT 'Start of the bucket that raised it' CODEC(T64, ZSTD(1)),
    `detail` String COMMENT 'Value, direction and first day of the change, as JSON text' CODEC(ZSTD(6)),
    `raised_at` DateTime64(3, 'UTC') COMMENT 'When it was raised' CODEC(T64, ZSTD(1)),
    `cleared_at` Nullable(DateTime64(3, 'UTC')) COMMENT 'When the value was back; null: it is on, or cannot be cleared',
    `acknowledged_at` Nullable(DateTime64(3, 'UTC')) COMMENT 'When somebody said that it was seen; null: nobody did',
    `acknowledged_by` LowCardinality(String) COMMENT 'Who said so' CODEC(ZSTD(1)),
    `changed_at` DateTime64(6, 'UTC') COMMENT 'When this row was written' CODEC(T64, ZSTD(1))
)
ENGINE = ReplicatedReplacingMergeTree('/clickhouse/books/shop/watch_alarms', '{shard}-{replica}', changed_at)
PARTITION BY toYYYYMM(raised_at)
ORDER BY alarm_id
SETTINGS index_granularity = 8192
COMMENT 'Alarms that watches have raised.';



CREATE TABLE IF NOT EXISTS watch_turns ON CLUSTER 'muse'
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
ENGINE = ReplicatedMergeTree('/clickhouse/books/shop/watch_turns', '{shard}-{replica}')
PARTITION BY toYYYYMM(at)
ORDER BY (work, subject)
SETTINGS index_granularity = 256, replicated_deduplication_window = 10000, replicated_deduplication_window_seconds = 604800
COMMENT 'Looks of watches and webhooks to deliver, each claimed by one server.';

ALTER TABLE alembic_version UPDATE version_num='0005' WHERE version_num = '0004' SETTINGS mutations_sync = 2;

-- down
-- Running downgrade 0005 -> 0004

-- Destroys the rows of watch_turns: needs --allow-destructive.

DROP TABLE IF EXISTS `watch_turns` ON CLUSTER 'muse' SYNC;

-- Destroys the rows of watch_alarms: needs --allow-destructive.

DROP TABLE IF EXISTS `watch_alarms` ON CLUSTER 'muse' SYNC;

-- Destroys the rows of watches: needs --allow-destructive.

DROP TABLE IF EXISTS `watches` ON CLUSTER 'muse' SYNC;

ALTER TABLE alembic_version UPDATE version_num='0004' WHERE version_num = '0005' SETTINGS mutations_sync = 2;
