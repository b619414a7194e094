"""Which form of the tools' names a client sees.

Dots are legal in MCP, but many hosts refuse a server that lists one, and with it all of its tools. `auto` shows dots to
clients that are known to take them. A call works by either form.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, Literal

from chimera_metrics.server.catalog.callers import GROUPS, Caller

NameForm = Literal["dotted", "underscored", "auto"]

# Names under which hosts that accept dots introduce themselves, in lower case: the SDK's own client, and beginnings.
_SDK_CLIENT = "mcp"
_DOTTED_CLIENTS = (
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
    return name == _SDK_CLIENT or name.startswith(_DOTTED_CLIENTS)


class Names:
    """Shows each caller its form of the tools that its role may use, and takes a call by either form."""

    def __init__(self, form: NameForm, groups: Mapping[str, str]) -> None:
        """`groups`: every tool's group by its dotted name."""
        self._form = form
        self._groups = groups
        #: Either form of every name, to the dotted form under which the tool is registered.
        self._known = {form: dotted for dotted in groups for form in (dotted, underscored(dotted))}

    def dotted(self, name: str) -> str:
        """The form under which a tool is registered; a name that no tool has stays as it is."""
        return self._known.get(name, name)

    def shown(self, listed: Iterable[dict[str, Any]], caller: Caller) -> list[dict[str, Any]]:
        """The tools, as the protocol lists them, that `caller` may use, under the names that its program takes."""
        offered = GROUPS[caller.role]
        tools = [tool for tool in listed if self._groups[tool["name"]] in offered]
        if self._shows_dots(caller.program):
            return tools
        return [tool | {"name": underscored(tool["name"])} for tool in tools]

    def _shows_dots(self, program: str | None) -> bool:
        return accepts_dots(program) if self._form == "auto" else self._form == "dotted"
