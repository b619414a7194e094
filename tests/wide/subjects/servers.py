"""Two servers behind haproxy, with one Redis: one killed every ten seconds, and every acknowledged row stored once."""

from __future__ import annotations

import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

from tests.wide.outcomes import Outcome
from tests.wide.servers.house import House, can_run
from tests.wide.servers.story import p95, tell

SECONDS = 30


def run() -> Iterator[Outcome]:
    if not can_run():
        print("Debian's redis-server and haproxy could not be fetched.", flush=True)
        yield Outcome("haproxy, Redis", "two servers", 0, 0, 1, 0)
        return
    started = time.monotonic()
    with tempfile.TemporaryDirectory(prefix="muse-servers-") as name, House(Path(name)) as house:
        told = tell(house, SECONDS)
    seen = told.seen
    print(
        f"  {told.kills} kills; {seen.batches:,} batches, {told.acknowledged:,} rows acknowledged, {told.stored:,} "
        f"stored; {seen.answers:,} answers, {told.hits:,} hits, {told.misses:,} misses; a summary from the cache p95 "
        f"{p95(told.tool_ms):.1f} ms, with HTTP {p95(seen.took_ms):.1f} ms; drained in {told.drained_s:.1f} s",
        flush=True,
    )
    for why, times in seen.again.items():
        print(f"  sent again {times} times: {why}", flush=True)
    for fault in told.faults:
        print(f"  {fault}", flush=True)
    failed = len(told.faults)
    yield Outcome("haproxy, Redis", "two servers, one killed", int(not failed), failed, 0, time.monotonic() - started)
