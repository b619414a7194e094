"""`session_stats` and the rollups of a day, rebuilt from its rows; a reader never sees half of it.

Each table's day is built in a shadow and takes the place of the old one in a single step (REPLACE PARTITION).
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date, timedelta
from uuid import uuid4

from chimera_metrics.integrations.clickhouse.executor import Executor
from chimera_metrics.integrations.clickhouse.literals import quote, quote_name
from chimera_metrics.integrations.errors import StatementFailed
from chimera_metrics.models import VIEWS
from chimera_metrics.models.ddl import MaterializedView

# Rows may come in for the day while it is rebuilt; it is then done again.
_ATTEMPTS = 5
# How long a session may last: its events are sought this far around the day that it began on.
_SESSION_DAYS = 1


def stored_days(executor: Executor, first: date) -> list[date]:
    """The days from `first` on that have rows in a table with a rollup, or rollup rows."""
    tables = ", ".join(quote(name) for view in VIEWS for name in (view.source, view.target))
    statement = (
        "SELECT DISTINCT toDate(partition) AS day FROM system.parts WHERE active AND database = currentDatabase() "
        f"AND table IN ({tables}) AND day >= toDate({quote(first.isoformat())}) ORDER BY day"
    )
    return [row[0] for row in executor.read(statement).rows]


def rebuild_day(executor: Executor, day: date) -> dict[str, int]:
    """Rebuilds one day; answers how many rows its rollups count, and how many sessions were summed up."""
    counts = {view.target: _rebuild_rollup(executor, view, day) for view in VIEWS}
    counts["session_stats"] = _rebuild_sessions(executor, day)
    return counts


def _rebuild_rollup(executor: Executor, view: MaterializedView, day: date) -> int:
    where = f"toDate(ts) = toDate({quote(day.isoformat())})"
    head, _, tail = view.query.strip().rpartition("\nGROUP BY")
    for _ in range(_ATTEMPTS):
        with _shadow(executor, view.target) as shadow:
            executor.command(f"INSERT INTO {shadow} {head}\nWHERE {where}\nGROUP BY{tail}", {"async_insert": 0})
            _replace(executor, view.target, shadow, day)
        stored = int(executor.scalar(f"SELECT count() FROM {view.source} WHERE {where}"))
        hours = where.replace("(ts)", "(hour)")
        if stored == int(executor.scalar(f"SELECT sum(events) FROM {view.target} WHERE {hours}")):
            return stored
    raise StatementFailed(
        f"{view.target} of {day} could not be rebuilt: rows kept coming in for that day. Run it again later.", 0
    )


def _rebuild_sessions(executor: Executor, day: date) -> int:
    near = (
        f"ts >= toDateTime({quote((day - timedelta(days=_SESSION_DAYS)).isoformat() + ' 00:00:00')}, 'UTC') AND "
        f"ts < toDateTime({quote((day + timedelta(days=_SESSION_DAYS + 1)).isoformat() + ' 00:00:00')}, 'UTC')"
    )
    this_day = f"toDate({quote(day.isoformat())})"
    with _shadow(executor, "session_stats") as shadow:
        # Sessions without events here came from agents: they stay as they are.
        executor.command(
            f"INSERT INTO {shadow} SELECT * FROM session_stats WHERE toDate(hour) = {this_day} "
            f"AND session_id NOT IN (SELECT session_id FROM ui_events WHERE {near})",
            {"async_insert": 0},
        )
        executor.command(
            f"INSERT INTO {shadow} (hour, session_id, avg_latency_ms, error_rate, abandonment_rate, events_count, "
            "duration_seconds) SELECT toStartOfHour(toDateTime(min(ts), 'UTC')), session_id, avg(latency_ms), "
            "countIf(event_type = 'error') / count(), "
            "if(count() = 1 OR argMax(event_type, ts) = 'error', 1, 0), count(), "
            "dateDiff('millisecond', min(ts), max(ts)) / 1000 "
            f"FROM ui_events WHERE {near} GROUP BY session_id HAVING toDate(min(ts)) = {this_day}",
            {"async_insert": 0},
        )
        count = int(executor.scalar(f"SELECT count() FROM {shadow}"))
        _replace(executor, "session_stats", shadow, day)
    return count


@contextmanager
def _shadow(executor: Executor, table: str) -> Iterator[str]:
    """An empty table like `table`, gone afterwards."""
    name = quote_name(f"{table}_rebuild_{uuid4().hex[:8]}")
    executor.command(f"CREATE TABLE {name} AS {quote_name(table)}")
    try:
        yield name
    finally:
        executor.command(f"DROP TABLE IF EXISTS {name} SYNC")


def _replace(executor: Executor, table: str, shadow: str, day: date) -> None:
    # A day that has lost its rows has no sums either.
    settings = {"allow_replace_partition_from_empty_source": 1}
    statement = f"ALTER TABLE {quote_name(table)} REPLACE PARTITION {quote(day.isoformat())} FROM {shadow}"
    executor.command(statement, settings)
