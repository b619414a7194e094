"""The lanes of the partitions that this consumer has, and the threads that store what waits in them."""

from __future__ import annotations

import threading
import time
from collections import defaultdict
from collections.abc import Sequence

from chimera_metrics.integrations.kafka.lanes import WAITING, WAITING_BYTES, Lane
from chimera_metrics.integrations.kafka.messages import Message, made_ms
from chimera_metrics.integrations.kafka.storing import BatchStore

_LOOK_S = 0.05
#: One checks and packs a batch while the engine stores another's. Of a partition one batch at a time is under way.
_THREADS = 2


class Lanes:
    """Shared by the thread that reads and those that store."""

    def __init__(self, store: BatchStore) -> None:
        self._store = store
        self._changed = threading.Condition()
        self._lanes: dict[int, Lane] = {}
        self._at_work: set[int] = set()
        self._idle = False
        self._stopping = False
        self._threads = [
            threading.Thread(target=self._work, name=f"muse-store-{number}", daemon=True) for number in range(_THREADS)
        ]
        self.failed: Exception | None = None

    def start(self) -> None:
        for thread in self._threads:
            thread.start()

    def open(self, lane: Lane) -> None:
        with self._changed:
            self._lanes[lane.partition] = lane

    def close(self, partitions: list[int], within_s: float) -> list[Lane]:
        """Takes lanes away, after the batch that is being stored, and returns those that were there."""
        with self._changed:
            taken = [self._lanes.pop(one) for one in partitions if one in self._lanes]
            for lane in taken:
                lane.gone = True
            self._changed.wait_for(lambda: self._at_work.isdisjoint(lane.partition for lane in taken), within_s)
            return taken

    def add(self, messages: Sequence[Message]) -> None:
        """Takes what was read; nothing, where the brokers have no more."""
        parts: defaultdict[int, list[Message]] = defaultdict(list)
        for message in messages:
            parts[message.partition()].append(message)
        with self._changed:
            for partition, some in parts.items():
                lane = self._lanes.get(partition)
                if lane is not None:
                    lane.add(some)
            self._idle = not messages
            self._changed.notify_all()

    def lanes(self) -> list[Lane]:
        with self._changed:
            return list(self._lanes.values())

    def is_full(self) -> bool:
        with self._changed:
            lanes = self._lanes.values()
            held_up = any(lane.must_end is not None and not lane.is_ready(0) for lane in lanes)
            full = (
                sum(len(lane.waiting) for lane in lanes) >= WAITING
                or sum(lane.bytes for lane in lanes) >= WAITING_BYTES
            )
            return full and not held_up

    def wait_for_room(self, timeout_s: float) -> bool:
        """Whether there is room within that time."""
        until = time.monotonic() + timeout_s
        while self.is_full() and self.failed is None:
            if time.monotonic() >= until:
                return False
            with self._changed:
                self._changed.wait(_LOOK_S)
        return True

    def stop(self, within_s: float) -> bool:
        """Ends the threads after their batches. Whether they did within that time."""
        self._stopping = True
        self._store.stop()
        until = time.monotonic() + within_s
        for thread in self._threads:
            thread.join(max(0.0, until - time.monotonic()))
        return not any(thread.is_alive() for thread in self._threads)

    def _work(self) -> None:
        try:
            while not self._stopping:
                self._next()
        except Exception as error:  # noqa: BLE001 - the reading thread raises it
            self.failed = self.failed or error

    def _next(self) -> None:
        with self._changed:
            now = time.monotonic()
            free = [lane for lane in self._lanes.values() if lane.partition not in self._at_work]
            ready = [lane for lane in free if lane.is_ready(now, self._idle)]
            if not ready:
                self._changed.wait(_LOOK_S)
                return
            lane = min(ready, key=lambda one: one.since)
            self._at_work.add(lane.partition)
            messages = lane.take()
        try:
            if messages:
                lane.at_work = made_ms(messages[0])
                self._store.store(lane, messages)
        finally:
            with self._changed:
                self._at_work.discard(lane.partition)
                lane.at_work = None
                self._changed.notify_all()
