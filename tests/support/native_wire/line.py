"""A client's socket and the engine thread that works for it."""

from __future__ import annotations

import select
import socket
import ssl
import struct
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from typing import TypeVar

from tests.support.native_wire import packets
from tests.support.native_wire.blocks import Block, read_block, write_block
from tests.support.native_wire.compression import compress, read_frame
from tests.support.native_wire.primitives import Reader, string, varint

T = TypeVar("T")
RECEIVE_BYTES = 1 << 18


class ClientLeftError(ConnectionError):
    """The client closed its end while a statement ran."""


class CancelledError(Exception):
    """The client cancelled its statement."""


class Line:
    """Talks in the thread that calls it; the engine works in another, so that Cancel is heard while it does."""

    def __init__(self, sock: socket.socket, number: int) -> None:
        self._sock = sock
        self.reader = Reader(lambda: self._sock.recv(RECEIVE_BYTES))
        self._worker = ThreadPoolExecutor(1, f"engine-{number}")
        self._wake, self._woken = socket.socketpair()
        self.revision = packets.REVISION
        self.of_scalar, self.of_table = False, ""  # what the last block belongs to
        self.compression: str | None = None  # lz4 or zstd, for the blocks of the statement at hand

    def secure(self, context: ssl.SSLContext) -> None:
        self._sock = context.wrap_socket(self._sock, server_side=True)

    # -- the ends of a line

    def cut(self) -> None:
        """Close without a goodbye: the client sees a reset. TLS is not asked, it would say its own goodbye."""
        with suppress(OSError):
            bare = socket.socket(fileno=self._sock.detach())
            bare.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            bare.close()

    def hang_up(self) -> None:
        """Called from another thread: whatever the line waits for ends."""
        with suppress(OSError):
            socket.socket.shutdown(self._sock, socket.SHUT_RDWR)

    def client_left(self) -> bool:
        if self._sock.fileno() < 0:
            return True
        if not _readable([self._sock], 0):
            return False
        peeking = socket.socket(fileno=self._sock.fileno())
        try:
            return not peeking.recv(1, socket.MSG_PEEK)
        except OSError:
            return True
        finally:
            peeking.detach()

    def close(self) -> None:
        self._sock.close()
        self._worker.shutdown()
        self._wake.close()
        self._woken.close()

    # -- the engine's side

    def work(self, job: Callable[[], T]) -> T:
        """Have the engine thread do something short that nothing interrupts."""
        return self._worker.submit(job).result()

    def wait(self, job: Callable[[], T], kill: Callable[[], None]) -> T:
        """Have the engine thread do something, and `kill` it when the client cancels or leaves meanwhile."""
        future = self._worker.submit(job)
        future.add_done_callback(lambda _: self._wake.send(b"."))
        stopped: Exception | None = None
        while True:
            # Once stopped, kill again and again: the engine may not have listed the statement the first time.
            watched = [self._woken] if stopped else [self._woken, self._sock]
            ready = _readable(watched, 0.05 if stopped else None)
            if stopped is None and (self._sock in ready or self.reader.buffered):
                stopped = self._hear()
            if self._woken in ready:
                self._woken.recv(1)
                break
            if stopped:
                kill()
        if stopped:
            future.exception()  # what a killed statement says is no news
            raise stopped
        return future.result()

    def _hear(self) -> Exception:
        """What a client may say while its statement runs is Cancel, or nothing more."""
        try:
            kind = self.reader.varint()
        except (OSError, EOFError):
            return ClientLeftError()
        return CancelledError() if kind == packets.CLIENT_CANCEL else ClientLeftError()

    # -- the client's side

    def send(self, *parts: bytes) -> None:
        self._sock.sendall(b"".join(parts))

    def next_kind(self) -> int | None:
        """The kind of the next packet, None when the client is done."""
        self.reader.forget()
        return None if self.reader.at_end() else self.reader.varint()

    @property
    def _flags(self) -> bool:
        return self.revision >= packets.SERIALIZATION_FLAGS

    def send_block(self, block: Block) -> None:
        data = packets.BLOCK_INFO + write_block(block, flags=self._flags)
        body = compress(data, self.compression) if self.compression else data
        self.send(varint(packets.SERVER_DATA), string(""), body)

    def send_profile_events(self) -> None:
        """A server answers each inserted block with counters, if only with an empty block of them."""
        if self.revision >= packets.PROFILE_EVENTS:
            block = write_block(Block.of(packets.PROFILE_EVENT_COLUMNS), flags=self._flags)
            self.send(varint(packets.SERVER_PROFILE_EVENTS), string(""), packets.BLOCK_INFO, block)

    def receive_block(self) -> Block:
        """The block of the next Data packet. Raises CancelledError when the client thinks better of it."""
        kind = self.next_kind()
        if kind == packets.CLIENT_CANCEL:
            raise CancelledError
        if kind not in (packets.CLIENT_DATA, packets.CLIENT_SCALAR):
            raise ClientLeftError
        self.of_scalar, self.of_table = kind == packets.CLIENT_SCALAR, self.reader.string()
        source = Reader(lambda: read_frame(self.reader)) if self.compression else self.reader
        packets.skip_block_info(source)
        return read_block(source, flags=self._flags)


def _readable(watched: list[socket.socket], seconds: float | None) -> list[socket.socket]:
    # Not select(), which takes no descriptor beyond 1023: every thread of the engine holds three.
    poll = select.poll()
    for one in watched:
        poll.register(one, select.POLLIN)
    ready = {descriptor for descriptor, _ in poll.poll(None if seconds is None else seconds * 1000)}
    return [one for one in watched if one.fileno() in ready]
