"""Answers of analytic questions, kept as long as they are what would be answered: by the ledger, and within a minute.

An answer is found again for the same call, role, zone, limits, store and schema within one minute of the clock, in
which buckets and windows are the same, and only while the ledger knows of no further batch of the tables that it was
made from. So a batch that was acknowledged is in every answer from then on, and rows that came past the ledger are seen
within 60 seconds.
"""

from __future__ import annotations

import hashlib
import threading
import time
from collections import Counter, OrderedDict
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, version
from typing import Any, Protocol

from chimera_metrics.integrations.answers.kept import MOST_BYTES, Kept, open_signed, sign
from chimera_metrics.integrations.answers.ledger_versions import LedgerState, LedgerVersions
from chimera_metrics.integrations.clickhouse.executor import Executor
from chimera_metrics.integrations.clickhouse.statements import Cancellation
from chimera_metrics.integrations.config import Settings
from chimera_metrics.integrations.errors import MuseError
from chimera_metrics.integrations.redis_link import RedisLink

MINUTE_S = 60
MEMORY_BYTES = 32_000_000
"""Of a server's memory; the answers that were not asked for longest go first."""
_OVERHEAD = 200
_LOOK_S = 0.05
HITS, MISSES = "muse:hits", "muse:misses"


def _version(package: str) -> str:
    try:
        return version(package)
    except PackageNotFoundError:
        return ""


class Place(Protocol):
    """Where answers are kept."""

    def get(self, name: bytes) -> tuple[bytes, float] | None: ...  # and for how many seconds it still holds
    def put(self, name: bytes, packed: bytes, minute: int, seconds: float) -> None: ...
    def count(self, hit: bool) -> None: ...


class Memory:
    """In this process. Thread-safe."""

    def __init__(self, most_bytes: int = MEMORY_BYTES) -> None:
        self._most = most_bytes
        self._lock = threading.Lock()
        self._kept: OrderedDict[bytes, tuple[bytes, float]] = OrderedDict()
        self._minute = 0
        self.bytes = 0

    def __len__(self) -> int:
        return len(self._kept)

    def get(self, name: bytes) -> tuple[bytes, float] | None:
        with self._lock:
            packed, until = self._kept.get(name, (b"", 0.0))
            if (left_s := until - time.monotonic()) <= 0:
                return None
            self._kept.move_to_end(name)
            return packed, left_s

    def put(self, name: bytes, packed: bytes, minute: int, seconds: float) -> None:
        with self._lock:
            if minute > self._minute:  # those of earlier minutes are never asked for again
                self._kept.clear()
                self._minute, self.bytes = minute, 0
            self._drop(name)
            self._kept[name] = packed, time.monotonic() + seconds
            self.bytes += len(packed) + _OVERHEAD
            while self.bytes > self._most:
                self._drop(next(iter(self._kept)))

    def count(self, hit: bool) -> None:
        """Nobody else wants to know."""

    def _drop(self, name: bytes) -> None:
        if (gone := self._kept.pop(name, None)) is not None:
            self.bytes -= len(gone[0]) + _OVERHEAD


class Shared:
    """In a Redis that several servers share, signed, each for so many seconds."""

    def __init__(self, link: RedisLink) -> None:
        self._link = link
        self._lock = threading.Lock()
        self._untold: Counter[str] = Counter()

    def get(self, name: bytes) -> tuple[bytes, float] | None:
        with self._lock:
            untold, self._untold = self._untold, Counter()

        def work(redis: Any) -> Any:
            both = redis.pipeline(transaction=False)
            both.getrange(_place(name), 0, MOST_BYTES)  # no more than we would have kept, whatever lies there
            both.pttl(_place(name))
            for one, times in untold.items():
                both.incrby(one, times)
            return both.execute()

        signed, left_ms, *_ = self._link.ask(work) or (b"", 0)
        packed = open_signed(self._link.key, name, signed)
        return (packed, left_ms / 1000) if packed is not None and left_ms > 0 else None

    def put(self, name: bytes, packed: bytes, minute: int, seconds: float) -> None:
        del minute
        signed, lasts_ms = sign(self._link.key, name, packed), int(seconds * 1000)
        self._link.send(lambda redis: redis.set(_place(name), signed, px=lasts_ms))

    def count(self, hit: bool) -> None:
        """Redis is told with the next look; `muse status` shows the sums of all servers."""
        with self._lock:
            self._untold[HITS if hit else MISSES] += 1


