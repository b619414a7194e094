"""The official Python SDK, 1.x, as most hosts have it."""

from __future__ import annotations

import contextlib
from collections.abc import AsyncIterator
from typing import Any

from mcp import ClientSession, StdioServerParameters
from mcp.client.stdio import stdio_client
from mcp.client.streamable_http import streamablehttp_client

from tests.wide.frameworks.exercise import ToolMistakeError
from tests.wide.frameworks.target import Target


class Connected:
    def __init__(self, session: ClientSession, names: list[str]) -> None:
        self._session, self.names = session, names

    async def call(self, name: str, arguments: dict[str, Any]) -> str:
        found = await self._session.call_tool(name, arguments)
        text = str(found.content[0].text)
        if found.isError:
            raise ToolMistakeError(text)
        return text


@contextlib.asynccontextmanager
async def connect(target: Target) -> AsyncIterator[Connected]:
    if target.url:
        streams: Any = streamablehttp_client(target.url)
    else:
        command = StdioServerParameters(command=target.muse, args=target.arguments, env=target.variables)
        streams = stdio_client(command)
    async with streams as (reads, writes, *_), ClientSession(reads, writes) as session:
        await session.initialize()
        yield Connected(session, [tool.name for tool in (await session.list_tools()).tools])
