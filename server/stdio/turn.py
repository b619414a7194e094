"""Whose turn it is to read the next line.

A thread that reads a request and answers it at once reads the next one too: were the reading handed over for each call,
two threads would take turns on two cores, and a short call would take a twentieth longer. Nobody has to wait for a long
one either: whoever works for more than a moment loses the turn to another thread.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable

# Work of so many seconds is short; how often that is looked at, and for how long after a call has begun.
_MOMENT_S, _LOOK_S, _QUIET_S = 0.002, 0.003, 0.06


class Work:
    """What the thread that has the turn does beside."""

    __slots__ = ("since",)

    def __init__(self) -> None:
        self.since = time.monotonic()


class Turn:
    """One thread's at a time. `find_reader` gets another thread to wait for the turn, and says whether it could."""

    def __init__(self, find_reader: Callable[[], bool]) -> None:
        self._find_reader = find_reader
        self._held = threading.Lock()
        self._deciding = threading.Lock()
        self._work: Work | None = None
        self._begun_at = 0.0
        #: Set while calls come.
        self._busy = threading.Event()
        self._closed = False

    def start(self) -> None:
        threading.Thread(target=self._watch, name="muse-turn", daemon=True).start()

    def close(self) -> None:
        self._closed = True
        self._busy.set()

    def take(self) -> None:
        """Waits for the turn."""
        self._held.acquire()

    def give(self) -> None:
        """Gives it to whoever waits for it."""
        self._held.release()

    def begin(self) -> Work:
        """The thread that has the turn begins to work, and keeps it as long as that takes a moment."""
        work = self._work = Work()
        self._begun_at = work.since
        if not self._busy.is_set():
            self._busy.set()
        return work

    def keeps(self, work: Work) -> bool:
        """After the work: whether the turn is still this thread's."""
        with self._deciding:
            mine = self._work is work
            if mine:
                self._work = None
        return mine

    def _watch(self) -> None:
        while not self._closed:
            self._busy.wait()
            while not self._closed and (self._work or time.monotonic() - self._begun_at < _QUIET_S):
                time.sleep(_LOOK_S)
                self._look()
            self._busy.clear()
            if self._work:  # begun just before
                self._busy.set()

    def _look(self) -> None:
        with self._deciding:
            work = self._work
            if work is None or time.monotonic() - work.since < _MOMENT_S or not self._find_reader():
                return
            self._work = None
        self.give()
