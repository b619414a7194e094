"""The operations that revisions are written in. Each says what shall be, so that it can be run again.

`ensure_…` creates what is missing and checks what is there; `remove_…` drops what is there; `set_…` and `modify_…`
name the state wanted. Definitions are ClickHouse's own words, as in `CREATE TABLE`.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any

from alembic.operations import MigrateOperation, Operations

_NAME = re.compile(r"\s*CREATE\s+(?:TABLE|MATERIALIZED\s+VIEW)\s+(?:IF\s+NOT\s+EXISTS\s+)?`?(\w+)`?", re.IGNORECASE)


def name_of(ddl: str) -> str:
    """The name of what a `CREATE` statement creates."""
    match = _NAME.match(ddl)
    if match is None:
        raise ValueError(f"a CREATE TABLE or CREATE MATERIALIZED VIEW statement was expected, not: {ddl[:80]}")
    return match[1]


class ClickHouseOp(MigrateOperation):
    """An operation of ours: its arguments, in order, are its public attributes."""

    #: The function of `op` that revisions call.
    verb: str
    #: Where in a revision it stands: what is created before what reads it, what is dropped after.
    order = 0

    @property
    def arguments(self) -> dict[str, Any]:
        return {name: value for name, value in vars(self).items() if not name.startswith("_")}

    def to_diff_tuple(self) -> tuple[Any, ...]:
        return (self.verb, *self.arguments.values())


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
        return EnsureTable(_known(self._ddl))


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
        return EnsureView(_known(self._ddl))


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
        return ModifyView(self.name, _known(self._was), self.query)


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
        return EnsureColumn(self.table, self.name, _known(self._definition), self._after)


@Operations.register_operation("modify_column")
class ModifyColumn(ClickHouseOp):
    verb, order = "modify_column", 30

    def __init__(
        self,
        table: str,
        name: str,
        definition: str,
        remove: Sequence[str] = (),
        was: tuple[str, Sequence[str]] = ("", ()),
    ) -> None:
        self.table = table
        self.name = name
        self.definition = definition
        self.remove = tuple(remove)
        self._was = was

    @classmethod
    def modify_column(
        cls, operations: Operations, table: str, name: str, definition: str, remove: Sequence[str] = ()
    ) -> None:
        """Gives a column its whole definition; `remove` names what it shall lose: DEFAULT, CODEC, COMMENT …"""
        operations.invoke(cls(table, name, definition, remove))

    def reverse(self) -> MigrateOperation:
        definition, remove = self._was
        return ModifyColumn(self.table, self.name, _known(definition), remove, (self.definition, self.remove))


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
        return EnsureIndex(self.table, self.name, _known(self._definition))


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
        return EnsureProjection(self.table, self.name, _known(self._query))


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
        return ShortenOrderKey(self.table, _known(self._was), self.columns, self.order_by)


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
        return ExtendOrderKey(self.table, _known(self._was), self.columns, self.order_by)


@Operations.register_operation("rebuild_table")
class RebuildTable(ClickHouseOp):
    verb, order = "rebuild_table", 30

    def __init__(self, ddl: str, copy: Mapping[str, str], was: RebuildTable | None = None, why: str = "") -> None:
        self.ddl = ddl
        self.copy = dict(copy)
        self._was = was
        self._why = why

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


def _known(value: str | None) -> str:
    if value is None:
        raise ValueError("an operation without what stood before cannot be reversed")
    return value
