"""A cancel, a client that is gone and the timeout stop the statement on the engine; other calls go on meanwhile."""

from __future__ import annotations

import os
import re
import signal
import socket
import subprocess
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import anyio
import mcp
import orjson
import pytest
from mcp.client.stdio import stdio_client

from chimera_metrics.integrations.clickhouse.statements import Cancellation
from chimera_metrics.integrations.clickhouse_client import ClickHouseClient
from chimera_metrics.integrations.config import ClickHouseSettings
from chimera_metrics.integrations.errors import StatementCancelled
from tests.server.processes import MUSE, ROOT, environment, http, stdio

# Counts for minutes, unless somebody stops it.
SLOW = "SELECT sum(number % 7) FROM numbers_mt(1000000000000)"
MOST_S = 5.0
_REQUESTS = iter(range(1, 1_000_000))


def running(client: ClickHouseClient) -> int:
    statement = "SELECT count() FROM system.processes WHERE query LIKE 'SELECT sum(number %% 7)%%'".replace("%%", "%")
    return int(client.executor.scalar(statement))


def wait_until(wanted: int, client: ClickHouseClient, most_s: float) -> float:
    """Seconds until that many slow statements run."""
    started = time.monotonic()
    while running(client) != wanted:
        assert time.monotonic() - started < most_s, f"{running(client)} statements run, not {wanted}"
        time.sleep(0.02)
    return time.monotonic() - started


@pytest.fixture
def engine(native: ClickHouseSettings) -> Iterator[ClickHouseClient]:
    """Looks at `system.processes` of the engine that the server under test uses."""
    with ClickHouseClient(native) as client:
        wait_until(0, client, 5)
        yield client


async def _cancel(make: Callable[[], Any], engine: ClickHouseClient) -> float:
    """Calls, sees the statement run, another call answered meanwhile, cancels; seconds until the statement is gone."""
    async with make() as client, anyio.create_task_group() as group:

        async def slow() -> None:
            await client.call_tool("query", {"sql": SLOW})

        group.start_soon(slow)
        await anyio.to_thread.run_sync(wait_until, 1, engine, 20)
        answer = await client.call_tool("query", {"sql": "SELECT 1"})
        assert not answer.is_error
        group.cancel_scope.cancel()
        with anyio.CancelScope(shield=True):
            return await anyio.to_thread.run_sync(wait_until, 0, engine, MOST_S)
    raise AssertionError("unreachable")


@pytest.mark.parametrize("mode", ["auto", "legacy"])
def test_a_cancel_stops_the_statement_over_stdio(
    native: ClickHouseSettings, engine: Any, tmp_path: Path, mode: Any
) -> None:
    server = stdio(environment(native, tmp_path))
    assert anyio.run(_cancel, lambda: mcp.Client(stdio_client(server), mode=mode), engine) < MOST_S


