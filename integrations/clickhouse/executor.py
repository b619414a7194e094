"""The one place where statements run: each gets a query_id, limits, a way to be cancelled, and a trace.

Everything that reaches ClickHouse from the client, the tools and the commands passes here, on either engine.
"""

from __future__ import annotations

import contextlib
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any, Literal

from sqlalchemy import Engine
from sqlalchemy.exc import CompileError, InvalidRequestError
from sqlalchemy.sql.ddl import ExecutableDDLElement
from sqlalchemy.sql.expression import ClauseElement, Executable

from chimera_metrics.integrations.clickhouse import call, dbapi
from chimera_metrics.integrations.clickhouse.dbapi import COMPOSED_SETTINGS, READ_SETTINGS, Block, Reply
from chimera_metrics.integrations.clickhouse.engine import make_engine
from chimera_metrics.integrations.clickhouse.explaining import explain, wrong_setting
from chimera_metrics.integrations.clickhouse.leases import LIGHT_PLACES, Lease, Places
from chimera_metrics.integrations.clickhouse.literals import format_pyformat, quote
from chimera_metrics.integrations.clickhouse.statements import (
    Answer,
    Cancellation,
    Limits,
    Traced,
    Tracer,
    task_cancellation,
)
from chimera_metrics.integrations.config import ClickHouseSettings
from chimera_metrics.integrations.errors import InvalidInput

# The engine keeps whole microseconds, and takes 0 of them for any length of time.
_SHORTEST_S = 0.001
LARGEST_ANSWER = 32_000_000
"""Bytes of an answer that is read to show a part of it; more would take seconds for nothing."""


class Running:
    """A statement under way: its columns, and its values block by block."""

    def __init__(self, reply: Reply, query_id: str, statement: str, limits: Limits, where: str, lease: Lease) -> None:
        self._reply = reply
        self._lease = lease
        self._limits = limits
        self._where = where
        self.columns = reply.columns
        self.query_id = query_id
        self.statement = statement
        self.rows = 0

    def blocks(self) -> Iterator[Block]:
        with translated(self._limits, self._where):
            blocks = self._reply.blocks()
            while True:
                with self._lease.waiting():
                    block = next(blocks, None)
                if block is None:
                    return
                self.rows += len(block[0]) if block else 0
                yield block

    @property
    def elapsed_ms(self) -> float:
        return self._reply.elapsed_ms

    @property
    def rows_read(self) -> int:
        return self._reply.rows_read

    @property
    def bytes_read(self) -> int:
        return self._reply.bytes_read