def _place(name: bytes) -> bytes:
    return b"muse:answer:" + name.hex().encode()


@dataclass(frozen=True, slots=True)
class Look:
    """A look into the cache: what it has, and how to keep what it lacks."""

    name: bytes
    found: Kept | None
    keep: Callable[[set[str], bytes, list[bytes], str, str], None]
    """`keep(tables, json, images, statement, query_id)`: the tables that were read, and what was answered."""


class AnswerCache:
    """Looks for answers and keeps them. Thread-safe; without an answer of the store itself there is none of its."""

    def __init__(
        self, executor: Executor, settings: Settings, places: Sequence[Place], clock: Callable[[], float] = time.time
    ) -> None:
        """`places`: the nearest first, which has what is found further away from then on."""
        muse = settings.muse
        self.places = places
        self._ledger = LedgerVersions(executor)
        self._clock = clock
        #: Answers that a call is making just now.
        self._making: dict[bytes, threading.Event] = {}
        # What else decides on an answer: the account's rights, and the limits of a server.
        store = settings.clickhouse
        self._same = (
            *(store.username, store.database, muse.timezone, muse.max_rows, muse.max_result_bytes),
            *map(_version, ("chimera-metrics", "tzdata")),
        )

    @contextmanager
    def looking(self, stop: Cancellation, *question: str) -> Iterator[Look | None]:
        """A look, and while it lasts the answer is made by one call: others that ask the same wait for it."""
        look = self.look(*question)
        if look is None or look.found is not None:
            yield self._counted(look)
            return
        mine = threading.Event()
        other = self._making.setdefault(look.name, mine)
        if other is not mine:
            _wait(other, stop)
            yield self._counted(self.look(*question))
            return
        try:
            yield self._counted(look)
        finally:
            self._making.pop(look.name, None)
            mine.set()

    def _counted(self, look: Look | None) -> Look | None:
        if look is not None:
            for place in self.places:
                place.count(look.found is not None)
        return look

    def _find(self, name: bytes, minute: int, state: LedgerState) -> Kept | None:
        for place in self.places:
            packed, left_s = place.get(name) or (b"", 0.0)
            found = Kept.unpack(packed) if packed else None
            if found is not None and state.still(found.versions):
                if place is not self.places[0]:
                    self.places[0].put(name, packed, minute, left_s)
                return found
        return None

    def look(self, *question: str) -> Look | None:
        """For a question in words that say all of it; None where the store does not say how things stand."""
        began, minute = time.monotonic(), int(self._clock() // MINUTE_S)
        try:
            state = self._ledger.now(minute)
        except MuseError:
            return None
        name = hashlib.sha256(repr((question, self._same, state.store, minute)).encode()).digest()

        def keep(tables: set[str], json: bytes, images: list[bytes], statement: str, query_id: str) -> None:
            packed = Kept(state.of(tables), json, tuple(images), statement, query_id).pack()
            left_s = MINUTE_S - (time.monotonic() - began)
            for place in self.places if len(packed) + 64 <= MOST_BYTES and left_s > 1 else ():
                place.put(name, packed, minute, left_s)

        return Look(name, self._find(name, minute, state), keep)


def _wait(other: threading.Event, stop: Cancellation) -> None:
    """Until the other call has its answer or none; a call that is cancelled waits no longer."""
    until = time.monotonic() + MINUTE_S
    while not other.wait(_LOOK_S) and not stop.cancelled and time.monotonic() < until:
        pass


def cache_of(settings: Settings, executor: Executor, link: RedisLink | None) -> AnswerCache | None:
    """The cache that `MUSE_CACHE` names; None where it is off."""
    if not settings.muse.caches:
        return None
    return AnswerCache(executor, settings, [Memory()] if link is None else [Memory(), Shared(link)])
