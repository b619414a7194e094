"""Of two migrations that start at once one waits or says who holds the lock; a dead holder blocks nobody."""

from __future__ import annotations

import json
import os
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator

import pytest
from sqlalchemy import Engine

from chimera_metrics.integrations.config import ClickHouseSettings
from chimera_metrics.integrations.evolution import runner
from chimera_metrics.integrations.evolution.engines import ensure_database, migration_engine
from chimera_metrics.integrations.evolution.lock import LockTerms, MigrationLock, MigrationLocked
from tests.evolution.conftest import Rows

QUICK = LockTerms(wait_s=0.3, stale_s=5)


@pytest.fixture
def engine(settings: ClickHouseSettings) -> Iterator[Engine]:
    ensure_database(settings)
    made = migration_engine(settings)
    yield made
    made.dispose()


def test_the_second_says_who_holds_the_lock(engine: Engine, settings: ClickHouseSettings) -> None:
    with MigrationLock(engine, settings.where, QUICK), pytest.raises(MigrationLocked) as refused:
        runner.upgrade(settings, lock=QUICK)
    assert f"process {os.getpid()} on {socket.gethostname()}" in refused.value.sentence
    assert "run the same command again" in refused.value.sentence
    runner.upgrade(settings, lock=QUICK)


def test_of_three_at_once_each_waits_its_turn(engine: Engine, settings: ClickHouseSettings, rows: Rows) -> None:
    order: list[str] = []

    def migrate() -> None:
        with MigrationLock(engine, settings.where, LockTerms(wait_s=30)) as lock:
            order.append("in")
            time.sleep(0.1)
            lock.still_held()
            order.append("out")

    threads = [threading.Thread(target=migrate) for _ in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert order == ["in", "out"] * 3
    assert rows("SHOW TABLES LIKE 'alembic_lock%'") == []


def leave_a_lock(rows: Rows, **about: object) -> None:
    holder = {"token": "cafe", "host": "elsewhere", "pid": 1, "program": "alembic", "since": "then"} | about
    rows(
        "CREATE TABLE alembic_lock (beat DateTime64(3, 'UTC')) ENGINE = MergeTree ORDER BY tuple() "
        f"COMMENT '{json.dumps(holder)}'"
    )


def test_a_lock_without_heartbeat_falls(settings: ClickHouseSettings, rows: Rows) -> None:
    leave_a_lock(rows)
    rows("INSERT INTO alembic_lock VALUES (now64(3) - 60)")
    runner.upgrade(settings, lock=QUICK)
    assert rows("SHOW TABLES LIKE 'alembic_lock%'") == []


def test_the_lock_of_a_process_of_this_machine_that_is_gone_falls_at_once(
    settings: ClickHouseSettings, rows: Rows
) -> None:
    gone = subprocess.Popen([sys.executable, "-c", ""])
    gone.wait()
    leave_a_lock(rows, host=socket.gethostname(), pid=gone.pid)
    rows("INSERT INTO alembic_lock VALUES (now64(3))")
    runner.upgrade(settings, lock=QUICK)


def test_a_heartbeat_keeps_the_lock_for_longer_than_it_takes_to_go_stale(
    engine: Engine, settings: ClickHouseSettings
) -> None:
    terms = LockTerms(wait_s=2.5, stale_s=1.5)
    with MigrationLock(engine, settings.where, terms), pytest.raises(MigrationLocked):
        runner.upgrade(settings, lock=terms)


def test_who_lost_the_lock_stops(engine: Engine, settings: ClickHouseSettings, rows: Rows) -> None:
    with MigrationLock(engine, settings.where, LockTerms(stale_s=0.5)) as lock:
        rows("RENAME TABLE alembic_lock TO alembic_lock_taken")
        with pytest.raises(MigrationLocked, match="lost its lock"):
            until_lost(lock)


def until_lost(lock: MigrationLock) -> None:
    deadline = time.monotonic() + 5
    while time.monotonic() < deadline:
        lock.still_held()
        time.sleep(0.05)
