"""Operations on whole tables: made, dropped, and what is said of all of their rows."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from alembic.operations import Operations

from chimera_metrics.integrations.clickhouse.literals import quote, quote_name
from chimera_metrics.integrations.evolution import losses
from chimera_metrics.integrations.evolution.canonical import TableForm
from chimera_metrics.integrations.evolution.carrying import create_if_missing, refuse_different, stands, wanted
from chimera_metrics.integrations.evolution.impl import ClickHouseImpl
from chimera_metrics.integrations.evolution.operation import ClickHouseOp, known, name_of, operation


@operation("ensure_table", order=10)
class EnsureTable(ClickHouseOp):
    def __init__(self, ddl: str) -> None:
        self.ddl = ddl

    @classmethod
    def ensure_table(cls, operations: Operations, ddl: str) -> None:
        """Creates a table from its `CREATE TABLE`, or checks that the one that stands is the same."""
        operations.invoke(cls(ddl))

    def run(self, impl: ClickHouseImpl) -> None:
        name = name_of(self.ddl)
        have = stands(impl, name)
        impl.run(create_if_missing(self.ddl))
        # What has just been created is what was wanted; what stood before may be anything. Word for word the same is
        # the common case of a second run, and saves asking the engine.
        if have is not None and have.ddl.split() != self.ddl.split():
            refuse_different(name, have, wanted(impl, [self.ddl], name))

    def reverse(self) -> RemoveTable:
        return RemoveTable(name_of(self.ddl), self.ddl)


@operation("remove_table", order=90)
class RemoveTable(ClickHouseOp):
    def __init__(self, name: str, ddl: str | None = None) -> None:
        self.name = name
        self._ddl = ddl

    @classmethod
    def remove_table(cls, operations: Operations, name: str) -> None:
        """Drops a table, with its rows."""
        operations.invoke(cls(name))

    def run(self, impl: ClickHouseImpl) -> None:
        impl.run(f"DROP TABLE IF EXISTS {quote_name(self.name)} SYNC")

    def reverse(self) -> EnsureTable:
        return EnsureTable(known(self._ddl))

    def losses(self, impl: ClickHouseImpl) -> Iterator[str]:
        have = stands(impl, self.name)
        if have is not None:
            yield from losses.of_rows(impl, have)

    def destroys(self) -> str:
        return f"the rows of {self.name}"


@operation("set_table_comment", order=65)
class SetTableComment(ClickHouseOp):
    def __init__(self, table: str, comment: str, was: str = "") -> None:
        self.table = table
        self.comment = comment
        self._was = was

    @classmethod
    def set_table_comment(cls, operations: Operations, table: str, comment: str) -> None:
        """Sets the comment of a table or view; '' removes it."""
        operations.invoke(cls(table, comment))

    @classmethod
    def changes(cls, have: TableForm, want: TableForm) -> Iterator[ClickHouseOp]:
        if have.comment != want.comment:
            yield cls(want.name, want.comment, have.comment)

    def run(self, impl: ClickHouseImpl) -> None:
        impl.run(f"ALTER TABLE {quote_name(self.table)} MODIFY COMMENT {quote(self.comment)}")

    def reverse(self) -> SetTableComment:
        return SetTableComment(self.table, self._was, self.comment)


@operation("set_table_settings", order=25)
class SetTableSettings(ClickHouseOp):
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

    @classmethod
    def changes(cls, have: TableForm, want: TableForm) -> Iterator[ClickHouseOp]:
        names = [n for n in {**want.settings, **have.settings} if have.settings.get(n) != want.settings.get(n)]
        if names:
            wanted_, was = ({name: form.settings.get(name) for name in names} for form in (want, have))
            yield cls(want.name, wanted_, was)

    def run(self, impl: ClickHouseImpl) -> None:
        table, have = quote_name(self.table), stands(impl, self.table)
        set_to = {name: value for name, value in self.settings.items() if value is not None}
        reset = [name for name in self.settings if name not in set_to and (have is None or name in have.settings)]
        if set_to:
            impl.run(f"ALTER TABLE {table} MODIFY SETTING {', '.join(f'{n} = {v}' for n, v in set_to.items())}")
        if reset:
            impl.run(f"ALTER TABLE {table} RESET SETTING {', '.join(reset)}")

    def reverse(self) -> SetTableSettings:
        return SetTableSettings(self.table, self._was, self.settings)


@operation("set_table_ttl", order=66)
class SetTableTtl(ClickHouseOp):
    def __init__(self, table: str, ttl: str, was: str = "") -> None:
        self.table = table
        self.ttl = ttl
        self._was = was

    @classmethod
    def set_table_ttl(cls, operations: Operations, table: str, ttl: str) -> None:
        """Sets a table's TTL; '' removes it."""
        operations.invoke(cls(table, ttl))

    @classmethod
    def changes(cls, have: TableForm, want: TableForm) -> Iterator[ClickHouseOp]:
        if have.ttl != want.ttl:
            yield cls(want.name, want.ttl, have.ttl)

    def run(self, impl: ClickHouseImpl) -> None:
        table, have = quote_name(self.table), stands(impl, self.table)
        if self.ttl:
            impl.run(f"ALTER TABLE {table} MODIFY TTL {self.ttl}")
        elif have is None or have.ttl:
            impl.run(f"ALTER TABLE {table} REMOVE TTL")

    def losses(self, impl: ClickHouseImpl) -> Iterator[str]:
        have = stands(impl, self.table)
        if self.ttl and have is not None and " ".join(have.ttl.split()) != " ".join(self.ttl.split()):
            yield from losses.of_ttl(impl, self.table, self.ttl)

    def destroys(self) -> str:
        return f"rows of {self.table} as they age" if losses.deletes(self.ttl) else ""

    def reverse(self) -> SetTableTtl:
        return SetTableTtl(self.table, self._was, self.ttl)
