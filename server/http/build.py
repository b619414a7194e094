"""`build_server(settings)`: the MCP server, holding nothing until its lifespan begins."""

from __future__ import annotations

import contextlib
from collections.abc import AsyncIterator
from typing import Any

import anyio

from chimera_metrics.integrations.config import Settings
from chimera_metrics.server.catalog.protocol import NAME, TITLE
from chimera_metrics.server.catalog.surface import surface
from chimera_metrics.server.context import WORKERS, ServerContext
from chimera_metrics.server.http.muse_server import MuseServer
from chimera_metrics.server.http.workers import AT_ONCE, Workers
from chimera_metrics.server.offer import Offer, package_version
from chimera_metrics.server.watching import Watching


def build_server(
    settings: Settings, read_only: bool = False, running: ServerContext | None = None, **auth: Any
) -> MuseServer:
    """The server with the tools that `MUSE_TOOLS` offers; `read_only` leaves the insert tools out.

    `running` is a context that is somebody else's to close; without it the lifespan opens one. `auth` are the SDK's own
    arguments for a server behind tokens: `auth` and `token_verifier`.
    """

    # Where the store is another machine's work, as many as have a connection.
    at_once = AT_ONCE if settings.clickhouse.embedded else settings.clickhouse.connection_pool_size

    @contextlib.asynccontextmanager
    async def lifespan(_: object) -> AsyncIterator[ServerContext]:
        context = running or ServerContext.on(settings)
        server.state, server.workers = context, Workers(at_once, WORKERS)
        judges = "watch" in settings.muse.tools and not read_only and running is None
        watching = Watching(context.own_client, after=context.updates.look_now) if judges else None
        try:
            yield context
        finally:
            server.state = None
            server.workers.close()
            if watching is not None:
                with anyio.CancelScope(shield=True):
                    await anyio.to_thread.run_sync(watching.close)
            if running is None:
                with anyio.CancelScope(shield=True):
                    await anyio.to_thread.run_sync(context.close)

    offer = Offer.of(settings, read_only)
    server = MuseServer(
        offer.calls,
        offer.names,
        offer.local,
        settings.muse.stateless,
        name=NAME,
        title=TITLE,
        instructions=surface()["instructions"],
        version=package_version(),
        lifespan=lifespan,
        **auth,
    )
    return server
