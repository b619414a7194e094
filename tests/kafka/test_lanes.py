"""When a batch is made, and which batches are stored at once."""

from __future__ import annotations

import threading
import time
from typing import Any

import pytest

from chimera_metrics.integrations.kafka.assignment import Lanes
from chimera_metrics.integrations.kafka.lanes import BATCH_BYTES, LINGER_S, WORTH, Lane, TopicChanged
from tests.kafka.made import Given, given

LARGE = given(bytes(BATCH_BYTES), 0)


def lane_with(count: int, partition: int = 0) -> Lane:
    lane = Lane("ui", partition, 0, None)
    lane.add(messages(0, count, partition))
    return lane


def messages(first: int, stop: int, partition: int = 0) -> list[Given]:
    return [given(b"{}", offset, partition) for offset in range(first, stop)]


def test_enough_messages_are_a_batch_at_once_and_few_wait_for_others() -> None:
    lane = lane_with(WORTH - 1)
    assert not lane.is_ready(lane.since)
    assert lane.is_ready(lane.since + LINGER_S)
    lane.add(messages(WORTH - 1, WORTH))
    assert lane.is_ready(lane.since)


def test_a_message_of_a_quiet_topic_is_stored_at_once_and_the_next_a_while_later() -> None:
    lane = lane_with(1)
    assert lane.is_ready(time.monotonic(), idle=True)
    assert len(lane.take()) == 1
    lane.add(messages(1, 2))
    assert not lane.is_ready(time.monotonic(), idle=True)
    assert lane.is_ready(time.monotonic() + LINGER_S, idle=True)


def test_what_is_left_behind_a_large_batch_does_not_wait() -> None:
    lane = Lane("ui", 0, 0, None)
    lane.add([LARGE, given(b"{}", 1)])
    assert lane.take() == [LARGE]
    assert lane.is_ready(time.monotonic(), idle=True)
    assert lane.bytes == 2


class Meeting:
    """A store whose batches wait for one another, so that they pass only if two are stored at once."""

    def __init__(self) -> None:
        self._barrier = threading.Barrier(2, timeout=10)
        self.stored: list[int] = []

    def store(self, lane: Lane, batch: list[Given]) -> None:
        self._barrier.wait()
        self.stored.append(lane.partition)
        lane.stored(batch[-1].offset())

    def stop(self) -> None:
        self._barrier.abort()


def test_batches_of_two_partitions_are_stored_at_once() -> None:
    store: Any = Meeting()
    lanes = Lanes(store)
    for partition in (0, 1):
        lanes.open(Lane("ui", partition, 0, None))
    lanes.start()
    lanes.add(messages(0, 1, 0) + messages(0, 1, 1))
    lanes.add([])
    deadline = time.monotonic() + 10
    while len(store.stored) < 2 and time.monotonic() < deadline:
        time.sleep(0.01)
    assert (sorted(store.stored), lanes.failed) == ([0, 1], None)
    assert lanes.stop(5)


def test_of_one_partition_one_batch_at_a_time_is_stored() -> None:
    store: Any = Meeting()
    lanes = Lanes(store)
    lanes.open(Lane("ui", 0, 0, None))
    lanes.start()
    lanes.add([LARGE, given(LARGE.value(), 1)])
    time.sleep(0.2)
    assert store.stored == []
    assert [len(lane.waiting) for lane in lanes.lanes()] == [1]
    lanes.stop(5)
    assert isinstance(lanes.failed, threading.BrokenBarrierError)


@pytest.mark.parametrize("offsets", [[5, 5], [5, 4], [3, 4, 6, 5]])
def test_offsets_that_do_not_rise_are_another_topic(offsets: list[int]) -> None:
    with pytest.raises(TopicChanged):
        Lane("ui", 0, 0, None).add([given(b"{}", offset) for offset in offsets])
