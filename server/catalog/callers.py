"""Who calls, by which program, and which tools that role is offered."""

from __future__ import annotations

import getpass
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any, Literal

from chimera_metrics.integrations.clickhouse.call import LOCAL

Role = Literal["reader", "writer", "admin"]

GROUPS: Mapping[Role, frozenset[str]] = {
    "reader": frozenset({"query", "get", "watch"}),
    "writer": frozenset({"query", "get", "insert", "watch", "watch_writing"}),
    "admin": frozenset({"query", "get", "insert", "watch", "watch_writing"}),  # and the audit log in `query`
}
#: Where a verified token says the role of its holder.
ROLE_CLAIM = "muse_role"


@dataclass(frozen=True, slots=True)
class Caller:
    """One caller. `who` is the name of a token, the subject of an OAuth token, or the local user."""

    who: str
    role: Role
    #: Name and version under which the program introduced itself.
    client: str
    #: Its name alone, None where it gave none.
    program: str | None = None
    #: To whom its batches and their keys belong.
    owner: str = LOCAL
    #: The address under which it reached this server, empty where that was not over HTTP.
    reached_at: str = ""
    #: Whether its program shows views (see views.py).
    has_views: bool = False


def introduced(info: Mapping[str, Any] | None) -> tuple[str, str | None]:
    """`client` and `program` of a caller, from what its program says of itself."""
    if info is None:
        return "", None
    return f"{info['name']} {info['version']}".strip()[:200], info["name"]


@cache
def local_user() -> str:
    try:
        return getpass.getuser()
    except (KeyError, OSError):  # a container may run under a number without a name
        return "local"
