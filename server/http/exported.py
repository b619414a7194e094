"""`/exports/…`: the files of exported results, for who has the signed link or is the caller who made them."""

from __future__ import annotations

from typing import Any

from mcp.server.auth.provider import TokenVerifier
from mcp.server.transport_security import TransportSecurityMiddleware
from starlette.requests import Request
from starlette.responses import FileResponse, JSONResponse, Response

from chimera_metrics.integrations.answers.exporting import MIME_TYPES
from chimera_metrics.server.catalog.callers import Caller
from chimera_metrics.server.catalog.tool import Sentence
from chimera_metrics.server.exports import PATH, Exported
from chimera_metrics.server.http.marks import RECORDED
from chimera_metrics.server.http.muse_server import MuseServer

READ = "exports/read"
"""How the audit calls a download."""
_HEADERS = {"Cache-Control": "private, no-store", "X-Content-Type-Options": "nosniff", "Referrer-Policy": "no-referrer"}
_REFUSED = "This takes the signed link of the answer while it holds, or the token of the caller who made the export."
_GONE = "There is no such export here: it is kept ten minutes, on the server that made it. Ask for it again."


def add_exports(server: MuseServer, verifier: TokenVerifier | None, names: TransportSecurityMiddleware) -> None:
    """The route of the downloads."""

    async def download(request: Request) -> Response:
        if (refusal := await names.validate_request(request)) is not None:
            return refusal
        state, name = server.state, request.path_params["name"]
        if state is None:
            return JSONResponse({"error": _GONE}, status_code=503)
        query = request.query_params
        signed = state.exports.is_signed(name, query.get("expires", ""), query.get("signature", ""))
        holder = await _holder(request, verifier)
        found = state.exports.find(name)
        is_maker = found is not None and holder is not None and holder == found.who
        if not signed and not is_maker:
            return _answer(server, request, Caller(holder or _address(request), "reader", ""), None, _REFUSED, 403)
        if found is None:
            return _answer(server, request, Caller(holder or _address(request), "reader", ""), None, _GONE, 404)
        client = "" if is_maker else "signed link"
        return _answer(server, request, Caller(found.who, "reader", client), found, "", 200)

    route: Any = server.custom_route  # the SDK leaves its decorator untyped
    route(f"{PATH}/{{name}}", methods=["GET"])(download)


def _answer(
    server: MuseServer, request: Request, caller: Caller, found: Exported | None, why: str, status: int
) -> Response:
    """The file or a sentence, on record before it leaves."""
    assert server.state is not None  # noqa: S101  # looked at by who calls this
    noted = request.scope.get(RECORDED)
    if noted is not None:
        noted.set()
    record = server.record(server.state, caller, READ, {"export": request.path_params["name"]})
    if found is None:
        record.failed("refused" if status == 403 else "error", why)
    else:
        record.sent(found.path.stat().st_size)
    try:
        record.end(None)
    except Sentence as sentence:
        return JSONResponse({"error": str(sentence)}, status_code=500)
    if found is None:
        return JSONResponse({"error": why}, status_code=status)
    form = found.path.suffix.removeprefix(".")
    return FileResponse(found.path, media_type=MIME_TYPES[form], filename=f"result.{form}", headers=_HEADERS)


async def _holder(request: Request, verifier: TokenVerifier | None) -> str | None:
    """Whose token came with the request."""
    kind, _, token = request.headers.get("authorization", "").partition(" ")
    if verifier is None or kind.lower() != "bearer":
        return None
    found = await verifier.verify_token(token.strip())
    return None if found is None else found.subject or found.client_id


def _address(request: Request) -> str:
    return request.client.host if request.client is not None else "unknown"
