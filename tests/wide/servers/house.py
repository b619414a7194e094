"""haproxy before two `muse serve` on one engine and one Redis; each server can be killed and started again."""

from __future__ import annotations

import os
import signal
import subprocess
import time
from contextlib import ExitStack
from pathlib import Path
from typing import Self

import httpx2

from chimera_metrics.integrations.config import ClickHouseSettings
from chimera_metrics.integrations.evolution import runner
from chimera_metrics.server.http.tokens import TokenFile
from tests.server.processes import MUSE, ROOT, environment
from tests.support.debian_programs import redis_server, start, wait_for
from tests.support.listening import end, free_port
from tests.support.wire_process import Wire

_BALANCER = """
global
  maxconn 500
defaults
  mode http
  timeout connect 1s
  timeout check 5s
  timeout client 60s
  timeout server 60s
  retries 3
  option redispatch
  retry-on conn-failure empty-response
frontend muse
  bind 127.0.0.1:{port}
  default_backend servers
backend servers
  balance roundrobin
  option httpchk GET /readyz
  default-server check inter 500ms fall 3 rise 1
"""
_READY_S = 60.0
ALONE = "alone"
"""The name of the caller that asks while no other does."""


class House:
    """All of it, on the store in `folder`, which may be there already. `url` is the balancer's."""

    def __init__(self, folder: Path, servers: int = 2) -> None:
        self.folder = folder
        self.ports = [free_port() for _ in range(servers)]
        self.url = ""
        self._stack = ExitStack()
        self._running: dict[int, subprocess.Popen[bytes]] = {}

    def __enter__(self) -> Self:
        folder = self.folder
        address = self._stack.enter_context(Wire()).start(
            path=folder / "store", tls=folder, user="muse", password="hush hush"
        )
        self.settings = ClickHouseSettings(
            host=address.host, port=address.port, username="muse", password="hush hush", ca_cert=address.ca_path
        )
        runner.upgrade(self.settings)
        tokens = TokenFile(folder / "tokens.json")
        self.token = tokens.create("callers", "writer", None)
        self.token_alone = tokens.create(ALONE, "reader", None)
        self.redis = self._stack.enter_context(redis_server("hush"))
        for place in range(len(self.ports)):
            self.start(place)
        self._stack.callback(self.end)
        for place in range(len(self.ports)):
            self.wait_until_ready(place)
        self._balance()
        return self

    def __exit__(self, *_: object) -> None:
        self._stack.close()

    def start(self, place: int) -> None:
        """One of the servers, with files of its own as on a machine of its own; the tokens are shared."""
        folder = self.folder / f"server-{place}"
        folder.mkdir(exist_ok=True)
        words = {"MUSE_CACHE": self.redis.url, "MUSE_SERVERS": str(len(self.ports)), "MUSE_RATE_LIMIT": "0"}
        variables = environment(self.settings, folder, MUSE_TOKENS_FILE=str(self.folder / "tokens.json"), **words)
        with (folder / "log").open("ab") as log:
            self._running[place] = subprocess.Popen(
                [MUSE, "serve", "--transport", "http", "--port", str(self.ports[place])],
                env=variables | {"XDG_DATA_HOME": str(folder)},
                cwd=ROOT,
                stderr=log,
            )

    def kill(self, place: int) -> None:
        """As a machine that fails."""
        self._running[place].kill()
        self._running[place].wait()

    def stop(self, place: int) -> float:
        """As an operator stops it; how many seconds it took."""
        started = time.monotonic()
        self._running[place].send_signal(signal.SIGTERM)
        self._running[place].wait(30)
        return time.monotonic() - started

    def end(self) -> None:
        for process in self._running.values():
            if process.poll() is None:
                process.send_signal(signal.SIGINT)
        for process in self._running.values():
            process.wait(30)

    def address(self, place: int) -> str:
        return f"http://127.0.0.1:{self.ports[place]}"

    def wait_until_ready(self, place: int) -> None:
        deadline = time.monotonic() + _READY_S
        while True:
            try:
                if httpx2.get(f"{self.address(place)}/readyz", timeout=5).status_code == 200:
                    return
            except httpx2.TransportError:
                pass
            if time.monotonic() > deadline:
                raise TimeoutError((self.folder / f"server-{place}" / "log").read_text()[-2000:])
            time.sleep(0.05)

    def _balance(self) -> None:
        port, file = free_port(), self.folder / "haproxy.cfg"
        lines = [f"  server s{place} 127.0.0.1:{one}\n" for place, one in enumerate(self.ports)]
        file.write_text(_BALANCER.format(port=port) + "".join(lines))
        self._stack.callback(end, start("haproxy", "haproxy", "-f", file, "-db"))
        wait_for(port)
        self.url = f"http://127.0.0.1:{port}/mcp"


def can_run() -> bool:
    """Whether Debian's packages can be fetched here; fetches them."""
    script = Path(__file__).parents[2] / "support" / "debian_packages.sh"
    subprocess.run(["bash", script, "redis-server", "haproxy"], check=False, env=dict(os.environ))
    from tests.support.debian_programs import program

    return all(program(name, name) is not None for name in ("redis-server", "haproxy"))
