"""The official Python SDK, 2.x."""

from __future__ import annotations

import contextlib
from collections.abc import AsyncIterator
from typing import Any

from mcp import Client, StdioServerParameters
from mcp.client.stdio import stdio_client

from tests.wide.frameworks.exercise import ToolMistakeError
from tests.wide.frameworks.target import Target


class Connected:
    def __init__(self, client: Client, names: list[str]) -> None:
        self._client, self.names = client, names

    async def call(self, name: str, arguments: dict[str, Any]) -> str:
        found = await self._client.call_tool(name, arguments)
        if found.is_error:
            raise ToolMistakeError(found.content[0].text)
        return str(found.content[0].text)


def transport(target: Target) -> Any:
    if target.url:
        return target.url
    return stdio_client(StdioServerParameters(command=target.muse, args=target.arguments, env=target.variables))


@contextlib.asynccontextmanager
async def connect(target: Target) -> AsyncIterator[Connected]:
    async with Client(transport(target)) as client:
        listed = await client.list_tools()
        yield Connected(client, [tool.name for tool in listed.tools])
