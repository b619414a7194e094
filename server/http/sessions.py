"""The revisions with a handshake, served without sessions: nothing that a client may need is in one server's memory.

The session id that `initialize` hands out carries the client's name, whether it shows views, and a random part, and no
server remembers it. So any server answers any request, before and after a restart. A client of these revisions cancels
by another request, which may reach another server than its call did: the call is looked for here, and then on the
engine.
"""

from __future__ import annotations

import contextlib
import hashlib
import re
import secrets
from base64 import urlsafe_b64decode, urlsafe_b64encode
from codecs import BOM_UTF8
from collections.abc import Awaitable, Callable, Iterator
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import anyio
import orjson
from mcp.server.auth.middleware.bearer_auth import AuthenticatedUser
from mcp.server.streamable_http_manager import StreamableHTTPSessionManager
from mcp_types.version import HANDSHAKE_PROTOCOL_VERSIONS
from starlette.datastructures import Headers, MutableHeaders
from starlette.responses import JSONResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from chimera_metrics.server.catalog.views import has_views
from chimera_metrics.server.http.marks import GONE, Departure

SESSION = "mcp-session-id"
#: Where a request's scope holds what may stop its call.
STOPPABLE = "muse.stoppable"
# Longer messages are neither a handshake nor a cancel.
_LONGEST = 20_000
_LONGEST_ID = 1_000
_NAME = 100
# A cancel may overtake its call.
_PAUSES_S = (0.0, 0.2, 0.4)


def session_id(info: Any, capabilities: Any = None) -> str:
    """A session id for a client that introduces itself so. Its random part is what a cancel has to know."""
    words = info if isinstance(info, dict) else {}
    said: list[Any] = [word[:_NAME] if isinstance(word := words.get(key), str) else "" for key in ("name", "version")]
    if has_views(capabilities if isinstance(capabilities, dict) else None):
        said.append(True)
    return f"{secrets.token_urlsafe(18)}.{urlsafe_b64encode(orjson.dumps(said)).decode().rstrip('=')}"


def client_info(headers: Headers) -> dict[str, str] | None:
    """How the client introduced itself when it got its session id."""
    match _said(headers.get(SESSION, "")[:_LONGEST_ID]):
        case [str(name), str(version), *_]:
            return {"name": name, "version": version}
    return None


def client_has_views(headers: Headers) -> bool:
    """Whether it said then that it shows views."""
    match _said(headers.get(SESSION, "")[:_LONGEST_ID]):
        case [str(), str(), True]:
            return True
    return False


@lru_cache(1_000)
def _said(session: str) -> Any:
    """What a session id carries. It comes again with every request."""
    encoded = session.partition(".")[2]
    try:
        return orjson.loads(urlsafe_b64decode(encoded + "=" * (-len(encoded) % 4)))
    except ValueError:
        return None


def _owner(scope: Scope) -> str | None:
    """Who may cancel a call: those with the session id, or without one the holder of a token."""
    session = Headers(scope=scope).get(SESSION, "")[:_LONGEST_ID]
    user = scope.get("user")
    if isinstance(user, AuthenticatedUser):
        token = user.access_token
        return repr((token.client_id, token.subject, (token.claims or {}).get("iss"), session))
    return repr((session,)) if session else None


@dataclass(eq=False)
class Stoppable:
    """A request whose call a later request may stop."""

    calls: dict[str, Stoppable]
    owner: str
    gone: Departure
    cancelled: bool = False

    def family(self, request_id: Any) -> str:
        """How the call's id begins: the same on every server, and nobody else can say it."""
        digits = hashlib.sha256(repr((self.owner, str(request_id))).encode()).hexdigest()
        return f"{digits[:8]}-{digits[8:12]}"

    @contextlib.contextmanager
    def running(self, request_id: Any) -> Iterator[str]:
        """While the call runs, a cancel finds it under its family."""
        family = self.family(request_id)
        self.calls[family] = self
        try:
            yield family
        finally:
            if self.calls.get(family) is self:
                del self.calls[family]

    def cancel(self) -> None:
        self.cancelled = True
        self.gone.set()


# A list of anything but messages is no batch, and the SDK's to answer.
_BATCH = re.compile(rb"\s*\[\s*\{")
_NO_BATCHES = {
    "jsonrpc": "2.0",
    "id": None,
    "error": {"code": -32600, "message": "Batches are not taken over HTTP; send each request by itself."},
}


