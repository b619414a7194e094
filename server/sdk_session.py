"""The SDK's server behind the direct path: on an event loop and a thread of its own, begun when first needed."""

from __future__ import annotations

import asyncio
import threading
from collections import deque
from collections.abc import Callable
from types import TracebackType
from typing import TYPE_CHECKING, Any, Self
from uuid import uuid4

import orjson

if TYPE_CHECKING:
    from mcp.shared.message import SessionMessage

    from server.muse_server import MuseServer

_END_S = 10.0


class SdkSession:
    """One connection of the SDK's server: lines in, lines out. Thread-safe; answers keep no order."""

    def __init__(self, build: Callable[[], MuseServer], write: Callable[[bytes], None]) -> None:
        """`build` is called on the session's thread, for to import the SDK takes 0.3 s."""
        self._build = build
        self._write = write
        self._inbox = _Inbox()
        self._muted: set[str] = set()
        self._thread = threading.Thread(target=lambda: asyncio.run(self._serve()), name="muse-sdk", daemon=True)
        self._thread.start()

    def open(self, request: dict[str, Any], modern: bool) -> None:
        """Opens the connection as `request` did, which has been answered. The answer goes nowhere."""
        mute = f"opening-{uuid4()}"
        self._muted.add(mute)
        if modern:  # not the request itself, which may have been a call: another one with the same envelope
            meta = {key: value for key, value in request["params"]["_meta"].items() if key != "progressToken"}
            request = request | {"method": "server/discover", "params": {"_meta": meta}}
        self.send(orjson.dumps(request | {"id": mute}))
        if not modern:
            self.send(b'{"jsonrpc":"2.0","method":"notifications/initialized"}')

    def send(self, line: bytes) -> None:
        """Hands over a line of the client."""
        self._inbox.put(line)

    def close(self) -> None:
        """Ends the session as if the client had gone."""
        self._inbox.put(None)
        self._thread.join(_END_S)

    async def _serve(self) -> None:
        self._inbox.attach(asyncio.get_running_loop())
        server = self._build()
        lowlevel = server._lowlevel_server  # the SDK runs it so itself
        await lowlevel.run(_Messages(self._inbox), _Answers(self._out), lowlevel.create_initialization_options())

    def _out(self, item: SessionMessage) -> None:
        message = item.message
        mute = str(getattr(message, "id", None))
        if mute in self._muted and not hasattr(message, "method"):
            self._muted.discard(mute)
            return
        self._write(message.model_dump_json(by_alias=True, exclude_unset=True).encode() + b"\n")


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


class _Inbox:
    """Lines from any thread, awaited on a loop; None for their end."""

    def __init__(self) -> None:
        self._lines: deque[bytes | None] = deque()
        self._lock = threading.Lock()
        self._loop: asyncio.AbstractEventLoop | None = None
        self._some = asyncio.Event()

    def attach(self, loop: asyncio.AbstractEventLoop) -> None:
        with self._lock:
            self._loop = loop
            self._some.set()

    def put(self, line: bytes | None) -> None:
        with self._lock:
            self._lines.append(line)
            if self._loop is not None and not self._loop.is_closed():
                self._loop.call_soon_threadsafe(self._some.set)

    async def get(self) -> bytes | None:
        while not self._lines:
            self._some.clear()
            if not self._lines:
                await self._some.wait()
        return self._lines.popleft() if self._lines[0] is not None else None


class _Messages(_Stream):
    """The client's messages; a line that is none is handed on as the error that it caused."""

    def __init__(self, inbox: _Inbox) -> None:
        self._inbox = inbox

    def __aiter__(self) -> Self:
        return self

    async def __anext__(self) -> SessionMessage | Exception:
        line = await self._inbox.get()
        if line is None:
            raise StopAsyncIteration
        return _message(line)

    async def receive(self) -> SessionMessage | Exception:
        import anyio

        try:
            return await self.__anext__()
        except StopAsyncIteration:
            raise anyio.EndOfStream from None


class _Answers(_Stream):
    def __init__(self, out: Callable[[SessionMessage], None]) -> None:
        self._out = out

    async def send(self, item: SessionMessage, /) -> None:
        self._out(item)


def _message(line: bytes) -> SessionMessage | Exception:
    from mcp.shared.message import SessionMessage
    from mcp_types import jsonrpc_message_adapter

    try:
        return SessionMessage(jsonrpc_message_adapter.validate_json(line.decode(errors="replace"), by_name=False))
    except ValueError as error:
        return error
