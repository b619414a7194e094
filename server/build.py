"""`build_server(settings)`: the MCP server, holding nothing until its lifespan begins."""

from __future__ import annotations

import contextlib
import threading
from collections.abc import AsyncIterator
from importlib.metadata import PackageNotFoundError, version

import anyio
from mcp.server import MCPServer

from integrations.clickhouse_client import ClickHouseClient
from integrations.config import Settings
from server.context import ServerContext
from server.names import Names
from server.tools import all_tools
from server.words import instructions

DISTRIBUTION = "chimera-metrics"


def build_server(settings: Settings, read_only: bool = False) -> MCPServer[ServerContext]:
    """The server with the tools that `MUSE_TOOLS` offers; `read_only` leaves the insert tools out."""

    @contextlib.asynccontextmanager
    async def lifespan(_: MCPServer[ServerContext]) -> AsyncIterator[ServerContext]:
        context = ServerContext(settings, ClickHouseClient(settings.clickhouse, settings.muse))
        # While the client and the server still shake hands, the engine is loaded and the schema looked at.
        threading.Thread(target=context.warm_up, name="muse-warm-up", daemon=True).start()
        try:
            yield context
        finally:
            await anyio.to_thread.run_sync(context.close)

    groups = set(settings.muse.tools) - ({"insert"} if read_only else set())
    tools = [tool for tool in all_tools() if tool.group in groups]
    return MCPServer(
        name="chimera-metrics",
        title="Chimera metrics",
        instructions=instructions(),
        version=package_version(),
        tools=list(tools),
        lifespan=lifespan,
        log_level="WARNING",
        middleware=[Names(settings.muse.tool_names, {tool.name: tool.group for tool in tools})],
    )


def package_version() -> str:
    try:
        return version(DISTRIBUTION)
    except PackageNotFoundError:
        return "0+unknown"
