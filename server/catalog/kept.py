"""What is derived once and kept, in `kept.json` beside this file: schemas of the tools, and what the SDK answers.

The schemas come from the argument models, the tables and the answers: 50 ms to derive at every start, none to read.
The answers are those of the SDK that are the same for every client (`direct`).
`python -m chimera_metrics.server.derive` makes the file; tests hold it to what is derived.
"""

from __future__ import annotations

from collections.abc import Iterable
from functools import cache
from pathlib import Path
from typing import Any

import orjson

from chimera_metrics.server.catalog.tool import MuseTool

FILE = Path(__file__).with_name("kept.json")


@cache
def kept() -> dict[str, Any]:
    """`schemas` by tool, each `input` and `output`; `answers` by generation of the protocol and method."""
    found: dict[str, Any] = orjson.loads(FILE.read_bytes())
    return found


def keep(found: dict[str, Any]) -> None:
    """Writes what was derived."""
    # Names of columns are a kind of text of SQLAlchemy's own.
    layout = orjson.OPT_INDENT_2 | orjson.OPT_APPEND_NEWLINE | orjson.OPT_NON_STR_KEYS
    FILE.write_bytes(orjson.dumps(found, option=layout))


def listed(tools: Iterable[MuseTool]) -> list[dict[str, Any]]:
    """The tools as the protocol lists them; the title keeps the dotted name where hosts refuse dots."""
    schemas = kept()["schemas"]
    return [
        {
            "name": tool.name,
            "title": f"{tool.title} ({tool.name})",
            "description": tool.description,
            "inputSchema": schemas[tool.name]["input"],
            "outputSchema": schemas[tool.name]["output"],
            "annotations": tool.annotations(),
        }
        for tool in tools
    ]
