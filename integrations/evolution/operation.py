"""What every operation of ours has in common: its words in a revision, how it is written down, what takes it back.

`ensure_…` creates what is missing and checks what is there; `remove_…` drops what is there; `set_…` and `modify_…`
name the state wanted: each says what is wanted, so that it can be run again. Definitions are ClickHouse's own words, as
in `CREATE TABLE`. One class holds an operation whole: what it runs, its reverse, its remarks, and the comparison from
which autogenerate proposes it.
"""

from __future__ import annotations

import re
from abc import abstractmethod
from collections.abc import Callable, Iterator
from typing import Any, TypeVar

from alembic.operations import MigrateOperation, Operations

from chimera_metrics.integrations.evolution.impl import ClickHouseImpl
from chimera_metrics.integrations.evolution.refusing import refuse

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
        return {name: value for name, value in vars(self).items() if not name.startswith("_") and name != "info"}

    def to_diff_tuple(self) -> tuple[Any, ...]:
        return (self.verb, *self.arguments.values())

    @abstractmethod
    def run(self, impl: ClickHouseImpl) -> None:
        """Carries it out, online, or prints its statements under `--sql`; killed anywhere, it can be run again."""

    def losses(self, impl: ClickHouseImpl) -> Iterator[str]:
        """What it would destroy of the rows that stand, counted, a phrase each."""
        yield from ()

    def destroys(self) -> str:
        """What it may destroy whatever stands, for readers of a revision and of `--sql`; '' for nothing."""
        return ""

    def remarks(self) -> list[str]:
        """What a reader of the revision must know, above the call."""
        return [f"Destroys {lost}: needs --allow-destructive."] if (lost := self.destroys()) else []


_Op = TypeVar("_Op", bound=type[ClickHouseOp])


def operation(verb: str, order: int) -> Callable[[_Op], _Op]:
    """Makes a class an operation: `op.<verb>` in revisions, carried out by its `run`."""

    def register(made: _Op) -> _Op:
        made.verb, made.order = verb, order
        Operations.register_operation(verb)(made)
        Operations.implementation_for(made)(_carry_out)
        return made

    return register


def _carry_out(operations: Operations, op: ClickHouseOp) -> None:
    impl = operations.impl
    if not isinstance(impl, ClickHouseImpl):
        raise TypeError("these operations are for ClickHouse")
    if impl.rehearsed is not None:
        impl.rehearsed.append(op)
        return
    if impl.as_sql:
        impl.remark("\n".join(op.remarks()))
    elif not impl.allows_destruction:
        refuse(f"op.{op.verb}", list(op.losses(impl)))
    op.run(impl)


def known(value: str | None) -> str:
    if value is None:
        raise ValueError("an operation without what stood before cannot be reversed")
    return value
