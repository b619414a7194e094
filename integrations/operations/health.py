"""Health: one line per question, each with a level, a figure and what to do.

One statement after the probe, whatever the store's size (two where `MUSE_TIMEZONE` is not UTC), and one turn on an
embedded store that others use. Rows, sizes and newest times are what the engine knows of its parts, so no table is
read.
"""

from __future__ import annotations

import json
import re
import threading
import time
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

from chimera_metrics.integrations.access import Access
from chimera_metrics.integrations.clickhouse.error_codes import ErrorCode
from chimera_metrics.integrations.clickhouse.literals import quote
from chimera_metrics.integrations.clickhouse.store_form import found_misfit
from chimera_metrics.integrations.clickhouse.versions import support
from chimera_metrics.integrations.errors import MuseError, SchemaMismatch, StatementFailed
from chimera_metrics.integrations.operations import backup_retention, consumers, guards, replicas, shared_redis
from chimera_metrics.integrations.operations.exposure import exposure
from chimera_metrics.integrations.operations.one_turn import one_turn
from chimera_metrics.integrations.operations.zones import time_zone
from chimera_metrics.integrations.questions.freshness import FACTS, age, check, freshness, question
from chimera_metrics.integrations.results import HealthResult, Result
from chimera_metrics.integrations.watches.in_short import watches_in_short
from chimera_metrics.models import FACT_TABLES

if TYPE_CHECKING:
    from chimera_metrics.integrations.clickhouse.executor import Executor

Line = dict[str, str]
_AHEAD = timedelta(minutes=5)
_GROWTH_DAYS = 7


@dataclass(frozen=True, slots=True)
class Thresholds:
    """From where on a figure is a warning or an error."""

    latency_warning_ms: float = 1000
    #: Active parts of one partition; the engine slows inserts down at 1,000 and refuses them at 3,000.
    parts_warning: int = 300
    parts_error: int = 1000
    partitions_warning: int = 5000
    free_warning: float = 0.10
    free_error: float = 0.02
    full_within_days: float = 30


def health(client: Access, thresholds: Thresholds | None = None) -> HealthResult:
    """All checks, and `healthy`: whether none of them is an error. Never raises for the store."""
    limits = thresholds or Thresholds()
    lines: list[Line] = []
    backup, made = backup_retention.newest(client.settings, client.muse)
    try:
        started = time.perf_counter()
        with one_turn(client) as executor:
            lines.extend(_connection(client, executor, limits, started))
            facts = _facts(client, executor)
            wrong = found_misfit(executor) if facts is None else None
            watches = watches_in_short(executor)
            zone = time_zone(executor, client.muse.timezone, datetime.now(UTC))
        if wrong is not None:  # such as CH_SHARDED on tables that are not spread
            lines.append(check("cluster", "error", wrong.figure, wrong.advice))
        elif facts is None:
            lines.append(check("schema", "error", f"not at revision {_head()}", "Run `muse upgrade`."))
        else:
            lines.extend([*_lines(client, facts, limits), zone, watches])
        lines.extend([backup, *consumers.lines(client.settings), *shared_redis.lines(client.muse)])
        lines.extend([*_guards(client), *exposure(client.settings, client.muse)])
    except MuseError as error:
        lines.append(check("connection" if not lines else "checks", "error", "no answer", str(error)))
    return HealthResult.of(
        {"healthy": all(line["level"] != "error" for line in lines), "checks": lines, "backup": made}
    )


def _facts(client: Access, executor: Executor) -> Mapping[str, Any] | None:
    """All that the lines need, in one statement; None where the tables are not there."""
    try:
        [row] = executor.read(
            question({**_state(client.settings.database), **replicas.facts(client.settings), **FACTS})
        ).mappings()
    except SchemaMismatch:
        return None
    except StatementFailed as error:
        if error.code in {ErrorCode.UNKNOWN_TABLE, ErrorCode.UNKNOWN_IDENTIFIER}:
            return None
        raise
    return row


def _lines(client: Access, facts: Mapping[str, Any], limits: Thresholds) -> list[Line]:
    now = datetime.now(UTC)
    tables = {name: Table(name, *map(int, figures)) for name, *figures in _listed(facts["tables"])}
    newest = {name: table.newest for name, table in tables.items()}
    return [
        check("version", "ok", f"ClickHouse {facts['engine_version']}, {support(facts['engine_version'])}"),
        _schema(facts),
        *(_table(name, tables.get(name), now) for name in FACT_TABLES),
        *freshness(facts, newest, client.muse, now),
        _parts(tables, limits),
        _detached(facts),
        _disk(facts, tables, limits),
        _window(facts),
        *replicas.lines(client.settings, facts),
    ]


