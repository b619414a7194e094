-- up
CREATE TABLE IF NOT EXISTS muse_shards ON CLUSTER 'muse' (at DateTime64(6, 'UTC') DEFAULT now64(6, 'UTC'), shards UInt32) ENGINE = ReplicatedMergeTree('/clickhouse/books/shop/muse_shards', '{shard}-{replica}') ORDER BY at COMMENT 'Over how many shards rows are spread, and since when.';

CREATE OR REPLACE TABLE muse_parts ON CLUSTER 'muse' AS system.parts ENGINE = Distributed('muse', 'system', 'parts');

INSERT INTO muse_shards (shards) SELECT uniqExact(shard_num) AS now FROM system.clusters WHERE cluster = 'muse' HAVING now > (SELECT argMax(shards, at) FROM muse_shards);

CREATE TABLE IF NOT EXISTS alembic_version ON CLUSTER 'muse' (
    version_num String
) ENGINE = ReplicatedMergeTree('/clickhouse/books/shop/alembic_version', '{shard}-{replica}')
 ORDER BY tuple();

-- Running upgrade  -> 0001



CREATE TABLE IF NOT EXISTS bench_runs_local ON CLUSTER 'muse'
(
    `ts` DateTime64(3, 'UTC') DEFAULT now64(3, 'UTC') COMMENT 'When the run finished' CODEC(T64, ZSTD(1)),
    `run_id` UUID COMMENT 'The run\'s own id' CODEC(ZSTD(1)),
    `commit_sha` Nullable(FixedString(40)) COMMENT 'Commit of Banterhearts that was measured' CODEC(ZSTD(1)),
    `model` LowCardinality(String) COMMENT 'Model that ran' CODEC(ZSTD(1)),
    `quant` LowCardinality(String) COMMENT 'Quantisation of its weights' CODEC(ZSTD(1)),
    `dataset` LowCardinality(String) COMMENT 'Prompts that it ran on' CODEC(ZSTD(1)),
    `latency_p50_ms` Nullable(Float64) COMMENT 'Median latency of a generation [ms]' CODEC(ZSTD(3)),
    `latency_p95_ms` Nullable(Float64) COMMENT '95th percentile of the latency [ms]' CODEC(ZSTD(3)),
    `latency_p99_ms` Nullable(Float64) COMMENT '99th percentile of the latency [ms]' CODEC(ZSTD(3)),
    `tokens_per_sec` Nullable(Float64) COMMENT 'Tokens generated a second [tokens/s]' CODEC(ZSTD(3)),
    `cost_per_1k` Nullable(Decimal(18, 6)) COMMENT 'Cost of a thousand tokens [USD]' CODEC(T64, ZSTD(1)),
    `memory_peak_mb` Nullable(Float64) COMMENT 'Highest memory use [MB]' CODEC(ZSTD(3)),
    `received_at` DateTime64(6, 'UTC') MATERIALIZED now64(6, 'UTC') COMMENT 'When the store received the run' CODEC(T64, ZSTD(1))
)
ENGINE = ReplicatedReplacingMergeTree('/clickhouse/tables/{shard}/shop/bench_runs_local', '{replica}', received_at)
PARTITION BY toDate(ts)
ORDER BY (model, quant, dataset, run_id)
SETTINGS replicated_deduplication_window = 10000, replicated_deduplication_window_seconds = 604800, index_granularity = 8192
COMMENT 'Benchmark runs of language models, from Banterhearts. A run sent again counts once.';

CREATE TABLE IF NOT EXISTS bench_runs ON CLUSTER 'muse' AS bench_runs_local ENGINE = Distributed('muse', 'shop', 'bench_runs_local', cityHash64(run_id))
COMMENT 'Benchmark runs of language models, from Banterhearts. A run sent again counts once.';



