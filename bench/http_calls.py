"""Calls a second and p95 of `SELECT 1` by sixteen HTTP clients, beside an empty tool on the SDK and mcp-clickhouse.

    python -m bench.http_calls [--rounds 5] [--seconds 8] [--beside PATH/mcp-clickhouse]

The three servers run at once and are asked in turn, in rounds, by a process that only writes requests and reads
responses on kept connections, so that whatever else the machine does falls on all.
"""

from __future__ import annotations

import argparse
import contextlib
import http.client
import os
import socket
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import orjson

from bench.surface import beside_command
from chimera_metrics.integrations.clickhouse.store import open_store
from chimera_metrics.integrations.config import ClickHouseSettings
from chimera_metrics.integrations.evolution import runner
from tests.server.processes import environment
from tests.server.processes import http as our_server
from tests.support.listening import free_port

CLIENTS = 16
# Ours at least this share of the others' calls a second; and of the empty tool's p95 at most this much.
RATES = {"empty": 0.8, "mcp-clickhouse": 1.3}
P95_LIMIT = 1.3

EMPTY = """
import sys
from mcp.server import MCPServer
server = MCPServer("empty", log_level="WARNING")
@server.tool()
def query(sql: str) -> dict[str, int]:
    return {"one": 1}
server.run("streamable-http", host="127.0.0.1", port=int(sys.argv[1]))
"""


@dataclass(frozen=True)
class Target:
    """A running server: where it is asked, by which tool."""

    host: str
    port: int
    tool: str
    argument: str

    def connection(self) -> Connection:
        return Connection(self)


class Connection:
    """A client past its handshake, on one kept connection."""

    def __init__(self, target: Target) -> None:
        self._target = target
        self._http = http.client.HTTPConnection(target.host, target.port, timeout=60)
        self._headers = {"Content-Type": "application/json", "Accept": "application/json, text/event-stream"}
        about = {"protocolVersion": "2025-06-18", "capabilities": {}, "clientInfo": {"name": "bench", "version": "1"}}
        self._post({"jsonrpc": "2.0", "id": 0, "method": "initialize", "params": about})
        self._headers["MCP-Protocol-Version"] = "2025-06-18"
        self._post({"jsonrpc": "2.0", "method": "notifications/initialized"})
        params = {"name": target.tool, "arguments": {target.argument: "SELECT 1 AS one"}}
        self._call = orjson.dumps({"jsonrpc": "2.0", "id": 1, "method": "tools/call", "params": params})

    def _post(self, message: dict[str, Any]) -> None:
        self.send(orjson.dumps(message))

    def send(self, body: bytes) -> bytes:
        self._http.request("POST", "/mcp", body, self._headers)
        response = self._http.getresponse()
        if session := response.getheader("mcp-session-id"):
            self._headers["mcp-session-id"] = session
        answer = response.read()
        assert response.status < 300, (response.status, answer)
        return answer

    def call(self) -> float:
        """Seconds of one call."""
        began = time.perf_counter()
        answer = self.send(self._call)
        took = time.perf_counter() - began
        assert b'"isError":true' not in answer, answer
        return took

    def close(self) -> None:
        self._http.close()


def _crowd(target: Target, seconds: float) -> tuple[float, list[float]]:
    """Calls a second, and the seconds of each."""
    connections = [target.connection() for _ in range(CLIENTS)]
    took: list[float] = []
    ready = threading.Barrier(CLIENTS + 1)

    def ask(connection: Connection) -> None:
        connection.call()
        ready.wait()
        until = time.perf_counter() + seconds
        while time.perf_counter() < until:
            took.append(connection.call())

    threads = [threading.Thread(target=ask, args=(connection,)) for connection in connections]
    for thread in threads:
        thread.start()
    ready.wait()
    began = time.perf_counter()
    for thread in threads:
        thread.join()
    rate = len(took) / (time.perf_counter() - began)
    for connection in connections:
        connection.close()
    return rate, took


@contextlib.contextmanager
def _started(command: Sequence[str], env: dict[str, str], port: int) -> Iterator[None]:
    process = subprocess.Popen(command, env=env, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        for _ in range(600):
            with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port), 1):
                break
            time.sleep(0.1)
        yield
    finally:
        process.terminate()
        process.wait(20)


@contextlib.contextmanager
def _servers(folder: Path, beside: str) -> Iterator[dict[str, Target]]:
    stores = [ClickHouseSettings(path=str(folder / name)) for name in ("ours", "theirs")]
    for settings in stores:
        runner.upgrade(settings)
        open_store(settings.store_path).close()
    ports = [free_port(), free_port()]
    theirs = {
        "CHDB_ENABLED": "true",
        "CHDB_DATA_PATH": stores[1].store_path,
        "CLICKHOUSE_ENABLED": "false",
        "CLICKHOUSE_MCP_SERVER_TRANSPORT": "http",
        "CLICKHOUSE_MCP_BIND_PORT": str(ports[1]),
        "CLICKHOUSE_MCP_AUTH_DISABLED": "true",
        "PATH": os.environ.get("PATH", ""),
    }
    with (
        our_server(environment(stores[0], folder, MUSE_RATE_LIMIT="0")) as (url, _),
        _started([sys.executable, "-c", EMPTY, str(ports[0])], dict(os.environ), ports[0]),
        _started([beside], theirs, ports[1]),
    ):
        address = urlsplit(url)
        yield {
            "ours": Target(str(address.hostname), address.port or 80, "query", "sql"),
            "empty": Target("127.0.0.1", ports[0], "query", "sql"),
            "mcp-clickhouse": Target("127.0.0.1", ports[1], "run_chdb_select_query", "query"),
        }


def main(arguments: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--seconds", type=float, default=8)
    parser.add_argument("--beside")
    options = parser.parse_args(arguments)
    rates: dict[str, list[float]] = {}
    took: dict[str, list[float]] = {}
    with tempfile.TemporaryDirectory() as name, _servers(Path(name), beside_command(options.beside)) as servers:
        for number in range(options.rounds):
            for server in sorted(servers, reverse=bool(number % 2)):
                rate, times = _crowd(servers[server], options.seconds)
                rates.setdefault(server, []).append(rate)
                took.setdefault(server, []).extend(times)
    rate_of = {server: statistics.median(found) for server, found in rates.items()}
    p95 = {server: statistics.quantiles(times, n=20)[-1] for server, times in took.items()}
    for server, rate in rate_of.items():
        print(f"{server:<16}{rate:>8.0f} calls/s   p95 {p95[server] * 1000:>7.1f} ms")
    held = p95["ours"] <= P95_LIMIT * p95["empty"]
    for server, least in RATES.items():
        ratio = rate_of["ours"] / rate_of[server]
        held &= ratio >= least
        print(f"calls a second of {server}'s: {ratio:.2f} (at least {least})")
    print(f"p95 of the empty tool's: {p95['ours'] / p95['empty']:.2f} (at most {P95_LIMIT})")
    return 0 if held else 1


if __name__ == "__main__":
    sys.exit(main())
