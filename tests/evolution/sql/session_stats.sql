CREATE TABLE session_stats
(
    `hour` DateTime('UTC') COMMENT 'Hour in which the session began' CODEC(Delta(4), ZSTD(1)),
    `session_id` UUID COMMENT 'The session' CODEC(ZSTD(1)),
    `avg_latency_ms` Nullable(Float64) COMMENT 'Mean latency of its events [ms]' CODEC(ZSTD(3)),
    `error_rate` Float64 COMMENT 'Share of its events that are errors, 0 to 1' CODEC(ZSTD(3)),
    `abandonment_rate` Float64 COMMENT '1 if it ended in an error or after one event, else 0' CODEC(ZSTD(3)),
    `events_count` UInt32 COMMENT 'Its events [events]' CODEC(T64, ZSTD(1)),
    `duration_seconds` Float64 COMMENT 'Time from its first event to its last [s]' CODEC(ZSTD(3))
)
ENGINE = MergeTree
PARTITION BY toDate(hour)
ORDER BY (hour, session_id)
SETTINGS non_replicated_deduplication_window = 10000, index_granularity = 8192
COMMENT 'Sessions of the user interface, summed up.'
