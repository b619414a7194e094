"""Operations on columns, indexes and projections."""

from __future__ import annotations

from collections.abc import Sequence

from alembic.operations import MigrateOperation, Operations

from chimera_metrics.integrations.evolution.operation import ClickHouseOp, known


@Operations.register_operation("ensure_column")
class EnsureColumn(ClickHouseOp):
    verb, order = "ensure_column", 20

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

    def reverse(self) -> MigrateOperation:
        return RemoveColumn(self.table, self.name, self.definition, self.after)


@Operations.register_operation("remove_column")
class RemoveColumn(ClickHouseOp):
    verb, order = "remove_column", 80

    def __init__(self, table: str, name: str, definition: str | None = None, after: str | None = None) -> None:
        self.table = table
        self.name = name
        self._definition = definition
        self._after = after

    @classmethod
    def remove_column(cls, operations: Operations, table: str, name: str) -> None:
        """Drops a column, with its values."""
        operations.invoke(cls(table, name))

    def reverse(self) -> MigrateOperation:
        return EnsureColumn(self.table, self.name, known(self._definition), self._after)


@Operations.register_operation("modify_column")
class ModifyColumn(ClickHouseOp):
    verb, order = "modify_column", 30

    def __init__(
        self,
        table: str,
        name: str,
        definition: str,
        remove: Sequence[str] = (),
        undo: MigrateOperation | None = None,
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

    def reverse(self) -> MigrateOperation:
        if self._undo is None:
            raise ValueError(f"{self.table}.{self.name}: what the column was is not known")
        return self._undo


@Operations.register_operation("rename_column")
class RenameColumn(ClickHouseOp):
    verb, order = "rename_column", 19

    def __init__(self, table: str, name: str, to: str) -> None:
        self.table = table
        self.name = name
        self.to = to

    @classmethod
    def rename_column(cls, operations: Operations, table: str, name: str, to: str) -> None:
        """Renames a column. Autogenerate cannot tell that from a drop and an add: write it in their place."""
        operations.invoke(cls(table, name, to))

    def reverse(self) -> MigrateOperation:
        return RenameColumn(self.table, self.to, self.name)


@Operations.register_operation("ensure_index")
class EnsureIndex(ClickHouseOp):
    verb, order = "ensure_index", 37

    def __init__(self, table: str, name: str, definition: str) -> None:
        self.table = table
        self.name = name
        self.definition = definition

    @classmethod
    def ensure_index(cls, operations: Operations, table: str, name: str, definition: str) -> None:
        """Adds a data-skipping index (`expression TYPE kind GRANULARITY n`) and builds it for the rows that stand."""
        operations.invoke(cls(table, name, definition))

    def reverse(self) -> MigrateOperation:
        return RemoveIndex(self.table, self.name, self.definition)


@Operations.register_operation("remove_index")
class RemoveIndex(ClickHouseOp):
    verb, order = "remove_index", 15

    def __init__(self, table: str, name: str, definition: str | None = None) -> None:
        self.table = table
        self.name = name
        self._definition = definition

    @classmethod
    def remove_index(cls, operations: Operations, table: str, name: str) -> None:
        """Drops a data-skipping index."""
        operations.invoke(cls(table, name))

    def reverse(self) -> MigrateOperation:
        return EnsureIndex(self.table, self.name, known(self._definition))


@Operations.register_operation("ensure_projection")
class EnsureProjection(ClickHouseOp):
    verb, order = "ensure_projection", 38

    def __init__(self, table: str, name: str, query: str) -> None:
        self.table = table
        self.name = name
        self.query = query

    @classmethod
    def ensure_projection(cls, operations: Operations, table: str, name: str, query: str) -> None:
        """Adds a projection (its SELECT, without parentheses) and builds it for the rows that stand."""
        operations.invoke(cls(table, name, query))

    def reverse(self) -> MigrateOperation:
        return RemoveProjection(self.table, self.name, self.query)


@Operations.register_operation("remove_projection")
class RemoveProjection(ClickHouseOp):
    verb, order = "remove_projection", 16

    def __init__(self, table: str, name: str, query: str | None = None) -> None:
        self.table = table
        self.name = name
        self._query = query

    @classmethod
    def remove_projection(cls, operations: Operations, table: str, name: str) -> None:
        """Drops a projection."""
        operations.invoke(cls(table, name))

    def reverse(self) -> MigrateOperation:
        return EnsureProjection(self.table, self.name, known(self._query))
