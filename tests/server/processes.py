"""`muse serve` as a process of its own, over HTTP or stdio, as hosts start it."""

from __future__ import annotations

import contextlib
import os
import select
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

from mcp.client.stdio import StdioServerParameters

from chimera_metrics.integrations.config import ClickHouseSettings

ROOT = Path(__file__).parents[2]
MUSE = str(Path(sys.executable).with_name("muse"))
START_S = 60.0


def environment(settings: ClickHouseSettings, folder: Path, **muse: str) -> dict[str, str]:
    """Variables of a server on `settings` that keeps its own files in `folder`."""
    clean = {name: value for name, value in os.environ.items() if not name.startswith(("CH_", "MUSE_"))}
    found = clean | {"MUSE_AUDIT_DIR": str(folder / "audit"), "MUSE_TOKENS_FILE": str(folder / "tokens.json")} | muse
    if settings.embedded:
        return found | {"CH_PATH": settings.store_path}
    return found | {
        "CH_HOST": str(settings.host),
        "CH_PORT": str(settings.port),
        "CH_USERNAME": settings.username,
        "CH_PASSWORD": settings.password.get_secret_value(),
        "CH_CA_CERT": str(settings.ca_cert),
    }


def stdio(variables: dict[str, str], *arguments: str) -> StdioServerParameters:
    return StdioServerParameters(command=MUSE, args=["serve", *arguments], env=variables, cwd=str(ROOT))


@contextlib.contextmanager
def http(
    variables: dict[str, str], *arguments: str, host: str = "127.0.0.1", port: int = 0
) -> Iterator[tuple[str, int]]:
    """A running HTTP server: its address, and its process id."""
    process = subprocess.Popen(
        [MUSE, "serve", "--transport", "http", "--host", host, "--port", str(port), *arguments],
        env=variables,
        cwd=ROOT,
        stderr=subprocess.PIPE,
        text=True,
    )
    try:
        yield address(process), process.pid
    finally:
        process.send_signal(signal.SIGINT)  # SIGTERM would first tell a balancer
        try:
            process.wait(20)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
        assert process.stderr is not None
        process.stderr.close()


def address(process: subprocess.Popen[str]) -> str:
    assert process.stderr is not None
    deadline = time.monotonic() + START_S
    poll = select.poll()
    poll.register(process.stderr, select.POLLIN)
    said = ""
    while time.monotonic() < deadline and process.poll() is None:
        if poll.poll(500):
            line = process.stderr.readline()
            said += line
            if line.startswith("Listening on "):
                return line.removeprefix("Listening on ").strip()
    raise RuntimeError(f"The server did not start: {said}")
