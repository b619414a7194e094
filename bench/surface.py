"""The tools beside mcp-clickhouse's chDB tool: same store, same statements, same rows, in one run; and fifty clients.

    python -m bench.surface [--rounds 5] [--rows 10000000] [--beside PATH/mcp-clickhouse] [--seconds 60] [--sdk]

Both are started over stdio, in turn, for one process at a time can have a store, by a client that only writes and reads
lines; with `--sdk` by the SDK's own client, whose 0.5 ms a call both sides then carry. Without `--beside`,
mcp-clickhouse is installed into an environment of its own under `.cache/`.
"""

from __future__ import annotations

import argparse
import logging
import os
import statistics
import subprocess
import sys
import tempfile
import time
import venv
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import anyio
import mcp
import orjson
from mcp.client.stdio import StdioServerParameters, stdio_client
from mcp_types import TextContent

from bench.wire_client import WireClient
from chimera_metrics.integrations.clickhouse.store import open_store
from chimera_metrics.integrations.clickhouse_client import ClickHouseClient
from chimera_metrics.integrations.config import ClickHouseSettings
from chimera_metrics.integrations.evolution import runner
from tests.server import load
from tests.server.processes import environment, http

ROOT = Path(__file__).parents[1]
VERSION = "mcp-clickhouse[chdb]==0.7.0"
WIDE = "SELECT * FROM chimera_metrics.ui_events LIMIT 1000"
AGGREGATE = (
    "SELECT event_type, count() AS n, avg(latency_ms) AS mean, uniq(session_id) AS sessions "
    "FROM chimera_metrics.ui_events GROUP BY event_type ORDER BY event_type"
)
# What is measured: the statement, the calls in each round, and the ratio that ours may have at most.
CASES = {
    "SELECT 1 [ms]": ("SELECT 1 AS one", 100, 0.45),
    "aggregate of all rows [ms]": (AGGREGATE, 7, 1.05),
    "1,000 wide rows [ms]": (WIDE, 30, 0.7),
}
START, START_LIMIT = "start to first answer [ms]", 0.48
CLIENTS = 50
_NOWHERE = open(os.devnull, "w")  # noqa: SIM115  # the other server logs each statement


#: The text of an answer to a statement.
Ask = Callable[[str], Awaitable[str]]


@dataclass(frozen=True)
class Side:
    """One of the two servers: how it is started and asked."""

    command: tuple[str, ...]
    env: dict[str, str]
    tool: str
    argument: str
    more: dict[str, Any]

    async def measure(self, by_sdk: bool) -> tuple[dict[str, list[float]], dict[str, Any]]:
        """Milliseconds of each case, and the rows that came, for comparison."""
        started = time.perf_counter()
        if not by_sdk:
            with WireClient(self.command, self.env) as client:

                async def ask(statement: str) -> str:
                    return client.call(self.tool, self._arguments(statement))

                return await self._measured(started, ask)
        server = StdioServerParameters(command=self.command[0], args=list(self.command[1:]), env=self.env)
        async with mcp.Client(stdio_client(server, errlog=_NOWHERE)) as sdk:

            async def ask_by_sdk(statement: str) -> str:
                result = await sdk.call_tool(self.tool, self._arguments(statement))
                content = result.content[0]
                assert not result.is_error, content
                assert isinstance(content, TextContent)
                return content.text

            return await self._measured(started, ask_by_sdk)

    async def _measured(self, started: float, ask: Ask) -> tuple[dict[str, list[float]], dict[str, Any]]:
        await ask("SELECT 1 AS one")
        took = {START: [(time.perf_counter() - started) * 1000]}
        rows: dict[str, Any] = {}
        for name, (statement, calls, _) in CASES.items():
            rows[name] = _rows(await ask(statement))
            took[name] = []
            for _ in range(calls):
                began = time.perf_counter()
                await ask(statement)
                took[name].append((time.perf_counter() - began) * 1000)
        return took, rows

    def _arguments(self, statement: str) -> dict[str, Any]:
        return {self.argument: statement, **self.more}


def _rows(text: str) -> list[list[str]]:
    """The rows as text, however the server words its answer: numbers by their value, times by their digits."""
    found = orjson.loads(text)
    if isinstance(found, dict) and "result" in found:
        found = orjson.loads(found["result"])
    listed = found["rows"] if isinstance(found, dict) else [list(row.values()) for row in found]
    return [[_plain(value) for value in row] for row in listed]


def _plain(value: Any) -> str:
    text = str(value).replace("T", " ").replace("Z", "")
    try:
        return f"{float(text):.6g}"
    except ValueError:
        return text.removesuffix(".000")


