"""Operations on whole tables and views."""

from __future__ import annotations

from collections.abc import Mapping

from alembic.operations import MigrateOperation, Operations

from chimera_metrics.integrations.evolution.operation import ClickHouseOp, known, name_of


@Operations.register_operation("ensure_table")
class EnsureTable(ClickHouseOp):
    verb, order = "ensure_table", 10

    def __init__(self, ddl: str) -> None:
        self.ddl = ddl

    @classmethod
    def ensure_table(cls, operations: Operations, ddl: str) -> None:
        """Creates a table from its `CREATE TABLE`, or checks that the one that stands is the same."""
        operations.invoke(cls(ddl))

    def reverse(self) -> MigrateOperation:
        return RemoveTable(name_of(self.ddl), self.ddl)


@Operations.register_operation("remove_table")
class RemoveTable(ClickHouseOp):
    verb, order = "remove_table", 90

    def __init__(self, name: str, ddl: str | None = None) -> None:
        self.name = name
        self._ddl = ddl

    @classmethod
    def remove_table(cls, operations: Operations, name: str) -> None:
        """Drops a table, with its rows."""
        operations.invoke(cls(name))

    def reverse(self) -> MigrateOperation:
        return EnsureTable(known(self._ddl))


@Operations.register_operation("ensure_view")
class EnsureView(ClickHouseOp):
    verb, order = "ensure_view", 50

    def __init__(self, ddl: str) -> None:
        self.ddl = ddl

    @classmethod
    def ensure_view(cls, operations: Operations, ddl: str) -> None:
        """Creates a materialized view from its `CREATE MATERIALIZED VIEW`, or checks the one that stands."""
        operations.invoke(cls(ddl))

    def reverse(self) -> MigrateOperation:
        return RemoveView(name_of(self.ddl), self.ddl)


@Operations.register_operation("remove_view")
class RemoveView(ClickHouseOp):
    verb, order = "remove_view", 40

    def __init__(self, name: str, ddl: str | None = None) -> None:
        self.name = name
        self._ddl = ddl

    @classmethod
    def remove_view(cls, operations: Operations, name: str) -> None:
        """Drops a view; what it has written stays in its target."""
        operations.invoke(cls(name))

    def reverse(self) -> MigrateOperation:
        return EnsureView(known(self._ddl))


@Operations.register_operation("modify_view")
class ModifyView(ClickHouseOp):
    verb, order = "modify_view", 60

    def __init__(self, name: str, query: str, was: str | None = None) -> None:
        self.name = name
        self.query = query
        self._was = was

    @classmethod
    def modify_view(cls, operations: Operations, name: str, query: str) -> None:
        """Gives a materialized view another SELECT, between two inserts; rows written before stay as they are."""
        operations.invoke(cls(name, query))

    def reverse(self) -> MigrateOperation:
        return ModifyView(self.name, known(self._was), self.query)


@Operations.register_operation("fill_rollup")
class FillRollup(ClickHouseOp):
    verb, order = "fill_rollup", 70

    def __init__(self, target: str, source: str, query: str, day: str, target_day: str, rows: str) -> None:
        self.target = target
        self.source = source
        self.query = query
        self.day = day
        self.target_day = target_day
        self.rows = rows

    @classmethod
    def fill_rollup(
        cls, operations: Operations, target: str, source: str, query: str, day: str, target_day: str, rows: str
    ) -> None:
        """Brings a rollup up to the rows that its source holds, each counted once, day by day.

        `query` is the view's SELECT with `{where}` after its FROM; `day` and `target_day` are the daily partition keys
        of source and target; `rows` is the expression over the target that counts source rows, `sum(events)`.
        """
        operations.invoke(cls(target, source, query, day, target_day, rows))


@Operations.register_operation("set_table_comment")
class SetTableComment(ClickHouseOp):
    verb, order = "set_table_comment", 65

    def __init__(self, table: str, comment: str, was: str = "") -> None:
        self.table = table
        self.comment = comment
        self._was = was

    @classmethod
    def set_table_comment(cls, operations: Operations, table: str, comment: str) -> None:
        """Sets the comment of a table or view; '' removes it."""
        operations.invoke(cls(table, comment))

    def reverse(self) -> MigrateOperation:
        return SetTableComment(self.table, self._was, self.comment)


