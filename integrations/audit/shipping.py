"""Brings the lines of the audit files into the table `audit_log`, each exactly once.

What has arrived is kept beside the files as one offset a file. Before a block is sent, the offset behind it is written
down too: after a kill in between, that very block is looked for in the table by its call ids, and only what is missing
is sent. One process at a time ships a folder, held by a file lock; the others only append.
"""

from __future__ import annotations

import contextlib
import fcntl
import hashlib
import logging
import os
import threading
from collections.abc import Iterator, Sequence
from datetime import datetime
from pathlib import Path
from typing import Any
from uuid import UUID

import orjson

from chimera_metrics.integrations.audit.trail import SHIPPED, arrived, files, read_lines
from chimera_metrics.integrations.clickhouse import call
from chimera_metrics.integrations.clickhouse.executor import Executor
from chimera_metrics.integrations.clickhouse.literals import quote
from chimera_metrics.integrations.errors import MuseError
from chimera_metrics.integrations.private_files import open_private, replace_private
from chimera_metrics.models import AuditEntry

_log = logging.getLogger(__name__)
_BLOCK = 2_000
_NAMES = [column.name for column in AuditEntry.__table__.columns]
_SETTINGS = {"async_insert": 0}


class Shipping:
    """Ships one folder of audit files to the store behind `executor`."""

    def __init__(self, folder: Path, executor: Executor) -> None:
        self.folder = folder
        self._executor = executor

    def ship(self) -> int:
        """Ships all whole lines that have not arrived yet. Returns how many rows were stored; 0 if another ships.

        Raises MuseError when the store does not take them; they stay for the next time.
        """
        if not files(self.folder):
            return 0
        with _only_one(self.folder) as mine, call.serving(None):
            if not mine:
                return 0
            found = files(self.folder)
            names = {path.name for path in found}
            state = {name: place for name, place in arrived(self.folder).items() if name in names}
            stored = 0
            for path in found:
                with contextlib.suppress(FileNotFoundError):  # the oldest files are removed in time
                    stored += self._file(path, state)
            return stored

    def waiting(self) -> int:
        """Bytes that have not arrived yet."""
        state = arrived(self.folder)
        waiting = 0
        for path in files(self.folder):
            with contextlib.suppress(FileNotFoundError):
                waiting += path.stat().st_size - state.get(path.name, {}).get("to", 0)
        return waiting

    def _file(self, path: Path, state: dict[str, dict[str, int]]) -> int:
        stored = 0
        place = state.setdefault(path.name, {"to": 0})
        if "next" in place:  # a block was under way when its process ended
            rows, end = self._block(path, place["to"], until=place["next"])
            stored += self._send_missing(rows)
            self._arrived(state, place, end)
        # Not what comes while it ships: under a stream of calls that would be block after block of a line or two.
        size = path.stat().st_size
        while place["to"] < size:
            rows, end = self._block(path, place["to"])
            if end == place["to"]:
                break
            place["next"] = end
            self._keep(state)
            stored += self._send(rows, again="")
            self._arrived(state, place, end)
        return stored

    def _block(self, path: Path, start: int, until: int | None = None) -> tuple[list[dict[str, Any]], int]:
        """Rows from `start` on, of one file and so of one day: one block is one partition, all of it or none."""
        rows, end = [], start
        for after, row in read_lines(path, start, None if until is not None else _BLOCK):
            if until is not None and after > until:
                break
            end = after
            if row is not None:
                rows.append(row)
        return rows, end

    def _send(self, rows: Sequence[dict[str, Any]], again: str) -> int:
        if not rows:
            return 0
        columns = [[_value(name, row) for row in rows] for name in _NAMES]
        ids = ",".join(row["call_id"] for row in rows)
        token = hashlib.sha256(f"audit {again} {ids}".encode()).hexdigest()
        return self._executor.insert(
            AuditEntry.__tablename__, _NAMES, columns, _SETTINGS | {"insert_deduplication_token": token}
        )

    def _send_missing(self, rows: Sequence[dict[str, Any]]) -> int:
        """Stores what of a block is not there. The first try repeats its token, in case it is still on its way."""
        stored = 0
        for attempt in ("", "once more"):
            there = self._there(rows)
            missing = [row for row in rows if row["call_id"] not in there]
            if not missing:
                break
            stored += self._send(missing, again=attempt)
        return stored

    def _there(self, rows: Sequence[dict[str, Any]]) -> set[str]:
        found: set[str] = set()
        for start in range(0, len(rows), _BLOCK):
            part = rows[start : start + _BLOCK]
            ids = ", ".join(quote(row["call_id"]) for row in part)
            statement = f"SELECT toString(call_id) FROM {AuditEntry.__tablename__} WHERE call_id IN ({ids})"
            found.update(row[0] for row in self._executor.read(statement).rows)
        return found

    # -- what has arrived ------------------------------------------------------------------------------------------

    def _arrived(self, state: dict[str, dict[str, int]], place: dict[str, int], end: int) -> None:
        place["to"] = end
        place.pop("next", None)
        self._keep(state)

    def _keep(self, state: dict[str, dict[str, int]]) -> None:
        replace_private(self.folder / SHIPPED, orjson.dumps(state))


def _value(name: str, row: dict[str, Any]) -> Any:
    value = row[name]
    if name == "ts":
        return datetime.fromisoformat(value)
    return UUID(value) if name == "call_id" else value


@contextlib.contextmanager
def _only_one(folder: Path) -> Iterator[bool]:
    descriptor = open_private(folder / "lock", os.O_RDWR | os.O_CREAT)
    try:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            yield False
            return
        yield True
    finally:
        os.close(descriptor)


class Shipper:
    """A thread that ships a little after calls came, and once more at the end."""

    def __init__(self, shipping: Shipping, every_s: float = 5.0) -> None:
        self._shipping = shipping
        self._every_s = every_s
        self._more = threading.Event()
        self._ending = threading.Event()
        self._thread: threading.Thread | None = None
        self._complained = False

    def wake(self) -> None:
        """Says that there is a new line."""
        if self._thread is None:
            self._thread = threading.Thread(target=self._run, name="muse-audit", daemon=True)
            self._thread.start()
        self._more.set()

    def close(self, wait_s: float = 2.0) -> None:
        """Ships what is left, for at most `wait_s`; what does not make it waits in the file for the next start."""
        self._ending.set()
        self._more.set()
        if self._thread is not None:
            self._thread.join(wait_s)

    def _run(self) -> None:
        while not self._ending.is_set():
            self._more.wait()
            self._more.clear()
            self._ending.wait(self._every_s)
            self._once()

    def _once(self) -> None:
        try:
            self._shipping.ship()
            self._complained = False
        except (MuseError, OSError) as error:
            self._more.set()
            if not self._complained:
                self._complained = True
                _log.warning("Audit lines wait in %s, the store does not take them: %s", self._shipping.folder, error)
