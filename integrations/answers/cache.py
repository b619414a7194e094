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
from collections.abc import Callable
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, version
from typing import Any, Protocol

from chimera_metrics.integrations.answers.kept import MOST_BYTES, Kept, open_signed, sign
from chimera_metrics.integrations.answers.ledger_versions import LedgerVersions
from chimera_metrics.integrations.clickhouse.executor import Executor
from chimera_metrics.integrations.config import Settings
from chimera_metrics.integrations.errors import MuseError
from chimera_metrics.integrations.redis_link import RedisLink

MINUTE_S = 60
MEMORY_BYTES = 32_000_000
"""Of a server's memory; the answers that were not asked for longest go first."""
_OVERHEAD = 200
HITS, MISSES = "muse:hits", "muse:misses"


def _version(package: str) -> str:
    try:
        return version(package)
    except PackageNotFoundError:
        return ""


class Place(Protocol):
    """Where answers are kept."""

    def get(self, name: bytes) -> bytes | None: ...
    def put(self, name: bytes, packed: bytes, minute: int, seconds: float) -> None: ...
    def count(self, hit: bool) -> None: ...


class Memory:
    """In this process. Thread-safe."""

    def __init__(self, most_bytes: int = MEMORY_BYTES) -> None:
        self._most = most_bytes
        self._lock = threading.Lock()
        self._kept: OrderedDict[bytes, bytes] = OrderedDict()
        self._minute = 0
        self.bytes = 0

    def __len__(self) -> int:
        return len(self._kept)

    def get(self, name: bytes) -> bytes | None:
        with self._lock:
            found = self._kept.get(name)
            if found is not None:
                self._kept.move_to_end(name)
            return found

    def put(self, name: bytes, packed: bytes, minute: int, seconds: float) -> None:
        del seconds
        with self._lock:
            if minute > self._minute:  # those of earlier minutes are never asked for again
                self._kept.clear()
                self._minute, self.bytes = minute, 0
            self._drop(name)
            self._kept[name] = packed
            self.bytes += len(packed) + _OVERHEAD
            while self.bytes > self._most:
                self._drop(next(iter(self._kept)))

    def count(self, hit: bool) -> None:
        """Nobody else wants to know."""

    def _drop(self, name: bytes) -> None:
        if (gone := self._kept.pop(name, None)) is not None:
            self.bytes -= len(gone) + _OVERHEAD


class Shared:
    """In a Redis that several servers share, signed, each for so many seconds."""

    def __init__(self, link: RedisLink) -> None:
        self._link = link
        self._lock = threading.Lock()
        self._untold: Counter[str] = Counter()

    def get(self, name: bytes) -> bytes | None:
        with self._lock:
            untold, self._untold = self._untold, Counter()

        def work(redis: Any) -> Any:
            both = redis.pipeline(transaction=False)
            both.getrange(_place(name), 0, MOST_BYTES)  # no more than we would have kept, whatever lies there
            for one, times in untold.items():
                both.incrby(one, times)
            return both.execute()[0]

        signed = self._link.ask(work)
        return open_signed(self._link.key, name, signed) if isinstance(signed, bytes) else None

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

    found: Kept | None
    keep: Callable[[set[str], bytes, list[bytes], str, str], None]
    """`keep(tables, json, images, statement, query_id)`: the tables that were read, and what was answered."""


class AnswerCache:
    """Looks for answers and keeps them. Thread-safe; without an answer of the store itself there is none of its."""

    def __init__(
        self, executor: Executor, settings: Settings, place: Place, clock: Callable[[], float] = time.time
    ) -> None:
        muse = settings.muse
        self.place = place
        self._ledger = LedgerVersions(executor)
        self._clock = clock
        # What else decides on an answer: the account's rights, and the limits of a server.
        store = settings.clickhouse
        self._same = (
            *(store.username, store.database, muse.timezone, muse.max_rows, muse.max_result_bytes),
            *map(_version, ("chimera-metrics", "tzdata")),
        )

    def look(self, *question: str) -> Look | None:
        """For a question in words that say all of it; None where the store does not say how things stand."""
        began, minute = time.monotonic(), int(self._clock() // MINUTE_S)
        try:
            state = self._ledger.now(minute)
        except MuseError:
            return None
        name = hashlib.sha256(repr((question, self._same, state.store, minute)).encode()).digest()
        packed = self.place.get(name)
        found = Kept.unpack(packed) if packed is not None else None
        if found is not None and not state.still(found.versions):
            found = None
        self.place.count(found is not None)

        def keep(tables: set[str], json: bytes, images: list[bytes], statement: str, query_id: str) -> None:
            packed = Kept(state.of(tables), json, tuple(images), statement, query_id).pack()
            left_s = MINUTE_S - (time.monotonic() - began)
            if len(packed) + 64 <= MOST_BYTES and left_s > 1:
                self.place.put(name, packed, minute, left_s)

        return Look(found, keep)


def cache_of(settings: Settings, executor: Executor, link: RedisLink | None) -> AnswerCache | None:
    """The cache that `MUSE_CACHE` names; None where it is off."""
    if not settings.muse.caches:
        return None
    return AnswerCache(executor, settings, Memory() if link is None else Shared(link))
