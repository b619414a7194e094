"""Threads for calls: how many work at once, in which order, and what becomes of a call that nobody waits for."""

from __future__ import annotations

import asyncio
import contextlib
import threading
import time
from collections.abc import AsyncIterator, Callable
from contextvars import ContextVar
from typing import TypeVar

import pytest

from chimera_metrics.server.http.workers import Job, Workers

T = TypeVar("T")
LONG_S = 10.0
_word: ContextVar[str] = ContextVar("word")


async def answer(job: Job[T]) -> T:
    await asyncio.wait_for(job.ended, LONG_S)
    return job.answer()


def serving() -> set[threading.Thread]:
    """The threads for calls that there are; those of another test may be just ending."""
    return {thread for thread in threading.enumerate() if thread.name == "muse-call"}


async def until(holds: Callable[[], bool]) -> None:
    ends = time.monotonic() + LONG_S
    while not holds():
        assert time.monotonic() < ends
        await asyncio.sleep(0.002)


@contextlib.asynccontextmanager
async def made(at_once: int, most: int) -> AsyncIterator[Workers]:
    """Workers, whose threads are gone afterwards."""
    before = serving()
    workers = Workers(at_once, most)
    yield workers
    workers.close()
    await until(lambda: not serving() - before)


class Held:
    """Work that lasts until it is let go."""

    def __init__(self) -> None:
        self.begun, self.go = threading.Event(), threading.Event()

    def __call__(self) -> str:
        self.begun.set()
        assert self.go.wait(LONG_S)
        return "done"


def test_it_answers_what_the_work_answers_or_raises() -> None:
    async def run() -> None:
        async with made(2, 4) as workers:
            _word.set("of the caller")
            assert await answer(workers.begin(_word.get)) == "of the caller"
            with pytest.raises(ZeroDivisionError):
                await answer(workers.begin(lambda: 1 / 0))

    asyncio.run(run())


def test_short_calls_begin_in_their_order_and_few_at_a_time() -> None:
    async def run() -> None:
        async with made(2, 50) as workers:
            began = list[int]()
            at_work, most = 0, 0
            counting = threading.Lock()

            def work(number: int) -> None:
                nonlocal at_work, most
                with counting:
                    began.append(number)
                    at_work += 1
                    most = max(most, at_work)
                time.sleep(0.001)
                with counting:
                    at_work -= 1

            jobs = [workers.begin(lambda number=number: work(number)) for number in range(200)]  # type: ignore[misc]
            for job in jobs:
                await answer(job)
            # A thread may be held up between taking a call and saying so.
            assert all(abs(place - number) <= 50 for place, number in enumerate(began))
            assert sorted(began) == list(range(200))
            assert most <= 25, "a machine that stands still makes short calls long, but not so many"

    asyncio.run(run())


def test_calls_that_take_longer_hold_up_nobody() -> None:
    async def run() -> None:
        before = serving()
        async with made(2, 50) as workers:
            held = [Held() for _ in range(20)]
            jobs = [workers.begin(work) for work in held]
            for work in held:
                await until(work.begun.is_set)
            assert await answer(workers.begin(lambda: "short")) == "short"
            for work in held:
                work.go.set()
            assert [await answer(job) for job in jobs] == ["done"] * 20
            ends = time.monotonic() + LONG_S
            while len(serving() - before) > 2:  # those that took a place go, at the latest with the next calls
                assert time.monotonic() < ends
                await answer(workers.begin(lambda: "short"))

    asyncio.run(run())


def test_there_are_never_more_threads_than_allowed() -> None:
    async def run() -> None:
        async with made(1, 2) as workers:
            held = [Held(), Held(), Held()]
            jobs = [workers.begin(work) for work in held]
            for work in held[:2]:
                await until(work.begun.is_set)
            await asyncio.sleep(0.1)
            assert not held[2].begun.is_set()
            for work in held:
                work.go.set()
            assert [await answer(job) for job in jobs] == ["done"] * 3

    asyncio.run(run())


def test_a_call_that_is_left_before_it_begins_never_does() -> None:
    async def run() -> None:
        async with made(1, 1) as workers:
            first, second = Held(), Held()
            begun = workers.begin(first)
            await until(first.begun.is_set)
            job = workers.begin(second)
            job.leave()
            await asyncio.wait_for(job.ended, LONG_S)
            assert job.left
            job.wait(LONG_S)  # at once: there is nothing to wait for
            first.go.set()
            await answer(begun)
            assert await answer(workers.begin(lambda: "next")) == "next"
            assert not second.begun.is_set()

    asyncio.run(run())


def test_one_that_is_left_later_runs_to_its_end() -> None:
    async def run() -> None:
        async with made(1, 1) as workers:
            work = Held()
            job = workers.begin(work)
            await until(work.begun.is_set)
            job.leave()
            assert job.left
            began = time.monotonic()
            job.wait(0.05)
            assert time.monotonic() - began >= 0.05
            work.go.set()
            job.wait(LONG_S)
            assert job.answer() == "done"

    asyncio.run(run())


def test_closed_in_the_middle_of_a_call_it_leaves_no_thread() -> None:
    async def run() -> None:
        before = serving()
        workers, work = Workers(3, 3), Held()
        job = workers.begin(work)
        await until(work.begun.is_set)
        workers.close()
        await asyncio.sleep(0.05)  # in which it would have looked for somebody to do what waits
        work.go.set()
        assert await answer(job) == "done"
        await until(lambda: not serving() - before)

    asyncio.run(run())


def test_what_has_ended_cannot_be_left() -> None:
    async def run() -> None:
        async with made(1, 1) as workers:
            job = workers.begin(lambda: "done")
            await asyncio.wait_for(job.ended, LONG_S)
            job.leave()
            assert not job.left
            assert job.answer() == "done"

    asyncio.run(run())


def test_a_loop_that_ends_first_takes_its_threads_along() -> None:
    before, work = serving(), Held()

    async def begin() -> None:
        Workers(1, 1).begin(work)
        await until(work.begun.is_set)

    asyncio.run(begin())
    work.go.set()
    ends = time.monotonic() + LONG_S
    while serving() - before:
        assert time.monotonic() < ends
        time.sleep(0.002)
