"""One migration at a time, on a server as on the embedded store.

The lock is a table: `CREATE TABLE alembic_lock` succeeds for one of two. Its comment says who holds it, its rows are
the holder's heartbeat. Who is killed leaves it behind; without a heartbeat for a while (or at once, when the holder was
a process of this machine that is gone) it is moved away under a name made of its token, which again succeeds for one of
two, and dropped. On a cluster it is a name in Keeper: see keeper_lock.py.
"""

from __future__ import annotations

import contextlib
import json
import os
import secrets
import socket
import sys
import threading
import time
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from sqlalchemy import Engine, exc

from chimera_metrics.integrations.clickhouse.error_codes import ErrorCode, code_of
from chimera_metrics.integrations.clickhouse.literals import quote
from chimera_metrics.integrations.errors import StoreBusy

TABLE = "alembic_lock"
_FASTEST_BEAT_S = 0.2
_POLL_S = 0.05


class MigrationLocked(StoreBusy):
    """Another migration runs on this database."""

    kind = "migration_locked"


@dataclass(frozen=True)
class LockTerms:
    """How long to wait for the lock, and after how long without a heartbeat its holder counts as dead."""

    wait_s: float = 60
    stale_s: float = 15


class MigrationLock:
    """The lock on one database, held inside `with`."""

    def __init__(self, engine: Engine, where: str, terms: LockTerms) -> None:
        self._engine = engine
        self._where = where
        self._terms = terms
        self._token = secrets.token_hex(8)
        self._since = datetime.now(UTC).isoformat(timespec="seconds")
        self._stop = threading.Event()
        self._beating: threading.Thread | None = None
        self._lost = False

    def __enter__(self) -> MigrationLock:
        deadline = time.monotonic() + self._terms.wait_s
        while True:
            holder = self._holder()
            if holder is None and self._create():
                break
            if holder is not None and holder["stale"] and self._move_away(holder):
                continue
            if holder is not None and time.monotonic() >= deadline:
                raise MigrationLocked(self._sentence(holder))
            time.sleep(_POLL_S)
        self._show_life()
        self._beating = threading.Thread(target=self._beat, name="migration-lock", daemon=True)
        self._beating.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._stop.set()
        if self._beating is not None:
            self._beating.join()
        # A failed release must not hide why the migration failed; without a heartbeat the lock falls by itself.
        with contextlib.suppress(exc.DBAPIError):
            self._release()

    def still_held(self) -> None:
        """Raises MigrationLocked if another migration has taken the lock, thinking this one dead."""
        if self._lost:
            raise MigrationLocked(
                "This migration lost its lock: it showed no sign of life for too long, and another took over. "
                "Nothing more was changed. Run the same command again."
            )

    def _about(self) -> dict[str, Any]:
        return {
            "token": self._token,
            "host": socket.gethostname(),
            "pid": os.getpid(),
            "program": Path(sys.argv[0]).name or "python",
            "since": self._since,
        }

    def _create(self) -> bool:
        try:
            self._run(
                f"CREATE TABLE {TABLE} (beat DateTime64(3, 'UTC')) ENGINE = MergeTree ORDER BY tuple() "
                f"COMMENT {quote(json.dumps(self._about()))}"
            )
        except exc.DBAPIError as error:
            if code_of(error) == ErrorCode.TABLE_ALREADY_EXISTS:
                return False
            raise
        return True

    def _holder(self) -> dict[str, Any] | None:
        """Who holds the lock; None if it has just been released."""
        found = self._rows(
            "SELECT comment, toFloat64(now64(3)) - toFloat64(metadata_modification_time) - 1 FROM system.tables "
            f"WHERE database = currentDatabase() AND name = '{TABLE}'"
        )
        if not found:
            return None
        holder: dict[str, Any] = {"token": "unknown", "host": "an unknown host", "pid": 0, "program": "a program"}
        with contextlib.suppress(ValueError):
            holder |= json.loads(found[0][0])
        try:
            # The engine's own clock on both sides: those of two machines may differ.
            [(beats, age)] = self._rows(f"SELECT count(), toFloat64(now64(3)) - toFloat64(max(beat)) FROM {TABLE}")
        except exc.DBAPIError as error:
            if code_of(error) == ErrorCode.UNKNOWN_TABLE:
                return None
            raise
        age = age if beats else found[0][1]
        holder["stale"] = age > self._terms.stale_s or is_dead(holder)
        return holder

    def _move_away(self, holder: dict[str, Any]) -> bool:
        # Of two that see the same dead holder, the second finds the name taken: it cannot move a new lock away.
        try:
            self._run(f"RENAME TABLE {TABLE} TO {TABLE}_{holder['token']}")
        except exc.DBAPIError as error:
            if code_of(error) in {ErrorCode.TABLE_ALREADY_EXISTS, ErrorCode.UNKNOWN_TABLE}:
                return False
            raise
        return True

    def _show_life(self) -> None:
        self._run(f"INSERT INTO {TABLE} VALUES (now64(3))")

    def _release(self) -> None:
        holder = self._holder()
        if holder is not None and holder["token"] == self._token:
            self._run(f"DROP TABLE IF EXISTS {TABLE} SYNC")
            self._sweep()

    def _sweep(self) -> None:
        for (name,) in self._rows(
            f"SELECT name FROM system.tables WHERE database = currentDatabase() AND startsWith(name, '{TABLE}_')"
        ):
            self._run(f"DROP TABLE IF EXISTS `{name}` SYNC")

    def _beat(self) -> None:
        while not self._stop.wait(max(_FASTEST_BEAT_S, self._terms.stale_s / 4)):
            # A missed beat is not the end; a lock that is another's is.
            with contextlib.suppress(Exception):
                holder = self._holder()
                if holder is None or holder["token"] != self._token:
                    self._lost = True
                    return
                self._show_life()

    def _sentence(self, holder: dict[str, Any]) -> str:
        return (
            f"Another migration runs on {self._where}: {holder['program']} (process {holder['pid']} on "
            f"{holder['host']}) has held the lock since {holder.get('since', 'an unknown time')}. "
            "Wait for it to end, or stop it, and run the same command again."
        )

    def _run(self, statement: str) -> None:
        with self._engine.connect() as connection:
            connection.exec_driver_sql(statement.replace("%", "%%"))

    def _rows(self, statement: str) -> list[tuple[Any, ...]]:
        with self._engine.connect() as connection:
            return [tuple(row) for row in connection.exec_driver_sql(statement.replace("%", "%%"))]


def is_dead(holder: dict[str, Any]) -> bool:
    """Whether the holder was a process of this machine and is gone."""
    if holder["host"] != socket.gethostname() or not holder["pid"]:
        return False
    try:
        os.kill(holder["pid"], 0)
    except ProcessLookupError:
        return True
    except OSError:
        return False
    return False
