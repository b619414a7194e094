CREATE TABLE retention_rules
(
    `table_name` String COMMENT 'Table that the rule is for',
    `keep_days` Nullable(UInt32) COMMENT 'Whole days kept; null keeps all [days]',
    `set_at` DateTime64(6, 'UTC') DEFAULT now64(6, 'UTC') COMMENT 'When the rule was set',
    `set_by` String COMMENT 'Who set it'
)
ENGINE = ReplacingMergeTree(set_at)
ORDER BY table_name
SETTINGS index_granularity = 8192
COMMENT 'Retention rules: how long each table keeps its rows.'
