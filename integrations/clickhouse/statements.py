"""One statement as its callers know it: what it may take, how it is stopped, what it answered, how it is traced."""

from __future__ import annotations

import contextlib
import threading
import time
from collections.abc import Callable
from contextvars import ContextVar
from dataclasses import dataclass, field, replace
from typing import Any

from chimera_metrics.integrations.clickhouse import dbapi
from chimera_metrics.integrations.clickhouse.codec import Column
from chimera_metrics.integrations.errors import MuseError, StatementCancelled
from chimera_metrics.integrations.guard.weights import Weight

_KILL_ATTEMPTS = 40
_KILL_PAUSE_S = 0.05


@dataclass(frozen=True, slots=True)
class Limits:
    """What one statement may take. `rows` and `bytes` of its answer None mean all; so does `most_read`, the bytes that
    it may read.

    `short` says that it answers few rows anyway, `stores` that it is an insert, `light` that it takes no time, `asked`
    that the caller chose its time.
    """

    timeout_s: float
    rows: int | None = None
    memory_mb: int = 4096
    bytes: int | None = None
    short: bool = False
    stores: bool = False
    light: bool = False
    asked: bool = False
    most_read: int | None = None

    def within(self, weight: Weight) -> Limits:
        """These, with less memory for a statement that has to be held to less, and in the lane that it belongs to."""
        memory_mb = self.memory_mb if weight.memory_mb is None else min(self.memory_mb, weight.memory_mb)
        return replace(self, memory_mb=memory_mb, light=weight.light)

    def session(self) -> dict[str, Any]:
        """As engine settings; the engine stops at one row more, by which a cut is known."""
        words: dict[str, Any] = {
            "max_execution_time": self.timeout_s,
            "max_memory_usage": self.memory_mb * 1_000_000,
        }
        if self.rows is not None:
            words["limit"] = self.rows + 1
        if self.bytes is not None:
            words["max_result_bytes"] = self.bytes
        if self.most_read is not None:
            words["max_bytes_to_read"] = self.most_read
        return words


@dataclass(slots=True)
class Answer:
    """The rows of one statement, and what it took."""

    columns: list[Column]
    rows: list[tuple[Any, ...]]
    truncated: bool
    elapsed_ms: float
    rows_read: int
    bytes_read: int
    query_id: str
    statement: str

    def mappings(self) -> list[dict[str, Any]]:
        names = [column.name for column in self.columns]
        return [dict(zip(names, row, strict=True)) for row in self.rows]


@dataclass(frozen=True, slots=True)
class Traced:
    """One statement that ran, as a tracer sees it."""

    query_id: str
    kind: str
    statement: str
    elapsed_ms: float
    rows: int
    error: str | None


Tracer = Callable[[Traced], None]


@dataclass(eq=False)
class Cancellation:
    """Stops a statement from another thread, whether it has started or not."""

    cancelled: bool = False
    _kill: Callable[[], None] | None = None
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def cancel(self) -> None:
        """Kills the statement; tries again while it is only about to start. Returns when it has ended."""
        self.cancelled = True
        for _ in range(_KILL_ATTEMPTS):
            with self._lock:
                if self._kill is None:
                    return
                with contextlib.suppress(dbapi.Error, MuseError):
                    self._kill()
            time.sleep(_KILL_PAUSE_S)

    def bind(self, kill: Callable[[], None]) -> None:
        if self.cancelled:
            raise StatementCancelled("The statement was cancelled.")
        self._kill = kill

    def release(self) -> None:
        self._kill = None


task_cancellation: ContextVar[Cancellation | None] = ContextVar("muse_cancellation", default=None)
"""What stops the reads of the running task, where it is not handed down from call to call."""
