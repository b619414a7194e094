"""Programs of Debian's as processes, from where debian_packages.sh unpacked them, or the machine's own."""

from __future__ import annotations

import contextlib
import os
import shutil
import socket
import subprocess
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from tests.support.listening import end, free_port

ROOT = Path(__file__).parents[2]
_START_S = 10.0


def program(package: str, name: str) -> Path | None:
    """The program of a package; None where it is not there."""
    folder = ROOT / ".cache" / f"debian-{package}"
    if (folder / "ready").exists():
        return next((file for file in folder.glob(f"usr/*bin/{name}") if file.exists()), None)
    found = shutil.which(name)
    return Path(found) if found else None


def start(package: str, name: str, *words: str | Path) -> subprocess.Popen[bytes]:
    """Starts it with the libraries that were unpacked beside it; what it says is thrown away."""
    path = program(package, name)
    if path is None:
        raise FileNotFoundError(f"{name} is not here; run tests/support/debian_packages.sh {package}")
    folder = ROOT / ".cache" / f"debian-{package}"
    libraries = sorted({str(file.parent) for file in folder.rglob("*.so*")})
    variables = os.environ | {"LD_LIBRARY_PATH": ":".join(libraries)}
    return subprocess.Popen([path, *words], env=variables, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)


@dataclass
class RedisServer:
    """A Redis of a test's own, without a file; stopped and started again it is empty."""

    port: int
    password: str = ""
    _process: subprocess.Popen[bytes] | None = None

    @property
    def url(self) -> str:
        return f"redis://{f':{self.password}@' if self.password else ''}127.0.0.1:{self.port}/0"

    @property
    def pid(self) -> int:
        assert self._process is not None
        return self._process.pid

    def start(self) -> None:
        words = ["--port", str(self.port), "--bind", "127.0.0.1", "--save", "", "--appendonly", "no"]
        if self.password:
            words += ["--requirepass", self.password]
        self._process = start("redis-server", "redis-server", *words)
        wait_for(self.port)

    def stop(self) -> None:
        if self._process is not None:
            end(self._process)


@contextlib.contextmanager
def redis_server(password: str = "") -> Iterator[RedisServer]:
    made = RedisServer(free_port(), password)
    made.start()
    try:
        yield made
    finally:
        made.stop()


def wait_for(port: int) -> None:
    deadline = time.monotonic() + _START_S
    while time.monotonic() < deadline:
        with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port), 1):
            return
        time.sleep(0.02)
    raise TimeoutError(f"Nothing listens on port {port}")
