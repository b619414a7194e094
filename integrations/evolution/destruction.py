"""Nothing that stands is destroyed unasked: a step is looked through before its first statement runs.

The step's function is run once without effect (a rehearsal), and every operation that it calls is asked what it would
destroy of the rows that stand. Each is asked again when its turn comes.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from sqlalchemy.schema import ExecutableDDLElement
from sqlalchemy.sql.elements import TextClause

from chimera_metrics.integrations.evolution import losses
from chimera_metrics.integrations.evolution.canonical import read
from chimera_metrics.integrations.evolution.impl import ClickHouseImpl
from chimera_metrics.integrations.evolution.operation import ClickHouseOp
from chimera_metrics.integrations.evolution.refusing import refuse


def look_through(context: Any, step: Callable[[], None], label: str) -> None:
    """Raises DestructiveStep, naming every loss, if the step would destroy anything and nobody allowed it."""
    impl = context.impl
    if not isinstance(impl, ClickHouseImpl) or impl.allows_destruction or impl.as_sql:
        return
    found = [phrase for what in _rehearsed(context, impl, step) for phrase in _lost(impl, what)]
    refuse(label, found)


def refuse_construct(impl: ClickHouseImpl, construct: Any) -> None:
    """Raises DestructiveStep for a statement that a revision runs as text, or by an operation that is not ours."""
    if not impl.allows_destruction:
        refuse("A statement of this revision", list(_lost(impl, construct)))


def _rehearsed(context: Any, impl: ClickHouseImpl, step: Callable[[], None]) -> list[Any]:
    with _without_effect(context, impl) as collected:
        try:
            step()
        except Exception:  # noqa: BLE001  # it asks the database: its operations are then asked one by one
            return []
    return collected


@contextmanager
def _without_effect(context: Any, impl: ClickHouseImpl) -> Iterator[list[Any]]:
    connection = impl.connection
    collected: list[Any] = []
    impl.rehearsed, impl.connection, context.connection = collected, None, None
    try:
        yield collected
    finally:
        impl.rehearsed, impl.connection, context.connection = None, connection, connection


def _lost(impl: ClickHouseImpl, what: Any) -> Iterator[str]:
    if isinstance(what, ClickHouseOp):
        yield from what.losses(impl)
        return
    if isinstance(what, ExecutableDDLElement):
        text = str(what.compile(dialect=impl.dialect))
    elif isinstance(what, str | TextClause):
        text = str(what)
    else:
        return
    assert impl.connection is not None  # noqa: S101
    stands = read(impl.connection, impl.settings.database)
    yield from losses.of_text(impl, text, [name for name, form in stands.items() if form.kind == "table"])
