"""`/v1/traces`: OpenTelemetry spans of calls of models into `llm_events`, by OTLP over HTTP."""

from __future__ import annotations

import base64
import binascii
import logging
import threading
from dataclasses import dataclass, field
from typing import Any, cast

import anyio
from mcp.server.auth.provider import AccessToken, TokenVerifier
from mcp.server.transport_security import TransportSecurityMiddleware
from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response

from chimera_metrics.integrations.clickhouse.call import owner_of, serving
from chimera_metrics.integrations.errors import InvalidInput, MuseError
from chimera_metrics.integrations.otlp.json_form import read_json
from chimera_metrics.integrations.otlp.protobuf import read_protobuf
from chimera_metrics.integrations.otlp.spans import TooManySpans
from chimera_metrics.integrations.otlp.storing import SpanStore, Stored
from chimera_metrics.integrations.otlp.unpacking import ENCODINGS, unpacked
from chimera_metrics.server.calls import Record
from chimera_metrics.server.catalog.callers import GROUPS, ROLE_CLAIM, Caller, Role, local_user
from chimera_metrics.server.catalog.tool import Sentence
from chimera_metrics.server.context import ServerContext
from chimera_metrics.server.http import otlp_answers
from chimera_metrics.server.http.marks import RECORDED
from chimera_metrics.server.http.muse_server import MuseServer

#: The second is where Langfuse's SDK sends its spans, under whatever address it is given.
PATHS = ("/v1/traces", "/api/public/otel/v1/traces")
EXPORT = "otlp/traces"
"""How the audit calls an export of spans."""
_READERS = {"application/x-protobuf": read_protobuf, "application/json": read_json}
_NO_TOKEN = "Spans are taken with the token of a writer, as `Authorization: Bearer …`."  # noqa: S105  # a sentence
_READ_ONLY = "This server was started with --read-only or without the group insert in MUSE_TOOLS; it takes no spans."
_log = logging.getLogger(__name__)


class Refused(Exception):
    """A request that is answered without looking at its spans."""

    def __init__(self, status: int, sentence: str) -> None:
        super().__init__(sentence)
        self.status = status


@dataclass(slots=True)
class Traces:
    """The route, behind the same names, tokens, limits and audit as the tools."""

    server: MuseServer
    verifier: TokenVerifier | None
    names: TransportSecurityMiddleware
    stores: bool
    local: Role
    _spans: SpanStore | None = None
    _making: threading.Lock = field(default_factory=threading.Lock)

    async def __call__(self, request: Request) -> Response:
        if (refusal := await self.names.validate_request(request)) is not None:
            return refusal
        kind = request.headers.get("content-type", "").partition(";")[0].strip().lower()
        state = self.server.state
        if state is None:
            return otlp_answers.failed(kind, 503, "The server has just started; ask again in a moment.")
        try:
            caller = await self._caller(request)
            return await self._export(request, state, caller, kind)
        except Refused as refused:
            return otlp_answers.failed(kind, refused.status, str(refused))

    async def _export(self, request: Request, state: ServerContext, caller: Caller, kind: str) -> Response:
        body = await _body(request, state.settings.muse.max_request_bytes)
        if (noted := request.scope.get(RECORDED)) is not None:
            noted.set()
        encoding = request.headers.get("content-encoding", "").strip().lower()
        record = self.server.record(state, caller, EXPORT, {"bytes": len(body), "encoding": encoding or "identity"})
        answer = await anyio.to_thread.run_sync(
            lambda: self._answered(state, caller, record, body, kind, encoding), limiter=state.workers
        )
        try:
            record.end(None)
        except Sentence as sentence:
            return otlp_answers.failed(kind, 503, str(sentence))
        return answer

    def _answered(
        self, state: ServerContext, caller: Caller, record: Record, body: bytes, kind: str, encoding: str
    ) -> Response:
        """What came of the spans, as the protocol says it. Only 429 and 503 are sent again by exporters."""
        try:
            with serving(record.call):
                told = self._stored(state, caller, body, kind, encoding)
        except Refused as refused:
            record.failed("refused", str(refused))
            return otlp_answers.failed(kind, refused.status, str(refused))
        except InvalidInput as error:
            record.failed("error", str(error))
            return otlp_answers.failed(kind, 413 if isinstance(error, TooManySpans) else 400, str(error))
        except MuseError as error:
            record.failed("error", str(error))
            _log.warning("Spans were not stored: %s", error)
            return otlp_answers.failed(kind, 503, str(error))
        state.metrics.spans(told.stored, told.duplicates, told.ignored, told.rejected, told.quarantined)
        answer = otlp_answers.accepted(kind, told.rejected, told.error)
        record.stored(told.stored, len(answer.body))
        return answer

    def _stored(self, state: ServerContext, caller: Caller, body: bytes, kind: str, encoding: str) -> Stored:
        if not self.stores:
            raise Refused(403, _READ_ONLY)
        if "insert" not in GROUPS[caller.role]:
            raise Refused(403, f"{caller.who} has the role {caller.role}, which may only read. {_NO_TOKEN}")
        if kind not in _READERS:
            raise Refused(415, f"Content-Type is {kind[:100] or 'missing'}; send {' or '.join(_READERS)}.")
        if encoding not in ENCODINGS:
            raise Refused(415, f"Content-Encoding is {encoding[:100]}; send gzip, deflate or none.")
        spans = _READERS[kind](unpacked(body, encoding, state.settings.muse.max_request_bytes))
        with self._making:
            if self._spans is None:
                self._spans = SpanStore(state.client)
        return self._spans.store(spans)

    async def _caller(self, request: Request) -> Caller:
        program = request.headers.get("user-agent", "")[:200]
        if self.verifier is None:
            return Caller(local_user(), self.local, program)
        found = await self.verifier.verify_token(_token(request.headers.get("authorization", "")))
        if found is None:
            raise Refused(401, _NO_TOKEN)
        return _caller(found, program)


def add_traces(
    server: MuseServer, verifier: TokenVerifier | None, names: TransportSecurityMiddleware, stores: bool, local: Role
) -> None:
    """The routes of the exports."""
    route: Any = server.custom_route  # the SDK leaves its decorator untyped
    traces = Traces(server, verifier, names, stores, local)

    async def export(request: Request) -> Response:
        return await traces(request)

    for path in PATHS:
        route(path, methods=["POST"])(export)


def _caller(token: AccessToken, program: str) -> Caller:
    claims = token.claims or {}
    name = token.subject or token.client_id
    role = cast("Role", claims.get(ROLE_CLAIM, "reader"))
    return Caller(name, role, program, owner=owner_of(name, claims.get("iss")))


def _token(header: str) -> str:
    """The token. Who can send a name and a password only (Langfuse's SDK) sends it as the password."""
    kind, _, words = header.partition(" ")
    if kind.lower() == "bearer":
        return words.strip()
    if kind.lower() != "basic":
        return ""
    try:
        return base64.b64decode(words.strip(), validate=True).decode().partition(":")[2]
    except (binascii.Error, UnicodeDecodeError):
        return ""


async def _body(request: Request, most: int) -> bytes:
    found = bytearray()
    try:
        async for part in request.stream():
            found += part
            if len(found) > most:
                raise Refused(413, f"The request is larger than {most:,} bytes (MUSE_MAX_REQUEST_BYTES).")
    except ClientDisconnect:
        raise Refused(400, "The client left before its request was there.") from None
    return bytes(found)
