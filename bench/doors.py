"""What others wait for while somebody holds connections open: half-sent headers, and bodies that come byte by byte.

    python -m bench.doors [--half 1000] [--slow 1000] [--seconds 20]

A process of its own opens the connections, sends a byte a second on each, and opens again what the server closes, a
hundred a second. The table has the honest callers' times in quiet and under each kind, from other addresses and from
the callers' own.
"""

from __future__ import annotations

import argparse
import contextlib
import os
import resource
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import httpx2

from tests.server.raw import HALF, HEAD, connect, is_closed

CALLERS = 4
AGAIN = 100
SETTLE_S = 5
MUSE = str(Path(sys.executable).with_name("muse"))
OTHERS = [f"127.0.{net}.1" for net in range(1, 9)]
OWN = ["127.0.0.1"]
_CALL = {
    "jsonrpc": "2.0",
    "id": 1,
    "method": "tools/call",
    "params": {"name": "query", "arguments": {"sql": "SELECT 1"}},
}


@dataclass(frozen=True)
class Seen:
    """What the honest callers saw, and how many connections the server had at the end."""

    took_ms: list[float]
    failed: list[str]
    connections: int

    @property
    def p95_ms(self) -> float:
        return sorted(self.took_ms)[int(len(self.took_ms) * 0.95)]

    @property
    def median_ms(self) -> float:
        return statistics.median(self.took_ms)


@contextlib.contextmanager
def server(folder: str) -> Iterator[tuple[str, int]]:
    """`muse serve --transport http` on a store in `folder`: its address and its process id."""
    environment = {name: value for name, value in os.environ.items() if not name.startswith(("CH_", "MUSE_"))}
    environment |= {"CH_PATH": f"{folder}/store", "MUSE_STATELESS": "true", "MUSE_RATE_LIMIT": "0"}
    environment["XDG_DATA_HOME"] = folder
    with open(f"{folder}/log", "w+") as log:
        words = [MUSE, "serve", "--transport", "http", "--port", "0"]
        process = subprocess.Popen(words, env=environment, stderr=log)
        try:
            while "Listening on" not in (said := Path(log.name).read_text()):
                time.sleep(0.05)
            yield said.partition("Listening on ")[2].split()[0], process.pid
        finally:
            process.terminate()
            process.wait(30)


@contextlib.contextmanager
def attack(url: str, half: int, slow: int, sources: list[str]) -> Iterator[None]:
    """Holds so many connections of each kind; begins when all have been opened, and the server has seen them."""
    if not half + slow:
        yield
        return
    words = ["-m", "bench.doors", "--attack", url, "--half", str(half), "--slow", str(slow), "--sources", *sources]
    process = subprocess.Popen([sys.executable, *words], stdout=subprocess.PIPE, text=True)
    assert process.stdout is not None
    try:
        process.stdout.readline()
        time.sleep(SETTLE_S)
        yield
    finally:
        process.kill()
        process.communicate()


def hold(url: str, half: int, slow: int, sources: list[str]) -> None:
    """The attack itself; ends when it is killed."""
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    kinds = [HALF] * half + [HEAD % 10_000] * slow
    held = [(said, connect(url, said, sources[place % len(sources)])) for place, said in enumerate(kinds)]
    print("open", flush=True)
    while True:
        started, opened = time.monotonic(), 0
        for place, (said, made) in enumerate(held):
            if made.fileno() < 0 or is_closed(made):
                made.close()
                if opened < AGAIN:
                    opened += 1
                    with contextlib.suppress(OSError):
                        held[place] = said, connect(url, said, sources[place % len(sources)])
            else:
                with contextlib.suppress(OSError):
                    made.send(b" ")
        time.sleep(max(0.0, started + 1 - time.monotonic()))


def look(url: str, pid: int, seconds: float) -> Seen:
    """`CALLERS` threads, each asking again as soon as it was answered."""
    took: list[float] = []
    failed: list[str] = []
    end = time.monotonic() + seconds

    def call() -> None:
        with httpx2.Client(timeout=30, headers={"Accept": "application/json, text/event-stream"}) as web:
            while time.monotonic() < end:
                started = time.perf_counter()
                try:
                    answer = web.post(url, json=_CALL)
                except httpx2.HTTPError as error:
                    failed.append(repr(error))
                    continue
                if answer.status_code == 200 and '\\"rows\\":[[1]]' in answer.text:
                    took.append((time.perf_counter() - started) * 1000)
                else:
                    failed.append(answer.text)

    threads = [threading.Thread(target=call) for _ in range(CALLERS)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return Seen(took, failed, sockets_of(pid))


def sockets_of(pid: int) -> int:
    found = 0
    for name in os.listdir(f"/proc/{pid}/fd"):
        with contextlib.suppress(OSError):
            found += os.readlink(f"/proc/{pid}/fd/{name}").startswith("socket:")
    return found


def compare(half: int, slow: int, seconds: float) -> dict[str, Seen]:
    """By the name of each state, what the callers saw in it."""
    found: dict[str, Seen] = {}
    with tempfile.TemporaryDirectory() as folder, server(folder) as (url, pid):
        look(url, pid, 2)  # the store is opened
        states = {
            "quiet": (0, 0, OTHERS),
            f"{half:,} half-sent": (half, 0, OTHERS),
            f"{slow:,} slow bodies": (0, slow, OTHERS),
            "both": (half, slow, OTHERS),
            "both, from the callers' address": (half, slow, OWN),
            "quiet again": (0, 0, OTHERS),
        }
        for name, (halves, slows, sources) in states.items():
            with attack(url, halves, slows, sources):
                found[name] = look(url, pid, seconds)
    return found


def main() -> int:
    parser = argparse.ArgumentParser(description="What others wait for while somebody holds connections open.")
    parser.add_argument("--half", type=int, default=1000, help="connections with half-sent headers")
    parser.add_argument("--slow", type=int, default=1000, help="connections with slow bodies")
    parser.add_argument("--seconds", type=float, default=20, help="of each state")
    parser.add_argument("--attack", help=argparse.SUPPRESS)
    parser.add_argument("--sources", nargs="*", default=OWN, help=argparse.SUPPRESS)
    given = parser.parse_args()
    if given.attack:
        hold(given.attack, given.half, given.slow, given.sources)
    found = compare(given.half, given.slow, given.seconds)
    quiet = max(found["quiet"].p95_ms, found["quiet again"].p95_ms)
    print(f"{'state':34} {'calls':>7} {'failed':>7} {'median ms':>10} {'p95 ms':>8} {'ratio':>6} {'sockets':>8}")
    for name, seen in found.items():
        ratio = seen.p95_ms / quiet
        print(
            f"{name:34} {len(seen.took_ms):7,} {len(seen.failed):7,} {seen.median_ms:10.1f} {seen.p95_ms:8.1f} "
            f"{ratio:6.2f} {seen.connections:8,}"
        )
    for reason in sorted({reason for seen in found.values() for reason in seen.failed}):
        print(f"failed: {reason[:200]}")
    return int(any(seen.failed or seen.p95_ms > 2 * quiet for seen in found.values()))


if __name__ == "__main__":
    sys.exit(main())
