"""The DBAPI of the embedded engine: chDB sessions from the process's store, values by clickhouse-connect's codec."""

from __future__ import annotations

import contextlib
import json
import os
import re
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from chimera_metrics.integrations.clickhouse import dbapi
from chimera_metrics.integrations.clickhouse.codec import Column, Unreadable, decode, encode
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
from chimera_metrics.integrations.clickhouse.handles import Handle
from chimera_metrics.integrations.clickhouse.literals import literal, quote, quote_name
from chimera_metrics.integrations.clickhouse.store import EmbeddedStore

_LEADING = re.compile(r"(?:\s+|--[^\n]*(?:\n|$)|/\*.*?\*/|\()*", re.DOTALL)
_STREAMED = re.compile(r"(SELECT|WITH|FROM)\b", re.IGNORECASE)
_LISTED = re.compile(r"\s*(SHOW|DESC|DESCRIBE|EXPLAIN|EXISTS)\b", re.IGNORECASE)
_CODE = re.compile(r"Code: (\d+)\. ")


class ChdbReply(Reply):
    """A reply whose handle stays leased until the last block is read or the reply is closed."""

    _handle: Handle | None = None
    _stream: Any = None

    def __init__(
        self, connection: ChdbConnection, statement: str, settings: Mapping[str, Any], short: bool = False
    ) -> None:
        super().__init__()
        # To stream costs a tenth of the time of a statement that reads nothing.
        self._streams = not short and _is_streamed(statement)
        self._connection = connection
        self._settings = settings
        try:
            self._handle = connection.store.take(settings)
        except RuntimeError as error:  # a setting that the engine does not take
            raise translate(error) from None
        connection.running = self._handle
        try:
            self._chunks = self._send(statement)
            self._undecoded = first = next(self._chunks, None)
            self._first: Block | None = None
            if first:
                self.columns, self._first = decode(first)
            else:
                self.columns = self._header(statement)
        except BaseException as error:
            self._give(broken=True)
            if isinstance(error, Error) or not isinstance(error, Exception):
                raise
            raise translate(error) from None

    def _send(self, statement: str) -> Iterator[bytes]:
        assert self._handle is not None  # noqa: S101  # for the type checker
        engine = self._handle.connection
        if not self._streams:
            answer = engine.query(statement, "Native")
            self._count(answer)
            yield self._within(answer.bytes())
            return
        self._stream = engine.send_query(statement, "Native")
        while (chunk := engine.streaming_fetch_result(self._stream)) is not None and chunk.rows_read():
            self._count(chunk)
            yield self._within(chunk.bytes())
        self._stream = None

    def _within(self, chunk: bytes) -> bytes:
        """The engine counts a constant column once, so what it let pass may still be more than is to be read."""
        most = self._settings.get("max_result_bytes")
        if most is not None and len(chunk) > most:
            raise DatabaseError("Limit for result exceeded.", code=ErrorCode.TOO_MANY_ROWS_OR_BYTES)
        return chunk

    def _count(self, answer: Any) -> None:
        self.rows_read += answer.storage_rows_read()
        self.bytes_read += answer.storage_bytes_read()

    def _header(self, statement: str) -> list[Column]:
        # An empty result is no bytes at all: the engine says the columns only when asked.
        assert self._handle is not None  # noqa: S101
        if not _is_streamed(statement):
            if not _LISTED.match(statement):
                return []
            # Another format says them of no rows too; such a list is cheap to make twice.
            described = json.loads(self._handle.connection.query(statement, "JSONCompact").bytes())
            return [Column(column["name"], column["type"]) for column in described["meta"]]
        text = self._handle.connection.query(f"DESCRIBE TABLE ({_without_end(statement)}\n)", "Native").bytes()
        _, data = decode(text)
        return [Column(name, type_) for name, type_ in zip(data[0], data[1], strict=True)]

    def blocks(self) -> Iterator[Block]:
        with self._translated():
            self._undecoded = None
            if self._first is not None:
                yield self._first
                self._first = None
                for chunk in self._chunks:
                    if chunk:
                        yield decode(chunk)[1]
        self.close()

    def raw(self) -> Iterator[bytes]:
        """What `blocks` gives in the engine's own bytes, to be decoded later: some Native blocks at a time."""
        with self._translated():
            if self._undecoded:
                yield self._undecoded
                self._undecoded = self._first = None
                yield from filter(None, self._chunks)
        self.close()

    @contextlib.contextmanager
    def _translated(self) -> Iterator[None]:
        try:
            yield
        except dbapi.Error:
            raise
        except Exception as error:  # noqa: BLE001  # chDB and the codec raise bare RuntimeErrors
            self._give(broken=True)
            raise translate(error) from None

    def close(self) -> None:
        if self._handle is None:
            return
        if self._stream is not None:
            try:
                self._handle.connection.streaming_cancel_query(self._stream)
            except Exception:  # noqa: BLE001  # the statement is over either way, and its session is thrown away
                self._give(broken=True)
                return
        self._give(broken=False)

    def _give(self, broken: bool) -> None:
        if self._handle is not None:
            handle, self._handle = self._handle, None
            self._connection.running = None
            self._connection.store.give(handle, self._settings, broken)

    def __del__(self) -> None:
        self.close()


