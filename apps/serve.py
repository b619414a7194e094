"""`muse serve`."""

from __future__ import annotations

import contextlib
import gc
import logging
import signal
import socket
import sys
import threading
from functools import partial
from pathlib import Path
from types import FrameType
from typing import TYPE_CHECKING

from chimera_metrics.apps.tables import say
from chimera_metrics.apps.terminal import log
from chimera_metrics.integrations import config
from chimera_metrics.integrations.clickhouse.chdb_module import chdb, say_that_nobody_else_is_here
from chimera_metrics.integrations.clickhouse.store import open_store
from chimera_metrics.integrations.config import ClickHouseSettings, Settings
from chimera_metrics.integrations.errors import SettingsError
from chimera_metrics.server.ending import end_within
from chimera_metrics.server.tracing import drop_unusable_provider

if TYPE_CHECKING:
    from chimera_metrics.server.http.connections import Listener

# After SIGTERM `/readyz` says 503 for so long while all else is answered, so that balancers notice. Then open calls
# have so many seconds to end, and the process has a few more.
_DRAIN_S = 3.0
_OPEN_CALLS_S = 3
_END_S = 5.5
_SWITCH_S = 0.0005


def run(transport: str, host: str, port: int, read_only: bool, ui: bool | None = None) -> None:
    """Serves until the client goes away (stdio) or the process is stopped (http)."""
    settings = config.load()
    say_that_nobody_else_is_here()
    if settings.clickhouse.embedded:
        threading.Thread(target=_start_engine, args=[settings.clickhouse], name="muse-preload", daemon=True).start()
    # stdout belongs to the protocol; whatever is logged goes to stderr or to a file.
    log(settings.muse)
    drop_unusable_provider()
    if transport == "http":
        _serve_http(settings, host, port, read_only, ui)
        return
    from chimera_metrics.server.stdio.serving import serve

    serve(settings, read_only, _started, end_within)


def _start_engine(settings: ClickHouseSettings) -> None:
    """Loads the engine's library and opens the store while Python imports the rest."""
    with contextlib.suppress(Exception):  # the first call meets it too, and says it
        chdb()
        if Path(settings.store_path).is_dir():
            open_store(settings.store_path, settings.store_wait, settings.store_idle).open_early()


def _started() -> None:
    """What the start made stays to the end, and need not be looked through again and again; Ctrl-C ends in order."""
    gc.freeze()
    gc.enable()
    signal.signal(signal.SIGINT, signal.default_int_handler)


def _serve_http(settings: Settings, host: str, port: int, read_only: bool, ui: bool | None) -> None:
    from chimera_metrics.server.http.serving import build_app, loopback, tokens_in_words

    app = build_app(settings, host, read_only, ui)
    cert, key = _tls(settings)
    if cert is None and not loopback(host):
        logging.getLogger("muse").warning(
            "Tokens travel in the clear: serve https with MUSE_TLS_CERT and MUSE_TLS_KEY, or stand behind a proxy."
        )
    import uvicorn

    from chimera_metrics.server.http.connections import Crowd, room_for
    from chimera_metrics.server.http.patience import Patience

    crowd = Crowd(
        room_for(settings.muse.max_connections),
        settings.muse.max_connections_per_address,
        app.admits,
        app.is_proxy,
    )
    crowd.refused, crowd.tls = app.refused, cert is not None
    listening = _listen(host, port)
    listening.crowd = crowd
    shown = f"[{host}]" if ":" in host else host
    # With --port 0 it is the only way to know.
    say(f"Listening on {'http' if cert is None else 'https'}://{shown}:{listening.getsockname()[1]}/mcp", err=True)
    for line in tokens_in_words(settings):
        say(line, err=True)
    _started()
    # The event loop lets a thread that has its answer on sooner: of many clients at once the slowest wait a tenth less.
    sys.setswitchinterval(_SWITCH_S)
    options = uvicorn.Config(
        app,
        http=partial(Patience, crowd),  # type: ignore[arg-type]  # it is called, whatever it is
        loop="asyncio",  # another one would accept without the listener
        log_level="warning",
        proxy_headers=False,  # the proxies that are believed are MUSE_TRUSTED_PROXIES
        server_header=False,
        access_log=False,  # the audit file says more
        log_config=None,  # its records go the way of all others
        ws="none",
        timeout_graceful_shutdown=_OPEN_CALLS_S,
        ssl_certfile=cert,
        ssl_keyfile=key,
    )

    class Server(uvicorn.Server):
        def handle_exit(self, sig: int, frame: FrameType | None) -> None:
            stopped_by.append(sig)
            if sig == signal.SIGTERM and not app.ending:  # a second one ends it at once
                app.ending = True
                end_within(app.abandon_calls, _DRAIN_S + _END_S)
                drained = threading.Timer(_DRAIN_S, super().handle_exit, (sig, frame))
                drained.daemon = True
                drained.start()
                return
            end_within(app.abandon_calls)
            super().handle_exit(sig, frame)

        async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
            app.end_streams()  # they would never end by themselves
            await super().shutdown(sockets)

    stopped_by: list[int] = []
    Server(options).run(sockets=[listening])
    if signal.SIGINT in stopped_by:
        raise KeyboardInterrupt  # which uvicorn passes on at times only


def _listen(host: str, port: int) -> Listener:
    from chimera_metrics.server.http.connections import Listener

    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    # Said to be TCP, or asyncio would not send small answers at once.
    listening = Listener(family, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    try:
        listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listening.bind((host, port))
        listening.listen(2048)
    except OSError as error:
        listening.close()
        raise SettingsError(
            f"Cannot listen on {host}:{port}: {error.strerror or error}. Choose another --port or --host."
        ) from None
    return listening


def _tls(settings: Settings) -> tuple[Path | None, Path | None]:
    cert, key = settings.muse.tls_cert, settings.muse.tls_key
    if cert is None and key is None:
        return None, None
    for name, file in (("MUSE_TLS_CERT", cert), ("MUSE_TLS_KEY", key)):
        if file is None or not file.is_file():
            raise SettingsError(f"{name} names {file or 'no file'}; https needs a certificate and its key: name both.")
    import ssl

    try:
        ssl.create_default_context(ssl.Purpose.CLIENT_AUTH).load_cert_chain(str(cert), str(key))
    except (ssl.SSLError, OSError) as error:
        raise SettingsError(
            f"MUSE_TLS_CERT and MUSE_TLS_KEY name {cert} and {key}, which are no certificate in PEM form with its key "
            f"({getattr(error, 'reason', None) or error.strerror or 'unreadable'}); correct them."
        ) from None
    return cert, key
