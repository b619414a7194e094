-- up
-- Running upgrade 0001 -> 0002



ALTER TABLE `ui_events_local` ON CLUSTER 'muse' ADD INDEX IF NOT EXISTS `session_id_bloom` session_id TYPE bloom_filter(0.01) GRANULARITY 1;

ALTER TABLE `ui_events_local` ON CLUSTER 'muse' MATERIALIZE INDEX `session_id_bloom` SETTINGS mutations_sync = 2;



ALTER TABLE `ui_events_local` ON CLUSTER 'muse' ADD INDEX IF NOT EXISTS `commit_sha_bloom` commit_sha TYPE bloom_filter(0.01) GRANULARITY 1;

ALTER TABLE `ui_events_local` ON CLUSTER 'muse' MATERIALIZE INDEX `commit_sha_bloom` SETTINGS mutations_sync = 2;



CREATE TABLE IF NOT EXISTS llm_events_hourly_local ON CLUSTER 'muse'
(
    `hour` DateTime('UTC') COMMENT 'Hour in UTC' CODEC(Delta(4), ZSTD(1)),
    `source` LowCardinality(String) COMMENT 'Program that called' CODEC(ZSTD(1)),
    `model` LowCardinality(String) COMMENT 'Model that was called' CODEC(ZSTD(1)),
    `operation` LowCardinality(String) COMMENT 'What it was called for' CODEC(ZSTD(1)),
    `status` LowCardinality(String) COMMENT 'How the calls ended' CODEC(ZSTD(1)),
    `events` SimpleAggregateFunction(sum, UInt64) COMMENT 'Calls [calls]' CODEC(T64, ZSTD(1)),
    `tokens_in` SimpleAggregateFunction(sum, UInt64) COMMENT 'Tokens sent [tokens]' CODEC(T64, ZSTD(1)),
    `tokens_out` SimpleAggregateFunction(sum, UInt64) COMMENT 'Tokens received [tokens]' CODEC(T64, ZSTD(1)),
    `cost_usd` SimpleAggregateFunction(sum, Decimal(38, 6)) COMMENT 'Cost [USD]' CODEC(ZSTD(1)),
    `latency_count` SimpleAggregateFunction(sum, UInt64) COMMENT 'Calls with a latency [calls]' CODEC(T64, ZSTD(1)),
    `latency_sum_ms` SimpleAggregateFunction(sum, Float64) COMMENT 'Sum of the latencies [ms]' CODEC(ZSTD(3)),
    `latency_min_ms` SimpleAggregateFunction(min, Nullable(Float64)) COMMENT 'Lowest latency [ms]' CODEC(ZSTD(3)),
    `latency_max_ms` SimpleAggregateFunction(max, Nullable(Float64)) COMMENT 'Highest latency [ms]' CODEC(ZSTD(3)),
    `latency_quantiles_ms` AggregateFunction(quantilesDD(0.01, 0.5, 0.9, 0.95, 0.99), Nullable(Float64)) COMMENT 'Sketch of the latencies [ms]' CODEC(ZSTD(3))
)
ENGINE = ReplicatedAggregatingMergeTree('/clickhouse/tables/{shard}/shop/llm_events_hourly_local', '{replica}')
PARTITION BY toDate(hour)
ORDER BY (source, model, operation, status, hour)
SETTINGS replicated_deduplication_window = 10000, replicated_deduplication_window_seconds = 604800, index_granularity = 8192
COMMENT 'Calls of language models by the hour, kept by llm_events_hourly_mv.';

CREATE TABLE IF NOT EXISTS llm_events_hourly ON CLUSTER 'muse' AS llm_events_hourly_local ENGINE = Distributed('muse', 'shop', 'llm_events_hourly_local', cityHash64(hour))
COMMENT 'Calls of language models by the hour, kept by llm_events_hourly_mv.';

-- Rows written before are not in the view's target: op.fill_rollup brings it up to them.

CREATE MATERIALIZED VIEW IF NOT EXISTS llm_events_hourly_mv ON CLUSTER 'muse' TO llm_events_hourly_local AS SELECT
    toStartOfHour(toDateTime(ts, 'UTC')) AS hour,
    source,
    model,
    operation,
    status,
    count() AS events,
    sum(ifNull(tokens_in, 0)) AS tokens_in,
    sum(ifNull(tokens_out, 0)) AS tokens_out,
    sum(ifNull(cost_usd, 0)) AS cost_usd,
    count(latency_ms) AS latency_count,
    sum(ifNull(latency_ms, 0)) AS latency_sum_ms,
    min(latency_ms) AS latency_min_ms,
    max(latency_ms) AS latency_max_ms,
    quantilesDDState(0.01, 0.5, 0.9, 0.95, 0.99)(latency_ms) AS latency_quantiles_ms
FROM llm_events_local 
GROUP BY hour, source, model, operation, status
COMMENT 'Keeps llm_events_hourly.';



-- llm_events_hourly from the rows that llm_events holds; let nothing write while these two run.

TRUNCATE TABLE `llm_events_hourly_local` ON CLUSTER 'muse';

INSERT INTO `llm_events_hourly` SELECT
    toStartOfHour(toDateTime(ts, 'UTC')) AS hour,
    source,
    model,
    operation,
    status,
    count() AS events,
    sum(ifNull(tokens_in, 0)) AS tokens_in,
    sum(ifNull(tokens_out, 0)) AS tokens_out,
    sum(ifNull(cost_usd, 0)) AS cost_usd,
    count(latency_ms) AS latency_count,
    sum(ifNull(latency_ms, 0)) AS latency_sum_ms,
    min(latency_ms) AS latency_min_ms,
    max(latency_ms) AS latency_max_ms,
    quantilesDDState(0.01, 0.5, 0.9, 0.95, 0.99)(latency_ms) AS latency_quantiles_ms
