"""The embedded store: one folder, one process at a time, opened on demand and let go when idle or when another waits.

chDB lets one process have a store. Several MCP hosts, commands and agents still get along because no process keeps
it: the first statement opens the store (about 35 ms), and it is closed as soon as the statements under way have ended
when another process asks for it, or after `idle_s` without a statement. Two files in the folder carry this:

- `muse.lock`: locked by the process that has the store; its text names the holder.
- `muse.queue`: locked, shared, by every process that waits; the holder sees by it that somebody does.

Locks are flock(2) locks: the kernel drops them when a process dies, so a crash leaves nothing to clean up.
"""

from __future__ import annotations

import atexit
import contextlib
import fcntl
import json
import os
import sys
import threading
import time
import weakref
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import IO, Any
from uuid import uuid4

from chimera_metrics.integrations.clickhouse.chdb_module import chdb
from chimera_metrics.integrations.errors import MuseError, StoreBusy, StoreUnusable

MEMORY = ":memory:"

# A waiting process looks for the lock this often; a holder looks for waiters as often while idle.
_POLL_S = 0.01

# Handles kept open for the next statement with the same session settings.
_IDLE_HANDLES = 16

# Pools for moves between disks and fetches from replicas, which a store in one folder never needs. The engine keeps
# the threads of a closed store's pools (three a reopening instead of five, and 0.8 MB instead of 1.2, without these).
_ENGINE_OPTIONS = "?background_move_pool_size=0&background_fetches_pool_size=0"


class Handle:
    """One session on the engine: its own settings, used by one statement at a time."""

    def __init__(self, connection: Any, tag: str) -> None:
        self.connection = connection
        #: Value of `log_comment` in this session, by which another session finds its statement to kill it.
        self.tag = tag


