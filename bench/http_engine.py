"""ClickHouse's HTTP interface as far as `clickhouse-connect` reads by it, on an embedded store: for `bench.sizes`.

    with http_engine(STORE) as url: …

A statement is the body or the parameter `query`; the other parameters are its settings, but for those of the session.
"""

from __future__ import annotations

import contextlib
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qsl, urlsplit

from chimera_metrics.integrations.clickhouse.store import EmbeddedStore, open_store

_NO_SETTINGS = {"query", "database", "session_id", "query_id", "client_protocol_version", "compress", "decompress"}
# Of the wire alone: the engine in the process writes no HTTP.
_OF_HTTP = {
    "wait_end_of_query",
    "send_progress_in_http_headers",
    "http_headers_progress_interval_ms",
    "enable_http_compression",
}


class _Engine(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    store: EmbeddedStore

    def do_GET(self) -> None:
        self._answer(b"")

    def do_POST(self) -> None:
        self._answer(self.rfile.read(int(self.headers.get("Content-Length", 0))))

    def _answer(self, body: bytes) -> None:
        given = dict(parse_qsl(urlsplit(self.path).query))
        statement = given.get("query", "") + body.decode()
        session: dict[str, Any] = {"database": given.get("database", "default")}
        for name, value in given.items():
            if name not in _NO_SETTINGS | _OF_HTTP:
                session[name] = value
        try:
            with self.store.lease(session) as handle:
                found, status = handle.connection.query(statement, "TabSeparated").bytes(), 200
        except RuntimeError as error:
            found, status = str(error).encode(), 500
        self.send_response(status)
        self.send_header("X-ClickHouse-Summary", "{}")
        self.send_header("Content-Length", str(len(found)))
        self.end_headers()
        self.wfile.write(found)

    def log_message(self, format: str, *args: Any) -> None:  # the name is the library's
        """Says nothing."""


@contextlib.contextmanager
def http_engine(path: str) -> Iterator[str]:
    """The address at which the store is served while the block runs."""
    store = open_store(path)
    handler = type("Engine", (_Engine,), {"store": store})
    server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield f"http://default:@127.0.0.1:{server.server_address[1]}/chimera_metrics"
    finally:
        server.shutdown()
        server.server_close()
        store.close()
