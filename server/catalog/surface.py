"""The surface that agents see, in `surface.json` beside this file: all that a client can list, with every schema.

It is derived from argument models, tables, answers and words by `python -m chimera_metrics.server.derive`
(50 ms that no start has to spend), and reviewed as text. Tests hold it to what is derived, and to the last version's.
"""

from __future__ import annotations

from collections.abc import Iterable
from functools import cache
from pathlib import Path
from typing import Any

import orjson

from chimera_metrics.server.catalog.tool import MuseTool

FILE = Path(__file__).with_name("surface.json")


@cache
def surface() -> dict[str, Any]:
    """`instructions`, `tools`, `prompts`, `resources`, `resource_templates`, as the protocol lists them."""
    found: dict[str, Any] = orjson.loads(FILE.read_bytes())
    return found


@cache
def _tools() -> dict[str, dict[str, Any]]:
    return {tool["name"]: tool for tool in surface()["tools"]}


def listed(tools: Iterable[MuseTool]) -> list[dict[str, Any]]:
    """The tools as the protocol lists them."""
    return [dict(_tools()[tool.name]) for tool in tools]


def input_schema_of(name: str) -> dict[str, Any] | None:
    """The schema of a tool's arguments; None if there is no such tool."""
    schema: dict[str, Any] | None = _tools().get(name, {}).get("inputSchema")
    return schema