CREATE TABLE IF NOT EXISTS llm_events_local ON CLUSTER 'muse'
(
    `ts` DateTime64(3, 'UTC') DEFAULT now64(3, 'UTC') COMMENT 'When the call ended' CODEC(Delta(8), T64('bit'), ZSTD(1)),
    `run_id` UUID DEFAULT generateUUIDv4() COMMENT 'The call\'s own id' CODEC(ZSTD(1)),
    `source` LowCardinality(String) COMMENT 'Program that called' CODEC(ZSTD(1)),
    `model` LowCardinality(String) COMMENT 'Model that was called' CODEC(ZSTD(1)),
    `operation` LowCardinality(String) COMMENT 'What it was called for' CODEC(ZSTD(1)),
    `tokens_in` Nullable(UInt32) COMMENT 'Tokens sent [tokens]' CODEC(T64, ZSTD(1)),
    `tokens_out` Nullable(UInt32) COMMENT 'Tokens received [tokens]' CODEC(T64, ZSTD(1)),
    `latency_ms` Nullable(Float64) COMMENT 'Time from request to full answer [ms]' CODEC(ZSTD(3)),
    `cost_usd` Nullable(Decimal(18, 6)) COMMENT 'Cost of the call [USD]' CODEC(T64, ZSTD(1)),
    `status` LowCardinality(String) COMMENT 'How the call ended' CODEC(ZSTD(1)),
    `error_msg` Nullable(String) COMMENT 'What went wrong, cleaned of personal data' CODEC(ZSTD(1))
)
ENGINE = ReplicatedMergeTree('/clickhouse/tables/{shard}/shop/llm_events_local', '{replica}')
PARTITION BY toDate(ts)
ORDER BY (source, ts)
SETTINGS replicated_deduplication_window = 10000, replicated_deduplication_window_seconds = 604800, index_granularity = 8192
COMMENT 'Calls of language models: tokens, latency, cost, outcome.';

CREATE TABLE IF NOT EXISTS llm_events ON CLUSTER 'muse' AS llm_events_local ENGINE = Distributed('muse', 'shop', 'llm_events_local', cityHash64(run_id))
COMMENT 'Calls of language models: tokens, latency, cost, outcome.';



CREATE TABLE IF NOT EXISTS ui_events_local ON CLUSTER 'muse'
(
    `ts` DateTime64(3, 'UTC') DEFAULT now64(3, 'UTC') COMMENT 'When the event happened' CODEC(Delta(8), T64('bit'), ZSTD(1)),
    `session_id` UUID COMMENT 'Session that the event belongs to' CODEC(ZSTD(3)),
    `commit_sha` Nullable(FixedString(40)) COMMENT 'Commit of Banterpacks that was running' CODEC(ZSTD(1)),
    `event_type` LowCardinality(String) COMMENT 'What happened' CODEC(ZSTD(1)),
    `latency_ms` Nullable(Float64) COMMENT 'Time until the interface answered [ms]' CODEC(ZSTD(3)),
    `user_agent` LowCardinality(Nullable(String)) COMMENT 'Browser, version family and platform' CODEC(ZSTD(1)),
    `metadata` String DEFAULT '{}' COMMENT 'Further facts as JSON text, cleaned of personal data' CODEC(ZSTD(6)),
    `schema_version` UInt16 DEFAULT 1 COMMENT 'Version of the event\'s format' CODEC(T64, ZSTD(1))
)
ENGINE = ReplicatedMergeTree('/clickhouse/tables/{shard}/shop/ui_events_local', '{replica}')
PARTITION BY toDate(ts)
ORDER BY (event_type, ts)
SETTINGS min_bytes_for_wide_part = 1048576, min_compress_block_size = 1048576, replicated_deduplication_window = 10000, replicated_deduplication_window_seconds = 604800, index_granularity = 8192
COMMENT 'Events of the user interface, from Banterpacks.';

CREATE TABLE IF NOT EXISTS ui_events ON CLUSTER 'muse' AS ui_events_local ENGINE = Distributed('muse', 'shop', 'ui_events_local', cityHash64(session_id))
COMMENT 'Events of the user interface, from Banterpacks.';



