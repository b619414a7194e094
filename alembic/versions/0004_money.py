# DDL as the engine writes it
"""Money to the billionth of a dollar: a call of a model costs less than a millionth.

Each column is changed in place, and keeps every value: the new types hold as many digits before the point. On the way
back what stands after the sixth digit is lost; where there is any, the step is refused unless that is allowed.
The rollup goes first, and goes back last, so that it takes what its view sends at any moment.
"""

from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None

COLUMNS = (
    ("llm_events", "cost_usd", "Cost of the call"),
    ("bench_runs", "cost_per_1k", "Cost of a thousand tokens"),
    ("episodes", "cost_total", "Cost of writing it"),
)


def upgrade() -> None:
    op.modify_column(
        "llm_events_hourly",
        "cost_usd",
        "SimpleAggregateFunction(sum, Decimal(38, 9)) COMMENT 'Cost [USD]' CODEC(ZSTD(1))",
    )
    for table, column, words in COLUMNS:
        op.modify_column(table, column, f"Nullable(Decimal(21, 9)) COMMENT '{words} [USD]' CODEC(ZSTD(1))")


def downgrade() -> None:
    for table, column, words in COLUMNS:
        op.modify_column(table, column, f"Nullable(Decimal(18, 6)) COMMENT '{words} [USD]' CODEC(T64, ZSTD(1))")
    op.modify_column(
        "llm_events_hourly",
        "cost_usd",
        "SimpleAggregateFunction(sum, Decimal(38, 6)) COMMENT 'Cost [USD]' CODEC(ZSTD(1))",
    )
