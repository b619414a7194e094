"""One request of the revisions with a handshake and its answer, by the SDK, without a session of the SDK's.

Where there are no sessions the SDK still makes one for each of these requests: two streams, a group of tasks and a
server-sent stream, which cost more than most calls. Its driver of single requests, by which it serves the newest
revision, serves them here, and by the same rule: plain JSON, unless there is something to tell before the answer or
the answer is long in coming; proxies end a response that says nothing for a minute.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

import anyio
import orjson
import pydantic_core
from mcp.server.connection import Connection
from mcp.server.runner import ServerRunner, modern_error_data
from mcp.server.streamable_http import check_accept_headers
from mcp.server.streamable_http_manager import StreamableHTTPSessionManager
from mcp.server.transport_security import TransportSecurityMiddleware
from mcp.shared.dispatcher import CallOptions
from mcp.shared.exceptions import NoBackChannelError
from mcp.shared.jsonrpc_dispatcher import progress_token_from_params
from mcp.shared.message import MessageMetadata, ServerMessageMetadata
from mcp.shared.transport_context import TransportContext
from mcp_types import (
    CONNECTION_CLOSED,
    DEFAULT_NEGOTIATED_VERSION,
    INVALID_PARAMS,
    INVALID_REQUEST,
    PARSE_ERROR,
    JSONRPCRequest,
    ProgressToken,
    RequestId,
    jsonrpc_message_adapter,
)
from pydantic import ValidationError
from starlette.requests import Request
from starlette.responses import Response
from starlette.types import Receive, Scope, Send

from chimera_metrics.server.http.sessions import STOPPABLE, Stoppable

_JSON = "application/json"
_STREAM = [
    (b"content-type", b"text/event-stream"),
    (b"cache-control", b"no-cache, no-transform"),
    (b"connection", b"keep-alive"),
    (b"x-accel-buffering", b"no"),
]
# A client that is answered within this is not asked whether it is still there.
_SHORT_S = 0.05
#: A client without an answer hears from us this often.
_SIGN_OF_LIFE_S = 15.0
# What is still said of a request that a server does not answer before its end.
_LAST_WORD_S = 1.0


class Exchanges:
    """Answers each request by itself."""

    def __init__(self, manager: StreamableHTTPSessionManager, state: Callable[[], Any]) -> None:
        """`state`: what the server's lifespan has made."""
        self._server = manager.app
        self._state = state
        self._security = TransportSecurityMiddleware(manager.security_settings)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """A POST; its body comes in one message, or is refused."""
        request = Request(scope, receive)
        refusal = await self._security.validate_request(request, is_post=True) or _unacceptable(request)
        if refusal is None:
            whole = await receive()
            if whole["type"] != "http.request":  # its client has left
                return
            message = _message(whole.get("body", b""))
            if isinstance(message, JSONRPCRequest):
                await self._answer(request, message, Reply(message, request.scope.get(STOPPABLE), send), receive)
                return
            refusal = message
        await refusal(scope, receive, send)

    async def _answer(self, request: Request, message: JSONRPCRequest, reply: Reply, receive: Receive) -> None:
        taking_long = asyncio.get_running_loop().call_later(_SHORT_S, reply.take_long, receive)
        context = OneRequest(ServerMessageMetadata(request_context=request), message, reply)
        version = request.headers.get("mcp-protocol-version", DEFAULT_NEGOTIATED_VERSION)
        connection = Connection.from_envelope(version, None, None)
        try:
            runner = ServerRunner(self._server, connection, self._state())
            answer: dict[str, Any] = {"result": await runner.on_request(context, message.method, message.params)}
        except Exception as error:  # noqa: BLE001  # the SDK knows which of them a client may read, and logs the rest
            answer = {"error": modern_error_data(error).model_dump(by_alias=True, exclude_unset=True)}
        except anyio.get_cancelled_exc_class():  # the server ends
            with anyio.move_on_after(_LAST_WORD_S, shield=True):
                await reply.end({"error": {"code": CONNECTION_CLOSED, "message": "Connection closed"}})
            raise
        finally:
            taking_long.cancel()
            reply.quiet()
            await connection.exit_stack.aclose()
        await reply.end(answer)


