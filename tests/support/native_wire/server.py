"""All clients: the listening socket, who is connected, what runs under which query id."""

from __future__ import annotations

import socket
import ssl
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from itertools import count
from pathlib import Path

from clickhouse_driver import Client
from clickhouse_driver import errors as driver

from tests.support.native_wire import packets
from tests.support.native_wire.conversation import Conversation
from tests.support.native_wire.engine import Engine, EngineError
from tests.support.native_wire.faults import Faults
from tests.support.native_wire.line import Line
from tests.support.native_wire.shards import from_shards
from tests.support.native_wire.statements import literal, of_one_server, reaches_all, replace_call

LEAVE_S = 5.0


@dataclass(frozen=True)
class Options:
    path: Path
    port: int = 0
    user: str = "default"
    password: str = ""
    version: tuple[int, int, int] | None = None  # None: the engine's
    revision: int = packets.REVISION
    certificate: Path | None = None
    config_file: Path | None = None
    alone: bool = False
    replicated: bool = False
    peers: tuple[int, ...] = ()


class Server:
    def __init__(self, options: Options) -> None:
        self.user, self.password = options.user, options.password
        self.revision = options.revision
        self.faults = Faults()
        self.tls: ssl.SSLContext | None = None
        if options.certificate is not None:
            self.tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            self.tls.load_cert_chain(options.certificate)
        self.engine = Engine(options.path, options.config_file)
        self._alone = options.alone
        self._replicated = options.replicated
        self._peers = options.peers
        self.version = options.version or self.engine.version()
        self._posed_version = literal(".".join(map(str, self.version))) if options.version else None
        self._listening = socket.create_server(("127.0.0.1", options.port), backlog=128)
        self.port: int = self._listening.getsockname()[1]
        self._lock = threading.Lock()
        self._open = threading.Event()  # cleared while the engine restarts: who connects waits
        self._open.set()
        self._clients: dict[Conversation, threading.Thread] = {}
        self._running: dict[str, str] = {}

    def serve(self) -> None:
        """Accept clients until `stop`."""
        for number in count(1):
            try:
                sock, _ = self._listening.accept()
            except OSError:
                return
            self._open.wait()
            sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            conversation = Conversation(self, Line(sock, number), number)
            thread = threading.Thread(target=self._converse, args=(conversation,), daemon=True)
            with self._lock:
                self._clients[conversation] = thread
            thread.start()

    def _converse(self, conversation: Conversation) -> None:
        try:
            conversation.run()
        finally:
            with self._lock:
                self._clients.pop(conversation, None)

    def stop(self) -> None:
        with suppress(OSError):
            self._listening.shutdown(socket.SHUT_RDWR)  # wakes the thread that accepts
        self._listening.close()
        self._part()
        self.engine.close()

    def restart_engine(self) -> None:
        """As a server's restart looks from outside: every connection drops, the store closes and opens again."""
        self._open.clear()
        try:
            self.faults.disarm()
            self._part()
            self.engine.close()
            self.engine.open()
        finally:
            self._open.set()

    def restart_engine_soon(self) -> None:
        """For a conversation, which cannot wait for its own end."""
        self._open.clear()
        threading.Thread(target=self.restart_engine, daemon=True).start()

    def _part(self) -> None:
        """Hang up on every client and wait until their sessions are closed."""
        with self._lock:
            clients = dict(self._clients)
        for conversation in clients:
            conversation.hang_up()
        for thread in clients.values():
            thread.join(LEAVE_S)

    # -- query ids: the engine gives its own, so clients' ids are translated in statements that name them

    @contextmanager
    def running(self, query_id: str, tag: str) -> Iterator[None]:
        if not query_id:
            yield
            return
        with self._lock:
            if query_id in self._running:
                raise EngineError(
                    216, f"Query with id = {query_id} is already running. (QUERY_WITH_SAME_ID_IS_ALREADY_RUNNING)"
                )
            self._running[query_id] = tag
        try:
            yield
        finally:
            with self._lock:
                del self._running[query_id]

    def poses_as_cluster_in(self, sql: str) -> bool:
        """Whether a statement is answered for every server of the cluster that this one poses as."""
        return self._alone and reaches_all(sql)

    def tell_peers(self, sql: str, database: str | None) -> None:
        """Has the other servers of the cluster do the same."""
        for port in self._peers:
            try:
                with Client("127.0.0.1", port, database=(database or "default").strip("`")) as other:
                    other.execute(sql)
            except driver.ServerException as error:
                raise EngineError(error.code, f"There was an error on port {port}: {error.message}") from None

    def translated(self, sql: str, database: str | None, as_it_is: bool = False) -> str:
        """The statement with what the engine would answer otherwise: ids of running statements, as clients know
        them, become the engine's, and a server that poses as another version says so."""
        with self._lock:
            named = {key: tag for key, tag in self._running.items() if key in sql}
        for key, tag in named.items():
            sql = sql.replace(key, self.engine.query_id(tag) or key)
        sql = of_one_server(sql, self._replicated) if self._alone and "__scratch_" not in (database or "") else sql
        sql = from_shards(sql) if self._peers and not as_it_is and not self._replicated else sql
        return replace_call(sql, "version()", self._posed_version) if self._posed_version else sql