def _store(folder: Path, rows: int) -> ClickHouseSettings:
    settings = ClickHouseSettings(path=str(folder / "store"), timeout=600)
    runner.upgrade(settings)
    with ClickHouseClient(settings) as client:
        client.executor.command(
            "INSERT INTO ui_events (ts, session_id, event_type, latency_ms, user_agent, metadata) SELECT "
            "toDateTime64('2026-01-01 00:00:00', 3, 'UTC') + number % 864000, "
            "reinterpretAsUUID(sipHash128(intDiv(number, 20))), "
            "['overlay_open', 'query_submit', 'error'][number % 3 + 1], number % 1000 / 8, 'Chrome 126', "
            f"concat('{{\"n\":', toString(number), '}}') FROM numbers({rows})"
        )
        client.executor.command("OPTIMIZE TABLE ui_events FINAL")
    open_store(settings.store_path).close()
    return settings


def beside_command(given: str | None) -> str:
    """The other server's command."""
    if given is not None:
        return given
    folder = ROOT / ".cache" / "mcp-clickhouse"
    command = folder / "bin" / "mcp-clickhouse"
    if not command.exists():
        venv.create(folder, with_pip=True)
        subprocess.run([folder / "bin" / "pip", "install", "--quiet", VERSION], check=True)
    return str(command)


def sides(settings: ClickHouseSettings, folder: Path, beside: str) -> dict[str, Side]:
    ours = environment(settings, folder, MUSE_MAX_RESULT_BYTES="100000000", CH_TIMEOUT="600")
    ours.pop("PYTHONDONTWRITEBYTECODE", None)  # neither side compiles its modules at each start
    theirs = {
        "CHDB_ENABLED": "true",
        "CHDB_DATA_PATH": settings.store_path,
        "CLICKHOUSE_ENABLED": "false",
        "PATH": os.environ.get("PATH", ""),
    }
    muse = str(Path(sys.executable).with_name("muse"))
    return {
        "ours": Side((muse, "serve"), ours, "query", "sql", {"max_rows": 1000}),
        "beside": Side((beside,), theirs, "run_chdb_select_query", "query", {}),
    }


def _compare(servers: dict[str, Side], rounds: int, by_sdk: bool) -> bool:
    took: dict[str, dict[str, list[float]]] = {name: {} for name in servers}
    for number in range(rounds):
        rows: dict[str, Any] = {}
        # Who begins changes from round to round, so that neither always finds the warmer cache.
        for name in sorted(servers, reverse=bool(number % 2)):
            measured, rows[name] = anyio.run(servers[name].measure, by_sdk)
            for case, values in measured.items():
                took[name].setdefault(case, []).extend(values)
        for case in CASES:
            assert rows["ours"][case] == rows["beside"][case], f"{case}: the two do not answer the same rows"
    print(f"{'p50':<30}{'ours':>10}{'beside':>10}{'ratio':>8}{'limit':>8}")
    held = True
    for case, limit in {START: START_LIMIT, **{name: limit for name, (_, _, limit) in CASES.items()}}.items():
        ours, beside = (statistics.median(took[name][case]) for name in ("ours", "beside"))
        held &= ours / beside <= limit
        print(f"{case:<30}{ours:>10.2f}{beside:>10.2f}{ours / beside:>8.2f}{limit:>8.2f}")
    return held


def _crowd(settings: ClickHouseSettings, folder: Path, seconds: float) -> bool:
    with http(environment(settings, folder)) as (url, pid):
        found = anyio.run(load.run, url, pid, CLIENTS, 20.0, seconds)
    growth = (found.last_bytes - found.first_bytes) / found.first_bytes
    first, last = found.first_bytes / 1e6, found.last_bytes / 1e6
    print(
        f"\n{CLIENTS} clients for {seconds:.0f} s over HTTP: {len(found.took_s):,} calls, "
        f"p95 {found.p95_s * 1000:.0f} ms, {len(found.errors)} errors, memory {first:.0f} MB, at last {last:.0f} MB"
    )
    return not found.errors and growth < 0.1


def main(arguments: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--rows", type=int, default=10_000_000)
    parser.add_argument("--beside")
    parser.add_argument("--seconds", type=float, default=60)
    parser.add_argument("--sdk", action="store_true")
    options = parser.parse_args(arguments)
    logging.disable(logging.WARNING)
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        settings = _store(folder, options.rows)
        held = _compare(sides(settings, folder, beside_command(options.beside)), options.rounds, options.sdk)
        if options.seconds:
            held &= _crowd(settings, folder, options.seconds)
    return 0 if held else 1


if __name__ == "__main__":
    sys.exit(main())
