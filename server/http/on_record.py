"""The requests that are calls without a tool: what they ask for is on record like a tool's call."""

from __future__ import annotations

from contextvars import ContextVar
from typing import Any

import anyio
import orjson
from mcp.server.context import CallNext, HandlerResult, ServerRequestContext
from mcp.shared.exceptions import MCPError
from mcp_types import INTERNAL_ERROR
from pydantic import ValidationError

from chimera_metrics.integrations.clickhouse.call import serving
from chimera_metrics.server.calls import RECORDED, Calls, Record
from chimera_metrics.server.catalog.callers import Role
from chimera_metrics.server.catalog.tool import Sentence
from chimera_metrics.server.http.marks import RECORDED as NOTED
from chimera_metrics.server.http.middleware import caller_of

_TOOL = "tools/call"
_noted: ContextVar[list[bool] | None] = ContextVar("muse_noted", default=None)


def note_tool() -> None:
    """Says that the call under way has come to its tool, which puts it on record itself."""
    noted = _noted.get()
    if noted is not None:
        noted.append(True)


class OnRecord:
    """Outermost: sees every request, also one whose parameters the SDK refuses."""

    def __init__(self, calls: Calls, local: Role) -> None:
        self._calls = calls
        self._local = local

    async def __call__(self, ctx: ServerRequestContext[Any, Any], call_next: CallNext) -> HandlerResult:
        if ctx.request_id is None or ctx.method not in RECORDED:
            return await call_next(ctx)  # what asks for no answer calls nothing
        recorded = getattr(ctx.request, "scope", {}).get(NOTED)
        if recorded is not None:
            recorded.set()
        if ctx.method == _TOOL:
            return await self._tool(ctx, call_next)
        record = self._record(ctx)
        try:
            with serving(record.call):
                result = await call_next(ctx)
            record.sent(len(orjson.dumps(result, default=str)))
        except BaseException as error:
            record.failed(*_how(error))
            raise
        finally:
            _end(record)
        return result

    async def _tool(self, ctx: ServerRequestContext[Any, Any], call_next: CallNext) -> HandlerResult:
        noted: list[bool] = []
        token = _noted.set(noted)
        try:
            return await call_next(ctx)
        except BaseException as error:
            if not noted:
                record = self._record(ctx)
                record.failed(*_how(error))
                _end(record)
            raise
        finally:
            _noted.reset(token)

    def _record(self, ctx: ServerRequestContext[Any, Any]) -> Record:
        return self._calls.record(ctx.lifespan_context, caller_of(ctx, self._local), ctx.method, ctx.params)


def _how(error: BaseException) -> tuple[str, str]:
    """Outcome and sentence of a request that ended so."""
    if isinstance(error, anyio.get_cancelled_exc_class()):
        return "cancelled", "The client cancelled the request or went away."
    if isinstance(error, ValidationError):
        return "error", "The parameters are not those of the method."
    return "error", str(error)


def _end(record: Record) -> None:
    try:
        record.end(None)
    except Sentence as sentence:
        raise MCPError(INTERNAL_ERROR, str(sentence)) from None
