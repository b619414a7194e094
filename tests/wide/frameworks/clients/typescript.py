"""The official TypeScript SDK, as most desktop hosts have it: a program on Node does what lines of JSON ask."""

from __future__ import annotations

import asyncio
import contextlib
import itertools
import json
import os
from collections.abc import AsyncIterator
from typing import Any

from tests.wide.frameworks.exercise import ToolMistakeError
from tests.wide.frameworks.target import Target

#: The variable that names the folder with bridge.mjs and its packages, and the one that names Node.
FOLDER, NODE = "BRIDGE_FOLDER", "BRIDGE_NODE"
LINE_BYTES = 1 << 24


class Connected:
    def __init__(self, process: asyncio.subprocess.Process, names: list[str]) -> None:
        self._process, self.names = process, names
        self._ids = itertools.count(1)
        self._waiting: dict[int, asyncio.Future[dict[str, Any]]] = {}

    async def hear(self) -> None:
        assert self._process.stdout is not None
        async for line in self._process.stdout:
            said = json.loads(line)
            future = self._waiting.pop(said["id"], None)
            if future is not None and not future.done():
                future.set_result(said)

    async def call(self, name: str, arguments: dict[str, Any]) -> str:
        number = next(self._ids)
        self._waiting[number] = asyncio.get_running_loop().create_future()
        await self._say({"id": number, "name": name, "arguments": arguments})
        try:
            said = await self._waiting[number]
        except asyncio.CancelledError:
            await self._say({"cancel": number})
            raise
        if said["mistake"]:
            raise ToolMistakeError(said["text"])
        return str(said["text"])

    async def _say(self, line: dict[str, Any]) -> None:
        assert self._process.stdin is not None
        self._process.stdin.write(json.dumps(line).encode() + b"\n")
        await self._process.stdin.drain()


@contextlib.asynccontextmanager
async def connect(target: Target) -> AsyncIterator[Connected]:
    place = [target.url] if target.url else [target.muse, *target.arguments]
    bridge = os.path.join(os.environ[FOLDER], "bridge.mjs")
    process = await asyncio.create_subprocess_exec(
        os.environ[NODE], bridge, *place, stdin=-1, stdout=-1, limit=LINE_BYTES
    )
    assert process.stdin is not None
    assert process.stdout is not None
    client = Connected(process, json.loads(await process.stdout.readline())["names"])
    hearing = asyncio.create_task(client.hear())
    try:
        yield client
    finally:
        process.stdin.close()
        await process.wait()
        await hearing
