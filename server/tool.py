"""A tool: strict arguments, one call on the client in a worker thread.

The SDK's own tool ignores unknown arguments, prefixes every error with its name and indents its JSON; this one refuses,
says the sentence and nothing else, and its answer goes out as compact JSON (`payload`).
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NoReturn

from mcp.server.mcpserver import Context
from mcp.server.mcpserver.exceptions import ToolError
from mcp.server.mcpserver.tools.base import Tool
from mcp.server.mcpserver.utilities.func_metadata import FuncMetadata
from mcp_types import ToolAnnotations
from pydantic import BaseModel, Field

from analytics.errors import QuestionError
from integrations.clickhouse.executor import Cancellation
from integrations.clickhouse.guard import Refused
from integrations.errors import AccessRefused, MuseError, StatementCancelled
from integrations.results import Result
from server.arguments import read_arguments
from server.context import ServerContext
from server.schemas import kept
from server.watch import run_watched

Call = Callable[[ServerContext, Any, Cancellation], Result]

# What a user can cause; anything else is a fault of ours, and the SDK keeps its text from the client.
SENTENCES = (MuseError, Refused, QuestionError)


class Sentence(ToolError):
    """A mistake or a refusal, told to the model in one sentence; `outcome` is the audit's word for it."""

    def __init__(self, text: str, outcome: str) -> None:
        super().__init__(text)
        self.outcome = outcome


class MuseTool(Tool):
    """One tool of the server. Called by `answer`; the SDK's `run` is not used."""

    group: str = Field(exclude=True)
    arguments_model: type[BaseModel] = Field(exclude=True)
    call: Call = Field(exclude=True)
    answer_schema: dict[str, Any] = Field(exclude=True)

    @property
    def output_schema(self) -> dict[str, Any] | None:  # the SDK derives it from a function
        return self.answer_schema

    async def answer(self, arguments: dict[str, Any], context: Context[Any, Any]) -> Result:
        """What the tool answers, or a Sentence."""
        try:
            read = read_arguments(self.name, self.arguments_model, arguments)
            state: ServerContext = context.request_context.lifespan_context
            return await run_watched(
                lambda stop: self.call(state, read, stop), context, getattr(read, "timeout_s", None)
            )
        except SENTENCES as error:
            _tell(error)


def _tell(error: Exception) -> NoReturn:
    if isinstance(error, Refused | AccessRefused):
        outcome = "refused"
    else:
        outcome = "cancelled" if isinstance(error, StatementCancelled) else "error"
    raise Sentence(str(error), outcome) from None


def make_tool(
    name: str,
    group: str,
    title: str,
    description: str,
    arguments: type[BaseModel],
    call: Call,
    annotations: ToolAnnotations,
) -> MuseTool:
    """A tool from its parts; `name` is the dotted form, which the title keeps where hosts refuse dots."""
    schemas = kept().get(name, {"input": {}, "output": {}})  # a new tool has none yet: run `server.derive`
    return MuseTool(
        fn=_never,
        name=name,
        title=f"{title} ({name})",
        description=description,
        parameters=schemas["input"],
        fn_metadata=FuncMetadata(arg_model=_NoArguments),
        is_async=False,
        context_kwarg=None,
        annotations=annotations,
        group=group,
        arguments_model=arguments,
        call=call,
        answer_schema=schemas["output"],
    )


def _never() -> None:
    """The SDK wants a function; `run` calls ours instead."""


_NoArguments = FuncMetadata.model_fields["arg_model"].annotation.__args__[0]  # type: ignore[union-attr]
