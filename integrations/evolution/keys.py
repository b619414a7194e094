"""Operations on the order key: columns appended to it, the one change that needs no rebuild."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from alembic.operations import Operations

from chimera_metrics.integrations.clickhouse.literals import quote_name
from chimera_metrics.integrations.evolution import losses
from chimera_metrics.integrations.evolution.canonical import TableForm
from chimera_metrics.integrations.evolution.carrying import stands
from chimera_metrics.integrations.evolution.impl import ClickHouseImpl
from chimera_metrics.integrations.evolution.operation import ClickHouseOp, known, operation


def appended(have: TableForm, want: TableForm) -> list[str]:
    """The new columns that the wanted order key has at its end, if that is all that it has more."""
    if not want.order_key.startswith(f"{have.order_key}, "):
        return []
    added = want.order_key[len(have.order_key) + 2 :].split(", ")
    new = all(name in want.columns and name not in have.columns and not want.columns[name].kind for name in added)
    return added if new else []


class _OrderKey(ClickHouseOp):
    def __init__(self, table: str, order_by: str, columns: Mapping[str, str], was: str | None = None) -> None:
        self.table = table
        self.order_by = order_by
        self.columns = dict(columns)
        self._was = was


@operation("extend_order_key", order=21)
class ExtendOrderKey(_OrderKey):
    @classmethod
    def extend_order_key(cls, operations: Operations, table: str, order_by: str, columns: Mapping[str, str]) -> None:
        """Appends new columns (name: definition) to the order key, the one change of it that needs no rebuild."""
        operations.invoke(cls(table, order_by, columns))

    @classmethod
    def changes(cls, have: TableForm, want: TableForm) -> Iterator[ClickHouseOp]:
        if have.order_key != want.order_key:
            columns = {name: want.columns[name].definition for name in appended(have, want)}
            yield cls(want.name, want.order_key, columns, have.order_key)

    def run(self, impl: ClickHouseImpl) -> None:
        have = stands(impl, self.table)
        # One statement adds the columns and appends them, so a run is either before it or after it.
        if have is None or not set(self.columns) <= set(have.columns):
            adds = ", ".join(f"ADD COLUMN {quote_name(name)} {form}" for name, form in self.columns.items())
            impl.run(f"ALTER TABLE {quote_name(self.table)} {adds}, MODIFY ORDER BY ({self.order_by})")

    def reverse(self) -> ShortenOrderKey:
        return ShortenOrderKey(self.table, known(self._was), self.columns, self.order_by)


@operation("shorten_order_key", order=79)
class ShortenOrderKey(_OrderKey):
    @classmethod
    def shorten_order_key(cls, operations: Operations, table: str, order_by: str, columns: Mapping[str, str]) -> None:
        """Takes back `extend_order_key`: the key loses its last columns, and they are dropped."""
        operations.invoke(cls(table, order_by, columns))

    def run(self, impl: ClickHouseImpl) -> None:
        table = quote_name(self.table)
        impl.run(f"ALTER TABLE {table} MODIFY ORDER BY ({self.order_by})")
        for name in self.columns:
            impl.run(f"ALTER TABLE {table} DROP COLUMN IF EXISTS {quote_name(name)}")

    def losses(self, impl: ClickHouseImpl) -> Iterator[str]:
        have = stands(impl, self.table)
        if have is not None:
            yield from (phrase for name in self.columns for phrase in losses.of_column(impl, have, name))

    def destroys(self) -> str:
        return f"the values of {', '.join(self.columns)}"

    def reverse(self) -> ExtendOrderKey:
        return ExtendOrderKey(self.table, known(self._was), self.columns, self.order_by)
