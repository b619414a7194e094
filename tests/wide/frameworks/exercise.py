"""What every framework does with the server: list, call each tool, insert, be refused, cancel, read on after a restart.

This runs in the environment of a framework: the standard library is all that it may import.
"""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import Awaitable, Callable
from contextlib import AbstractAsyncContextManager
from typing import Any, NamedTuple, Protocol

from tests.wide.frameworks.target import Target

SLOW = "SELECT sum(number % 7) FROM numbers_mt(1000000000000)"
AFTER_CANCEL_S = 5.0


class ToolMistakeError(Exception):
    """The tool said no; its sentence is the text."""


class Client(Protocol):
    """A framework's hold on the server: the names that it gives a model, and a call as the model makes it."""

    names: list[str]

    async def call(self, name: str, arguments: dict[str, Any]) -> str: ...


Connect = Callable[[Target], AbstractAsyncContextManager[Client]]


class Check(NamedTuple):
    """One line of the table."""

    name: str
    fault: str | None
    seconds: float


async def exercise(connect: Connect, target: Target, calls: dict[str, dict[str, Any]]) -> list[Check]:
    """All checks, each told whether the ones before it failed or not."""
    found: list[Check] = []

    async def check(name: str, doing: Awaitable[None]) -> None:
        started = time.monotonic()
        try:
            await asyncio.wait_for(doing, 60)
            fault = None
        except Exception as error:  # noqa: BLE001  # whatever a framework raises is its answer
            fault = f"{type(error).__name__}: {error}"[:300]
        found.append(Check(name, fault, time.monotonic() - started))

    async with connect(target) as client:
        await check("list", _listed(client, calls))
        for name, arguments in calls.items():
            await check(name, _called(client, name, arguments))
        await check("insert again", _inserted_again(client, calls))
        await check("refused", _refused(client))
        await check("cancel", _cancelled(client))
        if target.url:
            await target.restart()
            await check("restart", _reads_on(client))
    if not target.url:
        async with connect(target) as client:
            await check("restart", _reads_on(client))
    return found


async def _listed(client: Client, calls: dict[str, dict[str, Any]]) -> None:
    expected = set(calls)
    assert set(client.names) == expected, f"listed, not expected: {set(client.names) ^ expected}"


async def _called(client: Client, name: str, arguments: dict[str, Any]) -> None:
    answer = json.loads(await client.call(name, arguments))
    if "rows" in arguments:
        assert answer["inserted"] == len(arguments["rows"]), answer


async def _inserted_again(client: Client, calls: dict[str, dict[str, Any]]) -> None:
    answer = json.loads(await client.call("insert_episodes", calls["insert_episodes"]))
    assert (answer["inserted"], answer["duplicates"]) == (0, len(calls["insert_episodes"]["rows"])), answer


async def _refused(client: Client) -> None:
    try:
        answer = await client.call("query", {"sql": "DROP TABLE episodes"})
    except ToolMistakeError as error:
        answer = str(error)
    assert "DROP may not run here" in answer, answer


async def _cancelled(client: Client) -> None:
    slow = asyncio.create_task(client.call("query", {"sql": SLOW, "timeout_s": 25}))
    await asyncio.sleep(1.0)
    slow.cancel()
    await asyncio.wait([slow], timeout=AFTER_CANCEL_S)
    started = time.monotonic()
    answer = json.loads(await client.call("query", {"sql": "SELECT 1"}))
    took = time.monotonic() - started
    assert answer["rows"] == [[1]], answer
    assert took < AFTER_CANCEL_S, f"the next answer took {took:.1f} s"


async def _reads_on(client: Client) -> None:
    answer = json.loads(await client.call("query", {"sql": "SELECT count() FROM episodes"}))
    assert answer["rows"][0][0] > 0, answer
