"""The version table: one row, and in its comment the last step begun.

A revision is recorded when its last statement has run. The step is noted before its first one, so that what a killed
downgrade leaves, a schema below the revision recorded, is not taken for whole.
"""

from __future__ import annotations

import re
import time
from collections.abc import Collection
from typing import Any

from sqlalchemy import Connection

from chimera_metrics.integrations.clickhouse.literals import quote
from chimera_metrics.integrations.errors import SchemaMismatch

TABLE = "alembic_version"
COMMENT = "The schema's revision. Last step begun: {} -> {}."
_STEP = re.compile(r"Last step begun: (\w+) -> (\w+)\.")
BASE = "nothing"

#: What `runner.is_current` asks: the revision, the step begun, and the number of rows.
QUESTION = (
    f"SELECT any(version_num), (SELECT any(comment) FROM system.tables WHERE database = currentDatabase() "
    f"AND name = '{TABLE}'), count() FROM {TABLE}"
)


def cut_off(revision: str | None, comment: str) -> tuple[str, str] | None:
    """The step that was begun and not finished, as (from, to)."""
    match = _STEP.search(comment or "")
    # A revision at neither end of the step was recorded by other means; what stands is compared all the same.
    return (match[1], match[2]) if match is not None and match[1] == (revision or BASE) else None


def of_another_project(connection: Connection, ours: Collection[str], tables: Collection[str]) -> tuple[str, ...]:
    """The revisions that the version table holds, if they are another project's; empty if they are ours, or none.

    `ours` are the revisions of this program, `tables` what they create. A table that this program has written carries
    its comment; one without it is ours if it names revisions of ours and tables of ours stand.
    """
    found = rows(
        connection,
        f"SELECT name, comment FROM system.tables WHERE database = currentDatabase() AND name IN ({_listed(tables)})",
    )
    comments = {str(name): str(comment) for name, comment in found}
    if TABLE not in comments or comments[TABLE].startswith(COMMENT.partition("{}")[0]):
        return ()
    recorded = tuple(sorted({str(row[0]) for row in rows(connection, f"SELECT * FROM {TABLE}")}))
    known = set(recorded) <= set(ours) and len(comments) > 1
    return () if known else recorded


def _listed(tables: Collection[str]) -> str:
    return ", ".join(quote(name) for name in (TABLE, *tables))


def refuse_other_project(recorded: tuple[str, ...], database: str) -> None:
    """Raises SchemaMismatch if the version table is another project's."""
    if recorded:
        raise SchemaMismatch(
            f"The table {TABLE} of {database} holds revision {', '.join(recorded)}, which is none of this program's: "
            "it belongs to another project, and was left alone. Give this program a database of its own (CH_DATABASE); "
            "or, if nobody needs that table, run `muse adopt --yes --set-aside-version-table`, which renames it."
        )


def heal(connection: Connection) -> None:
    """Brings a version table that was left half-way back to one row, or says what is wrong with it."""
    if not rows(connection, f"SELECT 1 FROM system.tables WHERE database = currentDatabase() AND name = '{TABLE}'"):
        return
    _wait_for_update(connection)
    found = [row[0] for row in rows(connection, f"SELECT version_num FROM {TABLE}")]
    if len(found) <= 1:
        return
    if len(set(found)) == 1:
        connection.exec_driver_sql(f"OPTIMIZE TABLE {TABLE} FINAL DEDUPLICATE")
        return
    names = " and ".join(sorted(set(found)))
    raise SchemaMismatch(
        f"The version table {TABLE} names {len(set(found))} revisions, {names}, where one is right. Run `muse adopt`: "
        "it finds the revision that the tables agree with and records that one."
    )


def _wait_for_update(connection: Connection) -> None:
    # An update that was under way when the engine died is carried out after it has started again.
    deadline = time.monotonic() + 30
    unfinished = (
        f"SELECT 1 FROM system.mutations WHERE database = currentDatabase() AND table = '{TABLE}' AND NOT is_done"
    )
    while rows(connection, unfinished):
        if time.monotonic() >= deadline:
            raise SchemaMismatch(
                f"An update of the version table {TABLE} does not end; look at system.mutations, KILL MUTATION what "
                "hangs there, and run the same command again."
            )
        time.sleep(0.05)


def rows(connection: Connection, statement: str) -> list[tuple[Any, ...]]:
    return [tuple(row) for row in connection.exec_driver_sql(statement.replace("%", "%%"))]
