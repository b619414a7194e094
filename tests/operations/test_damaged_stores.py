"""Damaged stores: `verify` says which side lost what, and nothing that it advises makes less readable than it was.

A value is readable while its rows or the rollup still tell of it. After each piece of advice has been run, every hour
must tell of at least as many rows, values and costs as before, and no table may hold fewer rows.
"""

from __future__ import annotations

import re
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from chimera_metrics.integrations.clickhouse_client import ClickHouseClient
from chimera_metrics.integrations.config import ClickHouseSettings
from chimera_metrics.integrations.errors import MuseError
from chimera_metrics.integrations.evolution import runner
from chimera_metrics.integrations.operations.verify import verify
from chimera_metrics.models import FACT_TABLES
from tests.apps.support import Shell
from tests.operations.conftest import Row, day, sessions

DAYS = range(14, 20)  # of `day`: the last six
D = {n: f"'{day(n).date()}'" for n in DAYS}
LOST_UI = r"ui_events lost 6 rows of {}, of which only the rollup still tells"
RESTORE = "may be the last copy"
REBUILD = "muse backfill --rollups --days"
SELECT = {
    "ui_events": "toStartOfHour(toDateTime(ts, 'UTC')) AS hour, event_type, count(), count(latency_ms), 0",
    "ui_events_hourly": "hour, event_type, sum(events), sum(latency_count), 0",
    "llm_events": "toStartOfHour(toDateTime(ts, 'UTC')) AS hour, status, count(), count(latency_ms), "
    "sum(ifNull(cost_usd, 0))",
    "llm_events_hourly": "hour, status, sum(events), sum(latency_count), sum(cost_usd)",
}
DOUBLE = "INSERT INTO {0} SETTINGS insert_deduplicate = 0 SELECT * FROM {0}"
AROUND = "INSERT INTO ui_events (ts, session_id, event_type) VALUES ('2026-01-01 00:00:00', generateUUIDv4(), 'x')"
LONG_AGO = "INSERT INTO {} (hour, {}, events) VALUES ('2020-01-01 00:00:00', 'x', 7)"
LOST_COSTS = "llm_events lost values of .*, of which only the rollup still tells"

