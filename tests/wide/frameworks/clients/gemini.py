"""Google's Gen AI: the tools as declarations of functions, and calls as the model makes them."""

from __future__ import annotations

import contextlib
from collections.abc import AsyncIterator
from typing import Any

from google.genai import types
from google.genai._adapters import McpToGenAiToolAdapter
from mcp import ClientSession, StdioServerParameters
from mcp.client.stdio import stdio_client
from mcp.client.streamable_http import streamable_http_client

from tests.wide.frameworks.exercise import ToolMistakeError
from tests.wide.frameworks.target import Target


class Connected:
    def __init__(self, adapter: McpToGenAiToolAdapter) -> None:
        self._adapter = adapter
        declared = [one for tool in adapter.tools for one in tool.function_declarations or []]
        # A schema that does not convert leaves an argument without a type, which the API then refuses.
        for one in declared:
            for name, schema in ((one.parameters and one.parameters.properties) or {}).items():
                assert schema.type is not None, f"{one.name}.{name} has no type"
        self.names = [one.name for one in declared]

    async def call(self, name: str, arguments: dict[str, Any]) -> str:
        found = await self._adapter.call_tool(types.FunctionCall(name=name, args=arguments))
        text = str(found.content[0].text)
        if found.is_error:
            raise ToolMistakeError(text)
        return text


@contextlib.asynccontextmanager
async def connect(target: Target) -> AsyncIterator[Connected]:
    if target.url:
        streams: Any = streamable_http_client(target.url)
    else:
        command = StdioServerParameters(command=target.muse, args=target.arguments, env=target.variables)
        streams = stdio_client(command)
    async with streams as (reads, writes, *_), ClientSession(reads, writes) as session:
        await session.initialize()
        yield Connected(McpToGenAiToolAdapter(session, await session.list_tools()))
