"""How each operation is carried out: so that a run killed between any two statements can be run again."""

from __future__ import annotations

import re
from collections.abc import Sequence

from alembic.operations import Operations

from integrations.clickhouse.alembic_support import operations as ops
from integrations.clickhouse.alembic_support.canonical import TableForm, differences, read
from integrations.clickhouse.alembic_support.impl import ClickHouseImpl
from integrations.clickhouse.alembic_support.scratch import scratch
from integrations.clickhouse.literals import quote, quote_name
from integrations.errors import SchemaMismatch

_CREATE = re.compile(r"^\s*CREATE\s+(TABLE|MATERIALIZED\s+VIEW)\s+(?:IF\s+NOT\s+EXISTS\s+)?", re.IGNORECASE)


def impl_of(operations: Operations) -> ClickHouseImpl:
    impl = operations.impl
    if not isinstance(impl, ClickHouseImpl):
        raise TypeError("these operations are for ClickHouse")
    return impl


def stands(impl: ClickHouseImpl, name: str) -> TableForm | None:
    """The table or view of that name as it stands; None if there is none, and under `--sql`."""
    if impl.as_sql:
        return None
    assert impl.connection is not None  # noqa: S101
    return read(impl.connection, impl.settings.database, only=name).get(name)


def create_if_missing(ddl: str) -> str:
    return _CREATE.sub(lambda match: f"CREATE {match[1].upper()} IF NOT EXISTS ", ddl.strip(), count=1)


def refuse_different(name: str, have: TableForm, want: TableForm | None) -> None:
    """Raises SchemaMismatch unless what stands is what was wanted."""
    found = ["it is of another kind"] if want is None else list(differences(have, want))
    if found:
        raise SchemaMismatch(
            f"{name} stands already and is not what the migration creates: {'; '.join(found[:5])}. "
            "Nothing was changed in it. Run `muse adopt` to take this database over."
        )


@Operations.implementation_for(ops.EnsureTable)
def ensure_table(operations: Operations, op: ops.EnsureTable) -> None:
    impl, name = impl_of(operations), ops.name_of(op.ddl)
    have = stands(impl, name)
    impl.run(create_if_missing(op.ddl))
    # What has just been created is what was wanted; what stood before may be anything.
    if have is not None:
        refuse_different(name, have, wanted(impl, [op.ddl], name))


@Operations.implementation_for(ops.RemoveTable)
def remove_table(operations: Operations, op: ops.RemoveTable) -> None:
    impl_of(operations).run(f"DROP TABLE IF EXISTS {quote_name(op.name)} SYNC")


@Operations.implementation_for(ops.EnsureView)
def ensure_view(operations: Operations, op: ops.EnsureView) -> None:
    impl, name = impl_of(operations), ops.name_of(op.ddl)
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


@Operations.implementation_for(ops.EnsureColumn)
def ensure_column(operations: Operations, op: ops.EnsureColumn) -> None:
    impl = impl_of(operations)
    add = f"COLUMN IF NOT EXISTS {quote_name(op.name)} {op.definition}"
    add += "" if op.after is None else " FIRST" if op.after == "" else f" AFTER {quote_name(op.after)}"
    have = stands(impl, op.table)
    impl.run(f"ALTER TABLE {quote_name(op.table)} ADD {add}")
    if have is not None and op.name in have.columns:
        changed = [f"DROP COLUMN {quote_name(op.name)}", f"ADD {add}"]
        _refuse_other_part(impl, have, "columns", op.name, changed)


@Operations.implementation_for(ops.RemoveColumn)
def remove_column(operations: Operations, op: ops.RemoveColumn) -> None:
    impl_of(operations).run(f"ALTER TABLE {quote_name(op.table)} DROP COLUMN IF EXISTS {quote_name(op.name)}")


@Operations.implementation_for(ops.ModifyColumn)
def modify_column(operations: Operations, op: ops.ModifyColumn) -> None:
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


@Operations.implementation_for(ops.EnsureIndex)
def ensure_index(operations: Operations, op: ops.EnsureIndex) -> None:
    impl, table, name = impl_of(operations), quote_name(op.table), quote_name(op.name)
    have = stands(impl, op.table)
    impl.run(f"ALTER TABLE {table} ADD INDEX IF NOT EXISTS {name} {op.definition}")
    if have is not None and op.name in have.indexes:
        changed = [f"DROP INDEX {name}", f"ADD INDEX {name} {op.definition}"]
        _refuse_other_part(impl, have, "indexes", op.name, changed)
    impl.run(f"ALTER TABLE {table} MATERIALIZE INDEX {name} SETTINGS mutations_sync = 2")


@Operations.implementation_for(ops.RemoveIndex)
def remove_index(operations: Operations, op: ops.RemoveIndex) -> None:
    impl_of(operations).run(f"ALTER TABLE {quote_name(op.table)} DROP INDEX IF EXISTS {quote_name(op.name)}")


@Operations.implementation_for(ops.EnsureProjection)
def ensure_projection(operations: Operations, op: ops.EnsureProjection) -> None:
    impl, table, name = impl_of(operations), quote_name(op.table), quote_name(op.name)
    have = stands(impl, op.table)
    impl.run(f"ALTER TABLE {table} ADD PROJECTION IF NOT EXISTS {name} ({op.query})")
    if have is not None and op.name in have.projections:
        changed = [f"DROP PROJECTION {name}", f"ADD PROJECTION {name} ({op.query})"]
        _refuse_other_part(impl, have, "projections", op.name, changed)
    impl.run(f"ALTER TABLE {table} MATERIALIZE PROJECTION {name} SETTINGS mutations_sync = 2")


@Operations.implementation_for(ops.RemoveProjection)
def remove_projection(operations: Operations, op: ops.RemoveProjection) -> None:
    impl_of(operations).run(f"ALTER TABLE {quote_name(op.table)} DROP PROJECTION IF EXISTS {quote_name(op.name)}")


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


def wanted(impl: ClickHouseImpl, statements: Sequence[str], name: str, around: str = "") -> TableForm | None:
    """What the engine makes of `statements`, run in a scratch database.

    `around` is a text that names tables: those of the database that it names are there too, empty and inert.
    """
    assert impl.connection is not None  # noqa: S101
    with scratch(impl.settings, impl.connection) as inside:
        for table in _named(impl, around, name):
            source = f"{quote_name(impl.settings.database)}.{quote_name(table)}"
            inside.exec_driver_sql(f"CREATE TABLE {quote_name(table)} AS {source} ENGINE = Null".replace("%", "%%"))
        for statement in statements:
            inside.exec_driver_sql(statement.replace("%", "%%"))
        database = inside.exec_driver_sql("SELECT currentDatabase()").scalar_one()
        return read(inside, database, only=name).get(name)


def _named(impl: ClickHouseImpl, text: str, but: str) -> list[str]:
    if not text:
        return []
    assert impl.connection is not None  # noqa: S101
    schema = read(impl.connection, impl.settings.database)
    words = set(re.findall(r"\w+", text))
    return [name for name, form in schema.items() if form.kind == "table" and name in words and name != but]


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
