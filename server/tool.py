"""A tool: strict arguments, one call on the client in a worker thread, compact JSON as text and as structured content.

The SDK's own tool ignores unknown arguments, prefixes every error with its name and indents its JSON; this one refuses,
says the sentence and nothing else, and spends no tokens on spaces.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial
from typing import Any

import anyio
import orjson
from mcp.server.mcpserver import Context
from mcp.server.mcpserver.exceptions import ToolError
from mcp.server.mcpserver.tools.base import Tool
from mcp.server.mcpserver.utilities.func_metadata import FuncMetadata
from mcp_types import CallToolResult, TextContent, ToolAnnotations
from pydantic import BaseModel, Field, TypeAdapter

from analytics.errors import QuestionError
from integrations.clickhouse.executor import Cancellation
from integrations.clickhouse.guard import Refused
from integrations.errors import MuseError
from integrations.results import Result
from server.arguments import read_arguments
from server.context import ServerContext
from server.schemas import input_schema, output_schema

Call = Callable[[ServerContext, Any, Cancellation], Result]

# What a user can cause; anything else is a fault of ours, and the SDK keeps its text from the client.
SENTENCES = (MuseError, Refused, QuestionError)


class MuseTool(Tool):
    """One tool of the server."""

    group: str = Field(exclude=True)
    arguments_model: type[BaseModel] = Field(exclude=True)
    call: Call = Field(exclude=True)
    answer_schema: dict[str, Any] = Field(exclude=True)

    @property
    def output_schema(self) -> dict[str, Any] | None:  # the SDK derives it from a function
        return self.answer_schema

    async def run(self, arguments: dict[str, Any], context: Context[Any, Any], convert_result: bool = False) -> Any:
        try:
            read = read_arguments(self.name, self.arguments_model, arguments)
            result = await self._in_thread(context.request_context.lifespan_context, read)
        except SENTENCES as error:
            raise ToolError(str(error)) from None
        text = orjson.dumps(result).decode()
        return CallToolResult(content=[TextContent(type="text", text=text)], structured_content=dict(result))

    async def _in_thread(self, context: ServerContext, arguments: BaseModel) -> Result:
        """Runs the call on a worker thread; when the client cancels or goes away, stops it on the engine."""
        cancellation = Cancellation()
        try:
            return await anyio.to_thread.run_sync(
                partial(self.call, context, arguments, cancellation), abandon_on_cancel=True
            )
        except anyio.get_cancelled_exc_class():
            with anyio.CancelScope(shield=True):
                await anyio.to_thread.run_sync(cancellation.cancel)
            raise


def make_tool(
    name: str,
    group: str,
    title: str,
    description: str,
    arguments: type[BaseModel],
    answer: Any,
    call: Call,
    annotations: ToolAnnotations,
    schema: Mapping[str, Any] | None = None,
) -> MuseTool:
    """A tool from its parts; `name` is the dotted form, which the title keeps where hosts refuse dots."""
    return MuseTool(
        fn=_never,
        name=name,
        title=f"{title} ({name})",
        description=description,
        parameters=dict(schema) if schema is not None else input_schema(arguments),
        fn_metadata=FuncMetadata(arg_model=_NoArguments),
        is_async=False,
        context_kwarg=None,
        annotations=annotations,
        group=group,
        arguments_model=arguments,
        call=call,
        answer_schema=output_schema(TypeAdapter(answer)),
    )


def _never() -> None:
    """The SDK wants a function; `run` calls ours instead."""


_NoArguments = FuncMetadata.model_fields["arg_model"].annotation.__args__[0]  # type: ignore[union-attr]
