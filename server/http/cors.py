"""CORS: what a browser asks before a page of another origin may call, and what it lets the page read.

A browser sends its question, the preflight, without the page's token. It is answered for the origins of
`MUSE_ALLOWED_ORIGINS` and for no other.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from starlette.datastructures import Headers, MutableHeaders
from starlette.responses import JSONResponse, Response
from starlette.types import Message, Scope, Send

_METHODS = "GET, POST, DELETE, OPTIONS"
_HEADERS = (
    "Authorization",
    "Content-Type",
    "Accept",
    "Last-Event-ID",
    "Mcp-Session-Id",
    "Mcp-Protocol-Version",
    "Mcp-Method",
    "Mcp-Name",
)
_EXPOSED = "Mcp-Session-Id, Mcp-Protocol-Version, WWW-Authenticate, Retry-After"
# The protocol has headers that carry a tool's arguments, under names that start so.
_MCP_HEADER = re.compile(r"mcp-[a-z0-9-]{1,100}")
_PORT = re.compile(r":\d{1,5}")
_KEPT_S = "600"
# The SDK's own pages for OAuth clients, which it opens to every origin.
_OPEN_TO_ALL = "/.well-known/"


class Cors:
    """The origins that may call."""

    def __init__(self, origins: Sequence[str]) -> None:
        self._origins = [origin.rstrip("/") for origin in origins]

    def allows(self, origin: str | None) -> bool:
        """Whether pages of that origin may call: a listed one, on any port where none is listed."""
        if not origin:
            return False
        return any(
            origin == listed or (origin.startswith(listed) and _PORT.fullmatch(origin[len(listed) :]) is not None)
            for listed in self._origins
        )

    def preflight(self, scope: Scope, headers: Headers) -> Response | None:
        """The answer to a browser's question before a call; None where the request is none."""
        if scope["method"] != "OPTIONS" or scope["path"].startswith(_OPEN_TO_ALL):
            return None
        if "origin" not in headers or "access-control-request-method" not in headers:
            return None
        if not self.allows(headers["origin"]):
            return JSONResponse(
                {"error": "Pages of this origin may not call this server (MUSE_ALLOWED_ORIGINS)."}, status_code=403
            )
        asked = [name.strip().lower() for name in headers.get("access-control-request-headers", "").split(",")]
        known = {name.lower() for name in _HEADERS}
        further = [name for name in asked if name not in known and _MCP_HEADER.fullmatch(name)]
        answer = Response(status_code=204)
        answer.headers["Access-Control-Allow-Methods"] = _METHODS
        answer.headers["Access-Control-Allow-Headers"] = ", ".join([*_HEADERS, *further])
        answer.headers["Access-Control-Max-Age"] = _KEPT_S
        return answer

    def shown_to(self, origin: str | None, send: Send) -> Send:
        """`send`, with the headers by which a browser lets a page of that origin read the answer."""
        if origin is None or not self.allows(origin):
            return send

        async def with_headers(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                if "access-control-allow-origin" not in headers:
                    headers["Access-Control-Allow-Origin"] = origin
                    headers["Access-Control-Expose-Headers"] = _EXPOSED
                    headers.add_vary_header("Origin")
            await send(message)

        return with_headers
