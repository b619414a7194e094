"""The server over stdin and stdout."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from chimera_metrics.integrations.config import Settings
from chimera_metrics.server.context import ServerContext
from chimera_metrics.server.offer import Offer
from chimera_metrics.server.stdio.direct import Direct
from chimera_metrics.server.stdio.sdk_session import SdkSession
from chimera_metrics.server.stdio.wire import standard_wire
from chimera_metrics.server.tracing import traced

if TYPE_CHECKING:
    from chimera_metrics.server.http.muse_server import MuseServer


def serve(settings: Settings, read_only: bool = False, begins: Callable[[], None] = lambda: None) -> None:
    """Serves one client until it goes away. `begins` is called when all is made, before the first line is read."""
    with standard_wire() as wire:
        context = ServerContext.on(settings)
        try:
            offer = Offer.of(settings, read_only)
            connection = Direct(wire, offer, context, sdk(settings, read_only, context), not traced())
            begins()
            connection.serve()
        finally:
            context.close()


def sdk(settings: Settings, read_only: bool, context: ServerContext) -> Callable[[Callable[[bytes], None]], SdkSession]:
    """Begins the SDK's session on the same store."""

    def build() -> MuseServer:
        from chimera_metrics.server.http.build import build_server

        return build_server(settings, read_only, context)

    return lambda write: SdkSession(build, write)
