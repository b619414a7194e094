"""Operations on data-skipping indexes and projections: named parts of a table, built for the rows that stand."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Iterator

from alembic.operations import Operations

from chimera_metrics.integrations.clickhouse.literals import quote_name
from chimera_metrics.integrations.evolution.canonical import TableForm
from chimera_metrics.integrations.evolution.carrying import refuse_other_part, stands
from chimera_metrics.integrations.evolution.impl import ClickHouseImpl
from chimera_metrics.integrations.evolution.operation import ClickHouseOp, known, operation


def part_changes(have: TableForm, want: TableForm) -> Iterator[ClickHouseOp]:
    yield from _new(EnsureIndex, have, want)
    yield from _new(EnsureProjection, have, want)
    yield from _gone(RemoveIndex, have, want)
    yield from _gone(RemoveProjection, have, want)


class _Ensure(ClickHouseOp):
    """A part that is added, and built for the rows that stand."""

    #: What the engine calls such a part, and where a table's form holds them.
    word: str
    among: str

    def __init__(self, table: str, name: str, definition: str) -> None:
        self.table = table
        self.name = name
        self.definition = definition

    @property
    def body(self) -> str:
        return self.definition

    def run(self, impl: ClickHouseImpl) -> None:
        table, name = quote_name(self.table), quote_name(self.name)
        have = stands(impl, self.table)
        impl.run(f"ALTER TABLE {table} ADD {self.word} IF NOT EXISTS {name} {self.body}")
        if have is not None and self.name in getattr(have, self.among):
            changed = [f"DROP {self.word} {name}", f"ADD {self.word} {name} {self.body}"]
            refuse_other_part(impl, have, self.among, self.name, changed)
        impl.run(f"ALTER TABLE {table} MATERIALIZE {self.word} {name} SETTINGS mutations_sync = 2")

    @abstractmethod
    def reverse(self) -> ClickHouseOp: ...


class _Remove(ClickHouseOp):
    word: str
    made_by: type[_Ensure]

    def __init__(self, table: str, name: str, definition: str | None = None) -> None:
        self.table = table
        self.name = name
        self._definition = definition

    def run(self, impl: ClickHouseImpl) -> None:
        impl.run(f"ALTER TABLE {quote_name(self.table)} DROP {self.made_by.word} IF EXISTS {quote_name(self.name)}")

    def reverse(self) -> _Ensure:
        return self.made_by(self.table, self.name, known(self._definition))


@operation("ensure_index", order=37)
class EnsureIndex(_Ensure):
    word, among = "INDEX", "indexes"

    @classmethod
    def ensure_index(cls, operations: Operations, table: str, name: str, definition: str) -> None:
        """Adds a data-skipping index (`expression TYPE kind GRANULARITY n`) and builds it for the rows that stand."""
        operations.invoke(cls(table, name, definition))

    def reverse(self) -> RemoveIndex:
        return RemoveIndex(self.table, self.name, self.definition)


@operation("remove_index", order=15)
class RemoveIndex(_Remove):
    made_by = EnsureIndex

    @classmethod
    def remove_index(cls, operations: Operations, table: str, name: str) -> None:
        """Drops a data-skipping index."""
        operations.invoke(cls(table, name))


@operation("ensure_projection", order=38)
class EnsureProjection(_Ensure):
    word, among = "PROJECTION", "projections"

    def __init__(self, table: str, name: str, query: str) -> None:
        self.table = table
        self.name = name
        self.query = query

    @property
    def body(self) -> str:
        return f"({self.query})"

    @classmethod
    def ensure_projection(cls, operations: Operations, table: str, name: str, query: str) -> None:
        """Adds a projection (its SELECT, without parentheses) and builds it for the rows that stand."""
        operations.invoke(cls(table, name, query))

    def reverse(self) -> RemoveProjection:
        return RemoveProjection(self.table, self.name, self.query)


@operation("remove_projection", order=16)
class RemoveProjection(_Remove):
    made_by = EnsureProjection

    @classmethod
    def remove_projection(cls, operations: Operations, table: str, name: str) -> None:
        """Drops a projection."""
        operations.invoke(cls(table, name))


def _new(kind: type[_Ensure], have: TableForm, want: TableForm) -> Iterator[ClickHouseOp]:
    stand = getattr(have, kind.among)
    for name, text in getattr(want, kind.among).items():
        if stand.get(name) != text:
            if name in stand:
                yield kind(want.name, name, stand[name]).reverse()
            yield kind(want.name, name, text)


def _gone(kind: type[_Remove], have: TableForm, want: TableForm) -> Iterator[ClickHouseOp]:
    wish = getattr(want, kind.made_by.among)
    for name, text in getattr(have, kind.made_by.among).items():
        if name not in wish:
            yield kind(want.name, name, text)
