"""MCP over stdin and stdout, on the event loop itself.

The SDK's own transport hands each line to a worker thread and passes each message through two tasks more: 0.27 ms of
every call. Pipes and sockets, which is what hosts use, need neither; for anything else the SDK's transport stays.
"""

from __future__ import annotations

import asyncio
import contextlib
import fcntl
import os
import socket
import stat
from collections.abc import AsyncIterator, Iterator
from types import TracebackType
from typing import Self

import anyio
import orjson
from mcp.shared.message import SessionMessage
from mcp_types import JSONRPCMessage, JSONRPCResponse, jsonrpc_message_adapter

from server.payload import ready_made

# Longest line that a client may send, in bytes: ten thousand rows of long texts are less.
_LONGEST = 256 * 1024 * 1024


def usable() -> bool:
    """Whether stdin and stdout are what this transport can wait for."""
    try:
        modes = [os.fstat(descriptor).st_mode for descriptor in (0, 1)]
    except OSError:
        return False
    return all(stat.S_ISFIFO(mode) or stat.S_ISSOCK(mode) for mode in modes)


@contextlib.contextmanager
def wire() -> Iterator[tuple[int, int]]:
    """Descriptors of the wire. Meanwhile stdin is empty, and whatever is printed by mistake goes to stderr."""
    private = [fcntl.fcntl(descriptor, fcntl.F_DUPFD_CLOEXEC, 3) for descriptor in (0, 1)]
    try:
        nothing = os.open(os.devnull, os.O_RDWR)
        os.dup2(nothing, 0)
        try:
            os.dup2(2, 1)
        except OSError:  # started without a stderr
            os.dup2(nothing, 1)
        os.close(nothing)
        yield private[0], private[1]
    finally:
        for descriptor, standard in zip(private, (0, 1), strict=True):
            os.dup2(descriptor, standard)
            os.close(descriptor)


class _Stream:
    """What the SDK's streams are beside sending and receiving."""

    async def aclose(self) -> None:
        """The wire is closed by who opened it."""

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.aclose()


class Messages(_Stream):
    """The client's messages, a line each; a line that is none is handed on as the error that it caused."""

    def __init__(self, lines: asyncio.StreamReader) -> None:
        self._lines = lines

    def __aiter__(self) -> Self:
        return self

    async def __anext__(self) -> SessionMessage | Exception:
        try:
            return await self.receive()
        except anyio.EndOfStream:
            raise StopAsyncIteration from None

    async def receive(self) -> SessionMessage | Exception:
        try:
            line = await self._lines.readline()
        except (ConnectionError, ValueError):  # reset by the client, or a line that does not end
            raise anyio.EndOfStream from None
        if not line:
            raise anyio.EndOfStream
        try:
            return SessionMessage(jsonrpc_message_adapter.validate_json(line.decode(errors="replace"), by_name=False))
        except ValueError as error:
            return error


class Answers(_Stream):
    """Messages to the client, one at a time and each whole."""

    def __init__(self, pipe: asyncio.StreamWriter) -> None:
        self._pipe = pipe

    async def send(self, item: SessionMessage, /) -> None:
        if self._pipe.is_closing():
            raise anyio.BrokenResourceError
        self._pipe.write(encode(item.message))
        try:
            await self._pipe.drain()
        except ConnectionError:
            raise anyio.BrokenResourceError from None


def encode(message: JSONRPCMessage) -> bytes:
    """A message as its line. What a tool has written as JSON already is put in as it is."""
    if isinstance(message, JSONRPCResponse):
        result = message.result
        with contextlib.suppress(orjson.JSONEncodeError):  # an id of more digits than orjson takes
            return orjson.dumps(
                {"jsonrpc": "2.0", "id": message.id, "result": ready_made(result)}, option=orjson.OPT_APPEND_NEWLINE
            )
    return message.model_dump_json(by_alias=True, exclude_unset=True).encode() + b"\n"


@contextlib.asynccontextmanager
async def streams(reading: int, writing: int) -> AsyncIterator[tuple[Messages, Answers]]:
    """The two streams on descriptors of pipes or sockets, for `Server.run`. One socket may be both."""
    if os.path.samestat(os.fstat(reading), os.fstat(writing)):
        lines, answers = await _socket(reading)
        ends = [answers]
    else:
        lines, *ends = await (_socket(reading) if _is_socket(reading) else _read_pipe(reading))
        answers = (await _socket(writing))[1] if _is_socket(writing) else await _write_pipe(writing)
        ends.append(answers)
    try:
        yield Messages(lines), Answers(answers)
    finally:
        for end in ends:  # kept until here: a socket closes with its writer, though nobody writes to it
            end.close()


def _is_socket(descriptor: int) -> bool:
    return stat.S_ISSOCK(os.fstat(descriptor).st_mode)


async def _socket(descriptor: int) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
    return await asyncio.open_connection(sock=socket.socket(fileno=os.dup(descriptor)), limit=_LONGEST)


async def _read_pipe(descriptor: int) -> tuple[asyncio.StreamReader]:
    lines = asyncio.StreamReader(limit=_LONGEST)
    file = os.fdopen(os.dup(descriptor), "rb", buffering=0)
    await asyncio.get_running_loop().connect_read_pipe(lambda: asyncio.StreamReaderProtocol(lines), file)
    return (lines,)


async def _write_pipe(descriptor: int) -> asyncio.StreamWriter:
    loop = asyncio.get_running_loop()
    file = os.fdopen(os.dup(descriptor), "wb", buffering=0)
    transport, flow = await loop.connect_write_pipe(asyncio.streams.FlowControlMixin, file)
    return asyncio.StreamWriter(transport, flow, None, loop)