def probe(client: Access, timeout_s: float = 2) -> Result:
    """Whether the store answers within `timeout_s`, and how fast. Never raises, never takes longer.

    `ready`, `latency_ms` and, without an answer, `cause` (the kind of error), `figure` and `advice`.
    """
    answer: list[float | MuseError] = []

    def ask() -> None:
        started = time.perf_counter()
        try:
            client.executor.read("SELECT 1", replace(client.executor.limits(timeout_s), light=True))
            answer.append((time.perf_counter() - started) * 1000)
        except MuseError as error:
            answer.append(error)

    # The wait for a connection or for the store's turn has limits of its own, so the clock runs out here.
    thread = threading.Thread(target=ask, name="muse-probe", daemon=True)
    thread.start()
    thread.join(timeout_s)
    found = answer[0] if answer else None
    if isinstance(found, float):
        return Result.of(
            {"ready": True, "latency_ms": found, "cause": None, "figure": f"answered in {found:.0f} ms", "advice": ""}
        )
    advice = (
        str(found) if found else f"{client.settings.where} gave no answer within {timeout_s:g} s; see `muse status`."
    )
    cause = found.kind if found else "timeout"
    return Result.of({"ready": False, "latency_ms": None, "cause": cause, "figure": "no answer", "advice": advice})


def _connection(client: Access, executor: Executor, limits: Thresholds, started: float) -> list[Line]:
    took = []
    for _ in range(2):
        executor.scalar("SELECT 1")
        took.append((time.perf_counter() - started) * 1000)
        started = time.perf_counter()
    slow = took[1] > limits.latency_warning_ms
    advice = "The server or the way to it is slow; see what else runs on it." if slow else ""
    return [
        check("connection", "ok", f"{client.settings.where}, open in {took[0]:.0f} ms"),
        check("latency", "warning" if slow else "ok", f"SELECT 1 in {took[1]:.1f} ms", advice),
    ]


def _head() -> str:
    from chimera_metrics.integrations.evolution import runner

    return runner.head()


def _schema(facts: Mapping[str, Any]) -> Line:
    from chimera_metrics.integrations.evolution import version

    revision, count = facts["recorded"], facts["revisions"]
    if count == 1 and revision == _head() and version.cut_off(revision, facts["step"] or "") is None:
        return check("schema", "ok", f"revision {revision}")
    at = f"at revision {revision}" if count == 1 else "at no clear revision"
    return check("schema", "error", f"{at}, not at {_head()} as this program needs", "Run `muse upgrade`.")


@dataclass(frozen=True, slots=True)
class Table:
    """What the engine knows of one table's parts."""

    name: str
    rows: int
    bytes: int
    parts: int
    partitions: int
    worst: int
    newest_s: int
    recent_bytes: int

    @property
    def newest(self) -> datetime | None:
        """None for a table that is not by time."""
        return datetime.fromtimestamp(self.newest_s, UTC) if self.newest_s else None


def _listed(text: str) -> list[list[Any]]:
    """Lists come as JSON text, which every driver reads; a tuple of columns is an object there on newer engines."""
    return [list(row.values()) if isinstance(row, dict) else row for row in json.loads(text)]


def _state(database: str) -> dict[str, str]:
    """Revision, tables, disks, detached parts and deduplication windows, each the scalar subquery that answers it."""
    name = quote(database)
    by_partition = f"""
        SELECT table, partition, sum(rows) AS n, sum(bytes_on_disk) AS b, count() AS p,
               max(toUnixTimestamp(max_time)) AS t
        FROM system.parts WHERE active AND database = {name} GROUP BY table, partition"""
    by_table = f"""
        SELECT table, sum(n) AS rows, sum(b) AS bytes, sum(p) AS parts, count() AS partitions, max(p) AS worst,
               max(t) AS newest, sumIf(b, partition >= toString(today() - {_GROWTH_DAYS})) AS recent
        FROM ({by_partition}) GROUP BY table"""
    return {
        "engine_version": "SELECT version()",
        "recorded": "SELECT any(version_num) FROM alembic_version",
        "revisions": "SELECT count() FROM alembic_version",
        "step": f"SELECT any(comment) FROM system.tables WHERE database = {name} AND name = 'alembic_version'",
        "tables": "SELECT toJSONString(groupArray((table, rows, bytes, parts, partitions, worst, newest, recent))) "
        f"FROM ({by_table})",
        "disks": "SELECT toJSONString(groupArray((name, free_space, total_space))) FROM system.disks "
        "WHERE type = 'Local'",
        "detached": "SELECT toJSONString(groupArray((table, n))) FROM (SELECT table, count() AS n "
        f"FROM system.detached_parts WHERE database = {name} GROUP BY table)",
        "engines": "SELECT toJSONString(groupArray((name, engine, engine_full))) FROM system.tables "
        f"WHERE database = {name} AND engine LIKE '%MergeTree' AND name IN ({_REMEMBERING})",
    }


