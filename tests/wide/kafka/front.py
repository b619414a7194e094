"""What stands before a broker that is not on the open net: TLS, a login by SASL, and cables that are pulled out.

tansu 0.6 refuses its own `--cert` with `--key`, and keeps no users, so it can do neither itself. Here its connections
come through a program that does: TLS by OpenSSL, and PLAIN and SCRAM as Kafka's protocol has them.
"""

from __future__ import annotations

import asyncio
import contextlib
import ssl
import struct
import threading
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

from tests.wide.kafka.login import Login, Refused

_HANDSHAKE, _API_VERSIONS, _AUTHENTICATE = 17, 18, 36
_UNSUPPORTED_MECHANISM, _AUTHENTICATION_FAILED = 33, 58


@dataclass(slots=True)
class Front:
    """Listens on `port` and passes on to `to`, which is known only once the broker has started."""

    tls: ssl.SSLContext | None = None
    users: Mapping[str, str] | None = None
    to: int = 0
    port: int = 0
    cut_off: int = 0
    """Connections that were cut."""
    logins_to_cut: int = 0
    """So many of the next logins break off, at the handshake and behind it in turn."""
    _open: set[asyncio.StreamWriter] = field(default_factory=set)
    _loop: asyncio.AbstractEventLoop = field(default_factory=asyncio.new_event_loop)

    async def listen(self) -> None:
        server = await asyncio.start_server(self._serve, "127.0.0.1", 0, ssl=self.tls)
        self.port = server.sockets[0].getsockname()[1]

    def cut(self) -> None:
        """All connections, at once and without a word."""
        asyncio.run_coroutine_threadsafe(self._cut(), self._loop).result(5)

    async def _cut(self) -> None:
        self.cut_off += len(self._open)
        for writer in list(self._open):
            writer.transport.abort()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._open.add(writer)
        with contextlib.suppress(OSError, asyncio.IncompleteReadError):
            behind, to = await asyncio.open_connection("127.0.0.1", self.to)
            if self.users is None or await self._logged_in(reader, writer, behind, to):
                await asyncio.gather(_pass(reader, to), _pass(behind, writer))
            to.close()
        self._open.discard(writer)
        writer.close()

    async def _logged_in(
        self,
        reader: asyncio.StreamReader,
        writer: asyncio.StreamWriter,
        behind: asyncio.StreamReader,
        to: asyncio.StreamWriter,
    ) -> bool:
        login = Login(self.users or {})
        while not login.done:
            frame = await _frame(reader)
            key, version, number, name = struct.unpack_from(">hhih", frame)
            body = frame[10 + max(0, name) :]
            if key == _API_VERSIONS:
                to.write(_framed(frame))
                writer.write(_framed(await _frame(behind)))
                continue
            if key not in (_HANDSHAKE, _AUTHENTICATE) or self._is_to_break(key):
                return False
            answer = _handshake(login, body) if key == _HANDSHAKE else _authenticate(login, body, version)
            writer.write(_framed(struct.pack(">i", number) + answer))
        return True

    def _is_to_break(self, key: int) -> bool:
        wanted = self.logins_to_cut > 0 and key == (_HANDSHAKE, _AUTHENTICATE)[self.logins_to_cut % 2]
        self.logins_to_cut -= wanted
        return wanted


def _handshake(login: Login, body: bytes) -> bytes:
    taken = login.begin(body[2:].decode())
    mechanisms = [struct.pack(">h", len(one)) + one.encode() for one in login.MECHANISMS]
    return struct.pack(">hi", 0 if taken else _UNSUPPORTED_MECHANISM, len(mechanisms)) + b"".join(mechanisms)


def _authenticate(login: Login, body: bytes, version: int) -> bytes:
    try:
        answer = login.answer(body[4:])
        head = struct.pack(">hh", 0, -1)
    except Refused as refused:
        answer, why = b"", str(refused).encode()
        head = struct.pack(">hh", _AUTHENTICATION_FAILED, len(why)) + why
    return head + struct.pack(">i", len(answer)) + answer + (bytes(8) if version else b"")


async def _frame(reader: asyncio.StreamReader) -> bytes:
    [size] = struct.unpack(">i", await reader.readexactly(4))
    return await reader.readexactly(size)


def _framed(body: bytes) -> bytes:
    return struct.pack(">i", len(body)) + body


async def _pass(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    with contextlib.suppress(OSError):
        while data := await reader.read(65_536):
            writer.write(data)
            await writer.drain()
    writer.close()


@contextlib.contextmanager
def front(tls: ssl.SSLContext | None = None, users: Mapping[str, str] | None = None) -> Iterator[Front]:
    made = Front(tls, users)
    thread = threading.Thread(target=made._loop.run_forever, name="front", daemon=True)
    thread.start()
    asyncio.run_coroutine_threadsafe(made.listen(), made._loop).result(5)
    try:
        yield made
    finally:
        made._loop.call_soon_threadsafe(made._loop.stop)
        thread.join(5)
