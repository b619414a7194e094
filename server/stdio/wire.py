"""stdin and stdout as the wire of the protocol: a message a line, read by one thread at a time, written whole."""

from __future__ import annotations

import contextlib
import fcntl
import os
import select
import sys
import threading
import time
from collections.abc import Iterator

from chimera_metrics.integrations.errors import SettingsError

# Longest line that a client may send, in bytes: ten thousand rows of long texts are less.
_LONGEST = 256 * 1024 * 1024
_CHUNK = 256 * 1024
# Bytes of answers that a pipe holds: a longer one is written in turns with its reader, each of which is woken for it.
_PIPE = 1024 * 1024
# Whoever takes nothing of an answer for so long does not read any more.
_STUCK_S = 2.0


class LineTooLong(Exception):
    """A line that is longer than a client may send; it is passed over."""


class Wire:
    """Lines from one descriptor, lines to another; one socket may be both."""

    def __init__(self, reading: int, writing: int, longest: int = _LONGEST) -> None:
        self._reading, self._writing, self._longest = reading, writing, longest
        self._buffer = bytearray()
        self._looked_at = 0
        self._writes = threading.Lock()
        self._failed = False
        #: Since when a write waits for its reader.
        self._waits_since: float | None = None

    def read(self) -> bytes | None:
        """The next line without its end, or None when there is no more. Not for two threads at once.

        Raises LineTooLong after a line that is too long, with which it ends.
        """
        too_long = False
        while (end := self._buffer.find(b"\n", self._looked_at)) < 0:
            self._looked_at = len(self._buffer)
            if self._looked_at > self._longest:
                too_long = True
                self._forget(self._looked_at)
            chunk = self._chunk()
            if not chunk:
                rest = bytes(self._buffer)
                self._forget(len(rest))
                return rest or None
            self._buffer += chunk
        line = bytes(self._buffer[:end])
        self._forget(end + 1)
        if too_long or len(line) > self._longest:
            raise LineTooLong(f"Invalid request: a line of more than {self._longest} bytes; send less at a time")
        return line

    def has_more(self) -> bool:
        """Whether more was read already than the lines that were asked for."""
        return bool(self._buffer)

    def _forget(self, count: int) -> None:
        del self._buffer[:count]
        self._looked_at = 0

    def write(self, line: bytes, unless: threading.Event | None = None) -> None:
        """A line with its end, `unless` that is set by then. Nothing happens where it cannot be written."""
        with self._writes:
            if unless is not None and unless.is_set():
                return
            rest = memoryview(line)
            while rest:
                self._waits_since = time.monotonic()
                try:
                    rest = rest[os.write(self._writing, rest) :]
                except BlockingIOError:  # a host may hand over what does not wait
                    _wait(self._writing, select.POLLOUT)
                except OSError:
                    self._failed = True
                    break
            self._waits_since = None

    def broken(self) -> bool:
        """Whether nobody reads what is written."""
        waits_since = self._waits_since
        if self._failed or (waits_since is not None and time.monotonic() - waits_since > _STUCK_S):
            return True
        poll = select.poll()
        poll.register(self._writing, 0)  # an error and a hang-up are told unasked
        return bool(poll.poll(0))

    def _chunk(self) -> bytes:
        while True:
            try:
                return os.read(self._reading, _CHUNK)
            except BlockingIOError:
                _wait(self._reading, select.POLLIN)
            except OSError:  # reset by the client, or a terminal that is gone
                return b""


def _wait(descriptor: int, event: int) -> None:
    poll = select.poll()
    poll.register(descriptor, event)
    poll.poll()


@contextlib.contextmanager
def standard_wire() -> Iterator[Wire]:
    """The wire. Meanwhile stdin is empty, and whatever is printed by mistake goes to stderr."""
    try:
        if sys.__stdin__ is None or sys.__stdout__ is None:  # closed at the start; nothing may stand there since
            raise OSError
        private = [fcntl.fcntl(descriptor, fcntl.F_DUPFD_CLOEXEC, 3) for descriptor in (0, 1)]
    except OSError:
        raise SettingsError(
            "stdin or stdout is closed, over which `muse serve` speaks; start it from an MCP client, or serve HTTP "
            "with --transport http."
        ) from None
    try:
        nothing = os.open(os.devnull, os.O_RDWR)
        os.dup2(nothing, 0)
        try:
            os.dup2(2, 1)
        except OSError:  # started without a stderr
            os.dup2(nothing, 1)
        os.close(nothing)
        with contextlib.suppress(OSError):  # no pipe, or a user who has too many
            fcntl.fcntl(private[1], fcntl.F_SETPIPE_SZ, _PIPE)
        yield Wire(*private)
    finally:
        # The private ones stay open to the end of the process: a thread may still write its answer.
        for descriptor, standard in zip(private, (0, 1), strict=True):
            os.dup2(descriptor, standard)
