"""Operations on materialized views."""

from __future__ import annotations

from collections.abc import Iterator

from alembic.operations import Operations

from chimera_metrics.integrations.clickhouse.literals import quote, quote_name
from chimera_metrics.integrations.evolution import losses
from chimera_metrics.integrations.evolution.canonical import TableForm
from chimera_metrics.integrations.evolution.carrying import create_if_missing, refuse_different, stands, wanted
from chimera_metrics.integrations.evolution.impl import ClickHouseImpl
from chimera_metrics.integrations.evolution.operation import ClickHouseOp, known, name_of, operation

_NOT_FILLED = "Rows written before are not in the view's target: op.fill_rollup brings it up to them."


@operation("ensure_view", order=50)
class EnsureView(ClickHouseOp):
    def __init__(self, ddl: str) -> None:
        self.ddl = ddl

    @classmethod
    def ensure_view(cls, operations: Operations, ddl: str) -> None:
        """Creates a materialized view from its `CREATE MATERIALIZED VIEW`, or checks the one that stands."""
        operations.invoke(cls(ddl))

    @classmethod
    def of(cls, form: TableForm) -> EnsureView:
        """The view without its columns, which follow from the SELECT."""
        comment = f"\nCOMMENT {quote(form.comment)}" if form.comment else ""
        return cls(f"CREATE MATERIALIZED VIEW {form.name} TO {form.target} AS\n{select_of(form)}{comment}")

    def run(self, impl: ClickHouseImpl) -> None:
        name = name_of(self.ddl)
        have = stands(impl, name)
        impl.run(create_if_missing(self.ddl))
        if have is not None:
            refuse_different(name, have, wanted(impl, [self.ddl], name, around=self.ddl))

    def reverse(self) -> RemoveView:
        return RemoveView(name_of(self.ddl), self.ddl)

    def remarks(self) -> list[str]:
        return [_NOT_FILLED]


@operation("remove_view", order=40)
class RemoveView(ClickHouseOp):
    def __init__(self, name: str, ddl: str | None = None) -> None:
        self.name = name
        self._ddl = ddl

    @classmethod
    def remove_view(cls, operations: Operations, name: str) -> None:
        """Drops a view; what it has written stays in its target."""
        operations.invoke(cls(name))

    def run(self, impl: ClickHouseImpl) -> None:
        impl.run(f"DROP VIEW IF EXISTS {quote_name(self.name)} SYNC")

    def losses(self, impl: ClickHouseImpl) -> Iterator[str]:
        have = stands(impl, self.name)
        if have is not None:
            yield from losses.of_rows(impl, have)

    def reverse(self) -> EnsureView:
        return EnsureView(known(self._ddl))


@operation("modify_view", order=60)
class ModifyView(ClickHouseOp):
    def __init__(self, name: str, query: str, was: str | None = None) -> None:
        self.name = name
        self.query = query
        self._was = was

    @classmethod
    def modify_view(cls, operations: Operations, name: str, query: str) -> None:
        """Gives a materialized view another SELECT, between two inserts; rows written before stay as they are."""
        operations.invoke(cls(name, query))

    @classmethod
    def changes(cls, have: TableForm, want: TableForm) -> Iterator[ClickHouseOp]:
        if have.query != want.query:
            yield cls(want.name, select_of(want), select_of(have))

    def run(self, impl: ClickHouseImpl) -> None:
        impl.run(f"ALTER TABLE {quote_name(self.name)} MODIFY QUERY {self.query.strip()}")

    def reverse(self) -> ModifyView:
        return ModifyView(self.name, known(self._was), self.query)

    def remarks(self) -> list[str]:
        return [_NOT_FILLED]


def select_of(form: TableForm) -> str:
    """A view's SELECT as the engine lays it out: the end of its statement."""
    _, _, select = form.ddl.partition("\nAS SELECT")
    return f"SELECT{select}" if select else form.query
