"""What a server offers, whichever way it is asked: the tools that `MUSE_TOOLS` names, and to whom."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from importlib.metadata import PackageNotFoundError, version

from chimera_metrics.integrations.config import Settings
from chimera_metrics.server.calls import Calls
from chimera_metrics.server.catalog.callers import Role
from chimera_metrics.server.catalog.names import Names
from chimera_metrics.server.catalog.protocol import NAME
from chimera_metrics.server.catalog.tools import all_tools


@dataclass(frozen=True, slots=True)
class Offer:
    """The tools, their names, and the role of callers who need no token."""

    calls: Calls
    names: Names
    local: Role

    @classmethod
    def of(cls, settings: Settings, read_only: bool = False) -> Offer:
        """`read_only` leaves out the tools that store anything."""
        every = list(all_tools())
        known = {tool.name: tool.right for tool in every}
        groups = settings.muse.tools
        tools = {tool.name: tool for tool in every if tool.group in groups and not (read_only and tool.stores)}
        names = Names(settings.muse.tool_names, known, settings.muse.tool_schemas == "open")
        return cls(Calls(tools, known), names, "reader" if read_only else "writer")


@cache
def package_version() -> str:
    try:
        return version(NAME)
    except PackageNotFoundError:
        return "0+unknown"
