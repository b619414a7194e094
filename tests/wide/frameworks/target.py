"""The server that a framework talks to: how to start it, and over HTTP where it listens."""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
import subprocess
import sys
from collections.abc import AsyncIterator
from dataclasses import dataclass, field

START_S = 60.0


@dataclass
class Target:
    """Over stdio each connection starts `command` itself; over HTTP there is one server, at `url`."""

    muse: str
    url: str = ""
    _process: subprocess.Popen[bytes] | None = field(default=None, repr=False)

    @property
    def arguments(self) -> list[str]:
        return ["serve"]

    @property
    def variables(self) -> dict[str, str]:
        return dict(os.environ)

    async def restart(self) -> None:
        """Ends the server and starts another one at the same address."""
        self.stop()
        await self.start(int(self.url.rsplit(":", 1)[1].split("/")[0]))

    async def start(self, port: int = 0) -> None:
        listens = ["serve", "--transport", "http", "--port", str(port)]
        self._process = subprocess.Popen([self.muse, *listens], stderr=subprocess.PIPE)
        self.url = await asyncio.wait_for(asyncio.to_thread(self._address), START_S)

    def stop(self) -> None:
        if self._process is not None:
            self._process.send_signal(signal.SIGINT)
            self._process.communicate(timeout=30)
            self._process = None

    def _address(self) -> str:
        assert self._process is not None
        assert self._process.stderr is not None
        for line in self._process.stderr:
            if line.startswith(b"Listening on "):
                return line.decode().removeprefix("Listening on ").strip()
        raise RuntimeError(f"{self.muse} ended before it listened; run it in {sys.prefix} to see why.")


@contextlib.asynccontextmanager
async def serving(muse: str, transport: str) -> AsyncIterator[Target]:
    target = Target(muse)
    try:
        if transport == "http":
            await target.start()
        yield target
    finally:
        target.stop()
