"""Who may run now: one lane for statements of any size, a small one for those that take no time.

A statement that the engine does not stop at its limit would keep its place for as long as it runs, and a few of them
would stop everybody. So a place is leased: it is taken back when its statement is overdue, and its connection never
goes to anybody else. Statements that take no time (`SELECT 1`, the guard's own) need not wait behind large ones.
"""

from __future__ import annotations

import contextlib
import threading
import time
from collections.abc import Iterator
from typing import Any

from sqlalchemy import Engine, PoolProxiedConnection

from chimera_metrics.integrations.clickhouse.engine import checkout, exhausted
from chimera_metrics.integrations.clickhouse.statements import Limits
from chimera_metrics.integrations.config import ClickHouseSettings

LIGHT_PLACES = 4
# The engine looks at its limits now and then; what has not ended by then, is not ending by them.
_GRACE_S = 1.5
_LOOK_S = 0.25


class Lease:
    """A connection for one statement."""

    def __init__(self, places: Places, connection: PoolProxiedConnection, limits: Limits) -> None:
        self._places = places
        self._connection: PoolProxiedConnection | None = connection
        self.driver: Any = connection.driver_connection
        self.light = limits.light
        self._ends = time.monotonic() + limits.timeout_s
        #: Since when the engine is being waited for; None while its caller has the turn.
        self._waiting_since: float | None = None
        self.overdue = False

    @contextlib.contextmanager
    def waiting(self) -> Iterator[None]:
        """The engine has the turn."""
        self._waiting_since = time.monotonic()
        try:
            yield
        finally:
            self._waiting_since = None

    def is_overdue(self, now: float) -> bool:
        since = self._waiting_since
        return since is not None and now > max(self._ends, since) + _GRACE_S

    def give_up(self) -> None:
        """Takes the connection out of the pool, which may make another one for somebody else."""
        self.overdue = True
        if self._connection is not None:
            self._connection.detach()

    def close(self) -> None:
        """Ends the lease; an overdue one has given its place up already."""
        self._places.end(self)
        connection, self._connection = self._connection, None
        if connection is not None:
            connection.close()


class Places:
    """The leases of one engine."""

    def __init__(self, engine: Engine, settings: ClickHouseSettings) -> None:
        self._engine = engine
        self._settings = settings
        self._free = settings.connection_pool_size
        self._changed = threading.Condition()
        self._leases: set[Lease] = set()

    def lease(self, limits: Limits) -> Lease:
        """Waits for a place, at most `CH_TIMEOUT`; raises PoolExhausted."""
        if not limits.light:
            self._wait()
        try:
            lease = Lease(self, checkout(self._engine, self._settings), limits)
        except BaseException:
            with self._changed:
                self._free += not limits.light
                self._changed.notify()
            raise
        with self._changed:
            self._leases.add(lease)
        return lease

    def _wait(self) -> None:
        ends = time.monotonic() + self._settings.timeout
        with self._changed:
            while self._free <= 0:
                self._take_back()
                left = ends - time.monotonic()
                if self._free <= 0 and (left <= 0 or (not self._changed.wait(min(left, _LOOK_S)) and left <= _LOOK_S)):
                    raise exhausted(self._settings)
            self._free -= 1

    def end(self, lease: Lease) -> None:
        with self._changed:
            if lease in self._leases:
                self._leases.discard(lease)
                if not lease.light and not lease.overdue:
                    self._free += 1
                    self._changed.notify()

    def overdue(self) -> int:
        """How many statements run on beyond their limits."""
        with self._changed:
            self._take_back()
            return sum(lease.overdue for lease in self._leases)

    def _take_back(self) -> None:
        now = time.monotonic()
        for lease in self._leases:
            if not lease.overdue and lease.is_overdue(now):
                lease.give_up()
                if not lease.light:
                    self._free += 1
                    self._changed.notify()
