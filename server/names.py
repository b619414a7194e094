"""Which form of the tools' names a client sees.

Dots are legal in MCP, but many hosts refuse a server that lists one, and with it all of its tools. `auto` shows dots to
clients that are known to take them. A call works by either form.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any, Literal

from mcp.server.context import CallNext, HandlerResult, ServerRequestContext
from pydantic import BaseModel

from server.callers import GROUPS, Role, caller_of

NameForm = Literal["dotted", "underscored", "auto"]

# Names under which hosts that accept dots introduce themselves (lower case, as prefixes).
DOTTED_CLIENTS = (
    "mcp",  # the SDK's own client
    "mcp-inspector",
    "inspector-",
    "@modelcontextprotocol/inspector",
    "visual studio code",
    "vscode",
    "gemini-cli",
)


def underscored(name: str) -> str:
    return name.replace(".", "_", 1)


def accepts_dots(client: str | None) -> bool:
    """Whether a client of that name is known to take dotted names."""
    if client is None:
        return False
    name = client.lower()
    return name == "mcp" or any(name.startswith(known) for known in DOTTED_CLIENTS[1:])


class Names:
    """Middleware: shows each client its form of the tools that its role may use, and takes a call by either form."""

    def __init__(self, form: NameForm, groups: Mapping[str, str], local: Role) -> None:
        """`groups`: every tool's group by its dotted name; `local`: see `caller_of`."""
        self._form = form
        self._groups = groups
        self._local = local
        #: Either form of every name, to the dotted form under which the tool is registered.
        self._known = {form: dotted for dotted in groups for form in (dotted, underscored(dotted))}

    async def __call__(self, ctx: ServerRequestContext[Any, Any], call_next: CallNext) -> HandlerResult:
        if ctx.method == "tools/call" and ctx.params is not None:
            name = ctx.params.get("name")
            if isinstance(name, str) and self._known.get(name, name) != name:
                ctx = replace(ctx, params={**ctx.params, "name": self._known[name]})
            return await call_next(ctx)
        result = await call_next(ctx)
        if ctx.method == "tools/list" and result is not None:
            return self._shown(ctx, result)
        return result

    def _shown(self, ctx: ServerRequestContext[Any, Any], result: BaseModel | dict[str, Any]) -> dict[str, Any]:
        listed = (
            result if isinstance(result, dict) else result.model_dump(by_alias=True, mode="json", exclude_none=True)
        )
        offered = GROUPS[caller_of(ctx, self._local).role]
        tools = [tool for tool in listed["tools"] if self._groups[tool["name"]] in offered]
        if not self._dotted(ctx):
            tools = [tool | {"name": underscored(tool["name"])} for tool in tools]
        return listed | {"tools": tools}

    def _dotted(self, ctx: ServerRequestContext[Any, Any]) -> bool:
        if self._form != "auto":
            return self._form == "dotted"
        params = ctx.session.client_params
        return accepts_dots(params.client_info.name if params is not None else None)
