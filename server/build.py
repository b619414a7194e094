"""`build_server(settings)`: the MCP server, holding nothing until its lifespan begins."""

from __future__ import annotations

import contextlib
from collections.abc import AsyncIterator
from importlib.metadata import PackageNotFoundError, version
from typing import Any

import anyio

from integrations.clickhouse_client import ClickHouseClient
from integrations.config import Settings
from server.context import ServerContext
from server.muse_server import MuseServer
from server.tools import all_tools
from server.words import instructions

DISTRIBUTION = "chimera-metrics"


def build_server(settings: Settings, read_only: bool = False, **auth: Any) -> MuseServer:
    """The server with the tools that `MUSE_TOOLS` offers; `read_only` leaves the insert tools out.

    `auth` are the SDK's own arguments for a server behind tokens: `auth` and `token_verifier`.
    """

    @contextlib.asynccontextmanager
    async def lifespan(_: object) -> AsyncIterator[ServerContext]:
        context = ServerContext(settings, ClickHouseClient(settings.clickhouse, settings.muse))
        server.state = context
        # While the client and the server still shake hands, the engine is loaded and the schema looked at.
        context.warm_up()
        try:
            yield context
        finally:
            server.state = None
            with anyio.CancelScope(shield=True):
                await anyio.to_thread.run_sync(context.close)

    every = list(all_tools())
    groups = set(settings.muse.tools) - ({"insert"} if read_only else set())
    server = MuseServer(
        tools=[tool for tool in every if tool.group in groups],
        known={tool.name: tool.group for tool in every},
        local="reader" if read_only else "writer",
        form=settings.muse.tool_names,
        name=DISTRIBUTION,
        title="Chimera metrics",
        instructions=instructions(),
        version=package_version(),
        lifespan=lifespan,
        **auth,
    )
    return server


def package_version() -> str:
    try:
        return version(DISTRIBUTION)
    except PackageNotFoundError:
        return "0+unknown"