@pytest.fixture(scope="module")
def served(native: ClickHouseSettings, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    with http(environment(native, tmp_path_factory.mktemp("served"))) as (url, _):
        yield url


def test_a_cancel_stops_the_statement_over_http(served: str, engine: ClickHouseClient) -> None:
    assert anyio.run(_cancel, lambda: mcp.Client(served), engine) < MOST_S


def _post(url: str, body: dict[str, Any], session: str | None = None, token: str | None = None) -> socket.socket:
    """Sends one request and leaves the connection open."""
    parts = urlsplit(url)
    content = orjson.dumps(body)
    lines = [
        "POST /mcp HTTP/1.1",
        f"Host: {parts.netloc}",
        "Content-Type: application/json",
        "Accept: application/json, text/event-stream",
        f"Content-Length: {len(content)}",
        *([f"Mcp-Session-Id: {session}", "Mcp-Protocol-Version: 2025-06-18"] if session else []),
        *([f"Authorization: Bearer {token}"] if token else []),
    ]
    connection = socket.create_connection((str(parts.hostname), int(parts.port or 0)), timeout=20)
    connection.sendall("\r\n".join(lines).encode() + b"\r\n\r\n" + content)
    return connection


def _message(method: str, **params: Any) -> dict[str, Any]:
    return {"jsonrpc": "2.0", "id": next(_REQUESTS), "method": method, "params": params}


def test_a_lost_connection_stops_the_statement_over_http(served: str, engine: ClickHouseClient) -> None:
    info = {"name": "raw", "version": "1"}
    with _post(
        served, _message("initialize", protocolVersion="2025-06-18", capabilities={}, clientInfo=info)
    ) as opening:
        head = opening.recv(65_536).decode()
        session = next(line.split(": ")[1] for line in head.splitlines() if line.lower().startswith("mcp-session-id"))
    call = _message("tools/call", name="query", arguments={"sql": SLOW})
    with _post(served, call, session):
        wait_until(1, engine, 20)
    wait_until(0, engine, MOST_S)


@pytest.mark.parametrize("how", ["leave", "kill"])
def test_a_lost_connection_stops_the_statement_over_stdio(
    native: ClickHouseSettings, engine: ClickHouseClient, tmp_path: Path, how: str
) -> None:
    process = subprocess.Popen(
        [MUSE, "serve"],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        env=environment(native, tmp_path),
        cwd=ROOT,
    )
    assert process.stdin is not None
    assert process.stdout is not None
    info = {"name": "raw", "version": "1"}
    for message in (
        _message("initialize", protocolVersion="2025-06-18", capabilities={}, clientInfo=info),
        {"jsonrpc": "2.0", "method": "notifications/initialized"},
        _message("tools/call", name="query", arguments={"sql": SLOW}),
    ):
        process.stdin.write(orjson.dumps(message) + b"\n")
    process.stdin.flush()
    wait_until(1, engine, 30)
    if how == "kill":
        os.kill(process.pid, signal.SIGKILL)
    process.stdin.close()
    process.stdout.close()
    wait_until(0, engine, MOST_S)
    process.wait(20)


def test_the_timeout_stops_the_statement_and_says_so(served: str, engine: ClickHouseClient) -> None:
    async def session() -> str:
        async with mcp.Client(served) as client:
            result = await client.call_tool("query", {"sql": SLOW, "timeout_s": 0.5})
            assert result.is_error
            return str(result.content[0])

    started = time.monotonic()
    assert "The statement was stopped after 0.5 s; narrow its window" in anyio.run(session)
    assert time.monotonic() - started < 0.5 + MOST_S + 1
    wait_until(0, engine, MOST_S)


@pytest.mark.parametrize("mode", ["auto", "legacy"])
@pytest.mark.parametrize("transport", ["http", "stdio"])
def test_a_long_call_tells_its_progress(
    served: str, native: ClickHouseSettings, engine: ClickHouseClient, tmp_path: Path, transport: str, mode: Any
) -> None:
    told: list[tuple[float, float | None, str | None]] = []

    async def note(progress: float, total: float | None, message: str | None) -> None:
        told.append((progress, total, message))

    async def session() -> str:
        server = served if transport == "http" else stdio_client(stdio(environment(native, tmp_path)))
        async with mcp.Client(server, mode=mode) as client:
            answer = await client.call_tool("query", {"sql": SLOW, "timeout_s": 6}, progress_callback=note)
            return str(answer.content[0])

    answer = anyio.run(session)
    assert "stopped after 6 s" in answer
    # The statement takes every core that there is, and other tests may leave few moments for the clock.
    assert 2 <= len(told) <= 10, answer
    assert told[0][0] < told[1][0] <= 6
    assert told[0][1] == 6
    assert re.fullmatch(r"running for [1-6] s", told[0][2] or "")


@pytest.mark.parametrize("statement", [SLOW, f"{SLOW} LIMIT 1"])
def test_a_cancel_stops_a_statement_of_the_embedded_engine(tmp_path: Path, statement: str) -> None:
    with ClickHouseClient(ClickHouseSettings(path=str(tmp_path / "store"))) as client:
        client.query("SELECT 1")
        stop = Cancellation()
        failed: list[BaseException] = []

        def run() -> None:
            try:
                client.query(statement, cancellation=stop)
            except StatementCancelled as error:
                failed.append(error)

        thread = threading.Thread(target=run)
        thread.start()
        wait_until(1, client, 10)
        started = time.monotonic()
        stop.cancel()
        thread.join(MOST_S + 1)
        assert time.monotonic() - started < MOST_S
        assert failed
        wait_until(0, client, MOST_S)
