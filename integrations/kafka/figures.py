"""How far a consumer is: lag, oldest unread and rate, to the log, to a file for status and metrics, to Datadog."""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

from chimera_metrics.integrations.clickhouse_client import ClickHouseClient
from chimera_metrics.integrations.kafka.lanes import Lane
from chimera_metrics.integrations.operations import consumers
from chimera_metrics.integrations.operations.consumers import ConsumerState
from chimera_metrics.integrations.operations.datadog import figures

EVERY_S = 10.0
_WINDOW_S = 60.0


class Telling:
    """Tells every ten seconds how far the consumer is."""

    def __init__(
        self, client: ClickHouseClient, group: str, topic: str, table: str, log: Callable[[str], None]
    ) -> None:
        self._client = client
        self._group = group
        self._topic = topic
        self._table = table
        self._log = log
        self._statsd = figures(client.settings, client.muse)
        self._told = time.monotonic()
        self._seen: deque[tuple[float, int]] = deque([(self._told, 0)])
        self.trouble: str | None = None
        consumers.forget_dead(client.settings, group, topic)

    def troubled(self, why: str | None) -> None:
        """The store, or the topic for poison, makes it wait; None when no longer."""
        if why != self.trouble:
            self._log(f"Reading pauses: {why}" if why else "The store answers again; reading goes on.")
        self.trouble = why

    def is_due(self) -> bool:
        return time.monotonic() - self._told >= EVERY_S

    def tell(self, lanes: list[Lane], ends: dict[int, int], counts: dict[str, int]) -> None:
        """`ends`: one behind the newest message of each partition, as the brokers say."""
        self._told = time.monotonic()
        state = self._state(lanes, ends, counts)
        self._log(state.figure)
        consumers.write_state(self._client.settings, state)
        if self._statsd is not None:
            self._statsd.consumer(state)

    def _state(self, lanes: list[Lane], ends: dict[int, int], counts: dict[str, int]) -> ConsumerState:
        done = sum(counts.values())
        self._seen.append((self._told, done))
        while self._told - self._seen[0][0] > _WINDOW_S:
            self._seen.popleft()
        began, before = self._seen[0]
        return ConsumerState(
            group=self._group,
            topic=self._topic,
            table=self._table,
            partitions=len(lanes),
            lag=sum(max(0, ends.get(lane.partition, lane.read_to) - lane.handled) for lane in lanes),
            oldest_unread_s=round(oldest_unread_s(lanes, time.time()), 1),
            per_second=round((done - before) / max(self._told - began, 0.001), 1),
            stored=counts.get("stored", 0),
            poison=counts.get("poison", 0),
            at=datetime.now(UTC).isoformat(),
            trouble=self.trouble,
        )

    def close(self) -> None:
        consumers.drop_state(self._client.settings)
        if self._statsd is not None:
            self._statsd.close()


def oldest_unread_s(lanes: list[Lane], now: float) -> float:
    """The age of the oldest message that was read and is not stored, 0 without one."""
    times = [lane.oldest_ms for lane in lanes if lane.oldest_ms is not None]
    return max(0.0, now - min(times) / 1000) if times else 0.0


def ends_of(consumer: Any, partitions: list[Any]) -> dict[int, int]:
    """The ends of partitions as the last answers of the brokers had them; asks nobody."""
    found = {}
    for one in partitions:
        marks = consumer.get_watermark_offsets(one, cached=True)
        if marks is not None and marks[1] >= 0:
            found[one.partition] = marks[1]
    return found
