"""Both ways to answer the lines of a client on one store: ours, and the SDK's own stdio server as the oracle."""

from __future__ import annotations

import contextlib
import json
import os
import select
import threading
from collections.abc import Callable, Iterator, Sequence
from io import FileIO
from typing import Any

import anyio
from mcp.server.stdio import stdio_server

from chimera_metrics.integrations.config import Settings
from chimera_metrics.integrations.evolution import runner
from chimera_metrics.server.context import ServerContext
from chimera_metrics.server.http.build import build_server
from chimera_metrics.server.offer import Offer
from chimera_metrics.server.stdio.connection import Connection
from chimera_metrics.server.stdio.session import Session
from chimera_metrics.server.stdio.wire import Wire

Message = dict[str, Any]
Serve = Callable[[FileIO, FileIO], None]


class Servers:
    """One store, and the two servers of it: each conversation is a connection of its own, over pipes."""

    def __init__(self, settings: Settings, context: ServerContext) -> None:
        self.settings, self.context = settings, context

    def ours(self, messages: Sequence[Message | bytes], read_only: bool = False) -> list[Any]:
        """The answers to `messages`, each waited for; None where none comes."""

        def serve(reading: FileIO, writing: FileIO) -> None:
            session = Session(Offer.of(self.settings, read_only), self.context)
            Connection(Wire(reading.fileno(), writing.fileno()), session).serve()

        return _converse(serve, messages)

    def lines(self, messages: Sequence[Message | bytes]) -> list[Any]:
        """All that we answer to lines that come in one piece, before the end of input."""
        with contextlib.ExitStack() as stack:
            to_server, requests = _pipe(stack)
            answers, from_server = _pipe(stack)
            session = Session(Offer.of(self.settings, False), self.context)
            connection = Connection(Wire(to_server.fileno(), from_server.fileno()), session)
            # Beside each other, because a pipe holds less than there may be to say, in either direction.
            said = threading.Thread(target=_say_all, args=(requests, b"".join(map(_line_of, messages))))
            serves = threading.Thread(target=_serve_all, args=(connection, from_server))
            said.start()
            serves.start()
            found = [json.loads(one) for one in answers.readall().splitlines()]
            said.join(20)
            serves.join(20)
            return found

    def oracle(self, messages: Sequence[Message | bytes], read_only: bool = False) -> list[Any]:
        """As `ours`, by the SDK from start to end."""

        async def serve(reading: FileIO, writing: FileIO) -> None:
            lowlevel = build_server(self.settings, read_only, self.context)._lowlevel_server
            with open(reading.fileno(), closefd=False) as stdin, open(writing.fileno(), "w", closefd=False) as stdout:
                async with stdio_server(anyio.wrap_file(stdin), anyio.wrap_file(stdout)) as (lines, answers):
                    await lowlevel.run(lines, answers, lowlevel.create_initialization_options())

        return _converse(lambda reading, writing: anyio.run(serve, reading, writing), messages)

    def same(self, *messages: Message | bytes, read_only: bool = False) -> list[Any]:
        """What both answer, seen to be the same: every result whole, every error by its code."""
        expected = self.oracle(messages, read_only)
        found = self.ours(messages, read_only)
        assert list(map(comparable, found)) == list(map(comparable, expected))
        return found


def _converse(serve: Serve, messages: Sequence[Message | bytes]) -> list[Any]:
    with contextlib.ExitStack() as stack:
        to_server, requests = _pipe(stack)
        answers, from_server = _pipe(stack)
        thread = threading.Thread(target=serve, args=(to_server, from_server))
        thread.start()
        found: list[Any] = []
        try:
            for message in messages:
                requests.write(_line_of(message))
                if isinstance(message, dict) and "id" in message and "method" in message:
                    found.append(line(answers.fileno(), 20.0))
        finally:
            # Also after a failure: a server left behind would keep the store open for every test that follows.
            requests.close()
            thread.join(20)
        assert not thread.is_alive()
        return found


def _say_all(requests: FileIO, lines: bytes) -> None:
    with requests, memoryview(lines) as rest:
        sent = 0
        while sent < len(rest):
            sent += requests.write(rest[sent:])


def _serve_all(connection: Connection, answers: FileIO) -> None:
    with answers:
        connection.serve()


def _line_of(message: Message | bytes) -> bytes:
    return message if isinstance(message, bytes) else json.dumps(message).encode() + b"\n"


def _pipe(stack: contextlib.ExitStack) -> tuple[FileIO, FileIO]:
    reading, writing = os.pipe()
    return stack.enter_context(FileIO(reading)), stack.enter_context(FileIO(writing, "w"))


def line(descriptor: int, patience_s: float) -> Any:
    """The next answer, None where none comes."""
    # Not select(), which takes no descriptor beyond 1023: every thread of the engine holds three.
    poll = select.poll()
    poll.register(descriptor, select.POLLIN)
    found = b""
    while not found.endswith(b"\n"):
        if not poll.poll(patience_s * 1000):
            return None
        found += os.read(descriptor, 65_536)
    return json.loads(found)


def comparable(answer: Any) -> Any:
    """Without what differs from call to call; of an error, its id and its code."""
    if isinstance(answer, dict):
        if "jsonrpc" in answer and "error" in answer:
            return answer.get("id"), answer["error"]["code"]
        return {key: "" if key in {"elapsed_ms", "query_id"} else _value(key, value) for key, value in answer.items()}
    return [comparable(one) for one in answer] if isinstance(answer, list) else answer


def _value(key: str, value: Any) -> Any:
    if key == "text":
        with contextlib.suppress(ValueError, TypeError):
            return comparable(json.loads(value))
    return comparable(value)


def served(settings: Settings) -> Iterator[Servers]:
    """For a fixture: the two servers on a context of their own."""
    # Made before: a first call that makes the store may take long enough to tell of its progress.
    runner.upgrade(settings.clickhouse)
    context = ServerContext.on(settings)
    yield Servers(settings, context)
    context.close()
