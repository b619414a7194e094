"""LangChain: the tools of its adapters for MCP."""

from __future__ import annotations

import contextlib
from collections.abc import AsyncIterator
from typing import Any

from langchain_core.tools import BaseTool
from langchain_mcp_adapters.client import MultiServerMCPClient
from langchain_mcp_adapters.tools import load_mcp_tools

from tests.wide.frameworks.exercise import ToolMistakeError
from tests.wide.frameworks.target import Target


class Connected:
    def __init__(self, tools: list[BaseTool]) -> None:
        self._tools = {tool.name: tool for tool in tools}
        self.names = list(self._tools)

    async def call(self, name: str, arguments: dict[str, Any]) -> str:
        found = await self._tools[name].ainvoke(arguments)
        text = str(found[0]["text"] if isinstance(found, list) else found)
        if not text.startswith("{"):
            raise ToolMistakeError(text)
        return text


@contextlib.asynccontextmanager
async def connect(target: Target) -> AsyncIterator[Connected]:
    command = {
        "transport": "stdio", "command": target.muse, "args": target.arguments, "env": target.variables,
    }  # fmt: skip
    place: Any = {"transport": "streamable_http", "url": target.url} if target.url else command
    async with MultiServerMCPClient({"muse": place}).session("muse") as session:
        yield Connected(await load_mcp_tools(session))
