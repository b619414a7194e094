"""The threads on which calls are answered: a few at a time, in the order in which they came.

The threads of one interpreter take its lock from each other at each call of the system, and from the loop's thread
too: with a thread for each of sixteen callers all of them waited longer than in a queue, and some twice as long as
others. So a few threads work, and each takes the next call when it has answered one, before the loop has heard of that.
A call that takes longer than a moment waits for the store, so another thread takes its place.
"""

from __future__ import annotations

import asyncio
import threading
import time
from collections import deque
from collections.abc import Callable
from contextvars import copy_context
from queue import SimpleQueue
from typing import Any, Generic, TypeVar, cast

T = TypeVar("T")
#: Calls at a time on the embedded engine, which works on this machine's processors too.
AT_ONCE = 3
_MOMENT_S = 0.01


class Job(Generic[T]):
    """A call for a thread, and where its end is waited for, by the loop."""

    __slots__ = ("_answer", "_begun", "_context", "_error", "_idle", "_work", "ended", "left")

    def __init__(self, work: Callable[[], T], ended: asyncio.Future[None]) -> None:
        self._work, self._context = work, copy_context()
        #: Done when it has ended, or was left.
        self.ended = ended
        self.left = False
        # Taken by the thread that begins, while it works; or by who sees to it that none does.
        self._begun = threading.Lock()
        self._idle = False
        self._answer: T | None = None
        self._error: BaseException | None = None

    def leave(self) -> None:
        """Waits for it no more; it does not begin, if it has not. What has ended cannot be left."""
        if self.ended.done() and not self.ended.cancelled():
            return
        self.left = True
        self._idle = self._begun.acquire(blocking=False)
        if not self.ended.done():
            self.ended.set_result(None)

    def work(self) -> bool:
        """On a thread. False if it was left before."""
        if not self._begun.acquire(blocking=False):
            return False
        try:
            self._answer = self._context.run(self._work)
        except BaseException as error:  # noqa: BLE001  # raised where it is waited for
            self._error = error
        self._begun.release()
        return True

    def wait(self, limit_s: float) -> None:
        """Blocks until one that was left has ended on its thread, if it has begun."""
        if not self._idle:
            self._begun.acquire(timeout=limit_s)

    def answer(self) -> T:
        """What its work has answered or raised."""
        if self._error is not None:
            raise self._error
        return cast("T", self._answer)


class Seat:
    """One thread's place, and since when its call has been running."""

    __slots__ = ("since",)

    def __init__(self) -> None:
        self.since: float | None = None

    def is_slow(self, now: float) -> bool:
        since = self.since
        return since is not None and now - since >= _MOMENT_S


class Workers:
    """`at_once` threads, and one for each call that takes longer, `most` in all. Belongs to an event loop."""

    def __init__(self, at_once: int, most: int) -> None:
        self._at_once, self._most = at_once, most
        self._jobs: SimpleQueue[Job[Any] | None] = SimpleQueue()
        self._done: deque[Job[Any]] = deque()
        self._lock = threading.Lock()
        self._seats: set[Seat] = set()
        #: Runs while something may wait longer than a moment.
        self._clock: asyncio.TimerHandle | None = None
        self._told = False

    def begin(self, work: Callable[[], T]) -> Job[T]:
        """Has a thread do it, behind all that waits already."""
        loop = asyncio.get_running_loop()
        job = Job(work, loop.create_future())
        self._jobs.put(job)
        self._look(loop)
        return job

    def close(self) -> None:
        """Lets the threads go, after all that waits."""
        if self._clock is not None:
            self._clock.cancel()
        with self._lock:
            for _ in self._seats:
                self._jobs.put(None)

    def _look(self, loop: asyncio.AbstractEventLoop) -> None:
        """Sees to it that somebody takes the next job, now or in a moment."""
        with self._lock:
            if len(self._seats) < min(self._places(), self._most):
                seat = Seat()
                self._seats.add(seat)
                threading.Thread(target=self._serve, args=(seat, loop), name="muse-call", daemon=True).start()
        if self._clock is None:
            self._clock = loop.call_later(_MOMENT_S, self._look_again, loop)

    def _look_again(self, loop: asyncio.AbstractEventLoop) -> None:
        self._clock = None
        if not self._jobs.empty():
            self._look(loop)

    def _places(self) -> int:
        """How many threads there are to be, by how long those that there are have been at work."""
        now = time.monotonic()
        return self._at_once + sum(seat.is_slow(now) for seat in self._seats)

    def _serve(self, seat: Seat, loop: asyncio.AbstractEventLoop) -> None:
        while (job := self._jobs.get()) is not None:
            seat.since = time.monotonic()
            worked = job.work()
            seat.since = None
            if worked and not self._told_of(job, loop):
                break
            if self._is_spare(seat):
                return
        with self._lock:
            self._seats.discard(seat)

    def _told_of(self, job: Job[Any], loop: asyncio.AbstractEventLoop) -> bool:
        """Whether the loop hears of its end; one that is closed does not."""
        self._done.append(job)
        if not self._told:
            self._told = True
            try:
                loop.call_soon_threadsafe(self._tell)
            except RuntimeError:
                return False
        return True

    def _tell(self) -> None:
        self._told = False
        while self._done:
            job = self._done.popleft()
            if not job.ended.done():
                job.ended.set_result(None)

    def _is_spare(self, seat: Seat) -> bool:
        """Whether there are more threads than there are to be, of which this one then ends."""
        with self._lock:
            spare = len(self._seats) > self._places()
            if spare:
                self._seats.discard(seat)
            return spare
