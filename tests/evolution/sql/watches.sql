CREATE TABLE watches
(
    `name` String COMMENT 'The watch\'s name' CODEC(ZSTD(1)),
    `definition` String COMMENT 'Metric, groups, filters, granularity, rule and webhook, as JSON text' CODEC(ZSTD(6)),
    `since` DateTime64(3, 'UTC') COMMENT 'Since when it is judged by this definition' CODEC(T64, ZSTD(1)),
    `silenced_until` Nullable(DateTime64(3, 'UTC')) COMMENT 'Until when no webhook is sent; null: it is not silenced',
    `removed` UInt8 COMMENT '1: it was removed',
    `set_at` DateTime64(6, 'UTC') COMMENT 'When this row was written' CODEC(T64, ZSTD(1)),
    `set_by` LowCardinality(String) COMMENT 'Who wrote it' CODEC(ZSTD(1))
)
ENGINE = ReplacingMergeTree(set_at)
ORDER BY name
SETTINGS index_granularity = 8192
COMMENT 'Watches: which metric is looked at, and what raises an alarm.'
