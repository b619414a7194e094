"""Who calls, by which program, and which tools that role is offered."""

from __future__ import annotations

import getpass
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any, Literal, cast

from mcp.server.auth.middleware.bearer_auth import AuthenticatedUser
from mcp.server.context import ServerRequestContext

Role = Literal["reader", "writer", "admin"]

GROUPS: Mapping[Role, frozenset[str]] = {
    "reader": frozenset({"query", "get"}),
    "writer": frozenset({"query", "get", "insert"}),
    "admin": frozenset({"query", "get", "insert"}),  # and the audit log in `query`
}
ROLE_CLAIM = "muse_role"


@dataclass(frozen=True, slots=True)
class Caller:
    """One caller. `who` is the name of a token, the subject of an OAuth token, or the local user."""

    who: str
    role: Role
    client: str


def caller_of(ctx: ServerRequestContext[Any, Any], local: Role) -> Caller:
    """The caller of a request; `local` is the role of those who need no token: stdio, and HTTP on this machine."""
    user = getattr(ctx.request, "scope", {}).get("user")
    if isinstance(user, AuthenticatedUser):
        token = user.access_token
        role = cast("Role", (token.claims or {}).get(ROLE_CLAIM, "reader"))
        return Caller(token.subject or token.client_id, role, client_of(ctx))
    return Caller(local_user(), local, client_of(ctx))


def client_of(ctx: ServerRequestContext[Any, Any]) -> str:
    """Name and version under which the program introduced itself."""
    params = ctx.session.client_params
    return "" if params is None else f"{params.client_info.name} {params.client_info.version}".strip()[:200]


@cache
def local_user() -> str:
    try:
        return getpass.getuser()
    except (KeyError, OSError):  # a container may run under a number without a name
        return "local"
