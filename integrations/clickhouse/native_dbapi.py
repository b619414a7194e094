"""The DBAPI of a ClickHouse server: clickhouse-driver over the native protocol.

clickhouse-sqlalchemy's own connector closes the socket with each cursor and cuts datetimes to whole seconds; this one
keeps the socket, takes its literals from `literals` and its values from `native_columns`, and reads the server's
version from the handshake, so that a server that is too old is told from it before any statement is sent.
"""

from __future__ import annotations

import contextlib
import itertools
import logging
import socket
import ssl
import weakref
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from clickhouse_driver import Client
from clickhouse_driver import errors as driver
from clickhouse_driver.result import QueryInfo

from chimera_metrics.integrations.clickhouse import dbapi, shards
from chimera_metrics.integrations.clickhouse.cluster import Cluster
from chimera_metrics.integrations.clickhouse.codec import Column
from chimera_metrics.integrations.clickhouse.dbapi import (  # noqa: F401  # SQLAlchemy reads PEP 249's names from this module
    Binary,
    Block,
    DatabaseError,
    DataError,
    Error,
    IntegrityError,
    InterfaceError,
    InternalError,
    NotSupportedError,
    OperationalError,
    ProgrammingError,
    Reply,
    Warning,
    apilevel,
    fitted,
    paramstyle,
    qualified,
    threadsafety,
)
from chimera_metrics.integrations.clickhouse.error_codes import ErrorCode
from chimera_metrics.integrations.clickhouse.literals import quote, quote_name
from chimera_metrics.integrations.clickhouse.native_columns import take_over
from chimera_metrics.integrations.clickhouse.native_nested import JSON_AS_TEXT
from chimera_metrics.integrations.clickhouse.versions import OLDEST, KnownSettings, Version, shown
from chimera_metrics.integrations.config import ClickHouseSettings
from chimera_metrics.integrations.errors import AccessRefused, CertificateRefused, ServerTooOld, Unreachable

# The driver logs every failed attempt with its traceback; the caller gets a sentence.
logging.getLogger("clickhouse_driver.connection").setLevel(logging.CRITICAL)

_CONNECT_TIMEOUT_S = 10
_AUTHENTICATION_FAILED = {
    ErrorCode.UNKNOWN_USER,
    ErrorCode.WRONG_PASSWORD,
    ErrorCode.REQUIRED_PASSWORD,
    ErrorCode.AUTHENTICATION_FAILED,
}
_SETTING_REFUSED = {ErrorCode.READONLY, ErrorCode.SETTING_CONSTRAINT_VIOLATION}


@dataclass(frozen=True, slots=True)
class Setting:
    """A setting as an account has it: its value, whether it may not be changed, and its bounds."""

    value: str
    fixed: bool
    low: float | None = None
    high: float | None = None

    def within(self, value: Any) -> Any:
        """`value`, or the bound that it would pass."""
        if isinstance(value, int | float):
            if self.high is not None and value > self.high:
                return type(value)(self.high)
            if self.low is not None and value < self.low:
                return type(value)(self.low)
        return value


def _number(text: str | None) -> float | None:
    try:
        return None if text is None else float(text)
    except ValueError:
        return None


class NativeReply(Reply):
    """A reply read from the socket block by block. Closed early, it cancels the statement and drops the socket."""

    def __init__(self, connection: NativeConnection, statement: str, settings: Mapping[str, Any], query_id: str | None):
        super().__init__()
        self._connection = connection
        self._client = connection.client
        self._done = False
        #: Whether the connection went on to another statement before the last row was read.
        self._left = False
        # A reply that was left behind, and is collected later, must not touch the connection's next statement.
        connection.leave()
        self._turn = connection.turn
        connection.reply = weakref.ref(self)
        connection.running = True
        try:
            with connection.translated(), self._client.disconnect_on_error(statement, dict(settings)):
                # The driver's own iterators go row by row; its packets hold whole columns.
                self._client.last_query = QueryInfo()
                self._client.connection.send_query(statement, query_id=query_id)
                self._client.connection.send_external_tables(None)
                self._blocks = self._read()
                self._first = next(self._blocks, None)
        except BaseException:
            # Over, and the driver has dropped the socket where it had to: nothing is left to be closed.
            self._finish()
            raise
        self.columns = [Column(name, type_) for name, type_ in self._first.columns_with_types] if self._first else []

    def _read(self) -> Iterator[Any]:
        for packet in self._client.packet_generator():
            block = getattr(packet, "block", None)
            if block is not None:
                yield block
        self._finish()

    def blocks(self) -> Iterator[Block]:
        with self._connection.translated():
            for block in itertools.chain([self._first] if self._first else [], self._blocks):
                if block.num_rows:
                    yield list(block.get_columns())
                if self._left:
                    raise InterfaceError("The rest of this result is gone: its connection has run another statement.")

    def _finish(self) -> None:
        self._done = True
        self._connection.running = False
        query = self._client.last_query  # gone once the socket was dropped
        if query is not None:
            self.rows_read, self.bytes_read = query.progress.rows, query.progress.bytes

    def leave(self) -> None:
        """Closes it for the connection's next statement; whoever still reads it is told."""
        self._left = not self._done
        self.close()

    def close(self) -> None:
        if self._done or self._turn != self._connection.turn:
            return
        self._finish()
        # The rest of the reply is not waited for: the server stops at the cancel, or when the socket is gone.
        with contextlib.suppress(Exception):
            self._client.connection.send_cancel()
        self._client.disconnect()

    def __del__(self) -> None:
        self.close()


