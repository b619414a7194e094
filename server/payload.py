"""An answer's JSON, written once.

The SDK copies a result four times on its way out: into a model, out of it, through the surface of the protocol's
version, and into JSON. What a tool answers is JSON by then. So the tool hands the SDK an empty result and leaves its
answer here, and the innermost middleware puts it into what the SDK made of the empty one.
"""

from __future__ import annotations

from collections.abc import Mapping
from contextvars import ContextVar
from typing import Any

import orjson
from mcp.server.context import CallNext, HandlerResult, ServerRequestContext


class Payload(dict[str, Any]):
    """An answer as a mapping, and the JSON that it is."""

    __slots__ = ("json",)

    def __init__(self, answer: Mapping[str, Any]) -> None:
        super().__init__(answer)
        self.json = orjson.dumps(answer)


_left: ContextVar[list[Payload] | None] = ContextVar("muse_payload", default=None)


def leave(payload: Payload) -> None:
    """Leaves the answer of the call under way to the middleware."""
    left = _left.get()
    if left is None:
        raise RuntimeError("A tool answers within a request only.")
    left.append(payload)


async def fill_in(ctx: ServerRequestContext[Any, Any], call_next: CallNext) -> HandlerResult:
    """Middleware: the answer that the tool left, as text and as structured content of the result."""
    if ctx.method != "tools/call":
        return await call_next(ctx)
    left: list[Payload] = []
    token = _left.set(left)
    try:
        result = await call_next(ctx)
    finally:
        _left.reset(token)
    if not left or not isinstance(result, dict):
        return result
    text = {"type": "text", "text": left[0].json.decode()}
    return result | {"content": [text, *result["content"]], "structuredContent": left[0]}


def ready_made(result: dict[str, Any]) -> dict[str, Any]:
    """A result for orjson, the payload in it as the JSON that it is."""
    payload = result.get("structuredContent")
    return result | {"structuredContent": orjson.Fragment(payload.json)} if type(payload) is Payload else result
