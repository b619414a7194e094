"""MCP Apps: views of answers that a host shows in the conversation, each one HTML document that loads nothing.

A tool names its view in `_meta.ui`, the host reads it as a resource, shows it in a frame of its own and hands it the
answer. Hosts that have no views get the same answer without that key, and the picture where `chart` asks for it.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import orjson

from chimera_metrics.analytics import metric_of
from chimera_metrics.analytics.metrics.catalog import METRICS
from chimera_metrics.analytics.questions.performance import MEASURES
from chimera_metrics.models import FACT_TABLES

EXTENSION = "io.modelcontextprotocol/ui"
MIME_TYPE = "text/html;profile=mcp-app"
SCHEME = "ui://"
_PARTS = Path(__file__).with_name("view_parts")
_PLACES = re.compile(r"\$(title|style|units|measures|common|plots|own)\b")
#: It needs no host beside the one that shows it, and has no ground of its own that would set it apart.
_META = {
    "ui": {
        "csp": {"connectDomains": [], "resourceDomains": [], "frameDomains": [], "baseUriDomains": []},
        "prefersBorder": True,
    }
}


@dataclass(frozen=True, slots=True)
class View:
    """One view, and the tools whose answers it shows. Its script is `view_parts/<name>.js`."""

    name: str
    title: str
    description: str
    tools: tuple[str, ...]

    @property
    def uri(self) -> str:
        return f"{SCHEME}muse/{self.name}"

    def listed(self) -> dict[str, Any]:
        """As the protocol lists a resource."""
        words = {"name": f"view_{self.name}", "title": self.title, "description": self.description}
        return {"uri": self.uri, **words, "mimeType": MIME_TYPE}


VIEWS = (
    View("trend", "Trend", "A trend with its steps, far points and slope", ("query.trend", "get.trend_data")),
    View("compare", "Comparison", "Changes in per cent with their intervals", ("query.compare",)),
    View("drivers", "Drivers", "What the change of a metric is made of", ("query.drivers",)),
    View("forecast", "Forecast", "What may come, with 80 % and 95 % intervals", ("query.forecast",)),
    View("performance", "Performance", "Benchmarks, calls of models, and what moved", ("get.performance_summary",)),
)
_BY_URI = {view.uri: view for view in VIEWS}
_BY_TOOL = {tool: view for view in VIEWS for tool in view.tools}


def has_views(capabilities: Mapping[str, Any] | None) -> bool:
    """Whether a client with these capabilities shows views of our kind."""
    extensions = (capabilities or {}).get("extensions")
    settings = extensions.get(EXTENSION) if isinstance(extensions, Mapping) else None
    kinds = settings.get("mimeTypes") if isinstance(settings, Mapping) else None
    return isinstance(kinds, list) and MIME_TYPE in kinds


def meta_of(tool: str) -> dict[str, Any]:
    """What a tool's listing says of its view; nothing where it has none."""
    view = _BY_TOOL.get(tool)
    return {} if view is None else {"_meta": {"ui": {"resourceUri": view.uri}}}


def without_view(tool: dict[str, Any]) -> dict[str, Any]:
    """A tool's listing for a client that shows no views."""
    return {key: value for key, value in tool.items() if key != "_meta"}


def shown_resources(listed: Iterable[dict[str, Any]], has_views: bool) -> list[dict[str, Any]]:
    """The resources of a listing; views for those alone that show them."""
    return [one for one in listed if has_views or not one["uri"].startswith(SCHEME)]


def read_view(uri: str) -> dict[str, Any] | None:
    """The contents of a view as the protocol has them; None where there is no such view."""
    view = _BY_URI.get(uri)
    if view is None:
        return None
    return {"uri": uri, "mimeType": MIME_TYPE, "text": _document(view), "_meta": _META}


@cache
def _document(view: View) -> str:
    parts = {
        "title": view.title,
        "style": _part("view.css"),
        "units": _units(),
        "measures": orjson.dumps(MEASURES).decode(),
        "common": _part("common.js"),
        "plots": _part("plots.js"),
        "own": _part(f"{view.name}.js"),
    }
    return _PLACES.sub(lambda place: parts[place[1]], _part("view.html"))


def _part(name: str) -> str:
    return (_PARTS / name).read_text(encoding="utf-8").strip()


def _units() -> str:
    """Units by metric and by column: answers that compare several metrics leave them out."""
    columns = {
        f"{name}.{column.name}": unit
        for name, table in FACT_TABLES.items()
        for column in table.columns
        if (unit := column.info.get("unit"))
    }
    units = {"metrics": {name: metric_of(name).unit for name in METRICS}, "columns": columns}
    return orjson.dumps(units, option=orjson.OPT_NON_STR_KEYS).decode().replace("<", "\\u003c")
