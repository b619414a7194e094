-- up
-- Running upgrade 0003 -> 0004



ALTER TABLE `llm_events_hourly_local` ON CLUSTER 'muse' MODIFY COLUMN `cost_usd` SimpleAggregateFunction(sum, Decimal(38, 9)) COMMENT 'Cost [USD]' CODEC(ZSTD(1));

ALTER TABLE `llm_events_hourly` ON CLUSTER 'muse' MODIFY COLUMN `cost_usd` SimpleAggregateFunction(sum, Decimal(38, 9)) COMMENT 'Cost [USD]' CODEC(ZSTD(1));



ALTER TABLE `llm_events_local` ON CLUSTER 'muse' MODIFY COLUMN `cost_usd` Nullable(Decimal(21, 9)) COMMENT 'Cost of the call [USD]' CODEC(ZSTD(1));

ALTER TABLE `llm_events` ON CLUSTER 'muse' MODIFY COLUMN `cost_usd` Nullable(Decimal(21, 9)) COMMENT 'Cost of the call [USD]' CODEC(ZSTD(1));



ALTER TABLE `bench_runs_local` ON CLUSTER 'muse' MODIFY COLUMN `cost_per_1k` Nullable(Decimal(21, 9)) COMMENT 'Cost of a thousand tokens [USD]' CODEC(ZSTD(1));

ALTER TABLE `bench_runs` ON CLUSTER 'muse' MODIFY COLUMN `cost_per_1k` Nullable(Decimal(21, 9)) COMMENT 'Cost of a thousand tokens [USD]' CODEC(ZSTD(1));



ALTER TABLE `episodes_local` ON CLUSTER 'muse' MODIFY COLUMN `cost_total` Nullable(Decimal(21, 9)) COMMENT 'Cost of writing it [USD]' CODEC(ZSTD(1));

ALTER TABLE `episodes` ON CLUSTER 'muse' MODIFY COLUMN `cost_total` Nullable(Decimal(21, 9)) COMMENT 'Cost of writing it [USD]' CODEC(ZSTD(1));

ALTER TABLE alembic_version UPDATE version_num='0004' WHERE version_num = '0003' SETTINGS mutations_sync = 2;

-- down
-- Running downgrade 0004 -> 0003



ALTER TABLE `llm_events_local` ON CLUSTER 'muse' MODIFY COLUMN `cost_usd` Nullable(Decimal(18, 6)) COMMENT 'Cost of the call [USD]' CODEC(T64, ZSTD(1));

ALTER TABLE `llm_events` ON CLUSTER 'muse' MODIFY COLUMN `cost_usd` Nullable(Decimal(18, 6)) COMMENT 'Cost of the call [USD]' CODEC(T64, ZSTD(1));



ALTER TABLE `bench_runs_local` ON CLUSTER 'muse' MODIFY COLUMN `cost_per_1k` Nullable(Decimal(18, 6)) COMMENT 'Cost of a thousand tokens [USD]' CODEC(T64, ZSTD(1));

ALTER TABLE `bench_runs` ON CLUSTER 'muse' MODIFY COLUMN `cost_per_1k` Nullable(Decimal(18, 6)) COMMENT 'Cost of a thousand tokens [USD]' CODEC(T64, ZSTD(1));



ALTER TABLE `episodes_local` ON CLUSTER 'muse' MODIFY COLUMN `cost_total` Nullable(Decimal(18, 6)) COMMENT 'Cost of writing it [USD]' CODEC(T64, ZSTD(1));

ALTER TABLE `episodes` ON CLUSTER 'muse' MODIFY COLUMN `cost_total` Nullable(Decimal(18, 6)) COMMENT 'Cost of writing it [USD]' CODEC(T64, ZSTD(1));



ALTER TABLE `llm_events_hourly_local` ON CLUSTER 'muse' MODIFY COLUMN `cost_usd` SimpleAggregateFunction(sum, Decimal(38, 6)) COMMENT 'Cost [USD]' CODEC(ZSTD(1));

ALTER TABLE `llm_events_hourly` ON CLUSTER 'muse' MODIFY COLUMN `cost_usd` SimpleAggregateFunction(sum, Decimal(38, 6)) COMMENT 'Cost [USD]' CODEC(ZSTD(1));

ALTER TABLE alembic_version UPDATE version_num='0003' WHERE version_num = '0004' SETTINGS mutations_sync = 2;
