"""uvicorn's HTTP protocol with a clock: it waits for its client's bytes, but not for ever."""

from __future__ import annotations

import asyncio
from typing import Any, cast

import h11
from uvicorn.protocols.http.h11_impl import H11Protocol

from chimera_metrics.server.http.connections import HEADERS_S, SLOWEST_BYTES_S, Connection, Crowd, Waiting, answer
from chimera_metrics.server.http.gathered import Gathered


class Patience(H11Protocol):
    """One connection. What it waits for stands in its `Connection`, which the crowd looks through."""

    def __init__(self, crowd: Crowd, **words: Any) -> None:
        super().__init__(**words)
        self._crowd = crowd
        self._connection: Connection | None = None
        #: Bytes of the body that came since the clock began, or the answer's bytes that waited when it did.
        self._bytes = 0

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        self._gathered = Gathered(transport)
        super().connection_made(cast("asyncio.Transport", self._gathered))
        self._connection = self._crowd.at(transport.get_extra_info("socket").fileno())
        self._connection.speaker = self

    def data_received(self, data: bytes) -> None:
        self._bytes += len(data)
        super().data_received(data)
        self._look(begun=True)

    def on_response_complete(self) -> None:
        self._gathered.send()
        super().on_response_complete()
        self._look(begun=bool(self.conn.trailing_data[0]))

    def pause_writing(self) -> None:
        super().pause_writing()
        self._wait_for(Waiting.READER)
        self._bytes = self.transport.get_write_buffer_size()

    def resume_writing(self) -> None:
        super().resume_writing()
        self._wait_for(Waiting.NOTHING)
        self._look(begun=False)

    def connection_lost(self, exc: Exception | None) -> None:
        super().connection_lost(exc)
        if self._connection is not None:
            self._connection.speaker = None

    def _look(self, begun: bool) -> None:
        """Notes what is waited for now; `begun`: the client has sent some of it."""
        state = self.conn.their_state
        if self._connection is None or self._connection.waiting is Waiting.READER:
            return
        if state is h11.SEND_BODY:
            self._wait_for(Waiting.BODY)
        elif state is not h11.IDLE or self.conn.our_state is not h11.IDLE:
            self._wait_for(Waiting.NOTHING)
        elif begun or self.cycle is None:
            self._wait_for(Waiting.HEADERS)
        else:  # uvicorn's own clock runs, until the first byte
            self._wait_for(Waiting.NEXT)

    def _wait_for(self, what: Waiting) -> None:
        if self._connection is not None and self._connection.waiting is not what:
            self._connection.wait_for(what)
            self._bytes = 0

    def late(self, now: float) -> bool:
        assert self._connection is not None  # noqa: S101  # it is the connection that asks
        waited = now - self._connection.since
        match self._connection.waiting:
            case Waiting.HEADERS:
                return waited > HEADERS_S
            case Waiting.BODY if self.flow.read_paused:  # it is the server that does not read
                self._connection.since, self._bytes = now, 0
                return False
            case Waiting.BODY:
                return waited > HEADERS_S + self._bytes / SLOWEST_BYTES_S
            case Waiting.READER:
                read = max(0, self._bytes - self.transport.get_write_buffer_size())
                return waited > HEADERS_S + read / SLOWEST_BYTES_S
            case _:
                return False

    def give_up(self) -> None:
        """Ends the connection; a client that has no answer yet is told why, where that takes no waiting."""
        begun = self.cycle is not None and not self.cycle.response_complete
        if begun:
            self.cycle.disconnected = True
            self.cycle.message_event.set()
        unread = self.transport.get_write_buffer_size() > 0
        if self.scheme == "https" or unread or (begun and self.cycle.response_started):
            self.transport.abort()
            return
        if self.conn.their_state is not h11.IDLE or self.conn.trailing_data[0]:
            self.transport.write(answer(408, "The request did not arrive in time."))
        self.transport.close()
