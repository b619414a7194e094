"""A client that costs next to nothing: the protocol's lines over a server's pipes, one request at a time."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Mapping, Sequence
from typing import Any, Self

import orjson


class WireClient:
    """A server started over stdio, past its handshake."""

    def __init__(self, command: Sequence[str], env: Mapping[str, str]) -> None:
        self._process = subprocess.Popen(
            command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, env=env, bufsize=0
        )
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._to, self._back = self._process.stdin.fileno(), self._process.stdout.fileno()
        self._last = 0
        self._rest = b""
        info = {"name": "bench", "version": "1"}
        self.ask("initialize", protocolVersion="2025-06-18", capabilities={}, clientInfo=info)
        os.write(self._to, b'{"jsonrpc":"2.0","method":"notifications/initialized"}\n')

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.close()
        self._process.wait()
        self._process.stdout.close()

    def call(self, tool: str, arguments: Mapping[str, Any]) -> str:
        """The text of the tool's answer."""
        result = self.ask("tools/call", name=tool, arguments=arguments)
        assert not result.get("isError"), result
        text: str = result["content"][0]["text"]
        return text

    def ask(self, method: str, **params: Any) -> dict[str, Any]:
        """The result of any request."""
        self._last += 1
        request = {"jsonrpc": "2.0", "id": self._last, "method": method, "params": params}
        os.write(self._to, orjson.dumps(request, option=orjson.OPT_APPEND_NEWLINE))
        while True:
            pieces = [self._rest]
            while b"\n" not in pieces[-1]:
                piece = os.read(self._back, 1 << 20)
                if not piece:
                    raise RuntimeError("The server ended.")
                pieces.append(piece)
            line, _, self._rest = b"".join(pieces).partition(b"\n")
            message = orjson.loads(line)
            if message.get("id") == self._last:  # a server may tell its client more
                found: dict[str, Any] = message["result"]
                return found
