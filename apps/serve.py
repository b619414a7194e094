"""`muse serve`."""

from __future__ import annotations

import ipaddress
import logging

from integrations import config
from integrations.errors import SettingsError


def run(transport: str, host: str, port: int, read_only: bool) -> None:
    """Serves until the client goes away (stdio) or the process is stopped (http)."""
    settings = config.load()
    if transport == "http" and not _loopback(host):
        raise SettingsError(
            f"--host {host} can be reached from other machines, and this version has no authentication for them; "
            "listen on 127.0.0.1 and put an authenticating proxy before it."
        )
    # stdout belongs to the protocol; whatever is logged goes to stderr.
    logging.basicConfig(level=logging.WARNING, format="%(levelname)s %(name)s: %(message)s")
    from server.build import build_server

    server = build_server(settings, read_only)
    if transport == "stdio":
        server.run("stdio")
    else:
        server.run("streamable-http", host=host, port=port)


def _loopback(host: str) -> bool:
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False
