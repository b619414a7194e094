"""What the SDK's server is told of ours on each message: who calls, names by either form, answers written once.

The SDK copies a result four times on its way out. What a tool answers is JSON by then, so the tool hands the SDK an
empty result and leaves its answer here, to be put into what the SDK made of the empty one.
"""

from __future__ import annotations

from collections.abc import Callable
from contextvars import ContextVar
from dataclasses import replace
from functools import lru_cache
from typing import Any, cast

from mcp.server.apps import client_supports_apps
from mcp.server.auth.middleware.bearer_auth import AuthenticatedUser
from mcp.server.context import CallNext, HandlerResult, ServerMiddleware, ServerRequestContext
from starlette.datastructures import URL
from starlette.requests import Request

from chimera_metrics.integrations.clickhouse.call import owner_of
from chimera_metrics.server.calls import Answered
from chimera_metrics.server.catalog.callers import ROLE_CLAIM, Caller, Role, introduced, local_user
from chimera_metrics.server.catalog.names import Names
from chimera_metrics.server.catalog.views import shown_resources
from chimera_metrics.server.http.sessions import client_has_views, client_info
from chimera_metrics.server.tracing import traced

#: Where a request's scope holds its caller.
_CALLER = "muse.caller"
_left: ContextVar[list[Answered] | None] = ContextVar("muse_answered", default=None)


def caller_of(ctx: ServerRequestContext[Any, Any], local: Role) -> Caller:
    """The caller of a request; `local` is the role of those who need no token: stdio, and HTTP on this machine."""
    if not isinstance(ctx.request, Request) or ctx.method == "initialize":  # by which the client introduces itself
        return _read_caller(ctx, local)
    scope = ctx.request.scope
    found: Caller | None = scope.get(_CALLER)
    if found is None:
        found = scope[_CALLER] = _read_caller(ctx, local)
    return found


def _read_caller(ctx: ServerRequestContext[Any, Any], local: Role) -> Caller:
    params = ctx.session.client_params
    info = None if params is None else {"name": params.client_info.name, "version": params.client_info.version}
    if info is None and isinstance(ctx.request, Request):
        info = client_info(ctx.request.headers)
    client, program = introduced(info)
    reached_at = _reached_at(ctx.request) if isinstance(ctx.request, Request) else ""
    views = client_supports_apps(ctx)
    if ctx.session.client_params is None and isinstance(ctx.request, Request):
        views = views or client_has_views(ctx.request.headers)
    user = getattr(ctx.request, "scope", {}).get("user")
    if isinstance(user, AuthenticatedUser):
        token = user.access_token
        claims = token.claims or {}
        role = cast("Role", claims.get(ROLE_CLAIM, "reader"))
        name = token.subject or token.client_id
        return Caller(name, role, client, program, owner_of(name, claims.get("iss")), reached_at, views)
    return Caller(local_user(), local, client, program, reached_at=reached_at, has_views=views)


def _reached_at(request: Request) -> str:
    scope = request.scope
    return _base_url(scope["scheme"], scope.get("server"), scope.get("root_path", ""), request.headers.get("host"))


@lru_cache(1_000)
def _base_url(scheme: str, server: tuple[str, int | None] | None, path: str, host: str | None) -> str:
    headers = [] if host is None else [(b"host", host.encode("latin-1"))]
    scope = {"type": "http", "scheme": scheme, "server": server, "path": f"{path}/", "headers": headers}
    return str(URL(scope=scope)).rstrip("/")


def _program_of(ctx: ServerRequestContext[Any, Any], caller: Caller) -> str | None:
    """The program that asks; in a handshake the session does not know it yet."""
    if ctx.method != "initialize":
        return caller.program
    info = (ctx.params or {}).get("clientInfo")
    name = info.get("name") if isinstance(info, dict) else None
    return name if isinstance(name, str) else None


class WhereTraced:
    """The SDK's spans, where somebody collects spans: to make them for nobody takes a twentieth of a short call."""

    def __init__(self, spans: ServerMiddleware[Any]) -> None:
        self._spans = spans

    async def __call__(self, ctx: ServerRequestContext[Any, Any], call_next: CallNext) -> HandlerResult:
        return await (self._spans(ctx, call_next) if traced() else call_next(ctx))


class EitherName:
    """Shows each client its form of the tools' names, in lists and in words, and takes a call by either form."""

    def __init__(self, names: Names, local: Role, promised: Callable[[Any], dict[str, Any]]) -> None:
        """`promised`: the capabilities that hold for a request."""
        self._names = names
        self._promised = promised
        self._local = local

    async def __call__(self, ctx: ServerRequestContext[Any, Any], call_next: CallNext) -> HandlerResult:
        if ctx.method == "tools/call" and ctx.params is not None:
            name = ctx.params.get("name")
            if isinstance(name, str) and self._names.dotted(name) != name:
                ctx = replace(ctx, params={**ctx.params, "name": self._names.dotted(name)})
        result = await call_next(ctx)
        if not isinstance(result, dict):
            return result
        caller = caller_of(ctx, self._local)
        if ctx.method == "tools/list":
            result = result | {"tools": self._names.shown(result["tools"], caller)}
        if ctx.method in ("initialize", "server/discover"):
            result = result | {"capabilities": self._promised(ctx)}
        if ctx.method == "resources/list":
            result = result | {"resources": shown_resources(result["resources"], caller.has_views)}
        return self._names.told(ctx.method, result, _program_of(ctx, caller))


def leave(answered: Answered) -> None:
    """Leaves the answer of the call under way to `fill_in`."""
    left = _left.get()
    if left is None:
        raise RuntimeError("A tool answers within a request only.")
    left.append(answered)


async def fill_in(ctx: ServerRequestContext[Any, Any], call_next: CallNext) -> HandlerResult:
    """Innermost: the answer that the tool left, as text and as structured content of the result."""
    if ctx.method != "tools/call":
        return await call_next(ctx)
    left: list[Answered] = []
    token = _left.set(left)
    try:
        result = await call_next(ctx)
    finally:
        _left.reset(token)
    if not left or not isinstance(result, dict):
        return result
    text = {"type": "text", "text": left[0].json.decode()}
    return result | {"content": [text, *result["content"], *left[0].links], "structuredContent": left[0].fields}
