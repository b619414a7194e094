"""What is written to a connection at one go is sent at one go.

uvicorn writes the head of a response and its body one after the other, and asyncio sends each of them by itself: for
each short answer a call of the system more, at which other threads take the interpreter.
"""

from __future__ import annotations

import asyncio
from typing import Any


class Gathered:
    """A transport that sends at the end of the loop's turn, or when it is told to (`send`)."""

    def __init__(self, transport: asyncio.Transport) -> None:
        self._transport = transport
        self._loop = asyncio.get_running_loop()
        self._parts: list[bytes] = []

    def write(self, data: bytes) -> None:
        if not data:
            return
        if not self._parts:
            self._loop.call_soon(self.send)
        self._parts.append(data)

    def send(self) -> None:
        """Sends what is gathered."""
        if self._parts:
            data, self._parts = b"".join(self._parts), []
            self._transport.write(data)

    def close(self) -> None:
        self.send()
        self._transport.close()

    def get_write_buffer_size(self) -> int:
        return self._transport.get_write_buffer_size() + sum(map(len, self._parts))

    def __getattr__(self, name: str) -> Any:
        return getattr(self._transport, name)
