"""The SDK's server with what it leaves open: calls on the record, resources from the store, completions, log levels."""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Callable, Iterable
from contextlib import nullcontext
from typing import Any, TypeVar

import anyio
from mcp.server import MCPServer
from mcp.server.apps import Apps
from mcp.server.context import ServerRequestContext
from mcp.server.lowlevel.helper_types import ReadResourceContents
from mcp.server.mcpserver import Context
from mcp.server.mcpserver.exceptions import ToolError
from mcp.shared.exceptions import MCPError
from mcp_types import (
    CallToolResult,
    CompleteRequestParams,
    CompleteResult,
    EmptyResult,
    GetPromptResult,
    ImageContent,
    InputRequiredResult,
    Prompt,
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
from chimera_metrics.server.catalog.completions import complete
from chimera_metrics.server.catalog.names import Names
from chimera_metrics.server.catalog.prompts import get_prompt
from chimera_metrics.server.catalog.protocol import ProtocolError
from chimera_metrics.server.catalog.resources import read_resource
from chimera_metrics.server.catalog.surface import input_schema_of, listed, surface
from chimera_metrics.server.catalog.tool import Sentence
from chimera_metrics.server.context import ServerContext
from chimera_metrics.server.http.listening import Bus, Listening
from chimera_metrics.server.http.middleware import EitherName, WhereTraced, caller_of, fill_in, leave
from chimera_metrics.server.http.on_record import OnRecord, note_tool
from chimera_metrics.server.http.sessions import STOPPABLE
from chimera_metrics.server.http.watch import run_watched
from chimera_metrics.server.http.workers import Workers

T = TypeVar("T")


class MuseServer(MCPServer[ServerContext]):
    """Our tools, resources, prompts and completions on the official SDK."""

    def __init__(self, calls: Calls, names: Names, local: Role, stateless: bool, **words: Any) -> None:
        """`local`: see `caller_of`; `stateless`: over HTTP clients have no session."""
        self._calls = calls
        #: Puts requests beside the protocol on record, as `Calls.record` does.
        self.record = calls.record
        self._local = local
        listening = Listening(Bus(lambda: self._running().updates), stateless)
        super().__init__(
            middleware=[OnRecord(calls, local), EitherName(names, local, listening.promised), fill_in],
            log_level="WARNING",
            subscriptions=False,  # served by `listening`
            extensions=[Apps()],
            **words,
        )
        #: The context of the running lifespan, for routes beside the protocol.
        self.state: ServerContext | None = None
        #: Where its calls are answered.
        self.workers = Workers(1, 1)
        # The first is the SDK's own: what makes the spans.
        self._lowlevel_server.middleware[0] = WhereTraced(self._lowlevel_server.middleware[0])
        # The SDK's decorator for completions is untyped, and for log levels it has none.
        self._lowlevel_server.add_request_handler("completion/complete", CompleteRequestParams, _complete)
        self._lowlevel_server.add_request_handler("logging/setLevel", SetLevelRequestParams, _set_level)
        listening.add_to(self._lowlevel_server)
        self.end_streams = listening.end

    def _running(self) -> ServerContext:
        if self.state is None:
            raise RuntimeError("Nobody listens to a server that does not run.")
        return self.state

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
        note_tool()
        request = context.request_context
        state, caller = request.lifespan_context, caller_of(request, self._local)
        started = False

        def work(stop: Cancellation) -> Answered:
            nonlocal started
            started = True
            return self._calls.run(state, caller, name, arguments, stop, family)

        stoppable = getattr(request.request, "scope", {}).get(STOPPABLE)
        try:
            with stoppable.running(request.request_id) if stoppable is not None else nullcontext("") as family:
                answered = await run_watched(work, context, self.workers, self._calls.limit_s(name, arguments, state))
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

    async def list_prompts(self) -> list[Prompt]:
        return [Prompt.model_validate(prompt) for prompt in surface()["prompts"]]

    async def get_prompt(
        self, name: str, arguments: dict[str, Any] | None = None, context: Context[ServerContext, Any] | None = None
    ) -> GetPromptResult | InputRequiredResult:
        return GetPromptResult.model_validate(_told(lambda: get_prompt(name, arguments)))

    async def list_resources(self) -> list[Resource]:
        return [Resource.model_validate(resource) for resource in surface()["resources"]]

    async def list_resource_templates(self) -> list[ResourceTemplate]:
        return [ResourceTemplate.model_validate(template) for template in surface()["resource_templates"]]

    async def read_resource(
        self, uri: AnyUrl | str, context: Context[ServerContext, Any] | None = None
    ) -> Iterable[ReadResourceContents]:
        if context is None:
            raise RuntimeError("A resource is read for a client; use ClickHouseClient.describe within a program.")
        found = await _on_a_worker(context.request_context.lifespan_context, lambda it: read_resource(it, str(uri)))
        return [ReadResourceContents(one["text"], one["mimeType"], one.get("_meta")) for one in found["contents"]]


async def _complete(request: ServerRequestContext[ServerContext, Any], params: CompleteRequestParams) -> CompleteResult:
    given = params.context.arguments if params.context is not None else None

    def found(context: ServerContext) -> dict[str, Any]:
        return complete(context, params.argument.name, params.argument.value, given)

    return CompleteResult.model_validate(await _on_a_worker(request.lifespan_context, found))


async def _on_a_worker(context: ServerContext, answer: Callable[[ServerContext], T]) -> T:
    """The answer, for which the store may be asked."""
    return await anyio.to_thread.run_sync(lambda: _told(lambda: answer(context)), limiter=context.workers)


def _told(answer: Callable[[], T]) -> T:
    """The answer; a ProtocolError becomes the SDK's."""
    try:
        return answer()
    except ProtocolError as error:
        raise MCPError(error.code, error.message, error.data) from None


async def _set_level(_: ServerRequestContext[Any, Any], __: SetLevelRequestParams) -> EmptyResult:
    """Accepted and without effect: this server sends no log messages to its clients, they go to stderr."""
    return EmptyResult()


def _picture(png: bytes) -> ImageContent:
    return ImageContent(type="image", data=b64encode(png).decode(), mime_type="image/png")