# The damage, the line of `verify` that tells, what it says, and a word of what it advises.
Damage = tuple[list[str], str, str, str]
DAMAGES: dict[str, Damage] = {
    "a day of rows dropped": (
        [f"ALTER TABLE ui_events DROP PARTITION {D[16]}"],
        "rollup: ui_events_hourly",
        LOST_UI.format(day(16).date()),
        RESTORE,
    ),
    "the oldest day dropped": (
        [f"ALTER TABLE ui_events DROP PARTITION {D[14]}"],
        "rollup: ui_events_hourly",
        LOST_UI.format(day(14).date()),
        RESTORE,
    ),
    "the newest day dropped": (
        [f"ALTER TABLE ui_events DROP PARTITION {D[19]}"],
        "rollup: ui_events_hourly",
        LOST_UI.format(day(19).date()),
        RESTORE,
    ),
    "a day detached": (
        [f"ALTER TABLE ui_events DETACH PARTITION {D[16]}"],
        "rollup: ui_events_hourly",
        LOST_UI.format(day(16).date()),
        RESTORE,
    ),
    "rows of one kind deleted": (
        [f"ALTER TABLE ui_events DELETE WHERE event_type = 'error' AND toDate(ts) = {D[16]}"],
        "rollup: ui_events_hourly",
        f"ui_events lost 2 rows of {day(16).date()}",
        RESTORE,
    ),
    "half of a day's rows deleted": (
        [f"ALTER TABLE ui_events DELETE WHERE session_id = '{sessions(16)[0]}'"],
        "rollup: ui_events_hourly",
        f"ui_events lost 3 rows of {day(16).date()}",
        RESTORE,
    ),
    "all rows gone": (
        ["TRUNCATE TABLE llm_events"],
        "rollup: llm_events_hourly",
        "llm_events lost 12 rows of 6",
        RESTORE,
    ),
    "rows and the ledger gone": (
        ["TRUNCATE TABLE llm_events", "TRUNCATE TABLE insert_ledger"],
        "rollup: llm_events_hourly",
        "llm_events lost 12 rows of 6 days",
        RESTORE,
    ),
    "a day of the rollup dropped": (
        [f"ALTER TABLE ui_events_hourly DROP PARTITION {D[16]}"],
        "rollup: ui_events_hourly",
        f"the rollup lost values of {day(16).date()}",
        REBUILD,
    ),
    "the rollup emptied": (
        ["TRUNCATE TABLE llm_events_hourly"],
        "rollup: llm_events_hourly",
        "the rollup lost values of 6 days",
        REBUILD,
    ),
    "some of the rollup deleted": (
        [f"ALTER TABLE ui_events_hourly DELETE WHERE event_type = 'error' AND toDate(hour) = {D[17]}"],
        "rollup: ui_events_hourly",
        f"the rollup lost values of {day(17).date()}",
        REBUILD,
    ),
    "a partial fill": (
        ["ALTER TABLE llm_events_hourly UPDATE events = 0, latency_count = 0, cost_usd = 0 WHERE status = 'failure'"],
        "rollup: llm_events_hourly",
        "the rollup lost values of 6 days",
        REBUILD,
    ),
    "a rollup's extreme lost": (
        [f"ALTER TABLE llm_events_hourly UPDATE latency_max_ms = NULL WHERE toDate(hour) = {D[17]}"],
        "rollup: llm_events_hourly",
        f"the rollup lost values of {day(17).date()}",
        REBUILD,
    ),
    "the rollup doubled": (
        [DOUBLE.format("ui_events_hourly")],
        "rollup: ui_events_hourly",
        "counts each row of 6 days .* more than once; ui_events has all rows that were acknowledged",
        "--allow-destructive",
    ),
    "the rollup doubled, and no ledger": (
        [DOUBLE.format("ui_events_hourly"), "TRUNCATE TABLE insert_ledger"],
        "rollup: ui_events_hourly",
        "counts each row of 6 days .* more than once$",
        "Either rows of ui_events are gone or the rollup counts them twice",
    ),
    "rows doubled": ([DOUBLE.format("llm_events")], "duplicates", "12 rows of llm_events", "backup"),
    "events doubled": ([DOUBLE.format("ui_events")], "equal events", "36 rows of ui_events", "Harmless"),
    "rows that no view saw": (
        ["DROP VIEW ui_events_hourly_mv SYNC", AROUND],
        "rollup: ui_events_hourly",
        "the rollup lost values of 2026-01-01",
        REBUILD,
    ),
    "a view dropped": (["DROP VIEW ui_events_hourly_mv SYNC"], "drift", "ui_events_hourly_mv is missing", "muse adopt"),
    "a view detached for good": (
        ["DETACH TABLE llm_events_hourly_mv PERMANENTLY SYNC"],
        "drift",
        "llm_events_hourly_mv is missing",
        "muse adopt",
    ),
    "costs emptied by a TTL": (
        ["ALTER TABLE llm_events MODIFY COLUMN cost_usd TTL toDateTime(ts) + INTERVAL 1 HOUR"],
        "rollup: llm_events_hourly",
        LOST_COSTS,
        RESTORE,
    ),
    "rows aged away by a TTL": (
        ["ALTER TABLE ui_events MODIFY TTL toDateTime(ts) + INTERVAL 3 DAY"],
        "drift",
        "ui_events: the TTL is",
        "REMOVE TTL",
    ),
    "costs set to null": (
        [f"ALTER TABLE llm_events UPDATE cost_usd = NULL WHERE toDate(ts) = {D[15]}"],
        "rollup: llm_events_hourly",
        LOST_COSTS,
        RESTORE,
    ),
    "latencies set to null": (
        [f"ALTER TABLE ui_events UPDATE latency_ms = NULL WHERE toDate(ts) = {D[15]}"],
        "rollup: ui_events_hourly",
        f"ui_events lost values of {day(15).date()}",
        RESTORE,
    ),
    "one day of either side": (
        [f"ALTER TABLE ui_events DROP PARTITION {D[15]}", f"ALTER TABLE ui_events_hourly DROP PARTITION {D[18]}"],
        "rollup: ui_events_hourly",
        f"the rollup lost values of {day(18).date()}; {LOST_UI.format(day(15).date())}",
        REBUILD,
    ),
    "the same day on either side": (
        [
            f"ALTER TABLE ui_events DELETE WHERE event_type = 'error' AND toDate(ts) = {D[16]}",
            f"ALTER TABLE ui_events_hourly DELETE WHERE event_type = 'query_submit' AND toDate(hour) = {D[16]}",
        ],
        "rollup: ui_events_hourly",
        f"ui_events lost 2 rows of {day(16).date()}",
        RESTORE,
    ),
    "a rollup of days long gone": (
        [LONG_AGO.format("ui_events_hourly", "event_type")],
        "rollup: ui_events_hourly",
        "ui_events lost 7 rows of 2020-01-01",
        RESTORE,
    ),
    "the ledger emptied": (["TRUNCATE TABLE insert_ledger"], "ledger", "rows that it does not know", ""),
    "the ledger of one table gone": (
        ["ALTER TABLE insert_ledger DELETE WHERE table_name = 'ui_events'"],
        "ledger",
        "36 of ui_events",
        "",
    ),
    "episodes lost": (["TRUNCATE TABLE episodes"], "ledger", "episodes has 0 of 1 rows", "muse restore"),
    "a table dropped": (["DROP TABLE episodes SYNC"], "rows: episodes", "episodes does not exist", "drift"),
    "a column dropped": (
        ["DROP VIEW llm_events_hourly_mv SYNC", "ALTER TABLE llm_events DROP COLUMN cost_usd"],
        "rollup: llm_events_hourly",
        "not checked: llm_events has no column cost_usd",
        "drift",
    ),
    "a rollup's table dropped": (
        ["DROP TABLE ui_events_hourly SYNC"],
        "rollup: ui_events_hourly",
        "not checked: ui_events_hourly does not exist",
        "drift",
    ),
    "sums of sessions that tell less": (
        [f"ALTER TABLE session_stats UPDATE events_count = 1 WHERE session_id = '{sessions(15)[0]}'"],
        "sessions",
        "1 of 12 sessions differ from their events$",
        REBUILD,
    ),
    "sums of sessions that tell more": (
        [f"ALTER TABLE ui_events DELETE WHERE event_type = 'error' AND toDate(ts) = {D[16]}"],
        "sessions",
        "of 2 the sums tell of events that ui_events has lost",
        "Keep the sums",
    ),
}


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A small store in order."""
    path = tmp_path_factory.mktemp("damaged") / "store"
    settings = ClickHouseSettings(path=str(path))
    runner.upgrade(settings)
    with ClickHouseClient(settings) as client:
        fill(client)
    return path


def fill(client: ClickHouseClient) -> None:
    events: list[Row] = []
    stats: list[Row] = []
    calls: list[Row] = []
    for n in DAYS:
        for session in sessions(n):
            kinds = ("overlay_open", "query_submit", "error")
            events += [{"ts": day(n), "session_id": session, "event_type": kind, "latency_ms": 9.5} for kind in kinds]
            stats.append(
                {"hour": day(n), "session_id": session, "avg_latency_ms": 9.5, "error_rate": 1 / 3}
                | {"abandonment_rate": 1, "events_count": 3, "duration_seconds": 0}
            )
        calls += [
            {"ts": day(n), "source": "council", "model": "m", "operation": "write", "status": status}
            | {"latency_ms": 250.25, "cost_usd": "0.01", "tokens_in": 10}
            for status in ("success", "failure")
        ]
    client.insert_ui_events(events)
    client.insert_session_stats(stats)
    client.insert_llm_events(calls)
    client.insert_episodes([{"ts": day(16), "series": "weekly", "episode_num": 1, "title": "One"}])


@pytest.fixture
def store(whole: Path, tmp_path: Path) -> Iterator[ClickHouseClient]:
    path = shutil.copytree(whole, tmp_path / "store", symlinks=True)
    with ClickHouseClient(ClickHouseSettings(path=str(path))) as client:
        yield client


Readable = dict[tuple[Any, ...], float]


def rows(client: ClickHouseClient, statement: str) -> list[tuple[Any, ...]]:
    try:
        return [tuple(row) for row in client.executor.read(statement).rows]
    except MuseError:  # a table or column that the damage took away
        return []


def readable(client: ClickHouseClient) -> Readable:
    """Rows, values and costs of each hour, by the side that tells of more; and how many rows each table holds."""
    found: Readable = {}
    for table, select in SELECT.items():
        for hour, word, *figures in rows(
            client, f"SELECT {select} FROM {table} GROUP BY hour, {select.split(', ')[-4]}"
        ):
            for place, figure in enumerate(figures):
                key = (table.removesuffix("_hourly"), hour, word, place)
                found[key] = max(found.get(key, 0), float(figure))
    for table in (*FACT_TABLES, "insert_ledger"):
        for (count,) in rows(client, f"SELECT count() FROM {table}"):
            found[table,] = count
    return found


def commands(advice: str) -> list[str]:
    return re.findall(r"`(muse [^`]*|ALTER TABLE [^`…]*)`", advice)


def follow(client: ClickHouseClient, advice: str, backups: Path) -> None:
    """Runs each command that the advice names as it is written, whatever it answers."""
    shell = Shell(CH_PATH=client.settings.path, MUSE_BACKUP_DIR=str(backups))
    for command in commands(advice):
        if command.startswith("muse "):
            shell._muse(*command.split()[1:])
        else:
            client.executor.command(command)


@pytest.mark.parametrize("damage", DAMAGES)
def test_verify_says_who_lost_and_its_advice_loses_nothing(
    damage: str, store: ClickHouseClient, tmp_path: Path
) -> None:
    statements, line, said, advised = DAMAGES[damage]
    truth = readable(store)
    for statement in statements:
        store.executor.command(statement, {"mutations_sync": 2})
    before = {key: min(figure, truth.get(key, figure)) for key, figure in readable(store).items()}
    checks = verify(store)["checks"]
    found = next(check for check in checks if check["name"] == line)
    assert re.search(said, found["figure"]), found["figure"]
    assert advised in found["advice"], found["advice"]
    for check in checks:
        assert not re.search(r"\b(drop|delete|truncate)\b", check["advice"].lower()) or "Keep" in check["advice"]
        follow(store, check["advice"], tmp_path / "backups")
        after = readable(store)
        less = {key: (figure, after.get(key, 0)) for key, figure in before.items() if after.get(key, 0) < figure}
        assert not less, check["advice"]


def test_there_are_thirty() -> None:
    assert len(DAMAGES) >= 30


def test_a_rollup_that_lost_values_is_whole_again(store: ClickHouseClient, tmp_path: Path) -> None:
    store.executor.command(f"ALTER TABLE ui_events DROP PARTITION {D[15]}")
    store.executor.command(f"ALTER TABLE ui_events_hourly DROP PARTITION {D[18]}")
    advice = next(check["advice"] for check in verify(store)["checks"] if check["name"] == "rollup: ui_events_hourly")
    follow(store, advice, tmp_path)
    figure = next(check["figure"] for check in verify(store)["checks"] if check["name"] == "rollup: ui_events_hourly")
    assert "the rollup lost" not in figure
    assert LOST_UI.format(day(15).date()) in figure


def test_a_doubled_rollup_is_right_again_when_the_ledger_knows_every_row(
    store: ClickHouseClient, tmp_path: Path
) -> None:
    store.executor.command(DOUBLE.format("ui_events_hourly"))
    for check in verify(store)["checks"]:
        follow(store, check["advice"], tmp_path)
    assert verify(store)["holds"]