@Operations.register_operation("set_table_settings")
class SetTableSettings(ClickHouseOp):
    verb, order = "set_table_settings", 25

    def __init__(
        self, table: str, settings: Mapping[str, str | None], was: Mapping[str, str | None] | None = None
    ) -> None:
        self.table = table
        self.settings = dict(settings)
        self._was = dict(was or {})

    @classmethod
    def set_table_settings(cls, operations: Operations, table: str, settings: Mapping[str, str | None]) -> None:
        """Sets a table's settings, each given as ClickHouse writes it; None takes one back to its default."""
        operations.invoke(cls(table, settings))

    def reverse(self) -> MigrateOperation:
        return SetTableSettings(self.table, self._was, self.settings)


@Operations.register_operation("set_table_ttl")
class SetTableTtl(ClickHouseOp):
    verb, order = "set_table_ttl", 66

    def __init__(self, table: str, ttl: str, was: str = "") -> None:
        self.table = table
        self.ttl = ttl
        self._was = was

    @classmethod
    def set_table_ttl(cls, operations: Operations, table: str, ttl: str) -> None:
        """Sets a table's TTL; '' removes it."""
        operations.invoke(cls(table, ttl))

    def reverse(self) -> MigrateOperation:
        return SetTableTtl(self.table, self._was, self.ttl)


@Operations.register_operation("extend_order_key")
class ExtendOrderKey(ClickHouseOp):
    verb, order = "extend_order_key", 21

    def __init__(self, table: str, order_by: str, columns: Mapping[str, str], was: str | None = None) -> None:
        self.table = table
        self.order_by = order_by
        self.columns = dict(columns)
        self._was = was

    @classmethod
    def extend_order_key(cls, operations: Operations, table: str, order_by: str, columns: Mapping[str, str]) -> None:
        """Appends new columns (name: definition) to the order key, the one change of it that needs no rebuild."""
        operations.invoke(cls(table, order_by, columns))

    def reverse(self) -> MigrateOperation:
        return ShortenOrderKey(self.table, known(self._was), self.columns, self.order_by)


@Operations.register_operation("shorten_order_key")
class ShortenOrderKey(ClickHouseOp):
    verb, order = "shorten_order_key", 79

    def __init__(self, table: str, order_by: str, columns: Mapping[str, str], was: str | None = None) -> None:
        self.table = table
        self.order_by = order_by
        self.columns = dict(columns)
        self._was = was

    @classmethod
    def shorten_order_key(cls, operations: Operations, table: str, order_by: str, columns: Mapping[str, str]) -> None:
        """Takes back `extend_order_key`: the key loses its last columns, and they are dropped."""
        operations.invoke(cls(table, order_by, columns))

    def reverse(self) -> MigrateOperation:
        return ExtendOrderKey(self.table, known(self._was), self.columns, self.order_by)


@Operations.register_operation("rebuild_table")
class RebuildTable(ClickHouseOp):
    verb, order = "rebuild_table", 30

    def __init__(self, ddl: str, copy: Mapping[str, str], was: RebuildTable | None = None, why: str = "") -> None:
        self.ddl = ddl
        self.copy = dict(copy)
        self._was = was
        self._why = why

    @property
    def why(self) -> str:
        return self._why

    @classmethod
    def rebuild_table(cls, operations: Operations, ddl: str, copy: Mapping[str, str]) -> None:
        """Makes what the engine cannot change in place: a new table, the rows copied, the two exchanged.

        `ddl` is the `CREATE TABLE` wanted, `copy` the columns to copy with the expression over the old table for each.
        """
        operations.invoke(cls(ddl, copy))

    def reverse(self) -> MigrateOperation:
        was = self._was
        if was is None:
            raise ValueError(f"{name_of(self.ddl)}: what the table was is not known")
        return RebuildTable(was.ddl, was.copy, self, self._why)
