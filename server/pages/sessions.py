"""Who looks: the token in a cookie that no script reads, and the mark that a form must carry."""

from __future__ import annotations

import hmac
import secrets
from dataclasses import dataclass
from typing import cast

from mcp.server.auth.provider import AccessToken, TokenVerifier
from starlette.requests import Request
from starlette.responses import Response

from chimera_metrics.integrations.clickhouse.call import owner_of
from chimera_metrics.server.catalog.callers import ROLE_CLAIM, Caller, Role, local_user

TOKEN, MARK = "muse_token", "muse_form"
_LONGEST_TOKEN = 8_000
_KEPT_S = 12 * 3600


@dataclass(frozen=True, slots=True)
class Doorkeeper:
    """Knows callers by the cookie; without tokens everybody on this machine is the local user."""

    verifier: TokenVerifier | None
    local: Role

    async def caller(self, request: Request) -> Caller | None:
        program = request.headers.get("user-agent", "")[:200]
        if self.verifier is None:
            return Caller(local_user(), self.local, program, "browser")
        token = await self.known(request.cookies.get(TOKEN, ""))
        if token is None:
            return None
        claims, name = token.claims or {}, token.subject or token.client_id
        role = cast("Role", claims.get(ROLE_CLAIM, "reader"))
        return Caller(name, role, program, "browser", owner_of(name, claims.get("iss")))

    async def known(self, token: str) -> AccessToken | None:
        if self.verifier is None or not token or len(token) > _LONGEST_TOKEN:
            return None
        return await self.verifier.verify_token(token)


def new_mark(request: Request) -> str:
    """The mark of this browser's forms: another site can make it send a form, and cannot know the mark."""
    found = request.cookies.get(MARK, "")
    return found if 20 <= len(found) <= 100 and found.isascii() else secrets.token_urlsafe(24)


def is_own_form(request: Request, mark: str) -> bool:
    kept = request.cookies.get(MARK, "")
    return bool(kept) and hmac.compare_digest(kept.encode(), mark.encode())


def keep(response: Response, request: Request, name: str, value: str) -> None:
    """A cookie for this server alone, which no script reads and no other site makes a browser send."""
    secure = request.url.scheme == "https" or request.headers.get("x-forwarded-proto") == "https"
    response.set_cookie(name, value, max_age=_KEPT_S, path="/", httponly=True, samesite="strict", secure=secure)
