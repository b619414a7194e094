"""Whose turn it is to read: kept over what takes a moment, lost over what takes longer."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator

import pytest

from chimera_metrics.server.stdio.turn import Turn

LONG_S = 5.0


class Readers:
    """What stands for a connection's threads: it counts how often one was asked for."""

    def __init__(self) -> None:
        self.asked, self.are_any = 0, True

    def find(self) -> bool:
        self.asked += 1
        return self.are_any


@pytest.fixture
def readers() -> Readers:
    return Readers()


@pytest.fixture
def turn(readers: Readers) -> Iterator[Turn]:
    turn = Turn(readers.find)
    turn.start()
    yield turn
    turn.close()


def taken_by_another(turn: Turn) -> threading.Event:
    """Set when another thread has got the turn."""
    taken = threading.Event()

    def wait() -> None:
        turn.take()
        taken.set()

    threading.Thread(target=wait, daemon=True).start()
    return taken


def wait_until_asked(readers: Readers, times: int) -> None:
    deadline = time.monotonic() + LONG_S
    while readers.asked < times:
        assert time.monotonic() < deadline, "nobody looked"
        time.sleep(0.001)


def test_short_work_keeps_the_turn(turn: Turn, readers: Readers) -> None:
    turn.take()

    assert all(turn.keeps(turn.begin()) for _ in range(100))
    assert readers.asked == 0


def test_long_work_loses_it_to_who_waits(turn: Turn) -> None:
    turn.take()
    taken = taken_by_another(turn)
    work = turn.begin()

    assert taken.wait(LONG_S)
    assert not turn.keeps(work)


def test_who_lost_it_does_not_end_the_work_of_who_has_it(turn: Turn) -> None:
    turn.take()
    taken = taken_by_another(turn)
    lost = turn.begin()
    assert taken.wait(LONG_S)
    others = turn.begin()

    assert not turn.keeps(lost)
    assert turn.keeps(others)


def test_where_nobody_else_can_read_it_is_kept(turn: Turn, readers: Readers) -> None:
    readers.are_any = False
    turn.take()
    work = turn.begin()
    wait_until_asked(readers, 3)

    assert turn.keeps(work)


def test_it_is_lost_as_soon_as_there_is_a_reader(turn: Turn, readers: Readers) -> None:
    readers.are_any = False
    turn.take()
    taken = taken_by_another(turn)
    work = turn.begin()
    wait_until_asked(readers, 3)
    readers.are_any = True

    assert taken.wait(LONG_S)
    assert not turn.keeps(work)


def test_long_work_after_a_quiet_time_loses_it_too(turn: Turn) -> None:
    turn.take()
    assert turn.keeps(turn.begin())
    time.sleep(0.2)  # nobody looks any more
    taken = taken_by_another(turn)
    work = turn.begin()

    assert taken.wait(LONG_S)
    assert not turn.keeps(work)
