"""Who is connected over HTTP: judged when they connect, counted, and sent away when their bytes do not come.

A connection costs the server a file and some memory from the moment at which it is accepted, before any request is read
on it. So the addresses are judged there, there is a ceiling of connections in all and by address, and one on which the
server waits for its client has a clock. At a ceiling the one that has kept the server waiting longest makes room for
the next: who only opens connections takes them from himself, and an honest request, which arrives at once, finds one.
"""

from __future__ import annotations

import asyncio
import contextlib
import errno
import logging
import resource
import socket
import time
from collections import Counter, defaultdict, deque
from collections.abc import Callable
from enum import Enum
from typing import Any, Protocol

_log = logging.getLogger(__name__)
HEADERS_S = 10.0
# A body that is sent, or an answer that is read, at less than this after as many seconds is given up.
SLOWEST_BYTES_S = 10_000
_LOOK_S = 0.5
# So many that are late are sent away before others have their turn.
_SENT_AWAY = 20
# So many are accepted before those that are here have their turn.
_ACCEPTED = 16
# A refused client has this long to read why; so many are waited for at once.
_LINGER_S = 1.0
_LINGERING = 64
_LOG_S = 10.0
# Files that the engine (130 when it is idle) and the rest of the process need beside the connections.
_OTHER_FILES = 256
Refusal = Callable[[str, str], None]
_WORDS = {
    "address": (403, "This address may not call this server (MUSE_ALLOWED_IPS)."),
    "connections": (503, "This server has as many connections as it takes; try again."),
}


class Waiting(Enum):
    """What the server waits for on a connection."""

    HEADERS = "headers"
    BODY = "a body"
    NEXT = "another request"
    READER = "the answer to be read"
    NOTHING = "nothing: it works"


# Which of those that wait make room first. Headers and bodies stand in one queue, or a request that has just come
# would go before a body that takes minutes.
_QUEUES = {Waiting.HEADERS: 0, Waiting.BODY: 0, Waiting.NEXT: 1}


class Speaker(Protocol):
    """What speaks HTTP on a connection."""

    def late(self, now: float) -> bool: ...
    def give_up(self) -> None: ...


class Connection(socket.socket):
    """An accepted connection, which leaves the count when it is closed."""

    crowd: Crowd
    address: str
    since: float
    waiting = Waiting.HEADERS
    speaker: Speaker | None = None

    def close(self) -> None:
        if self.fileno() >= 0:
            self.crowd.left(self)
        super().close()

    def wait_for(self, what: Waiting) -> None:
        """Says what the server waits for on it from now on."""
        self.crowd.forget(self)
        self.waiting, self.since = what, time.monotonic()
        self.crowd.remember(self)

    def late(self, now: float) -> bool:
        if self.speaker is not None:
            return self.speaker.late(now)
        return now - self.since > HEADERS_S  # TLS is not agreed on yet

    def give_up(self) -> None:
        if self.speaker is not None:
            self.speaker.give_up()
            return
        with contextlib.suppress(OSError):
            self.shutdown(socket.SHUT_RDWR)


class Listener(socket.socket):
    """A listening socket that hands out the connections that may come in."""

    crowd: Crowd

    def accept(self) -> tuple[socket.socket, Any]:
        while self.crowd.has_turn():
            try:
                plain, address = super().accept()
            except OSError as error:
                if error.errno in (errno.EMFILE, errno.ENFILE) and self.crowd.gives_a_file():
                    break
                raise
            found = Connection(plain.family, plain.type, plain.proto, fileno=plain.detach())
            if self.crowd.takes(found, str(address[0])):
                return found, address
        raise BlockingIOError