CREATE TABLE IF NOT EXISTS episodes_local ON CLUSTER 'muse'
(
    `ts` DateTime64(3, 'UTC') DEFAULT now64(3, 'UTC') COMMENT 'When the episode was written' CODEC(T64, ZSTD(1)),
    `run_id` UUID DEFAULT generateUUIDv4() COMMENT 'The Council run that wrote it' CODEC(ZSTD(1)),
    `series` LowCardinality(String) COMMENT 'Series that the episode belongs to' CODEC(ZSTD(1)),
    `episode_num` UInt32 COMMENT 'Its number in the series' CODEC(Delta(4), T64('bit'), ZSTD(1)),
    `title` String COMMENT 'Title' CODEC(ZSTD(6)),
    `confidence_score` Nullable(Float64) COMMENT 'The Council\'s confidence, 0 to 1' CODEC(ZSTD(3)),
    `correlation_strength` Nullable(Float64) COMMENT 'Correlation that it rests on, -1 to 1' CODEC(ZSTD(3)),
    `tokens_total` Nullable(UInt64) COMMENT 'Tokens used in writing it [tokens]' CODEC(T64, ZSTD(1)),
    `cost_total` Nullable(Decimal(18, 6)) COMMENT 'Cost of writing it [USD]' CODEC(T64, ZSTD(1)),
    `status` LowCardinality(String) DEFAULT 'draft' COMMENT 'Where it stands' CODEC(ZSTD(1)),
    `file_path` Nullable(String) COMMENT 'File that holds the text' CODEC(ZSTD(6)),
    `commit_sha` Nullable(FixedString(40)) COMMENT 'Commit that added the file' CODEC(ZSTD(1))
)
ENGINE = ReplicatedMergeTree('/clickhouse/tables/{shard}/shop/episodes_local', '{replica}')
PARTITION BY toDate(ts)
ORDER BY (series, episode_num)
SETTINGS replicated_deduplication_window = 10000, replicated_deduplication_window_seconds = 604800, index_granularity = 8192
COMMENT 'Episodes that the Council wrote from what correlates.';

CREATE TABLE IF NOT EXISTS episodes ON CLUSTER 'muse' AS episodes_local ENGINE = Distributed('muse', 'shop', 'episodes_local', cityHash64(run_id))
COMMENT 'Episodes that the Council wrote from what correlates.';



CREATE TABLE IF NOT EXISTS deployments_local ON CLUSTER 'muse'
(
    `ts` DateTime64(3, 'UTC') DEFAULT now64(3, 'UTC') COMMENT 'When the deployment was reported' CODEC(Delta(8), T64('bit'), ZSTD(1)),
    `run_id` UUID DEFAULT generateUUIDv4() COMMENT 'The Publisher run that deployed' CODEC(ZSTD(1)),
    `episode_run_id` Nullable(UUID) COMMENT 'run_id of the episode deployed' CODEC(ZSTD(1)),
    `status` LowCardinality(String) COMMENT 'How it stands' CODEC(ZSTD(1)),
    `vercel_deployment_id` Nullable(String) COMMENT 'Vercel\'s id of the deployment' CODEC(ZSTD(1)),
    `url` Nullable(String) COMMENT 'Where it can be seen' CODEC(ZSTD(1)),
    `duration_ms` Nullable(Float64) COMMENT 'Time from start to ready or error [ms]' CODEC(ZSTD(3)),
    `error_msg` Nullable(String) COMMENT 'What went wrong, cleaned of personal data' CODEC(ZSTD(1))
)
ENGINE = ReplicatedMergeTree('/clickhouse/tables/{shard}/shop/deployments_local', '{replica}')
PARTITION BY toDate(ts)
ORDER BY ts
SETTINGS replicated_deduplication_window = 10000, replicated_deduplication_window_seconds = 604800, index_granularity = 8192
COMMENT 'Deployments of episodes by the Publisher.';

CREATE TABLE IF NOT EXISTS deployments ON CLUSTER 'muse' AS deployments_local ENGINE = Distributed('muse', 'shop', 'deployments_local', cityHash64(run_id))
COMMENT 'Deployments of episodes by the Publisher.';



CREATE TABLE IF NOT EXISTS watcher_runs_local ON CLUSTER 'muse'
(
    `ts` DateTime64(3, 'UTC') DEFAULT now64(3, 'UTC') COMMENT 'When the check ran' CODEC(Delta(8), T64('bit'), ZSTD(1)),
    `run_id` UUID DEFAULT generateUUIDv4() COMMENT 'The check\'s own id' CODEC(ZSTD(1)),
    `hearts_commit` Nullable(FixedString(40)) COMMENT 'Newest commit of Banterhearts seen' CODEC(ZSTD(1)),
    `packs_commit` Nullable(FixedString(40)) COMMENT 'Newest commit of Banterpacks seen' CODEC(ZSTD(1)),
    `hearts_rows_found` Nullable(UInt64) COMMENT 'Benchmark rows found [rows]' CODEC(T64, ZSTD(1)),
    `packs_rows_found` Nullable(UInt64) COMMENT 'UI event rows found [rows]' CODEC(T64, ZSTD(1)),
    `lag_seconds` Nullable(Float64) COMMENT 'Age of the newest row found [s]' CODEC(ZSTD(3)),
    `status` LowCardinality(String) COMMENT 'What the check found' CODEC(ZSTD(1)),
    `duration_ms` Nullable(Float64) COMMENT 'Time that the check took [ms]' CODEC(ZSTD(3))
)
ENGINE = ReplicatedMergeTree('/clickhouse/tables/{shard}/shop/watcher_runs_local', '{replica}')
PARTITION BY toDate(ts)
ORDER BY ts
SETTINGS replicated_deduplication_window = 10000, replicated_deduplication_window_seconds = 604800, index_granularity = 8192
COMMENT 'Checks of the Watcher that the data is fresh.';