class Reply:
    """The response to a request: JSON, or a stream once something was told; to one that was cancelled nothing."""

    def __init__(self, message: JSONRPCRequest, stoppable: Stoppable | None, send: Send) -> None:
        self._id = message.id
        self._stoppable = stoppable
        self._send = send
        self._streams = False
        self._turn = asyncio.Lock()
        #: What is done for a client that has to wait.
        self._waiting: list[asyncio.Future[Any]] = []

    async def tell(self, event: bytes) -> None:
        """Sends part of a stream, and what has to come before it."""
        if self._cancelled:
            return
        async with self._turn:
            if not self._streams:
                self._streams = True
                await self._send({"type": "http.response.start", "status": 200, "headers": _STREAM})
            await self._send({"type": "http.response.body", "body": event, "more_body": True})

    async def end(self, answer: dict[str, Any]) -> None:
        """The answer itself."""
        body = b"" if self._cancelled else _json({"jsonrpc": "2.0", "id": self._id, **answer})
        if self._streams:
            async with self._turn:
                await self._send({"type": "http.response.body", "body": body and _event(body), "more_body": False})
            return
        headers = [(b"content-length", b"%d" % len(body)), *([(b"content-type", _JSON.encode())] if body else [])]
        await self._send({"type": "http.response.start", "status": 200 if body else 202, "headers": headers})
        await self._send({"type": "http.response.body", "body": body})

    @property
    def _cancelled(self) -> bool:
        return self._stoppable is not None and self._stoppable.cancelled

    def take_long(self, receive: Receive) -> None:
        """Says from now on that it is at work, and listens whether its client is there: after the body nothing comes
        but word that it has gone, which the door notes."""
        self._waiting += [asyncio.ensure_future(receive()), asyncio.ensure_future(self._live())]

    def quiet(self) -> None:
        """No more signs of life."""
        for waiting in self._waiting:
            waiting.cancel()

    async def _live(self) -> None:
        while True:
            await asyncio.sleep(_SIGN_OF_LIFE_S)
            await self.tell(b": ping\r\n\r\n")


@dataclass
class OneRequest:
    """What the SDK's handlers see of the transport (`mcp.shared.dispatcher.DispatchContext`).

    Without sessions nobody can be asked anything: an answer would not find its way here.
    """

    message_metadata: MessageMetadata
    message: JSONRPCRequest
    reply: Reply
    can_send_request: bool = field(default=False, init=False)

    @cached_property
    def cancel_requested(self) -> anyio.Event:
        return anyio.Event()

    @property
    def transport(self) -> TransportContext:
        return TransportContext(kind="streamable-http", can_send_request=False)

    @property
    def request_id(self) -> RequestId:
        return self.message.id

    @property
    def progress_token(self) -> ProgressToken | None:
        return progress_token_from_params(self.message.params)

    async def send_raw_request(
        self, method: str, params: Mapping[str, Any] | None, opts: CallOptions | None = None
    ) -> dict[str, Any]:
        raise NoBackChannelError(method)

    async def notify(self, method: str, params: Mapping[str, Any] | None, opts: CallOptions | None = None) -> None:
        told = {"jsonrpc": "2.0", "method": method} | ({} if params is None else {"params": dict(params)})
        await self.reply.tell(_event(_json(told)))

    async def progress(self, progress: float, total: float | None = None, message: str | None = None) -> None:
        if self.progress_token is None:
            return
        said = {"total": total, "message": message}
        known = {name: value for name, value in said.items() if value is not None}
        await self.notify(
            "notifications/progress", {"progressToken": self.progress_token, "progress": progress, **known}
        )


def _message(body: bytes) -> JSONRPCRequest | Response:
    """The request in a body, or what it is answered where it holds none."""
    try:
        message = jsonrpc_message_adapter.validate_python(pydantic_core.from_json(body), by_name=False)
    except ValidationError as error:
        return _refusal(400, INVALID_PARAMS, f"Validation error: {error}")
    except ValueError as error:
        return _refusal(400, PARSE_ERROR, f"Parse error: {error}")
    if isinstance(message, JSONRPCRequest):
        return message
    return Response(status_code=202, media_type=_JSON)  # a notification: there is nothing that one could change


def _unacceptable(request: Request) -> Response | None:
    if all(check_accept_headers(request)):
        return None
    sentence = "Not Acceptable: Client must accept both application/json and text/event-stream"
    return _refusal(406, INVALID_REQUEST, sentence)


def _refusal(status: int, code: int, sentence: str) -> Response:
    error = {"code": code, "message": sentence}
    return Response(_json({"jsonrpc": "2.0", "id": None, "error": error}), status_code=status, media_type=_JSON)


def _event(body: bytes) -> bytes:
    return b"event: message\r\ndata: " + body + b"\r\n\r\n"


def _json(message: dict[str, Any]) -> bytes:
    try:
        return orjson.dumps(message)
    except TypeError:  # an id that is no number of 64 bits, or text that is no Unicode
        return json.dumps(message, separators=(",", ":")).encode()
