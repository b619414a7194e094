"""Writes that follow each other are sent at once, and nothing is held back."""

from __future__ import annotations

import asyncio
import contextlib
import socket
from collections.abc import AsyncIterator
from typing import Any

from chimera_metrics.server.http.gathered import Gathered


class Counted:
    """A connection's transport, and what was sent by each call of the system."""

    def __init__(self, transport: Any) -> None:
        self._transport, self.sent = transport, list[bytes]()

    def write(self, data: bytes) -> None:
        self.sent.append(data)
        self._transport.write(data)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._transport, name)


@contextlib.asynccontextmanager
async def connected() -> AsyncIterator[tuple[Counted, Gathered, socket.socket]]:
    ours, theirs = socket.socketpair()
    transport, _ = await asyncio.get_running_loop().create_connection(asyncio.Protocol, sock=ours)
    counted = Counted(transport)
    try:
        yield counted, Gathered(counted), theirs  # type: ignore[arg-type]
    finally:
        transport.close()
        theirs.close()


def test_what_is_written_in_a_turn_of_the_loop_is_sent_at_once() -> None:
    async def run() -> None:
        async with connected() as (counted, gathered, theirs):
            for part in (b"head", b"", b"body"):
                gathered.write(part)
            assert gathered.get_write_buffer_size() == 8
            assert counted.sent == []
            await asyncio.sleep(0)
            assert counted.sent == [b"headbody"]
            assert theirs.recv(100) == b"headbody"
            gathered.write(b"later")
            gathered.send()
            gathered.send()
            assert theirs.recv(100) == b"later"
            await asyncio.sleep(0)
            assert counted.sent == [b"headbody", b"later"]

    asyncio.run(run())


def test_what_is_written_before_the_end_is_sent() -> None:
    async def run() -> None:
        async with connected() as (_, gathered, theirs):
            gathered.write(b"last words")
            gathered.close()
            assert gathered.is_closing()
            assert theirs.recv(100) == b"last words"

    asyncio.run(run())