CREATE TABLE IF NOT EXISTS watcher_runs ON CLUSTER 'muse' AS watcher_runs_local ENGINE = Distributed('muse', 'shop', 'watcher_runs_local', cityHash64(run_id))
COMMENT 'Checks of the Watcher that the data is fresh.';



CREATE TABLE IF NOT EXISTS session_stats_local ON CLUSTER 'muse'
(
    `hour` DateTime('UTC') COMMENT 'Hour in which the session began' CODEC(Delta(4), ZSTD(1)),
    `session_id` UUID COMMENT 'The session' CODEC(ZSTD(1)),
    `avg_latency_ms` Nullable(Float64) COMMENT 'Mean latency of its events [ms]' CODEC(ZSTD(3)),
    `error_rate` Float64 COMMENT 'Share of its events that are errors, 0 to 1' CODEC(ZSTD(3)),
    `abandonment_rate` Float64 COMMENT '1 if it ended in an error or after one event, else 0' CODEC(ZSTD(3)),
    `events_count` UInt32 COMMENT 'Its events [events]' CODEC(T64, ZSTD(1)),
    `duration_seconds` Float64 COMMENT 'Time from its first event to its last [s]' CODEC(ZSTD(3))
)
ENGINE = ReplicatedMergeTree('/clickhouse/tables/{shard}/shop/session_stats_local', '{replica}')
PARTITION BY toDate(hour)
ORDER BY (hour, session_id)
SETTINGS replicated_deduplication_window = 10000, replicated_deduplication_window_seconds = 604800, index_granularity = 8192
COMMENT 'Sessions of the user interface, summed up.';

CREATE TABLE IF NOT EXISTS session_stats ON CLUSTER 'muse' AS session_stats_local ENGINE = Distributed('muse', 'shop', 'session_stats_local', cityHash64(session_id))
COMMENT 'Sessions of the user interface, summed up.';

INSERT INTO alembic_version (version_num) VALUES ('0001');

-- down
-- Running downgrade 0001 -> 

-- Destroys the rows of session_stats: needs --allow-destructive.

DROP TABLE IF EXISTS `session_stats` ON CLUSTER 'muse' SYNC;

DROP TABLE IF EXISTS `session_stats_local` ON CLUSTER 'muse' SYNC;

-- Destroys the rows of watcher_runs: needs --allow-destructive.

DROP TABLE IF EXISTS `watcher_runs` ON CLUSTER 'muse' SYNC;

DROP TABLE IF EXISTS `watcher_runs_local` ON CLUSTER 'muse' SYNC;

-- Destroys the rows of deployments: needs --allow-destructive.

DROP TABLE IF EXISTS `deployments` ON CLUSTER 'muse' SYNC;

DROP TABLE IF EXISTS `deployments_local` ON CLUSTER 'muse' SYNC;

-- Destroys the rows of episodes: needs --allow-destructive.

DROP TABLE IF EXISTS `episodes` ON CLUSTER 'muse' SYNC;

DROP TABLE IF EXISTS `episodes_local` ON CLUSTER 'muse' SYNC;

-- Destroys the rows of ui_events: needs --allow-destructive.

DROP TABLE IF EXISTS `ui_events` ON CLUSTER 'muse' SYNC;

DROP TABLE IF EXISTS `ui_events_local` ON CLUSTER 'muse' SYNC;

-- Destroys the rows of llm_events: needs --allow-destructive.

DROP TABLE IF EXISTS `llm_events` ON CLUSTER 'muse' SYNC;

DROP TABLE IF EXISTS `llm_events_local` ON CLUSTER 'muse' SYNC;

-- Destroys the rows of bench_runs: needs --allow-destructive.

DROP TABLE IF EXISTS `bench_runs` ON CLUSTER 'muse' SYNC;

DROP TABLE IF EXISTS `bench_runs_local` ON CLUSTER 'muse' SYNC;

ALTER TABLE alembic_version DELETE WHERE version_num = '0001' SETTINGS mutations_sync = 2;