class Crowd:
    """All connections of a server."""

    def __init__(
        self, most: int, per_address: int, admits: Callable[[str], bool], is_proxy: Callable[[str], bool]
    ) -> None:
        """`admits` says of an address whether it may connect, `is_proxy` whether it stands for many clients."""
        self.most = most
        self.per_address = per_address
        self.refused: Refusal = lambda *_: None
        self.tls = False
        self._admits = admits
        self._is_proxy = is_proxy
        self._here: dict[int, Connection] = {}
        self._by_address: Counter[str] = Counter()
        #: By address ("" for all), two queues of connections that wait, the longest first.
        self._queues: defaultdict[str, tuple[dict[Connection, None], ...]] = defaultdict(lambda: ({}, {}))
        self._lingering: deque[tuple[float, socket.socket]] = deque()
        self._looking = False
        self._accepted = 0
        self._logged: dict[str, tuple[float, int]] = {}

    def has_turn(self) -> bool:
        """Whether another connection may be accepted in this turn of the loop.

        Those that made room are closed in the next one: with many at once, files would run out in between.
        """
        if not self._accepted:
            asyncio.get_running_loop().call_soon(self._next_turn)
        self._accepted += 1
        return self._accepted <= _ACCEPTED

    def _next_turn(self) -> None:
        self._accepted = 0

    def gives_a_file(self) -> bool:
        """Where the process has no file left: whether somebody made room. If not, the loop waits for a second."""
        self._accepted = _ACCEPTED
        return self._make_room()

    def takes(self, connection: Connection, address: str) -> bool:
        """Whether the connection is let in; otherwise its client is told why, as far as it listens."""
        connection.crowd, connection.address, connection.since = self, address, time.monotonic()
        if not self._admits(address):
            self._turn_away(connection, "address")
            return False
        if not self._is_proxy(address) and self._by_address[address] >= self.per_address:
            if not self._make_room(address):
                self._turn_away(connection, "connections")
                return False
        elif len(self._here) >= self.most and not self._make_room():
            self._turn_away(connection, "connections")
            return False
        self._here[connection.fileno()] = connection
        self._by_address[address] += 1
        self.remember(connection)
        self._look_later()
        return True

    def left(self, connection: Connection) -> None:
        if self._here.get(connection.fileno()) is not connection:
            return
        self.forget(connection)
        del self._here[connection.fileno()]
        self._by_address[connection.address] -= 1
        if not self._by_address[connection.address]:
            del self._by_address[connection.address]
            self._queues.pop(connection.address, None)

    def remember(self, connection: Connection) -> None:
        if (queue := _QUEUES.get(connection.waiting)) is not None:
            for whose in ("", connection.address):
                self._queues[whose][queue][connection] = None

    def forget(self, connection: Connection) -> None:
        if (queue := _QUEUES.get(connection.waiting)) is not None:
            for whose in ("", connection.address):
                self._queues[whose][queue].pop(connection, None)

    def at(self, descriptor: int) -> Connection:
        return self._here[descriptor]

    def __len__(self) -> int:
        return len(self._here)

    def _make_room(self, address: str = "") -> bool:
        """Sends one away that keeps the server waiting, of that address or of all. False where none does."""
        for queue in self._queues[address]:
            if queue:
                self._send_away(next(iter(queue)), "connections")
                return True
        return False

    def _send_away(self, connection: Connection, reason: str) -> None:
        self._note(reason, connection.address)
        self.left(connection)
        connection.waiting = Waiting.NOTHING
        connection.give_up()

    def _turn_away(self, connection: Connection, reason: str) -> None:
        self._note(reason, connection.address)
        if self.tls or len(self._lingering) >= _LINGERING:
            connection.close()
            return
        status, sentence = _WORDS[reason]
        with contextlib.suppress(OSError):
            connection.setblocking(False)
            connection.send(answer(status, sentence))
            connection.shutdown(socket.SHUT_WR)
        # Closed at once, what its client has sent already would make the system throw the answer away.
        self._lingering.append((time.monotonic() + _LINGER_S, connection))
        self._look_later()

    def _note(self, reason: str, address: str) -> None:
        self.refused(reason, address)
        now = time.monotonic()
        said, more = self._logged.get(reason, (-_LOG_S, 0))
        if now - said < _LOG_S:
            self._logged[reason] = said, more + 1
            return
        self._logged[reason] = now, 0
        _log.warning(
            "A connection from %s was closed (%s); %d more in the %g s before.", address, _LOGGED[reason], more, _LOG_S
        )

    # -- clocks ----------------------------------------------------------------------------------------------------

    def _look_later(self, seconds: float = _LOOK_S) -> None:
        if not self._looking:
            self._looking = True
            asyncio.get_running_loop().call_later(seconds, self._look)

    def _look(self) -> None:
        self._looking = False
        now = time.monotonic()
        while self._lingering and self._lingering[0][0] <= now:
            self._lingering.popleft()[1].close()
        late = [found for found in self._here.values() if found.late(now)]
        for connection in late[:_SENT_AWAY]:
            self._send_away(connection, "slow")
        if self._here or self._lingering:
            self._look_later(_LOOK_S if len(late) <= _SENT_AWAY else _LOOK_S / 20)


_LOGGED = {
    "address": "MUSE_ALLOWED_IPS does not list it",
    "connections": "MUSE_MAX_CONNECTIONS or MUSE_MAX_CONNECTIONS_PER_ADDRESS is reached",
    "slow": "its bytes did not come, or were not read, in time",
}


def answer(status: int, sentence: str) -> bytes:
    """A whole HTTP answer, for those with whom nothing speaks HTTP yet."""
    phrase = {403: "Forbidden", 408: "Request Timeout", 503: "Service Unavailable"}[status]
    body = f'{{"error":"{sentence}"}}'.encode()
    head = f"HTTP/1.1 {status} {phrase}\r\ncontent-type: application/json\r\ncontent-length: {len(body)}\r\n"
    again = "retry-after: 1\r\n" if status == 503 else ""
    return f"{head}{again}connection: close\r\n\r\n".encode() + body


def room_for(wanted: int) -> int:
    """How many of the wanted connections the process may have files for, after asking the system for more."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    needed = wanted + 2 * _OTHER_FILES
    if soft != resource.RLIM_INFINITY and soft < needed:
        soft = needed if hard == resource.RLIM_INFINITY else min(hard, needed)
        with contextlib.suppress(ValueError, OSError):
            resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))
        soft = resource.getrlimit(resource.RLIMIT_NOFILE)[0]
    if soft == resource.RLIM_INFINITY:
        return wanted
    found = min(wanted, max(soft - _OTHER_FILES, soft // 3, 10))
    if found < wanted:
        _log.warning(
            "The limit of %d open files leaves room for %d connections, not %d; raise it (ulimit -n).",
            soft,
            found,
            wanted,
        )
    return found
