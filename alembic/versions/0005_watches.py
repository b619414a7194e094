"""The tables of watches: what is looked at, the alarms raised, and the turns of servers with the webhooks' outbox."""

from alembic import op

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None

WATCHES = r"""
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
"""

WATCH_ALARMS = r"""
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
"""

WATCH_TURNS = """
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
"""


def upgrade() -> None:
    op.ensure_table(WATCHES)
    op.ensure_table(WATCH_ALARMS)
    op.ensure_table(WATCH_TURNS)


def downgrade() -> None:
    op.remove_table("watch_turns")
    op.remove_table("watch_alarms")
    op.remove_table("watches")
