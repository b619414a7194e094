"""Two servers behind haproxy with one Redis: what a kill every ten seconds costs, and what the cache answers in.

    python -m bench.servers [--rows 10000000] [--seconds 120] [--every 10] [--callers 8] [--write]

The store has that many events, a tenth as many calls of models and a hundredth as many benchmark runs, made by the
engine, behind the native wire of the tests. So many callers write batches of 20 events and as many read; each batch is
sent again until it is acknowledged. Readers count the events, which must never be fewer than had been acknowledged when
they asked. Then one and eight ask for `get.performance_summary` as fast as they are answered, and one server is told to
end. Debian's redis-server and haproxy are fetched. `--write` puts the table into docs/scale.md.
"""

from __future__ import annotations

import argparse
import statistics
import sys
import tempfile
import time
from pathlib import Path

from bench.analytics import Store
from tests.wide.servers.house import House, can_run
from tests.wide.servers.story import Told, p95, tell

DOCUMENT = Path(__file__).parents[1] / "docs" / "scale.md"
BEGIN, END = "<!-- servers -->", "<!-- /servers -->"
MOST_MS = 5.0


def filled(path: Path, rows: int) -> float:
    """A store of so many events; milliseconds that the summary takes without a cache."""
    store = Store(str(path))
    try:
        for table, share in (("ui_events", 1), ("llm_events", 10), ("bench_runs", 100)):
            store.fill(table, max(1000, rows // share))
        took = []
        for _ in range(5):
            started = time.perf_counter()
            store.client.get_performance_summary()
            took.append((time.perf_counter() - started) * 1000)
        return statistics.median(took)
    finally:
        store.client.close()


def table(told: Told, rows: int, seconds: float, plain_ms: float) -> str:
    seen = told.seen
    lines = [
        ("events in the store at the start", f"{rows:,}"),
        ("seconds, kills", f"{seconds:g}, {told.kills}"),
        ("batches, rows acknowledged by then and after", f"{seen.batches:,}, {seen.acknowledged:,}"),
        ("rows stored of those acknowledged at the end of the kills", f"{told.stored:,} of {told.acknowledged:,}"),
        ("rows stored twice, missing in the rollup", "0, 0" if not told.faults else "see below"),
        ("answers read; older than what was acknowledged", f"{seen.answers:,}; {told.stale}"),
        ("requests that were sent again by clients", f"{sum(seen.again.values()):,}"),
        ("looks into the cache: hits, misses", f"{told.hits:,}, {told.misses:,}"),
        ("`get.performance_summary` without the cache", f"{plain_ms:.0f} ms"),
        ("from the cache, one client, in the server: median, p95", _both(told.tool_alone_ms)),
        ("one client, over HTTP and haproxy: median, p95", _both(told.alone_ms)),
        ("from the cache, eight clients at once, in the server: median, p95", _both(told.tool_ms)),
        ("eight clients at once, over HTTP and haproxy: median, p95", _both(seen.took_ms)),
        ("a server told to end: gone after, requests lost", f"{told.drained_s:.1f} s, {told.lost}"),
    ]
    return "\n".join(["| figure | found |", "| --- | --- |", *(f"| {name} | {found} |" for name, found in lines)])


def _both(values: list[float]) -> str:
    return f"{statistics.median(values):.1f} ms, {p95(values):.1f} ms" if len(values) > 1 else "none"


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rows", type=int, default=10_000_000)
    parser.add_argument("--seconds", type=float, default=120)
    parser.add_argument("--every", type=float, default=10)
    parser.add_argument("--callers", type=int, default=8)
    parser.add_argument("--write", action="store_true")
    given = parser.parse_args()
    if not can_run():
        print("Debian's redis-server and haproxy could not be fetched.", file=sys.stderr)
        return 2
    with tempfile.TemporaryDirectory(prefix="muse-servers-") as name:
        plain_ms = filled(Path(name) / "store", given.rows)
        with House(Path(name)) as house:
            told = tell(house, given.seconds, given.every, given.callers)
    text = table(told, given.rows, given.seconds, plain_ms)
    print(text)
    for why, times in told.seen.again.items():
        print(f"sent again {times} times: {why}")
    for fault in told.faults:
        print(f"FAULT: {fault}")
    if given.write:
        before, _, rest = DOCUMENT.read_text(encoding="utf-8").partition(BEGIN)
        DOCUMENT.write_text(f"{before}{BEGIN}\n{text}\n{END}{rest.partition(END)[2]}", encoding="utf-8")
    return int(bool(told.faults) or p95(told.tool_alone_ms) > MOST_MS)


if __name__ == "__main__":
    sys.exit(main())