class WithoutSessions:
    """ASGI middleware between the check of tokens and the SDK; a body arrives here in one message."""

    def __init__(
        self,
        manager: StreamableHTTPSessionManager,
        exchanges: ASGIApp,
        stop_elsewhere: Callable[[str], Awaitable[bool]],
    ) -> None:
        """`exchanges` answers the requests of the revisions with a handshake; `stop_elsewhere` stops a family of
        statements on the engine, and says whether there were any."""
        limited = manager.asgi_app
        # Within the SDK's check of a body's size.
        self._app, limited.app = limited.app, self
        self._exchanges = exchanges
        self._stop_elsewhere = stop_elsewhere
        self._calls: dict[str, Stoppable] = {}

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        headers = Headers(scope=scope)
        if (unread := _unread_encoding(scope, headers)) is not None:
            await unread(scope, receive, send)
            return
        scope = _accepting(scope, headers)
        revision = headers.get("mcp-protocol-version")
        if revision is not None and revision not in HANDSHAKE_PROTOCOL_VERSIONS:
            await self._app(scope, receive, send)
        elif scope["method"] == "GET":
            # This server says nothing that was not asked for, and a stream for it would only hold a connection.
            answer = JSONResponse({"error": "There is no stream to read here; POST your requests."}, status_code=405)
            answer.headers["Allow"] = "POST"
            await answer(scope, receive, send)
        elif scope["method"] == "POST":
            await self._post(scope, receive, send)
        else:
            await self._app(scope, receive, send)

    async def _post(self, scope: Scope, receive: Receive, send: Send) -> None:
        first: list[Message] = [_without_mark(await receive())]
        if _BATCH.match(first[0].get("body", b"")):
            await JSONResponse(_NO_BATCHES, status_code=400)(scope, receive, send)
            return
        said = _short_message(first[0])
        params = found if isinstance(found := said.get("params"), dict) else {}
        owner = _owner(scope)
        stoppable = Stoppable(self._calls, owner, scope[GONE]) if owner is not None else None
        if said.get("method") == "notifications/cancelled" and stoppable is not None:
            await self._cancel(stoppable.family(params.get("requestId")))
        handed_out = (
            session_id(params.get("clientInfo"), params.get("capabilities"))
            if said.get("method") == "initialize"
            else None
        )

        async def replay() -> Message:
            return first.pop() if first else await receive()

        async def answer(message: Message) -> None:
            if message["type"] == "http.response.start" and handed_out is not None:
                MutableHeaders(scope=message)[SESSION] = handed_out
            await send(message)

        await self._exchanges({**scope, STOPPABLE: stoppable}, replay, answer)

    async def _cancel(self, family: str) -> None:
        for pause in _PAUSES_S:
            await anyio.sleep(pause)
            found = self._calls.get(family)
            if found is not None:
                found.cancel()
                return
            if await self._stop_elsewhere(family):
                return


def _short_message(message: Message) -> dict[str, Any]:
    """A handshake or a cancel; anything else is left to the SDK, unread."""
    body = message.get("body", b"")
    if len(body) > _LONGEST or not (b'"initialize"' in body or b"notifications/cancelled" in body):
        return {}
    try:
        said = orjson.loads(body)
    except orjson.JSONDecodeError:
        return {}
    return said if isinstance(said, dict) else {}


def _unread_encoding(scope: Scope, headers: Headers) -> JSONResponse | None:
    """What is answered to a body that came compressed, which would be read as broken JSON."""
    encoding = headers.get("content-encoding", "").strip().lower()
    if scope["method"] != "POST" or encoding in ("", "identity"):
        return None
    sentence = f"Bodies are read as they are, not by {encoding[:20]!r}; send the request without Content-Encoding."
    return JSONResponse({"error": sentence}, status_code=415, headers={"Accept-Encoding": "identity"})


def _accepting(scope: Scope, headers: Headers) -> Scope:
    """A client that says nothing of what it accepts takes anything, as HTTP has it; the SDK asks for both by name."""
    if headers.get("accept", "").strip():
        return scope
    others = [(name, value) for name, value in scope["headers"] if name != b"accept"]
    return {**scope, "headers": [*others, (b"accept", b"application/json, text/event-stream")]}


def _without_mark(message: Message) -> Message:
    """The body without the mark that Windows writes before UTF-8, which is no part of JSON."""
    body = message.get("body", b"")
    return {**message, "body": body[len(BOM_UTF8) :]} if body.startswith(BOM_UTF8) else message
