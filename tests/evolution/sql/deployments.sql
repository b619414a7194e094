CREATE TABLE deployments
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
ENGINE = MergeTree
PARTITION BY toDate(ts)
ORDER BY ts
SETTINGS non_replicated_deduplication_window = 10000, index_granularity = 8192
COMMENT 'Deployments of episodes by the Publisher.'
