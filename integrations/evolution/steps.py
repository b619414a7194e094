"""How the operations on tables and views are carried out: a run killed between any two statements can be run again."""

from __future__ import annotations

from alembic.operations import Operations

from chimera_metrics.integrations.clickhouse.literals import quote, quote_name
from chimera_metrics.integrations.evolution import operations as ops
from chimera_metrics.integrations.evolution.carrying import create_if_missing, impl_of, refuse_different, stands, wanted
from chimera_metrics.integrations.evolution.operation import name_of


@Operations.implementation_for(ops.EnsureTable)
def ensure_table(operations: Operations, op: ops.EnsureTable) -> None:
    impl, name = impl_of(operations), name_of(op.ddl)
    have = stands(impl, name)
    impl.run(create_if_missing(op.ddl))
    # What has just been created is what was wanted; what stood before may be anything. Word for word the same is the
    # common case of a second run, and saves asking the engine.
    if have is not None and have.ddl.split() != op.ddl.split():
        refuse_different(name, have, wanted(impl, [op.ddl], name))


@Operations.implementation_for(ops.RemoveTable)
def remove_table(operations: Operations, op: ops.RemoveTable) -> None:
    impl_of(operations).run(f"DROP TABLE IF EXISTS {quote_name(op.name)} SYNC")


@Operations.implementation_for(ops.EnsureView)
def ensure_view(operations: Operations, op: ops.EnsureView) -> None:
    impl, name = impl_of(operations), name_of(op.ddl)
    have = stands(impl, name)
    impl.run(create_if_missing(op.ddl))
    if have is not None:
        refuse_different(name, have, wanted(impl, [op.ddl], name, around=op.ddl))


@Operations.implementation_for(ops.RemoveView)
def remove_view(operations: Operations, op: ops.RemoveView) -> None:
    impl_of(operations).run(f"DROP VIEW IF EXISTS {quote_name(op.name)} SYNC")


@Operations.implementation_for(ops.ModifyView)
def modify_view(operations: Operations, op: ops.ModifyView) -> None:
    impl_of(operations).run(f"ALTER TABLE {quote_name(op.name)} MODIFY QUERY {op.query.strip()}")


@Operations.implementation_for(ops.SetTableComment)
def set_table_comment(operations: Operations, op: ops.SetTableComment) -> None:
    impl_of(operations).run(f"ALTER TABLE {quote_name(op.table)} MODIFY COMMENT {quote(op.comment)}")


@Operations.implementation_for(ops.SetTableSettings)
def set_table_settings(operations: Operations, op: ops.SetTableSettings) -> None:
    impl, table = impl_of(operations), quote_name(op.table)
    have = stands(impl, op.table)
    set_to = {name: value for name, value in op.settings.items() if value is not None}
    reset = [name for name in op.settings if name not in set_to and (have is None or name in have.settings)]
    if set_to:
        impl.run(f"ALTER TABLE {table} MODIFY SETTING {', '.join(f'{n} = {v}' for n, v in set_to.items())}")
    if reset:
        impl.run(f"ALTER TABLE {table} RESET SETTING {', '.join(reset)}")


@Operations.implementation_for(ops.SetTableTtl)
def set_table_ttl(operations: Operations, op: ops.SetTableTtl) -> None:
    impl, table = impl_of(operations), quote_name(op.table)
    have = stands(impl, op.table)
    if op.ttl:
        impl.run(f"ALTER TABLE {table} MODIFY TTL {op.ttl}")
    elif have is None or have.ttl:
        impl.run(f"ALTER TABLE {table} REMOVE TTL")


@Operations.implementation_for(ops.ExtendOrderKey)
def extend_order_key(operations: Operations, op: ops.ExtendOrderKey) -> None:
    impl = impl_of(operations)
    have = stands(impl, op.table)
    # One statement adds the columns and appends them, so a run is either before it or after it.
    if have is None or not set(op.columns) <= set(have.columns):
        adds = ", ".join(f"ADD COLUMN {quote_name(name)} {form}" for name, form in op.columns.items())
        impl.run(f"ALTER TABLE {quote_name(op.table)} {adds}, MODIFY ORDER BY ({op.order_by})")


@Operations.implementation_for(ops.ShortenOrderKey)
def shorten_order_key(operations: Operations, op: ops.ShortenOrderKey) -> None:
    impl, table = impl_of(operations), quote_name(op.table)
    impl.run(f"ALTER TABLE {table} MODIFY ORDER BY ({op.order_by})")
    for name in op.columns:
        impl.run(f"ALTER TABLE {table} DROP COLUMN IF EXISTS {quote_name(name)}")
