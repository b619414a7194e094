"""Filling a rollup from the rows that its source holds: each row counted once, whatever was killed or ran meanwhile.

A day is computed into a table beside the rollup and put in its place as a whole partition, which the engine does in
one step. A row that arrives in between is seen because the rollup's own count of rows then falls short of the
source's; that day is computed again. So nothing is counted twice. A day of which the rollup tells more than the source
still holds is left as it is: the rollup may be the last copy.
"""

from __future__ import annotations

import logging
import re
from datetime import date

from alembic.operations import Operations
from sqlalchemy import Connection

from chimera_metrics.integrations.clickhouse.cluster import on_tables_beside
from chimera_metrics.integrations.clickhouse.literals import quote_name
from chimera_metrics.integrations.errors import StatementFailed
from chimera_metrics.integrations.evolution.carrying import empty_copy
from chimera_metrics.integrations.evolution.impl import ClickHouseImpl
from chimera_metrics.integrations.evolution.operation import ClickHouseOp, operation
from chimera_metrics.models.ddl import MaterializedView

# An insert may span at most 100 partitions, and a block of days is computed by one insert.
_DAYS = 50
_ROUNDS = 10
_KEYS = re.compile(r"GROUP BY (.*)$", re.DOTALL)
_LOG = logging.getLogger("alembic.runtime.migration")


@operation("fill_rollup", order=70)
class FillRollup(ClickHouseOp):
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

    @classmethod
    def of(cls, view: MaterializedView) -> FillRollup:
        """What brings an hourly rollup of the models up to its rows."""
        query = view.query.replace(f"FROM {view.source}\n", f"FROM {view.source} {{where}}\n")
        return cls(view.target, view.source, query, "toDate(ts)", "toDate(hour)", "sum(events)")

    def lacking(self, connection: Connection) -> int:
        """How many rows of its source the rollup does not count, on days of which it counts too few."""
        held, counted = _counts(connection, self)
        return sum(max(0, rows - counted.get(day, 0)) for day, rows in held.items())

    def run(self, impl: ClickHouseImpl) -> None:
        if impl.as_sql:
            impl.remark(f"{self.target} from the rows that {self.source} holds; let nothing write while these two run.")
            impl.run(f"TRUNCATE TABLE {quote_name(self.target)}")
            impl.run(f"INSERT INTO {quote_name(self.target)} {self.query.format(where='').strip()}")
            return
        assert impl.connection is not None  # noqa: S101
        beside = quote_name(f"{self.target}__fill")
        impl.run(on_tables_beside(f"DROP TABLE IF EXISTS {beside} SYNC", impl.settings))
        kept = set() if impl.allows_destruction else _last_copies(impl.connection, self)
        if kept:
            _LOG.warning(
                "%s keeps %d days as they are (%s to %s): it tells there of rows that %s does not hold",
                *(self.target, len(kept), min(kept), max(kept), self.source),
            )
        for _ in range(_ROUNDS):
            days = [day for day in _behind(impl.connection, self) if day not in kept]
            if not days:
                return
            for start in range(0, len(days), _DAYS):
                _compute(impl, self, beside, days[start : start + _DAYS])
        raise StatementFailed(
            f"{self.target} could not be filled: rows kept arriving in {self.source} for {_ROUNDS} rounds. "
            "Stop what writes there for a moment and run the same command again."
        )


def _behind(connection: Connection, op: FillRollup) -> list[date]:
    """Days on which the rollup counts other rows than its source holds. The rollup is read first: rows that arrive
    between the two reads make a day look behind, never right."""
    held, counted = _counts(connection, op)
    return sorted(day for day in held.keys() | counted.keys() if held.get(day, 0) != counted.get(day, 0))


def _counts(connection: Connection, op: FillRollup) -> tuple[dict[date, int], dict[date, int]]:
    counted = _per_day(
        connection, f"SELECT {op.target_day} AS day, {op.rows} FROM {quote_name(op.target)} GROUP BY day"
    )
    held = _per_day(connection, f"SELECT {op.day} AS day, count() FROM {quote_name(op.source)} GROUP BY day")
    return held, counted


def _last_copies(connection: Connection, op: FillRollup) -> set[date]:
    """Days on which some group of the rollup counts more rows than the source holds of it."""
    behind = _behind(connection, op)
    keys = _KEYS.search(op.query.strip())
    if not behind or keys is None:
        return set()
    names, target = keys[1].strip(), quote_name(op.target)
    found: set[date] = set()
    for start in range(0, len(behind), _DAYS):
        listed = ", ".join(f"'{day}'" for day in behind[start : start + _DAYS])
        rows = op.query.format(where=f"WHERE {op.day} IN ({listed})").strip()
        told = f"SELECT {op.target_day} AS day_, {names}, {op.rows} AS told, 0 AS held FROM {target}"
        held = f"SELECT {op.target_day} AS day_, {names}, 0 AS told, {op.rows} AS held FROM ({rows})"
        statement = (
            f"SELECT DISTINCT day_ FROM ({told} WHERE day_ IN ({listed}) GROUP BY day_, {names} "
            f"UNION ALL {held} GROUP BY day_, {names}) GROUP BY day_, {names} HAVING sum(told) > sum(held)"
        )
        found |= {day for (day,) in connection.exec_driver_sql(statement.replace("%", "%%"))}
    return found


def _per_day(connection: Connection, statement: str) -> dict[date, int]:
    return {day: int(rows) for day, rows in connection.exec_driver_sql(statement.replace("%", "%%"))}


def _compute(impl: ClickHouseImpl, op: FillRollup, beside: str, days: list[date]) -> None:
    listed = ", ".join(f"'{day}'" for day in days)
    assert impl.connection is not None  # noqa: S101
    impl.run(empty_copy(impl.connection, impl.settings, op.target, f"{op.target}__fill"))
    impl.run(f"INSERT INTO {beside} {op.query.format(where=f'WHERE {op.day} IN ({listed})').strip()}")
    if impl.settings.on_shards:  # of a shard's replicas one has the rows, and any may be the one to move them
        impl.run(f"SYSTEM SYNC REPLICA {beside}")
    filled = _per_day(impl.connection, f"SELECT {op.target_day} AS day, count() FROM {beside} GROUP BY day")
    for day in days:
        if day in filled:
            replace = f"ALTER TABLE {quote_name(op.target)} REPLACE PARTITION '{day}' FROM {beside}"
            impl.run(on_tables_beside(replace, impl.settings))
        else:  # a day of which the source holds no row any more
            impl.run(f"ALTER TABLE {quote_name(op.target)} DROP PARTITION '{day}'")
    impl.run(on_tables_beside(f"DROP TABLE {beside} SYNC", impl.settings))