FROM llm_events 
GROUP BY hour, source, model, operation, status;



CREATE TABLE IF NOT EXISTS ui_events_hourly_local ON CLUSTER 'muse'
(
    `hour` DateTime('UTC') COMMENT 'Hour in UTC' CODEC(Delta(4), ZSTD(1)),
    `event_type` LowCardinality(String) COMMENT 'What happened' CODEC(ZSTD(1)),
    `events` SimpleAggregateFunction(sum, UInt64) COMMENT 'Events [events]' CODEC(T64, ZSTD(1)),
    `sessions` AggregateFunction(uniq, UUID) COMMENT 'Sketch of the sessions [sessions]' CODEC(ZSTD(3)),
    `latency_count` SimpleAggregateFunction(sum, UInt64) COMMENT 'Events with a latency [events]' CODEC(T64, ZSTD(1)),
    `latency_sum_ms` SimpleAggregateFunction(sum, Float64) COMMENT 'Sum of the latencies [ms]' CODEC(ZSTD(3)),
    `latency_min_ms` SimpleAggregateFunction(min, Nullable(Float64)) COMMENT 'Lowest latency [ms]' CODEC(ZSTD(3)),
    `latency_max_ms` SimpleAggregateFunction(max, Nullable(Float64)) COMMENT 'Highest latency [ms]' CODEC(ZSTD(3)),
    `latency_quantiles_ms` AggregateFunction(quantilesDD(0.01, 0.5, 0.9, 0.95, 0.99), Nullable(Float64)) COMMENT 'Sketch of the latencies [ms]' CODEC(ZSTD(3))
)
ENGINE = ReplicatedAggregatingMergeTree('/clickhouse/tables/{shard}/shop/ui_events_hourly_local', '{replica}')
PARTITION BY toDate(hour)
ORDER BY (event_type, hour)
SETTINGS replicated_deduplication_window = 10000, replicated_deduplication_window_seconds = 604800, index_granularity = 8192
COMMENT 'Events of the user interface by the hour, kept by ui_events_hourly_mv.';

CREATE TABLE IF NOT EXISTS ui_events_hourly ON CLUSTER 'muse' AS ui_events_hourly_local ENGINE = Distributed('muse', 'shop', 'ui_events_hourly_local', cityHash64(hour))
COMMENT 'Events of the user interface by the hour, kept by ui_events_hourly_mv.';

-- Rows written before are not in the view's target: op.fill_rollup brings it up to them.

CREATE MATERIALIZED VIEW IF NOT EXISTS ui_events_hourly_mv ON CLUSTER 'muse' TO ui_events_hourly_local AS SELECT
    toStartOfHour(toDateTime(ts, 'UTC')) AS hour,
    event_type,
    count() AS events,
    uniqState(session_id) AS sessions,
    count(latency_ms) AS latency_count,
    sum(ifNull(latency_ms, 0)) AS latency_sum_ms,
    min(latency_ms) AS latency_min_ms,
    max(latency_ms) AS latency_max_ms,
    quantilesDDState(0.01, 0.5, 0.9, 0.95, 0.99)(latency_ms) AS latency_quantiles_ms
FROM ui_events_local 
GROUP BY hour, event_type
COMMENT 'Keeps ui_events_hourly.';



-- ui_events_hourly from the rows that ui_events holds; let nothing write while these two run.

TRUNCATE TABLE `ui_events_hourly_local` ON CLUSTER 'muse';

INSERT INTO `ui_events_hourly` SELECT
    toStartOfHour(toDateTime(ts, 'UTC')) AS hour,
    event_type,
    count() AS events,
    uniqState(session_id) AS sessions,
    count(latency_ms) AS latency_count,
    sum(ifNull(latency_ms, 0)) AS latency_sum_ms,
    min(latency_ms) AS latency_min_ms,
    max(latency_ms) AS latency_max_ms,
    quantilesDDState(0.01, 0.5, 0.9, 0.95, 0.99)(latency_ms) AS latency_quantiles_ms
FROM ui_events 
GROUP BY hour, event_type;

ALTER TABLE alembic_version UPDATE version_num='0002' WHERE version_num = '0001' SETTINGS mutations_sync = 2;

-- down
-- Running downgrade 0002 -> 0001



DROP VIEW IF EXISTS `ui_events_hourly_mv` ON CLUSTER 'muse' SYNC;

-- Destroys the rows of ui_events_hourly: needs --allow-destructive.

DROP TABLE IF EXISTS `ui_events_hourly` ON CLUSTER 'muse' SYNC;

DROP TABLE IF EXISTS `ui_events_hourly_local` ON CLUSTER 'muse' SYNC;



DROP VIEW IF EXISTS `llm_events_hourly_mv` ON CLUSTER 'muse' SYNC;

-- Destroys the rows of llm_events_hourly: needs --allow-destructive.

DROP TABLE IF EXISTS `llm_events_hourly` ON CLUSTER 'muse' SYNC;

DROP TABLE IF EXISTS `llm_events_hourly_local` ON CLUSTER 'muse' SYNC;



ALTER TABLE `ui_events_local` ON CLUSTER 'muse' DROP INDEX IF EXISTS `commit_sha_bloom`;



ALTER TABLE `ui_events_local` ON CLUSTER 'muse' DROP INDEX IF EXISTS `session_id_bloom`;

ALTER TABLE alembic_version UPDATE version_num='0001' WHERE version_num = '0002' SETTINGS mutations_sync = 2;