_REMEMBERING = ", ".join(map(quote, (*FACT_TABLES, "llm_events_hourly", "ui_events_hourly", "insert_ledger")))


def _table(name: str, table: Table | None, now: datetime) -> Line:
    if table is None:
        return check(name, "ok", "no rows yet")
    newest = "" if table.newest is None else f", newest {age((now - table.newest).total_seconds())} ago"
    figure = f"{table.rows:,} rows, {size(table.bytes)} in {table.parts:,} parts{newest}"
    if table.newest is not None and table.newest > now + _AHEAD:
        ahead = age((table.newest - now).total_seconds())
        return check(
            name,
            "error",
            f"{table.rows:,} rows, the newest {ahead} in the future",
            "A sender's clock is wrong: `muse verify` counts such rows.",
        )
    return check(name, "ok", figure)


def _parts(tables: Mapping[str, Table], limits: Thresholds) -> Line:
    if not tables:
        return check("parts", "ok", "none yet")
    worst = max(tables.values(), key=lambda table: table.worst)
    partitions = max(table.partitions for table in tables.values())
    figure = (
        f"{sum(table.parts for table in tables.values()):,} parts; at most {worst.worst:,} in a partition "
        f"({worst.name}) and {partitions:,} partitions in a table"
    )
    level = "error" if worst.worst >= limits.parts_error else "warning" if worst.worst >= limits.parts_warning else "ok"
    if level != "ok":
        advice = f"Too many small inserts: send larger batches, and run `OPTIMIZE TABLE {worst.name}` when it is quiet."
        return check("parts", level, figure, advice)
    if partitions >= limits.partitions_warning:
        return check("parts", "warning", figure, "Many days are kept: see `muse retention show`.")
    return check("parts", "ok", figure)


def _detached(facts: Mapping[str, Any]) -> Line:
    found = dict(_listed(facts["detached"]))
    if not found:
        return check("detached parts", "ok", "none")
    figure = ", ".join(f"{count} of {table}" for table, count in found.items())
    advice = "The engine set these parts aside, their rows are not read: ATTACH them, or restore with `muse restore`."
    return check("detached parts", "error", figure, advice)


def _disk(facts: Mapping[str, Any], tables: Mapping[str, Table], limits: Thresholds) -> Line:
    used = sum(table.bytes for table in tables.values())
    growth = sum(table.recent_bytes for table in tables.values()) / _GROWTH_DAYS
    figure = f"{size(used)} used, growing {size(growth)} a day over the last {_GROWTH_DAYS} days"
    disks = [(name, int(free), int(total)) for name, free, total in _listed(facts["disks"])]
    if not disks:
        return check("disk", "ok", figure)
    name, free, total = min(disks, key=lambda disk: disk[1] / max(disk[2], 1))
    share, days = free / max(total, 1), free / growth if growth else float("inf")
    figure += f"; {size(free)} of {size(total)} free" + (f" for {days:,.0f} days" if days < 10_000 else "")
    advice = f"Make room on disk {name!r}, or keep fewer days: `muse retention show`."
    if share < limits.free_error:
        return check("disk", "error", figure, advice)
    if share < limits.free_warning or days < limits.full_within_days:
        return check("disk", "warning", figure, advice)
    return check("disk", "ok", figure)


_WINDOW = re.compile(r"non_replicated_deduplication_window = (\d+)")


def _window(facts: Mapping[str, Any]) -> Line:
    """Tables on one server remember nothing by themselves; replicated and shared ones do, by the engine's default."""
    windows = {
        name: int(found[1]) if (found := _WINDOW.search(full)) else 0
        for name, engine, full in _listed(facts["engines"])
        if not engine.startswith(("Replicated", "Shared"))
    }
    none = sorted(name for name, window in windows.items() if window == 0)
    if none:
        advice = f"Run `ALTER TABLE {none[0]} MODIFY SETTING non_replicated_deduplication_window = 10000`."
        return check("dedup window", "error", f"none on {', '.join(none)}: a retry may be stored twice", advice)
    if not windows:
        return check("dedup window", "ok", "the engine's own, on replicated tables")
    return check("dedup window", "ok", f"{min(windows.values()):,} blocks for each table, then the ledger")


def _guards(client: Access) -> list[Line]:
    return [
        check(
            "guard",
            "error" if guard["enforced_by"] == "nobody" else "warning" if guard["advice"] else "ok",
            f"{guard['guard']}: enforced by {guard['enforced_by']}",
            guard["advice"],
        )
        for guard in guards.guards(client)
    ]


def size(count: float) -> str:
    for unit, length in (("TB", 1e12), ("GB", 1e9), ("MB", 1e6), ("kB", 1e3)):
        if count >= length:
            return f"{count / length:.1f} {unit}"
    return f"{count:.0f} B"
