"""Programs of other people that listen on a port: a free one, waiting until it is open, and the program's end."""

from __future__ import annotations

import contextlib
import itertools
import os
import random
import socket
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path

_LOWEST = 20_000
_RANGE = Path("/proc/sys/net/ipv4/ip_local_port_range")


def free_port() -> int:
    """One that no connection is given by chance before it is listened on, and that this process hands out once."""
    for port in _PORTS:
        with contextlib.suppress(OSError), socket.socket() as free:
            free.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)  # what others left in TIME_WAIT is free
            free.bind(("127.0.0.1", port))
            return port
    raise AssertionError("unreachable")


def _ports() -> Iterator[int]:
    """Below those that connections get, again and again; every worker has its own part and each process a start."""
    end = int(_RANGE.read_text().split()[0]) if _RANGE.exists() else 32_768
    parts = max(int(os.environ.get("PYTEST_XDIST_WORKER_COUNT", "1")), 1)
    part = int(os.environ.get("PYTEST_XDIST_WORKER", "gw0").removeprefix("gw")) % parts
    mine = range(_LOWEST + part, max(end, _LOWEST + 1_000), parts)
    start = random.Random(os.getpid()).randrange(len(mine))
    return itertools.cycle([*mine[start:], *mine[:start]])


_PORTS = _ports()


def wait_for(process: subprocess.Popen[bytes], port: int, name: str, seconds: float) -> None:
    """Returns when somebody listens on the port; RuntimeError if the process ends or is too late."""
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        if process.poll() is not None:
            raise RuntimeError(f"{name} ended with {process.returncode}")
        with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port), 1):
            return
        time.sleep(0.05)
    raise RuntimeError(f"{name} did not open its port")


def end(process: subprocess.Popen[bytes]) -> None:
    process.terminate()
    try:
        process.wait(10)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()
