"""Bytes on sockets, as no HTTP client would send them; for tests and for bench."""

from __future__ import annotations

import socket
import time
from urllib.parse import urlsplit

HALF = b"POST /mcp HT"
BODY = b'{"jsonrpc":"2.0","id":1,"method":"ping"}'
HEAD = (
    b"POST /mcp HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n"
    b"Accept: application/json, text/event-stream\r\nContent-Length: %d\r\n\r\n"
)
LIVE = b"GET /livez HTTP/1.1\r\nHost: localhost\r\n\r\n"


def connect(url: str, said: bytes = b"", source: str = "127.0.0.1") -> socket.socket:
    """A connection on which `said` was sent, from an address of this machine."""
    parts = urlsplit(url)
    assert parts.hostname is not None
    made = socket.socket()
    made.settimeout(10)
    made.bind((source, 0))
    made.connect((parts.hostname, parts.port))
    made.sendall(said)
    return made


def closed_after(made: socket.socket, within_s: float) -> tuple[float | None, bytes]:
    """Seconds until the server ended the connection, None if it did not, and what it said."""
    started, said = time.monotonic(), b""
    made.settimeout(0.2)
    while (waited := time.monotonic() - started) < within_s:
        try:
            got = made.recv(65_536)
        except TimeoutError:
            continue
        except OSError:
            return waited, said
        if not got:
            return waited, said
        said += got
    return None, said


def is_closed(made: socket.socket) -> bool:
    """Whether the server has ended it, whatever it said before."""
    made.setblocking(False)
    try:
        while made.recv(65_536):
            pass
    except BlockingIOError:
        return False
    except ConnectionError:
        return True
    return True
