"""Many clients at once over HTTP: what they waited, what failed, what the server's memory did; for test and bench."""

from __future__ import annotations

import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import anyio
import mcp

CALLS: tuple[tuple[str, dict[str, Any]], ...] = (
    ("query", {"sql": "SELECT 1"}),
    ("query", {"sql": "SELECT event_type, count() FROM ui_events GROUP BY event_type"}),
    ("query.aggregate", {"metrics": ["llm.calls"], "granularity": "day", "days": 7}),
    ("describe", {}),
)


@dataclass
class Load:
    """One run: seconds a call, errors, and the server's memory in bytes after warming up and at the end."""

    took_s: list[float] = field(default_factory=list)
    errors: list[str] = field(default_factory=list)
    first_bytes: float = 0
    last_bytes: float = 0

    @property
    def p95_s(self) -> float:
        return sorted(self.took_s)[int(len(self.took_s) * 0.95)]


def resident_bytes(pid: int) -> float:
    return float(int(Path(f"/proc/{pid}/statm").read_text().split()[1]) * 4096)


async def run(url: str, pid: int, clients: int, warm_up_s: float, seconds: float) -> Load:
    """`clients` sessions, each calling without a pause."""
    load = Load()
    begin = time.monotonic() + warm_up_s
    end = begin + seconds

    async def one(number: int) -> None:
        async with mcp.Client(url) as client:
            turn = number
            while time.monotonic() < end:
                tool, arguments = CALLS[turn % len(CALLS)]
                turn += 1
                started = time.perf_counter()
                try:
                    result = await client.call_tool(tool, arguments)
                except Exception as error:  # noqa: BLE001  # whatever fails is what this counts
                    load.errors.append(repr(error))
                    continue
                if result.is_error:
                    load.errors.append(str(result.content))
                if time.monotonic() > begin:
                    load.took_s.append(time.perf_counter() - started)

    async def watch() -> None:
        await anyio.sleep_until(anyio.current_time() + warm_up_s)
        load.first_bytes = resident_bytes(pid)

    async with anyio.create_task_group() as group:
        group.start_soon(watch)
        for number in range(clients):
            group.start_soon(one, number)
    load.last_bytes = resident_bytes(pid)
    return load