class NativeConnection(dbapi.Connection):
    """One socket to the server."""

    def __init__(
        self,
        settings: ClickHouseSettings,
        session: Mapping[str, Any] | None = None,
        known: KnownSettings | None = None,
    ) -> None:
        self._settings = settings
        self._known = known or KnownSettings()
        self.session = {JSON_AS_TEXT: 1} | dict(session or {})
        #: Number of the statement that the connection is at.
        self.turn = 0
        #: The reply that may be unread.
        self.reply: Callable[[], NativeReply | None] = lambda: None
        self.client = _client(settings)
        take_over(self.client.connection)
        self.running = False
        self.current_query_id: str | None = None
        self._account: dict[str, Setting] | None = None
        try:
            with self.translated():
                self.client.connection.connect()
        except BaseException:
            self._drop()
            raise
        info = self.client.connection.server_info
        self._version: Version = (info.version_major, info.version_minor)
        if self._version < OLDEST:
            self.close()
            raise ServerTooOld(
                f"The server {settings.where} is ClickHouse {shown(self._version)}; chimera-metrics needs "
                f"{shown(OLDEST)} or newer. Upgrade the server, or unset CH_HOST to use the embedded engine. "
                "Nothing was changed on it."
            )

    def run(
        self,
        statement: str,
        settings: Mapping[str, Any] | None = None,
        query_id: str | None = None,
        short: bool = False,
    ) -> NativeReply:
        self.current_query_id = query_id
        wanted = self._kept(self.session | dict(settings or {}))
        *before, last = shards.sent(statement, Cluster.of(self._settings))
        for one in before:
            with self._run(one, wanted, query_id) as reply:
                for _ in reply.blocks():
                    pass
        return self._run(last, wanted, query_id)

    def _run(self, statement: str, wanted: Mapping[str, Any], query_id: str | None) -> NativeReply:
        words = self._permitted(wanted)
        try:
            return NativeReply(self, statement, words, query_id)
        except DatabaseError as error:
            # Refused for its settings, so nothing of it ran: an account that is itself readonly, or held to limits.
            if error.code not in _SETTING_REFUSED or self._account is not None:
                raise
            self._account = self.account()
            if self._permitted(wanted) == words:
                raise
            return NativeReply(self, statement, self._permitted(wanted), query_id)

    def _kept(self, wanted: Mapping[str, Any]) -> dict[str, Any]:
        """What of `wanted` the server knows; raises for what it may not lack."""
        if self._settings.cluster is not None:
            # Without quorum writes it hides the newest rows of other replicas, and says nothing.
            wanted = {name: value for name, value in wanted.items() if name != "select_sequential_consistency"}
        if self._settings.on_shards:
            wanted = {**wanted, **shards.SESSION}
        return self._known.keep(wanted, self._version, self._names_of_settings)

    def _names_of_settings(self) -> list[str]:
        with NativeReply(self, "SELECT name FROM system.settings", {}, None) as reply:
            return [name for (name,) in reply.rows()]

    def account(self, names: Iterable[str] = ()) -> dict[str, Setting]:
        """What the account may do about these settings, or those that it is held to; asked without sending any."""
        listed = ", ".join(map(quote, names))
        which = f"name IN ({listed})" if listed else "readonly OR isNotNull(min) OR isNotNull(max)"
        statement = f"SELECT name, value, readonly, min, max FROM system.settings WHERE {which}"
        with NativeReply(self, statement, {}, None) as reply:
            return {
                name: Setting(value, bool(fixed), _number(low), _number(high))
                for name, value, fixed, low, high in reply.rows()
            }

    def _permitted(self, wanted: Mapping[str, Any]) -> dict[str, Any]:
        if self._account is None:
            return dict(wanted)
        known = {name: (value, self._account.get(name)) for name, value in wanted.items()}
        return {
            name: value if setting is None else setting.within(value)
            for name, (value, setting) in known.items()
            if setting is None or not setting.fixed
        }

    def insert(
        self,
        table: str,
        names: Sequence[str],
        data: Sequence[Sequence[Any]],
        settings: Mapping[str, Any] | None = None,
        types: Sequence[str] | None = None,
        database: str | None = None,
        fit: bool = False,
    ) -> int:
        rows = len(data[0]) if data else 0
        if rows == 0:
            return 0
        statement = f"INSERT INTO {qualified(table, database)} ({', '.join(map(quote_name, names))}) VALUES"
        kept = self._kept(settings or {})
        self.leave()
        self.running = True
        try:
            with self.translated(), self.client.disconnect_on_error(statement, kept):
                self._send(statement, data, fit)
        finally:
            self.running = False
        return rows

    def _send(self, statement: str, data: Sequence[Sequence[Any]], fit: bool) -> None:
        """As the driver's `execute`, but for the types, which the server says between the statement and its rows."""
        client = self.client
        client.connection.send_query(statement)
        client.connection.send_external_tables(None)
        sample = client.receive_sample_block()
        if fit:
            described = sample.columns_with_types
            data = fitted([name for name, _ in described], [type_ for _, type_ in described], data)
        client.send_data(sample, data, columnar=True)
        client.receive_end_of_insert_query()

    def leave(self) -> None:
        """Ends what was left unread, before the connection's next statement or its return to the pool."""
        if (reply := self.reply()) is not None:
            reply.leave()
        self.turn += 1

    def rollback(self) -> None:
        self.leave()

    def kill(self) -> None:
        if not self.running or self.current_query_id is None:
            return
        kill = f"KILL QUERY WHERE query_id = {quote(self.current_query_id)} SYNC"
        with contextlib.closing(NativeConnection(self._settings)) as other, other.run(kill) as reply:
            list(reply.rows())

    def close(self) -> None:
        self.client.disconnect()

    def _drop(self) -> None:
        """Closes the socket, also one whose handshake failed, which the driver leaves open."""
        self.turn += 1
        with contextlib.suppress(Exception):
            self.client.disconnect()
        half_open = self.client.connection.socket
        if half_open is not None:
            half_open.close()

    @contextlib.contextmanager
    def translated(self) -> Iterator[None]:
        """Driver errors as errors of this module; after one, the socket may hold half a reply and is dropped."""
        try:
            yield
        except Exception as error:  # every kind is told apart in `translate`
            self.running = False
            if not isinstance(error, driver.ServerException):
                self._drop()
            if isinstance(error, DataError):
                raise
            raise translate(error, self._settings) from None