class ChdbConnection(dbapi.Connection):
    """A caller's connection to the store: the settings of its session. Holds the store only while a statement runs."""

    def __init__(self, store: EmbeddedStore, database: str, settings: Mapping[str, Any] | None = None) -> None:
        self.store = store
        self.database = database
        self.settings = dict(settings or {})
        self.running: Handle | None = None

    def run(
        self,
        statement: str,
        settings: Mapping[str, Any] | None = None,
        query_id: str | None = None,
        short: bool = False,
    ) -> ChdbReply:
        return ChdbReply(self, statement, self._session(settings), short)

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
        if types is None:
            types = self._types(table, names, database)
        if fit:
            data = fitted(names, types, data)
        # The token differs from insert to insert: in the statement, so that the session can be used again.
        clause = ", ".join(f"{name} = {literal(value)}" for name, value in (settings or {}).items())
        target = f"INSERT INTO {qualified(table, database)} ({', '.join(map(quote_name, names))})"
        clause = f"SETTINGS {clause}" if clause else ""
        try:
            chunks = list(encode(names, types, data))
        except Exception as error:  # noqa: BLE001  # the codec raises whatever the value's type raises
            raise DataError(f"A value does not fit its column: {error}") from None
        session = self._session(None)
        with self.store.lease(session) as handle:
            self.running = handle
            try:
                # Not by chDB's `send_insert`: it reports success for rows that the engine refused.
                with _payload(chunks) as path:
                    handle.connection.query(f"{target} FROM INFILE {quote(path)} {clause} FORMAT Native")
            except Exception as error:  # noqa: BLE001  # chDB raises bare RuntimeErrors
                raise translate(error) from None
            finally:
                self.running = None
        return rows

    def _types(self, table: str, names: Sequence[str], database: str | None = None) -> list[str]:
        where = quote(database) if database is not None else "currentDatabase()"
        statement = f"SELECT name, type FROM system.columns WHERE database = {where} AND table = {quote(table)}"
        with self.run(statement) as reply:
            known = dict(reply.rows())
        missing = [name for name in names if name not in known]
        if missing:
            raise DatabaseError(f"Table {table} has no column {missing[0]}.", code=ErrorCode.NO_SUCH_COLUMN_IN_TABLE)
        return [known[name] for name in names]

    def _session(self, settings: Mapping[str, Any] | None) -> dict[str, Any]:
        return {"database": self.database} | self.settings | dict(settings or {})

    def kill(self) -> None:
        handle = self.running
        if handle is None:
            return
        with self.store.lease({}) as other:
            # Not SYNC, which would wait for ever for a statement that nothing stops.
            other.connection.query(f"KILL QUERY WHERE Settings['log_comment'] = {quote(handle.tag)} ASYNC")

    def close(self) -> None:
        """Nothing is held between statements."""


@contextlib.contextmanager
def _payload(chunks: Sequence[bytes]) -> Iterator[str]:
    """A path from which the engine can read the blocks: in memory where the system has that, else a temporary file."""
    if hasattr(os, "memfd_create"):
        descriptor = os.memfd_create("muse-insert")
        path = f"/proc/self/fd/{descriptor}"
    else:
        descriptor, path = tempfile.mkstemp(suffix=".native")
    try:
        with open(descriptor, "wb", closefd=False) as file:
            file.writelines(chunks)
        yield path
    finally:
        os.close(descriptor)
        if not hasattr(os, "memfd_create"):
            os.unlink(path)


def _is_streamed(statement: str) -> bool:
    """Whether chDB streams such a statement."""
    start = _LEADING.match(statement)
    return _STREAMED.match(statement, start.end() if start else 0) is not None


def _without_end(statement: str) -> str:
    return statement.rstrip().rstrip(";")


def translate(error: Exception) -> DatabaseError:
    """A chDB error as a DatabaseError with its code and the engine's own words, without version and stack."""
    text = dbapi.cut(str(error))
    if isinstance(error, Unreadable):
        return NotSupportedError(text)
    codes = _CODE.findall(text)
    return DatabaseError(dbapi.clean(text), code=int(codes[-1]) if codes else 0)
