"""The embedded store: one folder, opened on demand, and let go when it is idle or another process waits for it.

chDB lets one process have a store. Several MCP hosts, commands and agents still get along, because no process keeps
it: the first statement opens the store (50 to 90 ms), and it is closed as soon as the running statements have ended
when another process asks for it (store_lock.py), or after `idle_s` without a statement.
"""

from __future__ import annotations

import atexit
import contextlib
import os
import threading
import time
import weakref
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

from chimera_metrics.integrations.clickhouse.chdb_module import chdb
from chimera_metrics.integrations.clickhouse.engine_start import standing
from chimera_metrics.integrations.clickhouse.handles import Handle, Handles
from chimera_metrics.integrations.clickhouse.store_lock import POLL_S, StoreLock
from chimera_metrics.integrations.errors import MuseError, StoreBusy, StoreUnusable
from chimera_metrics.integrations.private_files import is_foreign_link
from chimera_metrics.integrations.store_address import unopenable

MEMORY = ":memory:"

# Signs by which `connect` may take the rest of a path for something else.
_SIGNS = frozenset("&%#:")
# Pools for moves between disks and fetches from replicas, which a store in one folder never needs. The engine keeps
# the threads of a closed store's pools (three a reopening instead of five, and 0.8 MB instead of 1.2, without these).
_ENGINE_OPTIONS = "?background_move_pool_size=0&background_fetches_pool_size=0"


class EmbeddedStore:
    """The store on one folder, shared by every engine and client of this process. Get it with `open_store`."""

    def __init__(self, path: str, wait_s: float, idle_s: float, options: str = "", spare: bool = False) -> None:
        self.path = path
        #: Nothing is in it, so it is closed when this process opens another.
        self.is_spare = spare
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
        #: When it was last seen that no other process waits.
        self._unwanted = 0.0
        self._handles = Handles()
        #: The connection that keeps the engine open between statements.
        self._anchor: Any = None
        self._folder_lock = StoreLock(path, wait_s)
        self._reaper: threading.Thread | None = None
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
                idle = self._handles.pop(settings)
            return idle or self._handles.open(self._connect(), settings)
        except BaseException:
            self._leave()
            raise

    def give(self, handle: Handle, settings: Mapping[str, Any], broken: bool = False) -> None:
        """Takes a handle back; one whose statement failed is closed, because its session may be in any state."""
        with self._lock:
            reusable = not broken and self._open and self._handles.push(handle, settings)
        if not reusable:
            handle.connection.close()
        self._leave()

    def _enter(self) -> None:
        deadline = time.monotonic() + self.wait_s
        with self._changed:
            while True:
                if self._open and not self._must_yield():
                    self._leases += 1
                    return
                if not self._open and not self._opening:
                    self._opening = True
                    break
                # Another thread opens it, or another process waits and the last lease closes it.
                if self._open and self._leases == 0:
                    self._yield_locked()
                    continue
                self._changed.wait(POLL_S)
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

    # -- opening ---------------------------------------------------------------------------------------------------

    def _open_now(self, deadline: float) -> None:
        if self.path != MEMORY:
            # flock(2) is not fair: a process that has just let go waits a little, so that another gets its turn.
            time.sleep(max(0.0, self._yielded + 3 * POLL_S - time.monotonic()))
            self._folder_lock.acquire(deadline)
        try:
            with _engine:
                self._close_others(deadline)
                self._heal()
                with standing(self.path) if self._may_stand() else contextlib.nullcontext():
                    self._anchor = self._connect()
                with self._changed:
                    self._open = True
        except BaseException:
            self._folder_lock.release()
            raise
        with self._changed:
            self.opened += 1
            self._held_since = self._last_used = time.monotonic()
            if self._reaper is None and self.path != MEMORY:
                self._reaper = threading.Thread(target=self._reap, name="muse-store", daemon=True)
                self._reaper.start()

    def _heal(self) -> None:
        """Repairs what a process left that died with the store open: the engine's status file is still there."""
        if self.path != MEMORY and (Path(self.path) / "status").exists():
            from chimera_metrics.integrations.clickhouse.healing import heal

            heal(Path(self.path))

    def _close_others(self, deadline: float) -> None:
        """Closes another store that this process has open: chDB has one at a time, so stores take turns."""
        for other in list(_stores.values()):
            if other is self:
                continue
            with other._changed:  # held by who closes it just now, until the engine has let it go
                if not other._open or (other.path == MEMORY and not other.is_spare):
                    continue
                while other._leases and time.monotonic() < deadline:
                    other._changed.wait(POLL_S)
                if other._leases:
                    raise StoreBusy(
                        f"This process is still running a statement on {other.path}, and the embedded engine has one "
                        f"store at a time; open {self.path} when that statement has ended, or in another process."
                    )
                other._close_locked()

    def _may_stand(self) -> bool:
        """Whether the engine may be started on the plain path: without options once in a process, for the threads that
        they spare stay, and where `connect` takes no sign of the path for the beginning of options."""
        plain = self.path != MEMORY and _SIGNS.isdisjoint(self.path)
        return plain and self.opened == 0 and self._options == _ENGINE_OPTIONS

    def open_early(self) -> None:
        """Opens the store ahead of the first statement, and lets other processes have it as after a statement."""
        self._enter()
        self._leave()

    def _connect(self) -> Any:
        try:
            return chdb().connect(self.path + self._options)
        except Exception as error:  # noqa: BLE001  # chDB raises bare RuntimeErrors here
            raise _open_error(self.path, str(error)) from None

    # -- closing ---------------------------------------------------------------------------------------------------

    def _must_yield(self) -> bool:
        """Whether another process waits for the store, and this one has had it long enough to have done something.

        To look costs two calls of the system, at each of which other threads take the turn.
        """
        now = time.monotonic()
        if not self._open or self.path == MEMORY or now < max(self._held_since + 2 * POLL_S, self._unwanted + POLL_S):
            return False
        if self._folder_lock.is_wanted():
            return True
        self._unwanted = now
        return False

    def _reap(self) -> None:
        """Lets the store go when it is idle, or when another process waits and nothing runs."""
        while True:
            time.sleep(POLL_S * 2)
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
        """Closes the store when the process ends, even if statements still run."""
        with self._changed:
            self._close_locked()

    def close(self) -> None:
        """Lets the store go now; the next statement opens it again.

        Running statements end first. One that does not within `wait_s`, or that an interrupt left in the middle, keeps
        the store open until it is idle or the process ends.
        """
        deadline = time.monotonic() + self.wait_s
        with self._changed:
            while self._leases and time.monotonic() < deadline:
                self._changed.wait(POLL_S)
            if not self._leases:
                self._close_locked()

    def _yield_locked(self) -> None:
        self._close_locked()
        self._yielded = time.monotonic()

    def _close_locked(self) -> None:
        if not self._open:
            return
        self._open = False
        self._handles.close()
        self._anchor.close()
        self._anchor = None
        self._folder_lock.release()

    @property
    def is_open(self) -> bool:
        return self._open


