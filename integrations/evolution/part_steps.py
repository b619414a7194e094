"""How the operations on columns, indexes and projections are carried out, so that each can be run again."""

from __future__ import annotations

from collections.abc import Sequence

from alembic.operations import Operations

from chimera_metrics.integrations.clickhouse.literals import quote_name
from chimera_metrics.integrations.errors import SchemaMismatch
from chimera_metrics.integrations.evolution import part_operations as parts
from chimera_metrics.integrations.evolution.canonical import TableForm
from chimera_metrics.integrations.evolution.carrying import impl_of, stands, wanted
from chimera_metrics.integrations.evolution.impl import ClickHouseImpl


@Operations.implementation_for(parts.EnsureColumn)
def ensure_column(operations: Operations, op: parts.EnsureColumn) -> None:
    impl = impl_of(operations)
    add = f"COLUMN IF NOT EXISTS {quote_name(op.name)} {op.definition}"
    add += "" if op.after is None else " FIRST" if op.after == "" else f" AFTER {quote_name(op.after)}"
    have = stands(impl, op.table)
    impl.run(f"ALTER TABLE {quote_name(op.table)} ADD {add}")
    if have is not None and op.name in have.columns:
        changed = [f"DROP COLUMN {quote_name(op.name)}", f"ADD {add}"]
        _refuse_other_part(impl, have, "columns", op.name, changed)


@Operations.implementation_for(parts.RemoveColumn)
def remove_column(operations: Operations, op: parts.RemoveColumn) -> None:
    impl_of(operations).run(f"ALTER TABLE {quote_name(op.table)} DROP COLUMN IF EXISTS {quote_name(op.name)}")


@Operations.implementation_for(parts.ModifyColumn)
def modify_column(operations: Operations, op: parts.ModifyColumn) -> None:
    impl, column = impl_of(operations), f"{quote_name(op.table)} MODIFY COLUMN {quote_name(op.name)}"
    have = stands(impl, op.table)
    for part in op.remove:
        # The engine refuses to remove what is not there, and a run before this one may have removed it.
        if have is None or _has(have, op.name, part):
            impl.run(f"ALTER TABLE {column} REMOVE {part}")
    impl.run(f"ALTER TABLE {column} {op.definition}")


def _has(table: TableForm, column: str, part: str) -> bool:
    form = table.columns[column]
    return part == form.kind or bool({"CODEC": form.codec, "COMMENT": form.comment}.get(part))


@Operations.implementation_for(parts.RenameColumn)
def rename_column(operations: Operations, op: parts.RenameColumn) -> None:
    impl = impl_of(operations)
    have = stands(impl, op.table)
    if have is None or op.name in have.columns:
        impl.run(f"ALTER TABLE {quote_name(op.table)} RENAME COLUMN {quote_name(op.name)} TO {quote_name(op.to)}")


@Operations.implementation_for(parts.EnsureIndex)
def ensure_index(operations: Operations, op: parts.EnsureIndex) -> None:
    impl, table, name = impl_of(operations), quote_name(op.table), quote_name(op.name)
    have = stands(impl, op.table)
    impl.run(f"ALTER TABLE {table} ADD INDEX IF NOT EXISTS {name} {op.definition}")
    if have is not None and op.name in have.indexes:
        changed = [f"DROP INDEX {name}", f"ADD INDEX {name} {op.definition}"]
        _refuse_other_part(impl, have, "indexes", op.name, changed)
    impl.run(f"ALTER TABLE {table} MATERIALIZE INDEX {name} SETTINGS mutations_sync = 2")


@Operations.implementation_for(parts.RemoveIndex)
def remove_index(operations: Operations, op: parts.RemoveIndex) -> None:
    impl_of(operations).run(f"ALTER TABLE {quote_name(op.table)} DROP INDEX IF EXISTS {quote_name(op.name)}")


@Operations.implementation_for(parts.EnsureProjection)
def ensure_projection(operations: Operations, op: parts.EnsureProjection) -> None:
    impl, table, name = impl_of(operations), quote_name(op.table), quote_name(op.name)
    have = stands(impl, op.table)
    impl.run(f"ALTER TABLE {table} ADD PROJECTION IF NOT EXISTS {name} ({op.query})")
    if have is not None and op.name in have.projections:
        changed = [f"DROP PROJECTION {name}", f"ADD PROJECTION {name} ({op.query})"]
        _refuse_other_part(impl, have, "projections", op.name, changed)
    impl.run(f"ALTER TABLE {table} MATERIALIZE PROJECTION {name} SETTINGS mutations_sync = 2")


@Operations.implementation_for(parts.RemoveProjection)
def remove_projection(operations: Operations, op: parts.RemoveProjection) -> None:
    impl_of(operations).run(f"ALTER TABLE {quote_name(op.table)} DROP PROJECTION IF EXISTS {quote_name(op.name)}")


def _refuse_other_part(impl: ClickHouseImpl, have: TableForm, kind: str, part: str, changes: Sequence[str]) -> None:
    """Compares a column, index or projection that stands with what `changes` would make of it on an empty copy."""
    copy = have.ddl
    table = quote_name(have.name)
    want = wanted(impl, [copy, *(f"ALTER TABLE {table} {change}" for change in changes)], have.name)
    stand, wish = getattr(have, kind)[part], getattr(want, kind)[part]
    if stand != wish:
        raise SchemaMismatch(
            f"{part} of {have.name} stands already and is not what the migration adds: it is {_said(stand)}, wanted "
            f"{_said(wish)}. Nothing was changed in it. Run `muse adopt` to take this database over."
        )


def _said(part: object) -> str:
    return str(getattr(part, "definition", part))
