"""The SDK's server with what it leaves open: calls on the record, resources from the store, completions, log levels."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

import anyio
from mcp.server import MCPServer
from mcp.server.context import ServerRequestContext
from mcp.server.lowlevel.helper_types import ReadResourceContents
from mcp.server.mcpserver import Context
from mcp.server.mcpserver.exceptions import ResourceError, ResourceNotFoundError
from mcp.shared.exceptions import MCPError
from mcp_types import (
    INVALID_PARAMS,
    CallToolResult,
    EmptyResult,
    GetPromptResult,
    InputRequiredResult,
    Resource,
    ResourceTemplate,
    SetLevelRequestParams,
)
from pydantic import AnyUrl

from integrations.errors import MuseError
from server import stdio
from server.callers import Role
from server.calls import Calls
from server.completions import completer
from server.context import ServerContext
from server.names import Names
from server.payload import fill_in
from server.prompts import add_prompts, wrong_value
from server.resources import RESOURCES, TEMPLATES, read
from server.tool import MuseTool


class MuseServer(MCPServer[ServerContext]):
    """Our tools, resources, prompts and completions on the official SDK."""

    def __init__(self, tools: list[MuseTool], known: Mapping[str, str], local: Role, form: Any, **words: Any) -> None:
        self._calls = Calls({tool.name: tool for tool in tools}, known, local)
        names = Names(form, known, local)
        super().__init__(
            tools=list(tools), middleware=[names, fill_in], log_level="WARNING", subscriptions=False, **words
        )
        #: The context of the running lifespan, for routes beside the protocol.
        self.state: ServerContext | None = None
        add_prompts(self)
        self.completion()(completer(lambda: self.state))  # type: ignore[no-untyped-call]  # the SDK leaves it untyped
        # The SDK has a decorator for all but this one, which the handshake generation of clients still asks for.
        self._lowlevel_server.add_request_handler("logging/setLevel", SetLevelRequestParams, _set_level)

    async def run_stdio_async(self) -> None:
        if not stdio.usable():
            await super().run_stdio_async()
            return
        server = self._lowlevel_server
        with stdio.wire() as descriptors:
            async with stdio.streams(*descriptors) as (messages, answers):
                await server.run(messages, answers, server.create_initialization_options())

    async def call_tool(
        self, name: str, arguments: dict[str, Any], context: Context[ServerContext, Any] | None = None
    ) -> CallToolResult:
        if context is None:
            raise RuntimeError("A tool is called for a client; use ClickHouseClient within a program.")
        return await self._calls.run(name, arguments, context)

    async def get_prompt(
        self, name: str, arguments: dict[str, Any] | None = None, context: Context[ServerContext, Any] | None = None
    ) -> GetPromptResult | InputRequiredResult:
        known = self._prompt_manager.list_prompts()
        prompt = next((prompt for prompt in known if prompt.name == name), None)
        if prompt is None:
            names = ", ".join(prompt.name for prompt in known)
            raise MCPError(INVALID_PARAMS, f"There is no prompt {name[:100]!r}; there are {names}.")
        takes = {argument.name: argument.description for argument in prompt.arguments or []}
        listed = ", ".join(f"{argument} ({description})" for argument, description in takes.items())
        if unknown := next((argument for argument in arguments or {} if argument not in takes), None):
            raise MCPError(INVALID_PARAMS, f"{name} has no argument {unknown[:100]}; it takes {listed}.")
        try:
            return await super().get_prompt(name, arguments, context)
        except ValueError as error:
            raise MCPError(INVALID_PARAMS, f"{name}: {wrong_value(error)}; it takes {listed}.") from None

    async def list_resources(self) -> list[Resource]:
        return list(RESOURCES)

    async def list_resource_templates(self) -> list[ResourceTemplate]:
        return list(TEMPLATES)

    async def read_resource(
        self, uri: AnyUrl | str, context: Context[ServerContext, Any] | None = None
    ) -> Iterable[ReadResourceContents]:
        if context is None:
            raise RuntimeError("A resource is read for a client; use ClickHouseClient.describe within a program.")
        state = context.request_context.lifespan_context
        try:
            text = await anyio.to_thread.run_sync(read, state, str(uri), limiter=state.workers)
        except MuseError as error:
            raise ResourceError(str(error)) from None
        if text is None:
            known = ", ".join(str(resource.uri) for resource in RESOURCES)
            raise ResourceNotFoundError(f"There is no resource {str(uri)[:200]}; there are {known}.")
        return [ReadResourceContents(content=text, mime_type="application/json")]


async def _set_level(_: ServerRequestContext[Any, Any], __: SetLevelRequestParams) -> EmptyResult:
    """Accepted and without effect: this server sends no log messages to its clients, they go to stderr."""
    return EmptyResult()
