"""The surface that agents see, as one JSON, and whether a change of it would break who relies on it."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import mcp
import orjson
from mcp.client.extension import advertise
from mcp.server.apps import APP_MIME_TYPE, EXTENSION_ID
from pydantic import BaseModel

from chimera_metrics.integrations.config import ClickHouseSettings, MuseSettings, Settings
from chimera_metrics.server.http.build import build_server

LAST_VERSION = "0.1.0"
LAST = Path(__file__).with_name(f"surface-{LAST_VERSION}.json")


#: Says that a client shows views, as hosts of MCP Apps do.
VIEWS = advertise(EXTENSION_ID, {"mimeTypes": [APP_MIME_TYPE]})


async def surface() -> dict[str, Any]:
    """All that a client can list, without a store: nothing of it depends on one."""
    muse = MuseSettings(tool_names="dotted", audit=False)
    server = build_server(Settings(ClickHouseSettings(path="/nonexistent/store"), muse))
    async with mcp.Client(server, extensions=[VIEWS]) as client:
        lists: list[Sequence[BaseModel]] = [
            (await client.list_tools()).tools,
            (await client.list_resources()).resources,
            (await client.list_resource_templates()).resource_templates,
            (await client.list_prompts()).prompts,
        ]
        names = ("tools", "resources", "resource_templates", "prompts")
        found: dict[str, Any] = {"instructions": client.instructions}
        for name, items in zip(names, lists, strict=True):
            found[name] = [item.model_dump(by_alias=True, mode="json", exclude_none=True) for item in items]
        return found


def last_version() -> dict[str, Any]:
    """The surface of the last version that was released, as its clients know it."""
    found: dict[str, Any] = orjson.loads(LAST.read_bytes())
    return found


def breaks(before: dict[str, Any], after: dict[str, Any]) -> list[str]:
    """What of `before` a client could rely on and `after` takes away, a sentence each."""
    found = []
    tools = {tool["name"]: tool for tool in after["tools"]}
    for tool in before["tools"]:
        name = tool["name"]
        if name not in tools:
            found.append(f"{name} is gone")
            continue
        found += [f"{name}: {words}" for words in _input(tool["inputSchema"], tools[name]["inputSchema"], "")]
        gone = set(tool["outputSchema"]["properties"]) - set(tools[name]["outputSchema"]["properties"])
        found += [f"{name}: the result's {field} is gone" for field in sorted(gone)]
    for kind, key in (("resources", "uri"), ("resource_templates", "uriTemplate"), ("prompts", "name")):
        gone = {item[key] for item in before[kind]} - {item[key] for item in after[kind]}
        found += [f"{kind}: {name} is gone" for name in sorted(gone)]
    return found


def _input(before: dict[str, Any], after: dict[str, Any], place: str) -> list[str]:
    found = []
    old, new = before.get("properties", {}), after.get("properties", {})
    for name, schema in old.items():
        where = f"{place}{name}"
        if name not in new:
            found.append(f"the argument {where} is gone")
            continue
        if schema.get("type") not in (new[name].get("type"), new[name].get("items", {}).get("type")):
            found.append(f"the argument {where} was {schema.get('type')} and is {new[name].get('type')}")
        if lost := set(schema.get("enum", [])) - set(new[name].get("enum", schema.get("enum", []))):
            found.append(f"the argument {where} no longer takes {', '.join(sorted(lost))}")
        found += _input(schema.get("items", schema), new[name].get("items", new[name]), f"{where}.")
    needed = set(after.get("required", [])) - set(before.get("required", []))
    found += [f"the argument {place}{name} is now required" for name in sorted(needed)]
    return found
