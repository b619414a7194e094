"""Pydantic AI: the toolset of an agent."""

from __future__ import annotations

import contextlib
import json
from collections.abc import AsyncIterator
from typing import Any

from fastmcp.client.transports import StdioTransport
from fastmcp.exceptions import ToolError
from pydantic_ai.mcp import MCPToolset

from tests.wide.frameworks.exercise import ToolMistakeError
from tests.wide.frameworks.target import Target


class Connected:
    def __init__(self, toolset: MCPToolset[Any], names: list[str]) -> None:
        self._toolset, self.names = toolset, names

    async def call(self, name: str, arguments: dict[str, Any]) -> str:
        try:
            found = await self._toolset.direct_call_tool(name, arguments)
        except ToolError as error:
            raise ToolMistakeError(str(error)) from None
        return found if isinstance(found, str) else json.dumps(found)


@contextlib.asynccontextmanager
async def connect(target: Target) -> AsyncIterator[Connected]:
    started: Any = target.url or StdioTransport(target.muse, target.arguments, env=target.variables)
    async with MCPToolset(started, tool_error_behavior="error") as toolset:
        yield Connected(toolset, [tool.name for tool in await toolset.list_tools()])
