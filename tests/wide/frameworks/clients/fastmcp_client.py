"""FastMCP's client."""

from __future__ import annotations

import contextlib
from collections.abc import AsyncIterator
from typing import Any

from fastmcp import Client
from fastmcp.client.transports import StdioTransport
from fastmcp.exceptions import ToolError

from tests.wide.frameworks.exercise import ToolMistakeError
from tests.wide.frameworks.target import Target


class Connected:
    def __init__(self, client: Client[Any], names: list[str]) -> None:
        self._client, self.names = client, names

    async def call(self, name: str, arguments: dict[str, Any]) -> str:
        try:
            found = await self._client.call_tool(name, arguments)
        except ToolError as error:
            raise ToolMistakeError(str(error)) from None
        return str(found.content[0].text)


@contextlib.asynccontextmanager
async def connect(target: Target) -> AsyncIterator[Connected]:
    started: Any = target.url or StdioTransport(target.muse, target.arguments, env=target.variables, keep_alive=False)
    async with Client(started) as client:
        yield Connected(client, [tool.name for tool in await client.list_tools()])
