"""Two servers and `muse status` on one embedded store at once, each asking once a second.

    python -m bench.sharing [--seconds 60]

Every call must be answered; the table says how long the answers took.
"""

from __future__ import annotations

import argparse
import os
import statistics
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path

import anyio
import mcp
from mcp.client.stdio import StdioServerParameters, stdio_client

MUSE = str(Path(sys.executable).with_name("muse"))


@dataclass
class Tally:
    """What one caller saw."""

    name: str
    answered: int = 0
    failed: list[str] = field(default_factory=list)
    milliseconds: list[float] = field(default_factory=list)

    def note(self, started: float, error: str | None) -> None:
        self.milliseconds.append((time.perf_counter() - started) * 1000)
        if error is None:
            self.answered += 1
        else:
            self.failed.append(error)


async def share(path: str, seconds: float) -> list[Tally]:
    """Runs the three callers side by side for `seconds`, one call a second each."""
    tallies = [Tally("server 1: query"), Tally("server 2: insert"), Tally("muse status")]
    environment = {key: value for key, value in os.environ.items() if not key.startswith(("CH_", "MUSE_"))}
    environment["CH_PATH"] = path
    async with anyio.create_task_group() as group:
        group.start_soon(
            partial(_serve, environment, seconds, tallies[0], "query", {"sql": "SELECT count() FROM episodes"})
        )
        rows: dict[str, object] = {"rows": [{"series": "s", "episode_num": 1, "title": "t"}]}
        group.start_soon(partial(_serve, environment, seconds, tallies[1], "insert.episodes", rows))
        group.start_soon(partial(_status, environment, seconds, tallies[2]))
    return tallies


async def _serve(
    environment: dict[str, str], seconds: float, tally: Tally, tool: str, arguments: dict[str, object]
) -> None:
    server = StdioServerParameters(command=MUSE, args=["serve"], env=environment)
    async with mcp.Client(stdio_client(server)) as client:
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            started = time.perf_counter()
            result = await client.call_tool(tool, arguments)
            tally.note(started, str(result.content) if result.is_error else None)
            await anyio.sleep(max(0.0, 1 - (time.perf_counter() - started)))


async def _status(environment: dict[str, str], seconds: float, tally: Tally) -> None:
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        started = time.perf_counter()
        done = await anyio.run_process([MUSE, "status"], env=environment, check=False)
        tally.note(started, None if done.returncode == 0 else done.stdout.decode() + done.stderr.decode())
        await anyio.sleep(max(0.0, 1 - (time.perf_counter() - started)))


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seconds", type=float, default=60)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        subprocess.run(
            [Path(MUSE).with_name("alembic"), "upgrade", "head"],
            env=dict(os.environ) | {"CH_PATH": folder},
            check=True,
            capture_output=True,
        )
        tallies = anyio.run(share, folder, options.seconds)
    print(f"{'':<18}{'answered':>10}{'failed':>8}{'p50 ms':>9}{'max ms':>9}")
    for tally in tallies:
        middle, worst = statistics.median(tally.milliseconds), max(tally.milliseconds)
        print(f"{tally.name:<18}{tally.answered:>10}{len(tally.failed):>8}{middle:>9.0f}{worst:>9.0f}")
        for error in tally.failed[:3]:
            print(f"   {error}")
    return 1 if any(tally.failed for tally in tallies) else 0


if __name__ == "__main__":
    sys.exit(main())
