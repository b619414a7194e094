"""stdin and stdout as the wire of the protocol: a message a line, read by one thread at a time, written whole."""

from __future__ import annotations

import contextlib
import fcntl
import logging
import os
import select
import threading
from collections.abc import Iterator

from chimera_metrics.integrations.errors import SettingsError

_log = logging.getLogger(__name__)
# Longest line that a client may send, in bytes: ten thousand rows of long texts are less.
_LONGEST = 256 * 1024 * 1024
_CHUNK = 256 * 1024


class Wire:
    """Lines from one descriptor, lines to another; one socket may be both."""

    def __init__(self, reading: int, writing: int) -> None:
        self._reading, self._writing = reading, writing
        self._buffer = bytearray()
        self._looked_at = 0
        self._writes = threading.Lock()

    def read(self) -> bytes | None:
        """The next line without its end, or None when the client has gone. Not for two threads at once."""
        while (end := self._buffer.find(b"\n", self._looked_at)) < 0:
            self._looked_at = len(self._buffer)
            if self._looked_at > _LONGEST:
                _log.error("A line of more than %d MiB came; the connection ends.", _LONGEST >> 20)
                return None
            chunk = self._chunk()
            if not chunk:
                rest = bytes(self._buffer)
                self._buffer.clear()
                self._looked_at = 0
                return rest or None
            self._buffer += chunk
        line = bytes(self._buffer[:end])
        del self._buffer[: end + 1]
        self._looked_at = 0
        return line

    def write(self, line: bytes, unless: threading.Event | None = None) -> None:
        """A line with its end, `unless` that is set by then. Nothing happens where it cannot be written."""
        with self._writes, contextlib.suppress(OSError):
            if unless is not None and unless.is_set():
                return
            rest = memoryview(line)
            while rest:
                try:
                    rest = rest[os.write(self._writing, rest) :]
                except BlockingIOError:  # a host may hand over what does not wait
                    _wait(self._writing, select.POLLOUT)

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
        yield Wire(*private)
    finally:
        # The private ones stay open to the end of the process: a thread may still write its answer.
        for descriptor, standard in zip(private, (0, 1), strict=True):
            os.dup2(descriptor, standard)
