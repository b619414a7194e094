"""Operations on columns."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from alembic.operations import Operations

from chimera_metrics.integrations.clickhouse.literals import quote_name
from chimera_metrics.integrations.evolution import ddl_parts, losses
from chimera_metrics.integrations.evolution.canonical import ColumnForm, TableForm
from chimera_metrics.integrations.evolution.carrying import refuse_other_part, stands
from chimera_metrics.integrations.evolution.impl import ClickHouseImpl
from chimera_metrics.integrations.evolution.keys import appended
from chimera_metrics.integrations.evolution.operation import ClickHouseOp, known, operation
from chimera_metrics.integrations.evolution.rebuild import RebuildTable
from chimera_metrics.integrations.evolution.types import converts_in_place


def column_changes(have: TableForm, want: TableForm) -> Iterator[ClickHouseOp]:
    in_key = appended(have, want)
    for name, new in want.columns.items():
        old = have.columns.get(name)
        if old is None and name not in in_key:
            yield EnsureColumn(want.name, name, new.definition, _before(want, name))
        elif old is not None and old != new:
            yield ModifyColumn.between(have, want, old, new)
    for name, old in have.columns.items():
        if name not in want.columns:
            yield RemoveColumn(have.name, name, old.definition, _before(have, name))


def _before(table: TableForm, name: str) -> str:
    names = list(table.columns)
    index = names.index(name)
    return names[index - 1] if index else ""


@operation("ensure_column", order=20)
class EnsureColumn(ClickHouseOp):
    def __init__(self, table: str, name: str, definition: str, after: str | None = None) -> None:
        self.table = table
        self.name = name
        self.definition = definition
        self.after = after

    @classmethod
    def ensure_column(
        cls, operations: Operations, table: str, name: str, definition: str, after: str | None = None
    ) -> None:
        """Adds a column (`after` another, first when `after` is empty, last when it is not given)."""
        operations.invoke(cls(table, name, definition, after))

    def run(self, impl: ClickHouseImpl) -> None:
        add = f"COLUMN IF NOT EXISTS {quote_name(self.name)} {self.definition}"
        add += "" if self.after is None else " FIRST" if self.after == "" else f" AFTER {quote_name(self.after)}"
        have = stands(impl, self.table)
        impl.run(f"ALTER TABLE {quote_name(self.table)} ADD {add}")
        if have is not None and self.name in have.columns:
            changed = [f"DROP COLUMN {quote_name(self.name)}", f"ADD {add}"]
            refuse_other_part(impl, have, "columns", self.name, changed)

    def reverse(self) -> RemoveColumn:
        return RemoveColumn(self.table, self.name, self.definition, self.after)


@operation("remove_column", order=80)
class RemoveColumn(ClickHouseOp):
    def __init__(self, table: str, name: str, definition: str | None = None, after: str | None = None) -> None:
        self.table = table
        self.name = name
        self._definition = definition
        self._after = after

    @classmethod
    def remove_column(cls, operations: Operations, table: str, name: str) -> None:
        """Drops a column, with its values."""
        operations.invoke(cls(table, name))

    def run(self, impl: ClickHouseImpl) -> None:
        impl.run(f"ALTER TABLE {quote_name(self.table)} DROP COLUMN IF EXISTS {quote_name(self.name)}")

    def reverse(self) -> EnsureColumn:
        return EnsureColumn(self.table, self.name, known(self._definition), self._after)

    def losses(self, impl: ClickHouseImpl) -> Iterator[str]:
        have = stands(impl, self.table)
        if have is not None:
            yield from losses.of_column(impl, have, self.name)

    def destroys(self) -> str:
        return f"the values of {self.name}"

    def remarks(self) -> list[str]:
        return [*super().remarks(), "If the column was renamed, write op.rename_column instead of drop and add."]


@operation("modify_column", order=30)
class ModifyColumn(ClickHouseOp):
    def __init__(
        self,
        table: str,
        name: str,
        definition: str,
        remove: Sequence[str] = (),
        undo: ClickHouseOp | None = None,
    ) -> None:
        self.table = table
        self.name = name
        self.definition = definition
        self.remove = tuple(remove)
        self._undo = undo

    @classmethod
    def modify_column(
        cls, operations: Operations, table: str, name: str, definition: str, remove: Sequence[str] = ()
    ) -> None:
        """Gives a column its whole definition; `remove` names what it loses: DEFAULT, CODEC, COMMENT …"""
        operations.invoke(cls(table, name, definition, remove))

    @classmethod
    def between(cls, have: TableForm, want: TableForm, old: ColumnForm, new: ColumnForm) -> ModifyColumn:
        undo: ClickHouseOp
        if old.type == new.type or converts_in_place(new.type, old.type):
            undo = cls(have.name, old.name, old.definition, _lost(new, old))
        else:
            # The way back narrows the type: refused by the engine half-way, it would leave the table unreadable.
            undo = RebuildTable.between(want, have, f"type of {old.name}: {new.type} -> {old.type}")
        return cls(want.name, new.name, new.definition, _lost(old, new), undo)

    def run(self, impl: ClickHouseImpl) -> None:
        have = stands(impl, self.table)
        for part in self.remove:
            # The engine refuses to remove what is not there, and a run before this one may have removed it.
            if have is None or have.columns[self.name].has(part):
                impl.run(f"ALTER TABLE {_without(self.table, self.name, part)}")
        column = f"{quote_name(self.table)} MODIFY COLUMN {quote_name(self.name)}"
        impl.run(f"ALTER TABLE {column} {self.definition}")

    def losses(self, impl: ClickHouseImpl) -> Iterator[str]:
        have = stands(impl, self.table)
        old = None if have is None else have.columns.get(self.name)
        if have is None or old is None:
            return
        type_, clauses = ddl_parts.type_and_clauses(self.definition)
        if clauses.keys() & {"ALIAS", "EPHEMERAL"}:
            yield from losses.of_column(impl, have, self.name)
        elif type_:
            yield from losses.of_type(impl, have, old, type_, copied=False)
        ttl = clauses.get("TTL", "")
        if ttl and ttl != old.ttl:
            yield from losses.of_ttl(impl, self.table, ttl, column=self.name)

    def destroys(self) -> str:
        _, clauses = ddl_parts.type_and_clauses(self.definition)
        return f"values of {self.name} as they age" if "TTL" in clauses else ""

    def reverse(self) -> ClickHouseOp:
        if self._undo is None:
            raise ValueError(f"{self.table}.{self.name}: what the column was is not known")
        return self._undo


def _without(table: str, column: str, part: str) -> str:
    if part == "STATISTICS":
        return f"{quote_name(table)} DROP STATISTICS IF EXISTS {quote_name(column)}"
    return f"{quote_name(table)} MODIFY COLUMN {quote_name(column)} REMOVE {part}"


def _lost(old: ColumnForm, new: ColumnForm) -> list[str]:
    """What a column has and the model does not want; MODIFY COLUMN keeps what it is not told to change."""
    lost = [part for part, text in old.removable.items() if text and not new.removable[part]]
    return [old.kind, *lost] if old.kind and not new.kind else lost


@operation("rename_column", order=19)
class RenameColumn(ClickHouseOp):
    def __init__(self, table: str, name: str, to: str) -> None:
        self.table = table
        self.name = name
        self.to = to

    @classmethod
    def rename_column(cls, operations: Operations, table: str, name: str, to: str) -> None:
        """Renames a column. Autogenerate cannot tell that from a drop and an add: write it in their place."""
        operations.invoke(cls(table, name, to))

    def run(self, impl: ClickHouseImpl) -> None:
        have = stands(impl, self.table)
        if have is None or self.name in have.columns:
            names = f"{quote_name(self.name)} TO {quote_name(self.to)}"
            impl.run(f"ALTER TABLE {quote_name(self.table)} RENAME COLUMN {names}")

    def reverse(self) -> RenameColumn:
        return RenameColumn(self.table, self.to, self.name)
