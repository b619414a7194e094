"""`session_stats` and the rollups of a day, rebuilt from its rows; a reader never sees half of it.

Each table's day is built in a shadow and takes the place of the old one in a single step (REPLACE PARTITION).
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date, timedelta
from uuid import uuid4

from chimera_metrics.integrations.clickhouse.cluster import like, on_tables_beside
from chimera_metrics.integrations.clickhouse.executor import Executor
from chimera_metrics.integrations.clickhouse.literals import quote, quote_name
from chimera_metrics.integrations.clickhouse.shards import EACH_ITS_OWN, stored_in
from chimera_metrics.integrations.clickhouse.store_form import require
from chimera_metrics.integrations.errors import StatementFailed
from chimera_metrics.models import VIEWS, metadata
from chimera_metrics.models.ddl import MaterializedView

# Rows may come in for the day while it is rebuilt; it is then done again.
_ATTEMPTS = 5
# How long a session may last: its events are sought this far around the day that it began on.
_SESSION_DAYS = 1


def stored_days(executor: Executor, first: date) -> list[date]:
    """The days from `first` on that have rows in a table with a rollup, or rollup rows."""
    require(executor)
    tables = ", ".join(quote(name) for view in VIEWS for name in (view.source, view.target))
    statement = (
        "SELECT DISTINCT toDate(partition) AS day FROM system.parts WHERE active AND database = currentDatabase() "
        f"AND table IN ({tables}) AND day >= toDate({quote(first.isoformat())}) ORDER BY day"
    )
    return [row[0] for row in executor.read(statement).rows]


def rebuild_day(executor: Executor, day: date, keep_richer: bool = False) -> dict[str, int]:
    """Rebuilds one day; answers how many rows its rollups count, and how many sessions were summed up.

    `keep_richer`: a rollup, or a session, that tells of more than the rows that stand is left as it is, since it may be
    the last copy of rows that are gone.
    """
    require(executor)
    counts = {
        view.target: _told(executor, view, day)
        if keep_richer and tells_more(executor, view, day)
        else _rebuild_rollup(executor, view, day)
        for view in VIEWS
    }
    counts["session_stats"] = _rebuild_sessions(executor, day, keep_richer)
    return counts


def kept_days(executor: Executor, days: list[date]) -> dict[str, list[date]]:
    """The days that `keep_richer` leaves alone, by rollup; rollups that have none are left out."""
    found = {view.target: [day for day in days if tells_more(executor, view, day)] for view in VIEWS}
    return {target: left for target, left in found.items() if left}


def tells_more(executor: Executor, view: MaterializedView, day: date) -> bool:
    """Whether some group of the rollup counts more rows or values of that day than the table holds."""
    head, _, keys = view.query.strip().rpartition("\nGROUP BY")
    rows = f"{head}\nWHERE toDate(ts) = toDate({quote(day.isoformat())})\nGROUP BY{keys}"
    sums = [
        column.name
        for column in metadata.tables[view.target].columns
        if "SimpleAggregateFunction(sum" in str(column.type.compile(dialect=executor.engine.dialect))
    ]
    totals = ", ".join(f"sum({name}) AS {name}_" for name in sums)
    more = " OR ".join(f"sumIf({n}_, told) - sumIf({n}_, NOT told) > 1e-6 * greatest(sum({n}_), 1)" for n in sums)
    statement = (
        f"SELECT count() FROM (SELECT {keys} FROM ("
        f"SELECT {keys}, {totals}, true AS told FROM {view.target} "
        f"WHERE toDate(hour) = toDate({quote(day.isoformat())}) GROUP BY {keys} "
        f"UNION ALL SELECT {keys}, {totals}, false AS told FROM ({rows}) GROUP BY {keys}) "
        f"GROUP BY {keys} HAVING {more})"
    )
    return bool(executor.scalar(statement))


def _told(executor: Executor, view: MaterializedView, day: date) -> int:
    hours = f"toDate(hour) = toDate({quote(day.isoformat())})"
    return int(executor.scalar(f"SELECT sum(events) FROM {view.target} WHERE {hours}"))


def _rebuild_rollup(executor: Executor, view: MaterializedView, day: date) -> int:
    where = f"toDate(ts) = toDate({quote(day.isoformat())})"
    head, _, tail = view.query.strip().rpartition("\nGROUP BY")
    for _ in range(_ATTEMPTS):
        with _shadow(executor, view.target) as shadow:
            settings = {"async_insert": 0, **(EACH_ITS_OWN if executor.settings.on_shards else {})}
            executor.command(f"INSERT INTO {shadow} {head}\nWHERE {where}\nGROUP BY{tail}", settings)
            _replace(executor, view.target, shadow, day)
        stored = int(executor.scalar(f"SELECT count() FROM {view.source} WHERE {where}"))
        if stored == _told(executor, view, day):
            return stored
    raise StatementFailed(
        f"{view.target} of {day} could not be rebuilt: rows kept coming in for that day. Run it again later.", 0
    )


def _rebuild_sessions(executor: Executor, day: date, keep_richer: bool) -> int:
    near = (
        f"ts >= toDateTime({quote((day - timedelta(days=_SESSION_DAYS)).isoformat() + ' 00:00:00')}, 'UTC') AND "
        f"ts < toDateTime({quote((day + timedelta(days=_SESSION_DAYS + 1)).isoformat() + ' 00:00:00')}, 'UTC')"
    )
    this_day = f"toDate({quote(day.isoformat())})"
    events = f"SELECT session_id, count() AS n FROM ui_events WHERE {near} GROUP BY session_id"
    richer = (
        f"SELECT session_id FROM session_stats AS s INNER JOIN ({events}) AS e USING (session_id) "
        f"WHERE toDate(hour) = {this_day} AND events_count > n"
        if keep_richer
        else "SELECT toUUID('00000000-0000-0000-0000-000000000000') WHERE false"
    )
    with _shadow(executor, "session_stats") as shadow:
        # Sessions without events here came from agents: they stay as they are.
        executor.command(
            f"INSERT INTO {shadow} SELECT * FROM session_stats WHERE toDate(hour) = {this_day} "
            f"AND (session_id NOT IN (SELECT session_id FROM ui_events WHERE {near}) OR session_id IN ({richer}))",
            {"async_insert": 0},
        )
        executor.command(
            f"INSERT INTO {shadow} (hour, session_id, avg_latency_ms, error_rate, abandonment_rate, events_count, "
            "duration_seconds) SELECT toStartOfHour(toDateTime(min(ts), 'UTC')), session_id, avg(latency_ms), "
            "countIf(event_type = 'error') / count(), "
            "if(count() = 1 OR argMax(event_type, ts) = 'error', 1, 0), count(), "
            "dateDiff('millisecond', min(ts), max(ts)) / 1000 "
            f"FROM ui_events WHERE {near} AND session_id NOT IN ({richer}) "
            f"GROUP BY session_id HAVING toDate(min(ts)) = {this_day}",
            {"async_insert": 0},
        )
        count = int(executor.scalar(f"SELECT count() FROM {shadow}"))
        _replace(executor, "session_stats", shadow, day)
    return count


@contextmanager
def _shadow(executor: Executor, table: str) -> Iterator[str]:
    """An empty table like `table`, gone afterwards."""
    name = quote_name(f"{table}_rebuild_{uuid4().hex[:8]}")
    executor.command(empty_copy(executor, table, name))
    try:
        yield name
    finally:
        executor.command(on_tables_beside(f"DROP TABLE IF EXISTS {name} SYNC", executor.settings))


def empty_copy(executor: Executor, table: str, name: str) -> str:
    """What makes an empty table like another; on a cluster it has no place in Keeper, on shards it stands on each."""
    if executor.settings.cluster is None:
        return f"CREATE TABLE {name} AS {quote_name(table)}"
    stands = f"database = currentDatabase() AND name = {quote(stored_in(table, executor.settings))}"
    create = str(executor.scalar(f"SELECT create_table_query FROM system.tables WHERE {stands}"))
    return on_tables_beside(like(create, name.strip("`")), executor.settings)


def _replace(executor: Executor, table: str, shadow: str, day: date) -> None:
    if executor.settings.on_shards:  # of a shard's replicas one has the rows, and any may be the one to move them
        executor.command(f"SYSTEM SYNC REPLICA {shadow}")
    # A day that has lost its rows has no sums either.
    settings = {"allow_replace_partition_from_empty_source": 1}
    statement = f"ALTER TABLE {quote_name(table)} REPLACE PARTITION {quote(day.isoformat())} FROM {shadow}"
    executor.command(on_tables_beside(statement, executor.settings), settings)
