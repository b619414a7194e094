"""What the engine cannot change in place: a new table is filled beside the old one, and the two change names.

Materialized views follow the name, so they go on with the new table. Killed before the exchange, the copy starts again
from nothing and the old table is untouched; killed after it, the new table stands and only the old one is left to drop.
"""

from __future__ import annotations

from alembic.operations import Operations
from sqlalchemy import Connection

from chimera_metrics.integrations.clickhouse.literals import quote, quote_name
from chimera_metrics.integrations.errors import SchemaMismatch, StatementFailed
from chimera_metrics.integrations.evolution import operations as ops
from chimera_metrics.integrations.evolution.canonical import TableForm
from chimera_metrics.integrations.evolution.carrying import create_if_missing, impl_of, stands, wanted
from chimera_metrics.integrations.evolution.impl import ClickHouseImpl
from chimera_metrics.integrations.evolution.operation import name_of

# A copy is exact: materialized values are copied, versions are not merged, equal blocks are not taken for retries,
# and a monthly partition may become thirty daily ones.
_COPY_SETTINGS = (
    "SETTINGS insert_allow_materialized_columns = 1, optimize_on_insert = 0, insert_deduplicate = 0, "
    "max_partitions_per_insert_block = 0, final = 0"
)
_ROUNDS = 3


@Operations.implementation_for(ops.RebuildTable)
def rebuild_table(operations: Operations, op: ops.RebuildTable) -> None:
    impl, name = impl_of(operations), name_of(op.ddl)
    beside = f"{name}__new"
    if impl.as_sql:
        _print(impl, op, name, beside)
        return
    have = stands(impl, name)
    if have is None:
        raise SchemaMismatch(f"{name} does not exist, so it cannot be rebuilt. Run `muse adopt` to see what stands.")
    want = wanted(impl, [op.ddl], name)
    assert impl.connection is not None  # noqa: S101
    assert want is not None  # noqa: S101  # it has just been created
    # Strictly: a primary key that was named and is not wanted is a difference here.
    if have != want:
        count = _counting(have, want)
        _copy(impl, op, name, beside, count)
        impl.run(f"EXCHANGE TABLES {quote_name(name)} AND {quote_name(beside)}")
    if stands(impl, beside) is not None:
        _drop_old(impl, name, beside, have if have.engine != want.engine else want)


def _copy(impl: ClickHouseImpl, op: ops.RebuildTable, name: str, beside: str, count: str | None) -> None:
    connection = impl.connection
    assert connection is not None  # noqa: S101
    names = ", ".join(quote_name(column) for column in op.copy)
    for _ in range(_ROUNDS):
        impl.run(f"DROP TABLE IF EXISTS {quote_name(beside)} SYNC")
        impl.run(_renamed(op.ddl, beside))
        for (part,) in connection.exec_driver_sql(f"SELECT DISTINCT _partition_id FROM {quote_name(name)}").fetchall():
            impl.run(
                f"INSERT INTO {quote_name(beside)} ({names}) SELECT {', '.join(op.copy.values())} "
                f"FROM {quote_name(name)} WHERE _partition_id = {quote(part)} {_COPY_SETTINGS}"
            )
        # The copy is counted first: rows that arrive meanwhile make the two differ.
        if count is None or _count(connection, count, beside) == _count(connection, count, name):
            return
    raise StatementFailed(
        f"{name} could not be rebuilt: rows kept arriving while it was copied. Nothing was changed in it. "
        "Stop what writes there for a moment and run the same command again."
    )


def _drop_old(impl: ClickHouseImpl, name: str, beside: str, form: TableForm) -> None:
    connection = impl.connection
    assert connection is not None  # noqa: S101
    count = _counting(form, form) if form.engine == "MergeTree" else None
    if count is not None and _count(connection, count, beside) > _count(connection, count, name):
        raise SchemaMismatch(
            f"{name} has been rebuilt, but rows arrived in the old table in the last moment. It is kept as {beside}: "
            f"copy what {name} lacks, drop {beside}, and run the same command again."
        )
    impl.run(f"DROP TABLE IF EXISTS {quote_name(beside)} SYNC")


def _counting(have: TableForm, want: TableForm) -> str | None:
    """How rows are counted so that a complete copy counts the same; None where merges make that impossible."""
    if have.engine == want.engine == "MergeTree":
        return "SELECT count() FROM {}"
    if have.engine == want.engine and have.order_key == want.order_key:
        return "SELECT count() FROM {} FINAL"
    return None


def _count(connection: Connection, statement: str, table: str) -> int:
    return int(connection.exec_driver_sql(statement.format(quote_name(table))).scalar_one())


def _renamed(ddl: str, name: str) -> str:
    create = create_if_missing(ddl)
    old = name_of(ddl)
    head, _, rest = create.partition(old)
    return f"{head}{name}{rest}"


def _print(impl: ClickHouseImpl, op: ops.RebuildTable, name: str, beside: str) -> None:
    impl.remark(f"{name} is rewritten: let nothing write there until the end of these five statements.")
    impl.run(f"DROP TABLE IF EXISTS {quote_name(beside)} SYNC")
    impl.run(_renamed(op.ddl, beside))
    names = ", ".join(quote_name(column) for column in op.copy)
    impl.run(
        f"INSERT INTO {quote_name(beside)} ({names}) SELECT {', '.join(op.copy.values())} "
        f"FROM {quote_name(name)} {_COPY_SETTINGS}"
    )
    impl.run(f"EXCHANGE TABLES {quote_name(name)} AND {quote_name(beside)}")
    impl.run(f"DROP TABLE {quote_name(beside)} SYNC")
