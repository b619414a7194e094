"""Which form of the tools' names a client sees, in lists and in every sentence.

Dots are legal in MCP, but many hosts, and the APIs of the large models, refuse a server that lists one, and with it all
of its tools. `auto` shows dots to clients that are known to take them. A call works by either form.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import Any, Literal

from chimera_metrics.server.catalog.callers import GROUPS, Caller
from chimera_metrics.server.catalog.views import without_view

NameForm = Literal["dotted", "underscored", "auto"]

# How the names begin, in lower case, under which hosts that accept dots introduce themselves. `mcp`, the default of the
# SDK's client, is not among them: the frameworks that leave it pass the names on to APIs that refuse dots.
_DOTTED_CLIENTS = (
    "mcp-inspector",
    "inspector-",
    "@modelcontextprotocol/inspector",
    "visual studio code",
    "vscode",
    "gemini-cli",
)
# Requests that are answered with words of ours alone.
_WORDS_OF_OURS = frozenset({"initialize", "server/discover", "tools/list", "prompts/list", "prompts/get"})


def underscored(name: str) -> str:
    return name.replace(".", "_", 1)


def accepts_dots(client: str | None) -> bool:
    """Whether a client of that name is known to take dotted names."""
    return client is not None and client.lower().startswith(_DOTTED_CLIENTS)


def opened(schema: dict[str, Any]) -> dict[str, Any]:
    """A tool's schema without words on further arguments, at any level. Calls are judged as ever."""
    kept = {key: value for key, value in schema.items() if key != "additionalProperties" or not isinstance(value, bool)}
    if "properties" in kept:
        kept["properties"] = {name: opened(value) for name, value in kept["properties"].items()}
    if "items" in kept:
        kept["items"] = opened(kept["items"])
    return kept


class Names:
    """Shows each caller its form of the tools that its role may use, and takes a call by either form."""

    def __init__(self, form: NameForm, groups: Mapping[str, str], open_schemas: bool = False) -> None:
        """`groups`: every tool's group by its dotted name. `open_schemas`: for clients that cannot read closed ones."""
        self._form = form
        self._open_schemas = open_schemas
        self._groups = groups
        #: Either form of every name, to the dotted form under which the tool is registered.
        self._known = {form: dotted for dotted in groups for form in (dotted, underscored(dotted))}
        alternatives = "|".join(re.escape(name) for name in groups if "." in name)
        self._dotted_names = re.compile(rf"(?<![\w.])(?:{alternatives})(?!\w|\.\w)")

    def dotted(self, name: str) -> str:
        """The form under which a tool is registered; a name that no tool has stays as it is."""
        return self._known.get(name, name)

    def shown(self, listed: Iterable[dict[str, Any]], caller: Caller) -> list[dict[str, Any]]:
        """The tools, as the protocol lists them, that `caller` may use."""
        offered = GROUPS[caller.role]
        tools = [
            tool if caller.has_views else without_view(tool) for tool in listed if self._groups[tool["name"]] in offered
        ]
        if self._open_schemas:
            return [tool | {"inputSchema": opened(tool["inputSchema"])} for tool in tools]
        return tools

    def told(self, method: str, result: dict[str, Any], program: str | None) -> dict[str, Any]:
        """The result of a request, with the tools that it names in the form that `program` lists.

        What a tool answers is left as it is, unless it is an error: it may hold stored text.
        """
        ours = method in _WORDS_OF_OURS or (method == "tools/call" and result.get("isError"))
        if not ours or self._shows_dots(program):
            return result
        told: dict[str, Any] = self._underscored(result)
        return told

    def _underscored(self, value: Any) -> Any:
        if isinstance(value, str):
            return self._dotted_names.sub(lambda found: underscored(found[0]), value) if "." in value else value
        if isinstance(value, dict):
            return {key: self._underscored(item) for key, item in value.items()}
        return [self._underscored(item) for item in value] if isinstance(value, list) else value

    def _shows_dots(self, program: str | None) -> bool:
        return accepts_dots(program) if self._form == "auto" else self._form == "dotted"