class Executor:
    """Runs statements on the store that `settings` name. Thread-safe; opens nothing before the first statement."""

    def __init__(
        self, settings: ClickHouseSettings, engine: Engine | None = None, tracer: Tracer | None = None
    ) -> None:
        self.settings = settings
        self.engine = engine if engine is not None else make_engine(settings, overflow=LIGHT_PLACES)
        self._places = Places(self.engine, settings)
        self._tracer = tracer

    def limits(
        self,
        timeout_s: float | None = None,
        rows: int | None = None,
        most_bytes: int | None = None,
        short: bool = False,
    ) -> Limits:
        """Limits within the settings' own: a caller may ask for less time than `CH_TIMEOUT`, not for more."""
        ceiling = self.settings.timeout
        timeout_s = max(_SHORTEST_S, min(timeout_s or ceiling, ceiling))
        asked = timeout_s < ceiling
        return Limits(timeout_s, rows, self.settings.max_memory_mb, most_bytes, short, asked=asked)

    def compile(self, statement: ClauseElement | str) -> str:
        """The text that runs: literals in place, as both engines read them."""
        if isinstance(statement, str):
            return statement
        if isinstance(statement, ExecutableDDLElement):
            raise InvalidInput("A statement that is run here is a Select, not DDL.")
        try:
            compiled = statement.compile(self.engine, compile_kwargs={"render_postcompile": True})
            return format_pyformat(str(compiled), compiled.construct_params())
        except (CompileError, InvalidRequestError) as error:
            raise InvalidInput(f"SQLAlchemy cannot make a statement of this: {error.args[0]}") from None

    @contextlib.contextmanager
    def open(
        self,
        statement: ClauseElement | str,
        limits: Limits | None = None,
        cancellation: Cancellation | None = None,
        query_id: str | None = None,
        session: Mapping[str, Any] | None = None,
    ) -> Iterator[Running]:
        """Starts a read and gives it block by block; leaving early stops it on the engine.

        Every read runs in a session with `readonly = 1`, ours too: no read can write. `session` are further settings,
        such as those of the statement's own SETTINGS clause, which `readonly` would refuse; the limits go before them.
        """
        limits = limits or self.limits()
        text = self.compile(statement)
        query_id = query_id or call.new_id()
        lease = self._lease(limits)
        driver: dbapi.Connection = lease.driver
        cancellation = cancellation or task_cancellation.get() or Cancellation()
        traced = _Trace(self._tracer, "read", text, query_id)
        try:
            cancellation.bind(driver.kill)
            with traced, translated(limits, self.settings.where):
                words = dict(READ_SETTINGS) | _own_settings(statement) | dict(session or {})
                words |= limits.session() | self._comment("read", text, query_id) | {"readonly": 1}
                try:
                    with lease.waiting():
                        reply = driver.run(text, settings=words, query_id=query_id, short=limits.short)
                except dbapi.DatabaseError as error:
                    raise wrong_setting(driver, session or {}, error) from None
                with reply:
                    running = Running(reply, query_id, text, limits, self.settings.where, lease)
                    yield running
                    traced.rows = running.rows
        finally:
            cancellation.release()
            lease.close()

    def read(
        self,
        statement: ClauseElement | str,
        limits: Limits | None = None,
        cancellation: Cancellation | None = None,
        query_id: str | None = None,
    ) -> Answer:
        """Runs a read to its end, or to `limits.rows`."""
        limits = limits or self.limits()
        with self.open(statement, limits, cancellation, query_id) as running:
            rows: list[tuple[Any, ...]] = []
            for block in running.blocks():
                rows.extend(zip(*block, strict=True))
            truncated = limits.rows is not None and len(rows) > limits.rows
            if truncated:
                del rows[limits.rows :]
            return Answer(
                columns=running.columns,
                rows=rows,
                truncated=truncated,
                elapsed_ms=running.elapsed_ms,
                rows_read=running.rows_read,
                bytes_read=running.bytes_read,
                query_id=running.query_id,
                statement=running.statement,
            )

    def scalar(self, statement: ClauseElement | str) -> Any:
        """The first value of the first row, or None."""
        rows = self.read(statement).rows
        return rows[0][0] if rows else None

    def command(self, statement: str, settings: Mapping[str, Any] | None = None) -> None:
        """Runs a statement that changes something, such as DDL."""
        limits = replace(self.limits(), stores=statement.startswith("INSERT"))
        lease = self._lease(limits)
        try:
            query_id = call.new_id()
            with _Trace(self._tracer, "command", statement, query_id), translated(limits, self.settings.where):
                session = {"max_execution_time": limits.timeout_s} | dict(settings or {})
                with lease.waiting(), lease.driver.run(statement, settings=session, query_id=query_id) as reply:
                    for _ in reply.blocks():
                        pass
        finally:
            lease.close()

    def insert(
        self,
        table: str,
        names: Sequence[str],
        data: Sequence[Sequence[Any]],
        settings: Mapping[str, Any] | None = None,
        types: Sequence[str] | None = None,
    ) -> int:
        """Stores `data`, given column by column. Exactness is the writer's business, not this method's."""
        limits = replace(self.limits(), stores=True)
        lease = self._lease(limits)
        try:
            statement = f"INSERT INTO {table} ({', '.join(names)})"
            settings = (
                {"max_execution_time": limits.timeout_s} | dict(settings or {}) | self._comment("insert", statement)
            )
            traced = _Trace(self._tracer, "insert", statement, call.new_id())
            with traced, translated(limits, self.settings.where), lease.waiting():
                traced.rows = lease.driver.insert(table, names, data, settings, types)
                return traced.rows
        finally:
            lease.close()

    def stop_family(self, family: str) -> bool:
        """Stops the statements of calls whose ids are of that family, and says whether there were any.

        Whichever of our servers began them: their calls' ids are their comments.
        """
        if self.settings.embedded:
            return False
        from chimera_metrics.integrations.clickhouse.native_dbapi import NativeConnection

        # Not one of the pool: all of them may be busy with what is to be stopped.
        kill = f"KILL QUERY WHERE startsWith(Settings['log_comment'], {quote(family)}) ASYNC"
        with (
            translated(self.limits(), self.settings.where),
            contextlib.closing(NativeConnection(self.settings)) as other,
            other.run(kill) as reply,
        ):
            return any(len(block[0]) for block in reply.blocks() if block)

    def _comment(self, kind: Literal["read", "insert"], statement: str, query_id: str = "") -> dict[str, Any]:
        """Notes the statement on the call that it serves; a server's `query_log` shows that call's id."""
        serves = call.current()
        if serves is None:
            return {}
        serves.ran(kind, statement, query_id)
        # On the embedded engine the comment is the session's own tag, by which its statements are stopped.
        return {} if self.settings.embedded else {"log_comment": serves.call_id}

    def overdue(self) -> int:
        """How many statements run on although their limit of time is over."""
        return self._places.overdue()

    def _lease(self, limits: Limits) -> Lease:
        try:
            return self._places.lease(limits)
        except dbapi.DatabaseError as error:
            raise explain(error, limits, self.settings.where) from None

    def close(self) -> None:
        """Closes pooled connections and lets an embedded store go."""
        self.engine.dispose()
        if self.settings.embedded:
            from chimera_metrics.integrations.clickhouse.store import open_store

            open_store(self.settings.store_path).close()


def _own_settings(statement: ClauseElement | str) -> dict[str, Any]:
    """What a Select means by its joins and casts, and what it brings by `execution_options(settings=…)`."""
    if not isinstance(statement, Executable):
        return {}
    meant = {} if statement.__visit_name__ == "textclause" else dict(COMPOSED_SETTINGS)
    return meant | dict(statement.get_execution_options().get("settings", {}))


class _Trace:
    """Times a statement and tells the tracer how it ended."""

    def __init__(self, tracer: Tracer | None, kind: str, statement: str, query_id: str) -> None:
        self._tracer, self._kind, self._statement, self._query_id = tracer, kind, statement, query_id
        self.rows = 0

    def __enter__(self) -> _Trace:
        self._started = time.perf_counter()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, _: Any) -> None:
        if self._tracer is not None:
            elapsed = (time.perf_counter() - self._started) * 1000
            message = None if error is None or isinstance(error, GeneratorExit) else str(error)
            self._tracer(Traced(self._query_id, self._kind, self._statement, elapsed, self.rows, message))


@contextlib.contextmanager
def translated(limits: Limits, where: str) -> Iterator[None]:
    """The engine's errors as sentences with a next step."""
    try:
        yield
    except dbapi.DatabaseError as error:
        raise explain(error, limits, where) from None