def _open_error(path: str, message: str) -> MuseError:
    if "already initialized" in message or "different path" in message.lower():
        return StoreBusy(
            "This process already has another embedded store open, and the engine has one at a time. "
            f"Close that client before opening {path}."
        )
    code = message.partition("DB::Exception: ")[2] or message
    return StoreUnusable(
        f"The embedded store {path} cannot be opened: {code.strip().splitlines()[0][:300]} "
        "If it is damaged, restore it with `muse restore`, or move the folder away to start over."
    )


# chDB itself keeps one engine a process, so its stores are a fact of the process, not of a caller: two clients on one
# folder must share one lock. The registry holds no store alive.
_stores: weakref.WeakValueDictionary[str, EmbeddedStore] = weakref.WeakValueDictionary()
_stores_lock = threading.Lock()
_engine = threading.Lock()


def open_store(path: str, wait_s: float = 10, idle_s: float = 60, options: str = "") -> EmbeddedStore:
    """The process's store on `path`, opened at the first lease; `options` go to the engine, as `&name=value`."""
    if path != MEMORY and is_foreign_link(os.path.expanduser(path)):
        raise StoreUnusable(
            f"CH_PATH names {path}, a link that another user made, and where it leads is theirs to say; name the "
            "folder itself."
        )
    real = path if path == MEMORY else os.path.realpath(os.path.expanduser(path))
    if (needed := unopenable(real)) is not None:
        raise StoreUnusable(f"The embedded store {path} cannot be opened: name {needed}, or rename it.")
    return _registered(real + options, lambda: EmbeddedStore(real, wait_s, idle_s, options))


def _registered(key: str, make: Callable[[], EmbeddedStore]) -> EmbeddedStore:
    with _stores_lock:
        store = _stores.get(key)
        if store is None:
            if not _stores:
                # The engine must be closed before the interpreter takes its threads away.
                atexit.unregister(_close_all)
                atexit.register(_close_all)
            store = _stores[key] = make()
        return store


def open_to_parse(wait_s: float) -> EmbeddedStore:
    """A store on which texts can be parsed: the one that this process has open, or an empty one in memory."""
    with _stores_lock:
        opened = next((store for store in _stores.values() if store.is_open), None)
    return opened or _registered(f"{MEMORY} spare", lambda: EmbeddedStore(MEMORY, wait_s, 0, spare=True))


def _close_all() -> None:
    for store in list(_stores.values()):
        store.abandon()
