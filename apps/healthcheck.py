"""Whether the server of this container is well, for HEALTHCHECK: `python -m chimera_metrics.apps.healthcheck`.

It asks `/readyz` of the server that the container's first process is, and prints its answer. A container that serves
stdio, or runs another command, has no page to ask and is well while it runs.
"""

from __future__ import annotations

import http.client
import os
import ssl
import sys
from collections.abc import Sequence
from pathlib import Path

from chimera_metrics.apps.tables import say

_PAGE = "/readyz"
_WAIT_S = 4.0
_PORT = 8000


def main(command: Sequence[str]) -> int:
    """0 if the server that `command` started is ready, or there is none to ask; 1 if not."""
    if _option(command, "--transport", "stdio") != "http":
        return 0
    host = _option(command, "--host", "127.0.0.1")
    at = "127.0.0.1" if host in {"0.0.0.0", "::"} else host  # noqa: S104  # compared, not bound
    try:
        port = int(_option(command, "--port", str(_PORT)))
        ready, said = _ask(at, port)
    except (OSError, http.client.HTTPException, ValueError) as error:
        say(f"No answer from {at}: {error}")
        return 1
    say(said)
    return 0 if ready else 1


def _option(command: Sequence[str], name: str, default: str) -> str:
    for place, word in enumerate(command):
        if word.startswith(f"{name}="):
            return word.partition("=")[2]
        if word == name and place + 1 < len(command):
            return command[place + 1]
    return default


def _ask(host: str, port: int) -> tuple[bool, str]:
    connection = http.client.HTTPConnection(host, port, timeout=_WAIT_S)
    if os.environ.get("MUSE_TLS_CERT"):
        # It asks itself, by an address that no certificate names.
        trusting = ssl._create_unverified_context()  # noqa: S323
        connection = http.client.HTTPSConnection(host, port, timeout=_WAIT_S, context=trusting)
    try:
        connection.request("GET", _PAGE)
        answer = connection.getresponse()
        return answer.status == 200, answer.read(1000).decode(errors="replace")
    finally:
        connection.close()


if __name__ == "__main__":
    sys.exit(main(Path("/proc/1/cmdline").read_bytes().decode(errors="replace").split("\0")))
