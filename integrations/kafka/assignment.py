"""The lanes of the partitions that this consumer has, and the thread that stores what waits in them."""

from __future__ import annotations

import threading
import time

from chimera_metrics.integrations.kafka.lanes import WAITING, WAITING_BYTES, Lane
from chimera_metrics.integrations.kafka.messages import Message
from chimera_metrics.integrations.kafka.storing import BatchStore

_LOOK_S = 0.05


class Lanes:
    """Shared by the thread that reads and the one that stores."""

    def __init__(self, store: BatchStore) -> None:
        self._store = store
        self._changed = threading.Condition()
        self._lanes: dict[int, Lane] = {}
        self._at_work: Lane | None = None
        self._stopping = False
        self._thread = threading.Thread(target=self._work, name="muse-store", daemon=True)
        self.failed: Exception | None = None

    def start(self) -> None:
        self._thread.start()

    def open(self, lane: Lane) -> None:
        with self._changed:
            self._lanes[lane.partition] = lane

    def close(self, partitions: list[int], within_s: float) -> list[Lane]:
        """Takes lanes away, after the batch that is being stored, and returns those that were there."""
        with self._changed:
            taken = [self._lanes.pop(one) for one in partitions if one in self._lanes]
            for lane in taken:
                lane.gone = True
            self._changed.wait_for(lambda: self._at_work not in taken or self._at_work is None, within_s)
            return taken

    def add(self, messages: list[Message]) -> None:
        with self._changed:
            for message in messages:
                lane = self._lanes.get(message.partition)
                if lane is not None:
                    lane.add(message)
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
        """Ends the thread after its batch. Whether it did within that time."""
        self._stopping = True
        self._store.stop()
        self._thread.join(within_s)
        return not self._thread.is_alive()

    def _work(self) -> None:
        try:
            while not self._stopping:
                self._next()
        except Exception as error:  # noqa: BLE001 - the reading thread raises it
            self.failed = error

    def _next(self) -> None:
        with self._changed:
            now = time.monotonic()
            ready = [lane for lane in self._lanes.values() if lane.is_ready(now)]
            if not ready:
                self._changed.wait(_LOOK_S)
                return
            self._at_work = lane = min(ready, key=lambda one: one.since)
            messages = lane.take()
        try:
            if messages:
                lane.at_work = messages[0].timestamp_ms
                self._store.store(lane, messages)
        finally:
            with self._changed:
                self._at_work = lane.at_work = None
                self._changed.notify_all()
