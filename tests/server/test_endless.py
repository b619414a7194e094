"""A statement that nothing stops: others go on, it is to be seen, and the process ends all the same."""

from __future__ import annotations

import contextlib
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import anyio
import httpx2
import mcp
import pytest

from chimera_metrics.integrations.audit.trail import files, read_lines
from chimera_metrics.integrations.config import ClickHouseSettings
from tests.server.processes import ROOT, address, environment
from tests.server.test_stdio import HELLO, READY, call, line
from tests.server.unweighed import ENDLESS

PROGRAM = [sys.executable, "-m", "tests.server.unweighed"]
ENDS_S = 10.0
# So long the call is under way before its client leaves, on a machine that may be busy.
RUNS_S = 8


def _variables(folder: Path) -> dict[str, str]:
    settings = ClickHouseSettings(path=str(folder / "store"))
    return environment(settings, folder, CH_TIMEOUT="1", CH_CONNECTION_POOL_SIZE="2", MUSE_RATE_LIMIT="0")


@pytest.fixture
def served(tmp_path: Path) -> Iterator[tuple[str, subprocess.Popen[str]]]:
    process = subprocess.Popen(
        [*PROGRAM, "http"], env=_variables(tmp_path), cwd=ROOT, stderr=subprocess.PIPE, text=True
    )
    with process:
        try:
            yield address(process), process
        finally:
            process.kill()


def _ask(url: str, sql: str) -> bool:
    async def session() -> bool:
        async with mcp.Client(url) as client:
            return (await client.call_tool("query", {"sql": sql})).is_error or False

    return anyio.run(session)


def _begin(url: str, how_many: int) -> None:
    def ask() -> None:
        with contextlib.suppress(BaseException):  # the server ends before it answers
            _ask(url, ENDLESS)

    for _ in range(how_many):
        threading.Thread(target=ask, daemon=True).start()


def _readiness(base: str, overdue: int) -> dict[str, object]:
    """What `/readyz` says as soon as it counts so many statements, or after a minute."""
    deadline = time.monotonic() + 60
    while True:
        found: dict[str, object] = httpx2.get(f"{base}/readyz", timeout=10).json()
        if found.get("overdue_statements") == overdue or time.monotonic() > deadline:
            return found
        time.sleep(0.5)


def test_others_get_the_places_of_statements_that_nothing_stops(served: tuple[str, subprocess.Popen[str]]) -> None:
    url, process = served
    base = url.removesuffix("/mcp")
    assert _ask(url, "SELECT 1") is False
    _begin(url, 2)
    assert _readiness(base, overdue=2)["overdue_statements"] == 2
    assert _ask(url, "SELECT count() FROM llm_events") is False
    metrics = httpx2.get(f"{base}/metrics", timeout=10).text
    assert "# HELP muse_statements_overdue Statements that run on although" in metrics
    assert "\nmuse_statements_overdue 2\n" in metrics
    started = time.monotonic()
    process.send_signal(signal.SIGTERM)
    process.wait(ENDS_S * 2)
    assert time.monotonic() - started < ENDS_S


def test_the_process_ends_with_its_client_and_notes_the_call(tmp_path: Path) -> None:
    process = subprocess.Popen(
        [*PROGRAM, "stdio"], env=_variables(tmp_path), cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE
    )
    with process:
        assert process.stdin is not None
        assert process.stdout is not None
        asked = call(1, "query", sql=ENDLESS)
        asked["params"]["_meta"] = {"progressToken": 1}
        process.stdin.write(line(HELLO) + line(READY) + line(asked))
        process.stdin.flush()
        for _ in range(1 + RUNS_S):  # the handshake's answer, then its progress once a second
            process.stdout.readline()
        started = time.monotonic()
        process.stdin.close()
        process.stdout.close()
        process.wait(ENDS_S * 2)
        assert time.monotonic() - started < ENDS_S
    [path] = [path for folder in (tmp_path / "audit").iterdir() for path in files(folder)]
    [entry] = [entry for _, entry in read_lines(path) if entry is not None]
    assert (entry["outcome"], entry["error"]) == ("cancelled", "The server ended while the call ran.")
