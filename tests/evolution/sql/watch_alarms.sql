CREATE TABLE watch_alarms
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
ENGINE = ReplacingMergeTree(changed_at)
PARTITION BY toYYYYMM(raised_at)
ORDER BY alarm_id
SETTINGS index_granularity = 8192
COMMENT 'Alarms that watches have raised.'
