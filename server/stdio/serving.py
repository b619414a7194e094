"""The server over stdin and stdout."""

from __future__ import annotations

from collections.abc import Callable

from chimera_metrics.integrations.config import Settings
from chimera_metrics.server.context import ServerContext
from chimera_metrics.server.offer import Offer
from chimera_metrics.server.stdio.connection import Connection
from chimera_metrics.server.stdio.session import Session
from chimera_metrics.server.stdio.wire import standard_wire


def serve(
    settings: Settings,
    read_only: bool = False,
    begins: Callable[[], None] = lambda: None,
    ends: Callable[[Callable[[], None]], None] = lambda _: None,
) -> None:
    """Serves one client until it goes away. `begins` is called when all is made, before the first line is read.

    `ends` is called when nothing more is to be answered, with what writes the lines of calls that may not end.
    """
    with standard_wire() as wire:
        context = ServerContext.on(settings)
        try:
            connection = Connection(wire, Session(Offer.of(settings, read_only), context))
            begins()
            connection.serve(lambda: ends(context.abandon_calls))
        finally:
            context.close()
