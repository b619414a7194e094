"""Request bodies, gathered before anything begins to work on the request.

The SDK makes a session of its own for a request and then reads the body, which a slow client may take a long time to
send. Here a request costs its bytes until they are all there, and all that wait have a ceiling together.
"""

from __future__ import annotations

import logging

from starlette.datastructures import Headers
from starlette.requests import ClientDisconnect
from starlette.types import Message, Receive, Scope

from chimera_metrics.integrations.validation.weights import is_heavier

# So many requests of the largest size may be under way.
_LARGEST = 16
HEAVIEST_BODY = 96_000_000
"""Bytes that the values of a body of JSON may take in memory: twice as many as 10,000 rows of thirty columns."""


class TooMuch(Exception):
    """Bodies that are under way hold as much memory as they may."""


class TooManyValues(Exception):
    """A body whose values would take far more memory than its bytes."""


class Gone(Exception):
    """The client left before its request was there."""


class Bodies:
    """The bodies that are under way."""

    def __init__(self, longest: int) -> None:
        self._longest = longest
        self._held = 0

    async def gather(self, scope: Scope, receive: Receive, heaviest: int | None = None) -> Receive:
        """`receive` with the whole body in its first message. One that is too long is left to who refuses it.

        heaviest: bytes that the values of a body of JSON may take in memory.
        """
        if scope["method"] != "POST" or int(Headers(scope=scope).get("content-length", 0)) > self._longest:
            return receive
        body, more = bytearray(), True
        try:
            while more and len(body) <= self._longest:
                message = await receive()
                if message["type"] != "http.request":
                    raise Gone
                part = message.get("body", b"")
                self._held += len(part)
                body += part
                more = message.get("more_body", False)
                if self._held > _LARGEST * self._longest:
                    raise TooMuch
        finally:
            self._held -= len(body)
        if heaviest is not None and is_heavier(body, heaviest):
            raise TooManyValues
        first: list[Message] = [{"type": "http.request", "body": bytes(body), "more_body": more}]

        async def replay() -> Message:
            return first.pop() if first else await receive()

        return replay


def quiet_about_clients_that_leave() -> None:
    """The SDK logs a client that left in the middle of its request as a fault, with a traceback."""
    logging.getLogger("mcp.server.streamable_http").addFilter(_is_fault)


def _is_fault(record: logging.LogRecord) -> bool:
    return record.exc_info is None or not isinstance(record.exc_info[1], ClientDisconnect)
