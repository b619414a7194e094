"""The SDK's server with what it leaves open: calls on the record, resources from the store, completions, log levels."""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Iterable
from typing import Any

import anyio
from mcp.server import MCPServer
from mcp.server.context import ServerRequestContext
from mcp.server.lowlevel.helper_types import ReadResourceContents
from mcp.server.mcpserver import Context
from mcp.server.mcpserver.exceptions import ResourceError, ResourceNotFoundError, ToolError
from mcp.shared.exceptions import MCPError
from mcp_types import (
    INVALID_PARAMS,
    CallToolResult,
    EmptyResult,
    GetPromptResult,
    ImageContent,
    InputRequiredResult,
    Resource,
    ResourceTemplate,
    SetLevelRequestParams,
    Tool,
)
from pydantic import AnyUrl

from chimera_metrics.integrations.clickhouse.statements import Cancellation
from chimera_metrics.integrations.errors import MuseError
from chimera_metrics.server.calls import Answered, Calls
from chimera_metrics.server.catalog.callers import Role
from chimera_metrics.server.catalog.completions import completer
from chimera_metrics.server.catalog.names import Names
from chimera_metrics.server.catalog.prompts import PROMPTS, wrong_value
from chimera_metrics.server.catalog.resources import RESOURCES, TEMPLATES, read
from chimera_metrics.server.catalog.surface import input_schema_of, listed
from chimera_metrics.server.catalog.tool import Sentence
from chimera_metrics.server.context import ServerContext
from chimera_metrics.server.http.middleware import EitherName, caller_of, fill_in, leave
from chimera_metrics.server.http.watch import run_watched


class MuseServer(MCPServer[ServerContext]):
    """Our tools, resources, prompts and completions on the official SDK."""

    def __init__(self, calls: Calls, names: Names, local: Role, **words: Any) -> None:
        """`local`: see `caller_of`."""
        self._calls = calls
        self._local = local
        super().__init__(
            middleware=[EitherName(names, local), fill_in], log_level="WARNING", subscriptions=False, **words
        )
        #: The context of the running lifespan, for routes beside the protocol.
        self.state: ServerContext | None = None
        for title, description, prompt in PROMPTS:
            self.prompt(title=title, description=description)(prompt)
        self.completion()(completer(lambda: self.state))  # type: ignore[no-untyped-call]  # the SDK leaves it untyped
        # The SDK has a decorator for all but this one, which the handshake generation of clients still asks for.
        self._lowlevel_server.add_request_handler("logging/setLevel", SetLevelRequestParams, _set_level)

    async def list_tools(self) -> list[Tool]:
        return [Tool.model_validate(tool) for tool in listed(self._calls.tools.values())]

    def _tool_input_schema(self, name: str) -> dict[str, Any] | None:
        """What the SDK compares a request's headers with."""
        return input_schema_of(name)

    async def call_tool(
        self, name: str, arguments: dict[str, Any], context: Context[ServerContext, Any] | None = None
    ) -> CallToolResult:
        if context is None:
            raise RuntimeError("A tool is called for a client; use ClickHouseClient within a program.")
        request = context.request_context
        state, caller = request.lifespan_context, caller_of(request, self._local)
        started = False

        def work(stop: Cancellation) -> Answered:
            nonlocal started
            started = True
            return self._calls.run(state, caller, name, arguments, stop)

        try:
            answered = await run_watched(work, context, self._calls.limit_s(name, arguments, state))
        except (Sentence, MuseError) as error:
            if not started:  # its client went away
                self._calls.not_run(state, caller, name, arguments)
            raise ToolError(str(error)) from None
        except anyio.get_cancelled_exc_class():
            if not started:
                self._calls.not_run(state, caller, name, arguments)
            raise
        leave(answered)
        return CallToolResult(content=[_picture(png) for png in answered.images])

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


def _picture(png: bytes) -> ImageContent:
    return ImageContent(type="image", data=b64encode(png).decode(), mime_type="image/png")
