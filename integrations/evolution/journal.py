"""The step begun is noted in the version table before its first statement, so that an unfinished one is known."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from typing import Any

from alembic.runtime.migration import StampStep
from sqlalchemy import Connection

from chimera_metrics.integrations.clickhouse.literals import quote
from chimera_metrics.integrations.errors import SchemaMismatch
from chimera_metrics.integrations.evolution.destruction import look_through
from chimera_metrics.integrations.evolution.version import BASE, COMMENT, TABLE, cut_off, rows


def noted(plan: Callable[..., Iterable[Any]], connection: Connection) -> Callable[..., Iterator[Any]]:
    """alembic's plan of steps, each noted before it runs; refused while another step is unfinished."""

    def steps(heads: tuple[str, ...], context: Any) -> Iterator[Any]:
        todo = list(plan(heads, context))
        # A stamp runs nothing: it is how a database is set right.
        if not any(isinstance(step, StampStep) for step in todo):
            _refuse_unfinished(connection, heads, todo)
        for step in todo:
            begin, end = _ends(step)
            if not isinstance(step, StampStep):
                upwards = step.is_upgrade
                look_through(
                    context, step.migration_fn, f"The {'up' if upwards else 'down'}grade from {begin} to {end}"
                )
            comment = COMMENT.format(begin, end)
            connection.exec_driver_sql(f"ALTER TABLE {TABLE} MODIFY COMMENT {quote(comment)}".replace("%", "%%"))
            yield step

    return steps


def _ends(step: Any) -> tuple[str, str]:
    before, after = step.from_revisions_no_deps, step.to_revisions_no_deps
    return (before[0] if before else BASE), (after[0] if after else BASE)


def _refuse_unfinished(connection: Connection, heads: tuple[str, ...], todo: list[Any]) -> None:
    [(comment,)] = rows(
        connection, f"SELECT comment FROM system.tables WHERE database = currentDatabase() AND name = '{TABLE}'"
    ) or [("",)]
    unfinished = cut_off(heads[0] if heads else None, comment)
    if unfinished is None or (todo and _ends(todo[0]) == unfinished):
        return
    begin, end = unfinished
    upwards = end != BASE and (begin == BASE or end > begin)
    command = f"muse upgrade {end}" if upwards else f"muse downgrade {'base' if end == BASE else end}"
    raise SchemaMismatch(
        f"The step from {begin} to {end} was cut off half-way. Finish it first: run `{command}`, then this again."
    )
