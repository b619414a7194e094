"""What the models say of themselves for everyone: the columns that a caller may write, and what makes a run one run."""

from __future__ import annotations

from chimera_metrics.models import FACT_TABLES, RUN_IDENTITY, insertable


def test_a_caller_may_write_every_column_but_the_one_that_the_store_fills() -> None:
    left_out = {
        name: set(table.columns.keys()) - {column.name for column in insertable(table)}
        for name, table in FACT_TABLES.items()
    }
    assert {name: columns for name, columns in left_out.items() if columns} == {"bench_runs": {"received_at"}}


def test_the_insertable_columns_keep_the_order_of_the_table() -> None:
    table = FACT_TABLES["episodes"]
    assert insertable(table) == tuple(table.columns)


def test_sqlalchemy_tells_runs_apart_by_their_identity_too() -> None:
    assert {column.name for column in FACT_TABLES["bench_runs"].primary_key} == set(RUN_IDENTITY)
