"""The async client: the same answers, many at once, and a cancelled task leaves no statement behind."""

from __future__ import annotations

import asyncio
import inspect
import time
from collections.abc import Coroutine
from contextlib import aclosing
from pathlib import Path
from typing import Any

import pytest

from chimera_metrics.integrations.async_client import AsyncClickHouseClient
from chimera_metrics.integrations.clickhouse_client import ClickHouseClient
from chimera_metrics.integrations.config import ClickHouseSettings
from chimera_metrics.integrations.errors import InvalidInput

SLOW = "SELECT count() FROM numbers(100000000000) WHERE sipHash64(number) = 1"


def run(path: Path, work: Any) -> Any:
    async def inside() -> Any:
        async with AsyncClickHouseClient(ClickHouseSettings(path=str(path))) as client:
            return await work(client)

    made: Coroutine[Any, Any, Any] = inside()
    return asyncio.run(made)


def test_every_public_method_is_there(path: Path) -> None:
    async def work(client: AsyncClickHouseClient) -> None:
        for name, _ in inspect.getmembers(ClickHouseClient, callable):
            if not name.startswith("_"):
                assert callable(getattr(client, name)), name
        with pytest.raises(AttributeError):
            client.nonsense  # noqa: B018

    run(path, work)


def test_it_answers_as_the_sync_client_does(path: Path) -> None:
    statement = "SELECT event_type, count() AS n FROM ui_events GROUP BY event_type ORDER BY event_type"

    async def work(client: AsyncClickHouseClient) -> list[Any]:
        await client.insert_episode({"series": "s", "episode_num": 1, "title": "t"})
        rows = await client.execute_query(statement)
        streamed = [row async for row in client.stream(statement)]
        assert rows == streamed
        with pytest.raises(InvalidInput):
            await client.query(statement, max_rows=0)
        assert await client.ready()
        assert (await client.health())["healthy"]
        return rows

    found = run(path, work)
    with ClickHouseClient(ClickHouseSettings(path=str(path))) as client:
        assert client.execute_query(statement) == found
        assert client.execute_query("SELECT count() AS n FROM episodes") == [{"n": 2}]


def test_many_at_once_on_one_client(path: Path) -> None:
    async def work(client: AsyncClickHouseClient) -> list[Any]:
        asked = [client.query("SELECT {n:UInt8} AS n", {"n": n}) for n in range(30)]
        return [answer["rows"][0][0] for answer in await asyncio.gather(*asked)]

    assert run(path, work) == list(range(30))


def test_a_cancelled_task_stops_its_statement(path: Path) -> None:
    async def work(client: AsyncClickHouseClient) -> float:
        task = asyncio.create_task(client.execute_query(SLOW))
        await asyncio.sleep(0.7)
        started = time.perf_counter()
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        elapsed = time.perf_counter() - started
        running = "SELECT count() FROM system.processes WHERE query LIKE '%sipHash64%1%'"
        while client.sync.executor.scalar(running) > 1:  # the one that looks
            assert time.perf_counter() - started < 5
            await asyncio.sleep(0.05)
        return elapsed

    assert run(path, work) < 5


def test_a_stream_that_is_left_early_stops(path: Path) -> None:
    async def work(client: AsyncClickHouseClient) -> int:
        async with aclosing(client.stream("SELECT number FROM numbers(1000000000)")) as rows:
            async for row in rows:
                if row["number"] == 1500:
                    break
        return int((await client.query("SELECT 2"))["rows"][0][0])

    started = time.perf_counter()
    assert run(path, work) == 2
    assert time.perf_counter() - started < 10
