"""Start to first answer, and the round trip after it, beside an empty server on the same SDK, in one run.

    python -m bench.startup [--rounds 10]

Both servers are started by the SDK's own client over stdio, in turn, so that whatever else the machine does falls on
both.
"""

from __future__ import annotations

import argparse
import statistics
import sys
import tempfile
import time
from pathlib import Path

import anyio
import mcp
from mcp.client.stdio import StdioServerParameters, stdio_client

from chimera_metrics.integrations.config import ClickHouseSettings
from chimera_metrics.integrations.evolution import runner

START_LIMIT = 2.2
ROUND_TRIP_LIMIT = 2.5

EMPTY = """
from mcp.server import MCPServer
server = MCPServer("empty", log_level="WARNING")
@server.tool()
def query(sql: str) -> dict[str, int]:
    return {"one": 1}
server.run("stdio")
"""


async def _measure(server: StdioServerParameters, calls: int) -> tuple[float, float]:
    """Seconds from starting the process to the first answer, and milliseconds of a further call (median)."""
    started = time.perf_counter()
    async with mcp.Client(stdio_client(server)) as client:
        await client.call_tool("query", {"sql": "SELECT 1"})
        first = time.perf_counter() - started
        trips = []
        for _ in range(calls):
            began = time.perf_counter()
            await client.call_tool("query", {"sql": "SELECT 1"})
            trips.append((time.perf_counter() - began) * 1000)
    return first, statistics.median(trips)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=10)
    parser.add_argument("--calls", type=int, default=200)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        store = str(Path(folder) / "store")
        runner.upgrade(ClickHouseSettings(path=store))
        from chimera_metrics.integrations.clickhouse.store import open_store

        open_store(store).close()
        muse = str(Path(sys.executable).with_name("muse"))
        ours = StdioServerParameters(command=muse, args=["serve"], env={"CH_PATH": store})
        empty = StdioServerParameters(command=sys.executable, args=["-c", EMPTY])
        results: dict[str, list[tuple[float, float]]] = {"ours": [], "empty": []}
        for _ in range(options.rounds):
            results["empty"].append(anyio.run(_measure, empty, options.calls))
            results["ours"].append(anyio.run(_measure, ours, options.calls))
    first = {name: statistics.median(found[0] for found in runs) for name, runs in results.items()}
    trip = {name: statistics.median(found[1] for found in runs) for name, runs in results.items()}
    print(f"{'':<34}{'ours':>10}{'empty':>10}{'ratio':>8}{'limit':>8}")
    _row("start to first answer [s]", first["ours"], first["empty"], START_LIMIT)
    _row("a further SELECT 1 over stdio [ms]", trip["ours"], trip["empty"], ROUND_TRIP_LIMIT)
    return 0


def _row(name: str, ours: float, beside: float, limit: float) -> None:
    print(f"{name:<34}{ours:>10.2f}{beside:>10.2f}{ours / beside:>8.2f}{limit:>8.1f}")


if __name__ == "__main__":
    sys.exit(main())
