"""Updates of resources by the SDK: a stream of the newer protocol, and the older one's where a client has a channel.

Without sessions a client of the older protocol has none, and is told so: the handshake's capabilities do not promise
updates, and `resources/subscribe` is no method.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any

import anyio
from mcp.server.context import ServerRequestContext
from mcp.server.session import ServerSession
from mcp.server.subscriptions import ListenHandler, ResourceUpdated, ServerEvent
from mcp.shared.exceptions import MCPError
from mcp_types import (
    EmptyResult,
    SubscribeRequestParams,
    SubscriptionFilter,
    SubscriptionsListenRequestParams,
    SubscriptionsListenResult,
    UnsubscribeRequestParams,
)
from starlette.requests import Request

from chimera_metrics.integrations.errors import MuseError
from chimera_metrics.server.catalog.protocol import (
    INTERNAL_ERROR,
    METHOD_NOT_FOUND,
    MOST_RESOURCES,
    ProtocolError,
    capabilities,
    check_told_of,
    honoured,
)
from chimera_metrics.server.context import ServerContext
from chimera_metrics.server.updates import Updates

#: Streams at once; each of them keeps a connection open.
_MOST = 100
_KEPT = "muse.subscriptions"
Asking = ServerRequestContext[ServerContext, Any]
Leave = Callable[[], None]


class Bus:
    """Hands updates of the running server to the SDK, on the event loop on which it listens."""

    def __init__(self, updates: Callable[[], Updates]) -> None:
        self._updates = updates

    async def publish(self, event: ServerEvent) -> None:
        """Nothing is said but what the store says."""

    def subscribe(self, listener: Callable[[ServerEvent], None]) -> Callable[[], None]:
        loop = asyncio.get_running_loop()
        return self._updates().listen(lambda uri: _soon(loop, lambda: listener(ResourceUpdated(uri=uri))))


class Listening:
    """The requests by which a client asks to be told."""

    def __init__(self, bus: Bus, stateless: bool) -> None:
        self._stateless = stateless
        self._stream = ListenHandler(bus, max_subscriptions=_MOST)
        #: Ends the streams; each is answered.
        self.end = self._stream.close

    def add_to(self, lowlevel: Any) -> None:
        lowlevel.add_request_handler("subscriptions/listen", SubscriptionsListenRequestParams, self.listen)
        lowlevel.add_request_handler("resources/subscribe", SubscribeRequestParams, self.subscribe)
        lowlevel.add_request_handler("resources/unsubscribe", UnsubscribeRequestParams, self.unsubscribe)

    def has_channel(self, request: Any) -> bool:
        """Whether a client of the older protocol can be told anything that it has not asked for."""
        return not (self._stateless and isinstance(request, Request))

    def promised(self, ctx: ServerRequestContext[Any, Any]) -> dict[str, Any]:
        """The capabilities that hold for who asks."""
        return capabilities(updates=ctx.method == "server/discover" or self.has_channel(ctx.request))

    async def listen(self, ctx: Asking, params: SubscriptionsListenRequestParams) -> SubscriptionsListenResult:
        await _prepare(ctx)
        asked = params.notifications.model_dump(by_alias=True, exclude_none=True)
        kept = SubscriptionFilter.model_validate(honoured(asked))
        return await self._stream(ctx, params.model_copy(update={"notifications": kept}))

    async def subscribe(self, ctx: Asking, params: SubscribeRequestParams) -> EmptyResult:
        uri = self._asked(ctx, params.uri)
        await _prepare(ctx)
        loop, session, kept = asyncio.get_running_loop(), ctx.session, _kept(ctx.session)
        if len(kept) >= MOST_RESOURCES and uri not in kept:
            raise MCPError(INTERNAL_ERROR, "Subscription limit reached")
        leave = ctx.lifespan_context.updates.listen(
            lambda changed: _soon(loop, lambda: _send(session, uri)) if changed == uri else None
        )
        if (before := kept.pop(uri, None)) is not None:
            before()
        kept[uri] = leave
        return EmptyResult()

    async def unsubscribe(self, ctx: Asking, params: UnsubscribeRequestParams) -> EmptyResult:
        if not self.has_channel(ctx.request):
            raise MCPError(METHOD_NOT_FOUND, "Method not found", ctx.method)
        leave = _kept(ctx.session).pop(str(params.uri), None)
        if leave is not None:
            leave()
        return EmptyResult()

    def _asked(self, ctx: Asking, uri: Any) -> str:
        if not self.has_channel(ctx.request):
            raise MCPError(METHOD_NOT_FOUND, "Method not found", ctx.method)
        try:
            check_told_of(str(uri))
        except ProtocolError as error:
            raise MCPError(error.code, error.message, error.data) from None
        return str(uri)


def _kept(session: ServerSession) -> dict[str, Leave]:
    """By resource, what ends the subscription; all of them end with the connection."""
    connection = session._connection
    if _KEPT not in connection.state:
        kept: dict[str, Leave] = {}
        connection.state[_KEPT] = kept
        connection.exit_stack.callback(lambda: [leave() for leave in kept.values()])
    found: dict[str, Leave] = connection.state[_KEPT]
    return found


async def _prepare(ctx: Asking) -> None:
    state = ctx.lifespan_context
    try:
        await anyio.to_thread.run_sync(state.updates.prepare, limiter=state.workers)
    except MuseError as error:
        raise MCPError(INTERNAL_ERROR, str(error)) from None


_sending: set[asyncio.Task[None]] = set()


def _send(session: ServerSession, uri: str) -> None:
    task = asyncio.get_running_loop().create_task(session.send_resource_updated(uri))
    _sending.add(task)  # or it might be collected before it has run
    task.add_done_callback(_sending.discard)


def _soon(loop: asyncio.AbstractEventLoop, work: Callable[[], None]) -> None:
    if not loop.is_closed():
        loop.call_soon_threadsafe(work)