class EmbeddedStore:
    """The store on one folder, shared by every engine and client of this process. Get it with `open_store`."""

    def __init__(self, path: str, wait_s: float, idle_s: float, options: str = "") -> None:
        self.path = path
        self.wait_s = wait_s
        self.idle_s = idle_s
        self._options = _ENGINE_OPTIONS + options
        self._lock = threading.RLock()
        self._changed = threading.Condition(self._lock)
        self._leases = 0
        self._open = False
        self._opening = False
        self._held_since = 0.0
        self._last_used = 0.0
        self._yielded = 0.0
        self._handles: dict[frozenset[tuple[str, Any]], list[Handle]] = {}
        self._anchor: Any = None
        self._lock_file: IO[str] | None = None
        self._queue_file: IO[str] | None = None
        self._reaper: threading.Thread | None = None
        self._databases: set[str] = set()
        self.opened = 0

    # -- leases ----------------------------------------------------------------------------------------------------

    @contextlib.contextmanager
    def lease(self, settings: Mapping[str, Any]) -> Iterator[Handle]:
        """A handle whose session has `settings`, for the length of one statement. Opens the store if need be."""
        handle = self.take(settings)
        broken = True
        try:
            yield handle
            broken = False
        finally:
            self.give(handle, settings, broken)

    def take(self, settings: Mapping[str, Any]) -> Handle:
        """Like `lease`, for callers that give the handle back themselves."""
        self._enter()
        try:
            with self._lock:
                idle = self._handles.get(frozenset(settings.items()))
                if idle:
                    return idle.pop()
            return self._new_handle(settings)
        except BaseException:
            self._leave()
            raise

    def give(self, handle: Handle, settings: Mapping[str, Any], broken: bool = False) -> None:
        """Takes a handle back; one whose statement failed is closed, its session may be in any state."""
        with self._lock:
            kept = sum(map(len, self._handles.values()))
            if not broken and self._open and kept < _IDLE_HANDLES:
                self._handles.setdefault(frozenset(settings.items()), []).append(handle)
                handle = None  # type: ignore[assignment]  # given away
        if handle is not None:
            handle.connection.close()
        self._leave()

    def _new_handle(self, settings: Mapping[str, Any]) -> Handle:
        connection = self._connect()
        handle = Handle(connection, tag=f"muse-{uuid4()}")
        try:
            # Anything after `readonly` would be refused, so it goes last. The engine in the process keeps no log of
            # queries, and need not collect what would stand in it.
            words: dict[str, Any] = {"log_comment": handle.tag, "session_timezone": "UTC", "log_queries": 0}
            words |= settings
            readonly = words.pop("readonly", None)
            if readonly is not None:
                words["readonly"] = readonly
            database = words.pop("database", None)
            if database is not None:
                if database not in self._databases:
                    connection.query(f"CREATE DATABASE IF NOT EXISTS `{database}`")
                    self._databases.add(database)
                connection.query(f"USE `{database}`")
            connection.query("SET " + ", ".join(f"{name} = {_literal(value)}" for name, value in words.items()))
        except BaseException:
            connection.close()
            raise
        return handle

    def _enter(self) -> None:
        deadline = time.monotonic() + self.wait_s
        with self._changed:
            while True:
                if self._open and not self._must_yield():
                    break
                if not self._open and not self._opening:
                    self._opening = True
                    break
                # Another thread opens it, or another process waits and the last lease closes it.
                if self._open and self._leases == 0:
                    self._yield_locked()
                    continue
                self._changed.wait(_POLL_S)
            if self._open:
                self._leases += 1
                return
        try:
            self._open_now(deadline)
            with self._changed:
                self._leases += 1
        finally:
            with self._changed:
                self._opening = False
                self._changed.notify_all()

    def _leave(self) -> None:
        with self._changed:
            self._leases -= 1
            self._last_used = time.monotonic()
            if self._leases == 0 and self._must_yield():
                self._yield_locked()
            self._changed.notify_all()

    # -- opening and closing ---------------------------------------------------------------------------------------

    def _open_now(self, deadline: float) -> None:
        if self.path != MEMORY:
            # flock(2) is not fair: whoever has just let go stands back, so that the one who waited gets its turn.
            time.sleep(max(0.0, self._yielded + 3 * _POLL_S - time.monotonic()))
            self._prepare_folder()
            self._lock_file, self._queue_file = self._wait_for_lock(deadline)
        try:
            with _engine:
                self._take_turn(deadline)
                self._heal()
                self._anchor = self._connect()
                with self._changed:
                    self._open = True
        except BaseException:
            self._release_lock()
            raise
        with self._changed:
            self.opened += 1
            self._held_since = self._last_used = time.monotonic()
            if self._reaper is None and self.path != MEMORY:
                self._reaper = threading.Thread(target=self._reap, name="muse-store", daemon=True)
                self._reaper.start()

    def _heal(self) -> None:
        """Puts right what a holder left that did not close the store: the engine's status file is still there."""
        if self.path != MEMORY and (Path(self.path) / "status").exists():
            from chimera_metrics.integrations.clickhouse.healing import heal

            heal(Path(self.path))

    def _take_turn(self, deadline: float) -> None:
        """Lets go of another store that this process has open: chDB has one at a time, so stores take turns."""
        for other in list(_stores.values()):
            if other is self or not other.is_open or other.path == MEMORY:
                continue
            with other._changed:
                while other._leases and time.monotonic() < deadline:
                    other._changed.wait(_POLL_S)
                if other._leases:
                    raise StoreBusy(
                        f"This process is still running a statement on {other.path}, and the embedded engine has one "
                        f"store at a time; open {self.path} when that statement has ended, or in another process."
                    )
                other._close_locked()

    def _prepare_folder(self) -> None:
        folder = Path(self.path)
        try:
            folder.mkdir(parents=True, exist_ok=True)
        except (FileExistsError, NotADirectoryError):
            raise StoreUnusable(f"CH_PATH names {self.path}, which is not a folder; name a folder.") from None
        except OSError as error:
            raise StoreUnusable(
                f"The folder of the embedded store, {self.path}, cannot be made ({error.strerror}); "
                "set CH_PATH to a folder that you may write."
            ) from None
        if not os.access(folder, os.W_OK | os.X_OK):
            raise StoreUnusable(
                f"The folder of the embedded store, {self.path}, cannot be written; "
                "set CH_PATH to a folder that you may write."
            )

    def _wait_for_lock(self, deadline: float) -> tuple[IO[str], IO[str]]:
        """The lock file, locked, and the queue file, in which this process no longer stands."""
        folder = Path(self.path)
        try:
            lock = open(folder / "muse.lock", "a+", encoding="utf-8")  # noqa: SIM115  # both kept while it is open
            queue = open(folder / "muse.queue", "a+", encoding="utf-8")  # noqa: SIM115
        except OSError as error:
            raise StoreUnusable(
                f"The folder of the embedded store, {self.path}, cannot be written ({error.strerror}); "
                "set CH_PATH to a folder that you may write."
            ) from None
        try:
            if not _try_lock(lock, fcntl.LOCK_EX):
                fcntl.flock(queue, fcntl.LOCK_SH)
                while not _try_lock(lock, fcntl.LOCK_EX):
                    if time.monotonic() >= deadline:
                        raise StoreBusy(self._busy_sentence(lock))
                    time.sleep(_POLL_S)
                fcntl.flock(queue, fcntl.LOCK_UN)
            lock.seek(0)
            lock.truncate()
            json.dump({"pid": os.getpid(), "program": _program(), "since": datetime.now(UTC).isoformat()}, lock)
            lock.flush()
        except BaseException:
            lock.close()
            queue.close()
            raise
        return lock, queue

    def _busy_sentence(self, lock: IO[str]) -> str:
        lock.seek(0)
        try:
            holder = json.loads(lock.read())
            who = f"{holder['program']} (process {holder['pid']}) has had it since {holder['since'][:19]}Z"
        except (ValueError, KeyError, TypeError):
            who = "another process has it"
        return (
            f"The embedded store {self.path} is in use: {who}, and did not let it go within {self.wait_s:g} s. "
            "Wait for its statement to end, stop it, or set CH_PATH to another folder."
        )

    def _connect(self) -> Any:
        try:
            return chdb().connect(self.path + self._options)
        except Exception as error:  # noqa: BLE001  # chDB raises bare RuntimeErrors here
            raise _open_error(self.path, str(error)) from None

    def _must_yield(self) -> bool:
        """Whether another process waits for the store, and this one had it long enough to have done something."""
        if not self._open or self.path == MEMORY or time.monotonic() - self._held_since < 2 * _POLL_S:
            return False
        if self._queue_file is None or not _try_lock(self._queue_file, fcntl.LOCK_EX):
            return self._queue_file is not None
        fcntl.flock(self._queue_file, fcntl.LOCK_UN)
        return False

    def _reap(self) -> None:
        """Lets the store go when it is idle, or when another process waits and nothing runs."""
        while True:
            time.sleep(_POLL_S * 2)
            with self._changed:
                if not self._open:
                    self._reaper = None
                    return
                idle = time.monotonic() - self._last_used
                if self._leases == 0 and (idle >= self.idle_s or self._must_yield()):
                    self._yield_locked()
                    self._reaper = None
                    self._changed.notify_all()
                    return

    def abandon(self) -> None:
        """Closes the store when the process ends, whatever still runs."""
        with self._changed:
            self._close_locked()

    def close(self) -> None:
        """Lets the store go now; statements under way end first. The next statement opens it again."""
        with self._changed:
            while self._leases:
                self._changed.wait(_POLL_S)
            self._close_locked()

    def _yield_locked(self) -> None:
        self._close_locked()
        self._yielded = time.monotonic()

    def _close_locked(self) -> None:
        if not self._open:
            return
        self._open = False
        for handles in self._handles.values():
            for handle in handles:
                handle.connection.close()
        self._handles.clear()
        self._databases.clear()
        self._anchor.close()
        self._anchor = None
        self._release_lock()

    def _release_lock(self) -> None:
        for file in (self._lock_file, self._queue_file):
            if file is not None:
                file.close()
        self._lock_file = self._queue_file = None

    @property
    def is_open(self) -> bool:
        return self._open


