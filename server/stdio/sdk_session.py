"""The SDK's server behind the direct path: on an event loop and a thread of its own, begun when first needed."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import threading
from collections import deque
from collections.abc import Callable
from types import TracebackType
from typing import TYPE_CHECKING, Any, Self
from uuid import uuid4

from pydantic_core import from_json, to_json

if TYPE_CHECKING:
    from mcp.shared.message import SessionMessage

    from chimera_metrics.server.http.muse_server import MuseServer

_log = logging.getLogger(__name__)
FAULT = {"code": -32603, "message": "Internal server error"}


class SdkSession:
    """One connection of the SDK's server: lines in, lines out. Thread-safe; answers keep no order."""

    def __init__(self, build: Callable[[], MuseServer], write: Callable[[bytes], None]) -> None:
        """`build` is called on the session's thread, because importing the SDK takes 0.3 s."""
        self._build = build
        self._write = write
        self._inbox = _Inbox()
        self._muted: set[str] = set()
        #: Why nothing more is answered here.
        self._fault: BaseException | None = None
        self._thread = threading.Thread(target=self._run, name="muse-sdk", daemon=True)
        self._thread.start()

    def open(self, method: str, params: dict[str, Any]) -> None:
        """Opens the connection with a request that the client has an answer to; this answer goes nowhere."""
        mute = f"opening-{uuid4()}"
        self._muted.add(mute)
        self.send(to_json({"jsonrpc": "2.0", "id": mute, "method": method, "params": params}))
        if method == "initialize":
            self.send(b'{"jsonrpc":"2.0","method":"notifications/initialized"}')

    def send(self, line: bytes) -> None:
        """Hands over a line of the client."""
        self._inbox.put(line)
        if self._fault is not None:
            self._refuse()

    def close(self, wait_s: float) -> None:
        """Ends the session as if the client had gone; waits at most so long for it."""
        self._inbox.put(None)
        self._thread.join(wait_s)

    def _run(self) -> None:
        try:
            asyncio.run(self._serve())
        except BaseException as fault:  # noqa: BLE001  # whatever it was, who waits is to be told
            self._fault = fault
            _log.error("The part of the server that the SDK serves ended: %s: %s", type(fault).__name__, fault)
            self._refuse()

    def _refuse(self) -> None:
        """Answers what waits with an error."""
        for line in self._inbox.rest():
            with contextlib.suppress(ValueError):
                message = from_json(line)
                if isinstance(message, dict) and "method" in message and isinstance(message.get("id"), int | str):
                    self._write(to_json({"jsonrpc": "2.0", "id": message["id"], "error": FAULT}) + b"\n")

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

    def rest(self) -> list[bytes]:
        """All lines that nobody has taken."""
        with self._lock:
            lines = [line for line in self._lines if line is not None]
            self._lines.clear()
            return lines


class _Messages(_Stream):
    """The client's messages; an invalid line is passed on as its parse error."""

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
        return SessionMessage(jsonrpc_message_adapter.validate_json(line, by_name=False))
    except ValueError as error:
        return error