def _client(settings: ClickHouseSettings) -> Client:
    return Client(
        host=settings.host,
        port=settings.port,
        user=settings.username,
        password=settings.password.get_secret_value(),
        database=settings.database,
        secure=settings.secure,
        verify=True,
        ca_certs=str(settings.ca_cert) if settings.ca_cert else None,
        compression="lz4" if settings.compression else False,
        connect_timeout=_CONNECT_TIMEOUT_S,
        # The engine ends a statement at CH_TIMEOUT by itself; the socket waits a little longer for its answer.
        send_receive_timeout=settings.timeout + 5,
        sync_request_timeout=5,
        client_name="chimera-metrics",
    )


def translate(error: Exception, settings: ClickHouseSettings) -> Exception:
    """A driver's error as a sentence (connection) or a DatabaseError with the engine's code and words."""
    where = settings.where
    if isinstance(error, driver.ServerException):
        if error.code in _AUTHENTICATION_FAILED:
            return AccessRefused(
                f"The server {where} refused user {settings.username}: wrong user or password. "
                "Check CH_USERNAME and CH_PASSWORD."
            )
        return DatabaseError(dbapi.clean(str(error.message)), code=error.code)
    # The driver keeps of a failed handshake only its text.
    text = str(error)
    if "CERTIFICATE_VERIFY_FAILED" in text or isinstance(error, ssl.SSLCertVerificationError):
        why = text.partition("certificate verify failed: ")[2].partition(" (")[0] or "not signed by a known CA"
        return CertificateRefused(
            f"The certificate of {where} is not trusted: {why}. "
            "If a private CA signed it, name the CA's file in CH_CA_CERT."
        )
    if "[SSL" in text or isinstance(error, ssl.SSLError):
        return CertificateRefused(
            f"{where} does not speak TLS on that port. Set CH_PORT to the native TLS port (9440 as a rule), "
            "or CH_SECURE=false if the server is on a trusted network."
        )
    if isinstance(error, socket.timeout | TimeoutError | driver.SocketTimeoutError):
        return Unreachable(f"The server {where} did not answer in time. Check CH_HOST, CH_PORT and the network.")
    if isinstance(error, driver.NetworkError | EOFError | OSError | driver.PartiallyConsumedQueryError):
        hint = "the network" if settings.secure else "the network; if the port speaks TLS, set CH_SECURE=true"
        return Unreachable(
            f"The server {where} cannot be reached or closed the connection. Check CH_HOST, CH_PORT and {hint}."
        )
    if isinstance(error, driver.Error):
        return DataError(f"A value does not fit its column: {error}", code=getattr(error, "code", 0))
    return error
