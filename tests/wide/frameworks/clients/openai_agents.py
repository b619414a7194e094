"""OpenAI's agents: the tools as functions of a model, in strict mode."""

from __future__ import annotations

import contextlib
import json
from collections.abc import AsyncIterator
from typing import Any

from agents import FunctionTool
from agents.mcp import MCPServerStdio, MCPServerStreamableHttp, MCPUtil
from agents.tool_context import ToolContext

from tests.wide.frameworks.exercise import ToolMistakeError
from tests.wide.frameworks.target import Target

#: The parameters of a statement have names of the caller's own, for which strict mode has no word; four tools leave the
#: form of a filter to the words of `query_aggregate`. The framework offers these as functions that are not strict.
LOOSE = {"query", "query_compare", "query_drivers", "query_forecast", "query_anomalies"}


class Connected:
    def __init__(self, tools: list[FunctionTool]) -> None:
        self._tools = {tool.name: tool for tool in tools}
        self.names = list(self._tools)

    async def call(self, name: str, arguments: dict[str, Any]) -> str:
        text = json.dumps(arguments)
        context = ToolContext(context=None, tool_name=name, tool_call_id="1", tool_arguments=text)
        found = await self._tools[name].on_invoke_tool(context, text)
        answer = str(found["text"] if isinstance(found, dict) else found)
        if not answer.startswith("{"):
            raise ToolMistakeError(answer)
        return answer


@contextlib.asynccontextmanager
async def connect(target: Target) -> AsyncIterator[Connected]:
    command = {"command": target.muse, "args": target.arguments, "env": target.variables}
    server = (
        MCPServerStreamableHttp({"url": target.url, "timeout": 30}, client_session_timeout_seconds=60)
        if target.url
        else MCPServerStdio(command, client_session_timeout_seconds=60)
    )
    async with server:
        tools = await MCPUtil.get_function_tools(server, convert_schemas_to_strict=True, run_context=None, agent=None)
        loose = [tool.name for tool in tools if not tool.strict_json_schema]
        assert set(loose) <= LOOSE, f"not strict: {loose}"
        yield Connected(tools)
