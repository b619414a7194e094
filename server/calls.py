"""Every call of a tool passes here: who may, how it ended, and the audit line before the answer leaves."""

from __future__ import annotations

import difflib
import logging
import time
from base64 import b64encode
from collections.abc import Mapping
from typing import Any

import anyio
from mcp.server.context import ServerRequestContext
from mcp.server.mcpserver import Context
from mcp.server.mcpserver.exceptions import ToolError
from mcp_types import CallToolResult, ContentBlock, ImageContent
from opentelemetry.trace import Span, get_tracer  # type: ignore[import-not-found,attr-defined,unused-ignore]

from integrations.audit import AuditFailed, Entry, clean, now, shown_arguments
from integrations.clickhouse.call import Call, serving
from server.callers import GROUPS, Caller, Role, caller_of
from server.context import ServerContext
from server.payload import Payload, leave
from server.tool import MuseTool, Sentence

_log = logging.getLogger(__name__)
_tracer = get_tracer("chimera-metrics")


class Calls:
    """Finds the tool of a call, runs it for its caller and records how it ended."""

    def __init__(self, tools: Mapping[str, MuseTool], known: Mapping[str, str], local: Role) -> None:
        """`tools` are offered here; `known` is every tool that there is, to its group; `local` as in `caller_of`."""
        self._tools = tools
        self._known = known
        self.local = local

    async def run(self, name: str, arguments: dict[str, Any], context: Context[Any, Any]) -> CallToolResult:
        request: ServerRequestContext[ServerContext, Any] = context.request_context
        caller = caller_of(request, self.local)
        record = _Record(request.lifespan_context, caller, name if name in self._known else "unknown", arguments)
        if name not in self._known:
            record.arguments = {"tool": name[:100], **arguments}
        with serving(record.call), _tracer.start_as_current_span(f"muse {record.tool}") as span:
            try:
                answer = await self._tool(name, caller).answer(arguments, context)
                payload = Payload(answer)
                record.ok(payload)
            except Sentence as sentence:
                record.failed(sentence.outcome, str(sentence))
                raise
            except anyio.get_cancelled_exc_class():
                record.failed("cancelled", "The client cancelled the call or went away.")
                raise
            except ToolError:
                record.failed("error", "A mistake in the call.")
                raise
            except Exception as fault:  # noqa: BLE001  # whatever a fault of ours raises
                # A fault of ours: what it says may hold anything, so it stays in the log.
                _log.exception("Call %s of %s failed", record.call.call_id, record.tool)
                record.failed("error", f"Fault of the server: {type(fault).__name__}.")
                raise Sentence(
                    f"The server failed at this call; its log says why, under {record.call.call_id}. Report it to the "
                    "operator, or ask in another way.",
                    "error",
                ) from None
            finally:
                record.end(span)
        leave(payload)
        pictures: list[ContentBlock] = list(map(_picture, answer.images))
        return CallToolResult(content=pictures)

    def _tool(self, name: str, caller: Caller) -> MuseTool:
        group = self._known.get(name)
        if group is None:
            near = difflib.get_close_matches(name, self._tools, n=1, cutoff=0.5)
            hint = f" Did you mean {near[0]}?" if near else f" There are: {', '.join(self._tools)}."
            raise Sentence(f"Unknown tool {name[:100]!r}.{hint}", "error")
        if name not in self._tools:
            raise Sentence(
                f"{name} is not offered here: this server was started with --read-only or without the group {group} "
                "in MUSE_TOOLS.",
                "refused",
            )
        if group not in GROUPS[caller.role]:
            raise Sentence(
                f"{name} stores rows, and {caller.who} has the role {caller.role}, which may only read; "
                "ask the operator for a writer's token (`muse token create`).",
                "refused",
            )
        return self._tools[name]


class _Record:
    """What is known of one call while it runs."""

    def __init__(self, context: ServerContext, caller: Caller, tool: str, arguments: dict[str, Any]) -> None:
        self._context = context
        self._caller = caller
        self.tool = tool
        self.arguments = arguments
        self.call = Call(reads_audit=caller.role == "admin")
        self._ts = now()
        self._started = time.perf_counter()
        self._outcome, self._error = "error", ""
        self._rows = self._bytes = 0
        context.metrics.begin()

    def ok(self, answer: Payload) -> None:
        self._outcome = "ok"
        counted = (answer.get(name) for name in ("row_count", "inserted", "n"))
        self._rows = next((count for count in counted if isinstance(count, int)), 0)
        self._bytes = len(answer.json)

    def failed(self, outcome: str, error: str) -> None:
        self._outcome, self._error = outcome, error

    def end(self, span: Span) -> None:
        elapsed_s = time.perf_counter() - self._started
        self._context.metrics.end(self.tool, self._outcome, elapsed_s, self._rows, self._bytes)
        if span.is_recording():
            span.set_attribute("db.system.name", "clickhouse")
            span.set_attribute("db.query.text", clean(self.call.statement))
            span.set_attribute("muse.call_id", self.call.call_id)
            span.set_attribute("muse.outcome", self._outcome)
            span.set_attribute("muse.rows", self._rows)
        if self._context.audit is None:
            return
        try:
            self._context.audit.append(self._entry(elapsed_s))
        except AuditFailed as error:
            raise ToolError(str(error)) from None

    def _entry(self, elapsed_s: float) -> Entry:
        return Entry(
            ts=self._ts,
            call_id=self.call.call_id,
            who=self._caller.who,
            role=self._caller.role,
            client=self._caller.client,
            tool=self.tool,
            arguments=shown_arguments(self.arguments),
            statement=clean(self.call.statement),
            query_id=self.call.query_id,
            rows=self._rows,
            bytes=self._bytes,
            elapsed_ms=round(elapsed_s * 1000, 3),
            outcome=self._outcome,
            error=clean(self.call.without_secrets(self._error)),
        )


def _picture(png: bytes) -> ImageContent:
    return ImageContent(type="image", data=b64encode(png).decode(), mime_type="image/png")