def _try_lock(file: IO[str], kind: int) -> bool:
    try:
        fcntl.flock(file, kind | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def _program() -> str:
    return Path(sys.argv[0]).name or "python"


def _literal(value: Any) -> str:
    if isinstance(value, bool):
        return "1" if value else "0"
    if isinstance(value, int | float):
        return repr(value)
    text = str(value).replace("\\", "\\\\").replace("'", "\\'")
    return f"'{text}'"


def _open_error(path: str, message: str) -> MuseError:
    if "Cannot lock file" in message or "(CANNOT_OPEN_FILE)" in message:
        return StoreBusy(
            f"The embedded store {path} is in use by a program that is not part of chimera-metrics. "
            "Stop that program, or set CH_PATH to another folder."
        )
    if "already initialized" in message or "different path" in message.lower():
        return StoreBusy(
            "This process already has another embedded store open, and the engine has one at a time. "
            f"Close that client before opening {path}."
        )
    code = message.partition("DB::Exception: ")[2] or message
    return StoreUnusable(
        f"The embedded store {path} cannot be opened: {code.strip().splitlines()[0][:300]} "
        "If it is damaged, restore it with `muse restore`, or move the folder away to start anew."
    )


# chDB itself keeps one engine a process, so its stores are a fact of the process, not of a caller: two clients on one
# folder must share one lock. The registry holds no store alive.
_stores: weakref.WeakValueDictionary[str, EmbeddedStore] = weakref.WeakValueDictionary()
_stores_lock = threading.Lock()
_engine = threading.Lock()


def open_store(path: str, wait_s: float = 10, idle_s: float = 60, options: str = "") -> EmbeddedStore:
    """The process's store on `path`, opened at the first lease; `options` go to the engine, as `&name=value`."""
    real = path if path == MEMORY else os.path.realpath(os.path.expanduser(path))
    with _stores_lock:
        store = _stores.get(real + options)
        if store is None:
            if not _stores:
                # The engine must be closed before the interpreter takes its threads away.
                atexit.unregister(_close_all)
                atexit.register(_close_all)
            store = EmbeddedStore(real, wait_s, idle_s, options)
            _stores[real + options] = store
        return store


def _close_all() -> None:
    for store in list(_stores.values()):
        store.abandon()
