"""Operations on constraints: what every row inserted later must meet (CHECK), or is taken to meet (ASSUME)."""

from __future__ import annotations

from collections.abc import Iterator

from alembic.operations import Operations

from chimera_metrics.integrations.clickhouse.literals import quote_name
from chimera_metrics.integrations.evolution.canonical import TableForm
from chimera_metrics.integrations.evolution.carrying import refuse_other_part, stands
from chimera_metrics.integrations.evolution.impl import ClickHouseImpl
from chimera_metrics.integrations.evolution.operation import ClickHouseOp, known, operation


def constraint_changes(have: TableForm, want: TableForm) -> Iterator[ClickHouseOp]:
    for name, text in have.constraints.items():
        if want.constraints.get(name) != text:
            yield RemoveConstraint(have.name, name, text)
    for name, text in want.constraints.items():
        if have.constraints.get(name) != text:
            yield EnsureConstraint(want.name, name, text)


@operation("ensure_constraint", order=67)
class EnsureConstraint(ClickHouseOp):
    def __init__(self, table: str, name: str, definition: str) -> None:
        self.table = table
        self.name = name
        self.definition = definition

    @classmethod
    def ensure_constraint(cls, operations: Operations, table: str, name: str, definition: str) -> None:
        """Adds a constraint, `CHECK condition`; rows that stand are not looked at."""
        operations.invoke(cls(table, name, definition))

    def run(self, impl: ClickHouseImpl) -> None:
        table, name = quote_name(self.table), quote_name(self.name)
        have = stands(impl, self.table)
        impl.run(f"ALTER TABLE {table} ADD CONSTRAINT IF NOT EXISTS {name} {self.definition}")
        if have is not None and self.name in have.constraints:
            changed = [f"DROP CONSTRAINT {name}", f"ADD CONSTRAINT {name} {self.definition}"]
            refuse_other_part(impl, have, "constraints", self.name, changed)

    def reverse(self) -> RemoveConstraint:
        return RemoveConstraint(self.table, self.name, self.definition)

    def remarks(self) -> list[str]:
        return ["Inserts whose rows do not meet it fail from now on; rows that stand are not looked at."]


@operation("remove_constraint", order=17)
class RemoveConstraint(ClickHouseOp):
    def __init__(self, table: str, name: str, definition: str | None = None) -> None:
        self.table = table
        self.name = name
        self._definition = definition

    @classmethod
    def remove_constraint(cls, operations: Operations, table: str, name: str) -> None:
        """Drops a constraint; no row is touched."""
        operations.invoke(cls(table, name))

    def run(self, impl: ClickHouseImpl) -> None:
        impl.run(f"ALTER TABLE {quote_name(self.table)} DROP CONSTRAINT IF EXISTS {quote_name(self.name)}")

    def reverse(self) -> EnsureConstraint:
        return EnsureConstraint(self.table, self.name, known(self._definition))
