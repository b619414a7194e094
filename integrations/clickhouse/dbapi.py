"""PEP 249 for both engines: the exceptions, the cursor, and what a connection must offer.

A connection runs a statement and gives a `Reply`: the columns, and the values block by block, column by column. The
cursor that SQLAlchemy drives is built on that, and the executor uses the same call directly.
"""

from __future__ import annotations

import itertools
import re
import time
from abc import ABC, abstractmethod
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from chimera_metrics.integrations.clickhouse.codec import Column
from chimera_metrics.integrations.clickhouse.fitting import Unfit, fit
from chimera_metrics.integrations.clickhouse.inserts import Insert, parse
from chimera_metrics.integrations.clickhouse.literals import format_pyformat, quote_name, without_parameters
from chimera_metrics.integrations.errors import MuseError

apilevel = "2.0"
threadsafety = 1
paramstyle = "pyformat"

READ_SETTINGS: Mapping[str, Any] = {
    # A benchmark run sent again counts once, whatever day it carries, in every read.
    "final": 1,
    "defer_partition_pruning_after_final": 1,
    "apply_prewhere_after_final": 1,
}
"""Session settings under which every read of ours runs."""

TEXT_SETTINGS: Mapping[str, Any] = {"join_use_nulls": 1}
"""Settings of a reader's SQL, which its own SETTINGS clause may change."""

COMPOSED_SETTINGS: Mapping[str, Any] = {
    # A row without a match in an outer join has NULLs, a total of GROUP BY ROLLUP has NULL for its key, and a cast of
    # NULL is NULL: in all three ClickHouse has another value of its own, such as 0 or ''.
    "join_use_nulls": 1,
    "group_by_use_nulls": 1,
    "cast_keep_nullable": 1,
}
"""Settings of a statement that SQLAlchemy wrote, by which it means what SQL means. Text runs as it stands."""

# What `execute` of an UPDATE or DELETE says is done, is done.
_MUTATION_SETTINGS: Mapping[str, Any] = {"mutations_sync": 1}

Binary = bytes

Block = list[Sequence[Any]]


class Error(Exception):
    """Base of the errors of PEP 249."""


class InterfaceError(Error):
    """Misuse of the interface."""


class DatabaseError(Error):
    """The engine refused or failed a statement. `code` is ClickHouse's error code, 0 where there is none."""

    def __init__(self, message: str, code: int = 0) -> None:
        super().__init__(message)
        self.code = code


class OperationalError(DatabaseError):
    """The connection broke, or could not be made."""


class DataError(DatabaseError):
    """A value does not fit its column."""


class IntegrityError(DatabaseError):
    """Never raised; PEP 249 names it."""


class InternalError(DatabaseError):
    """Never raised; PEP 249 names it."""


class ProgrammingError(DatabaseError):
    """Never raised; PEP 249 names it."""


class NotSupportedError(DatabaseError):
    """Never raised; PEP 249 names it."""


Warning = type("Warning", (Exception,), {})  # PEP 249's name


# Characters of a statement that an error quotes before what is wrong with it, and after.
_LONGEST = 50_000
_NOISE = re.compile(r" \(version [\d.]+[^)]*\)| \([A-Z_]{4,}\)|\. Stack trace:.*", re.DOTALL)


def cut(message: str) -> str:
    """The beginning and the end of what the engine says, which may quote a value of any length."""
    return message if len(message) <= 2 * _LONGEST else f"{message[:_LONGEST]}…{message[-_LONGEST:]}"


def clean(message: str) -> str:
    """The engine's own words: without prefix, version, the error's name and the stack."""
    return " ".join(_NOISE.sub("", cut(message).rpartition("DB::Exception: ")[2]).split())


class Reply(ABC):
    """The answer to one statement, read block by block. Closing it early stops the statement."""

    columns: list[Column]
    rows_read: int = 0
    bytes_read: int = 0

    def __init__(self) -> None:
        self._started = time.perf_counter()

    @property
    def elapsed_ms(self) -> float:
        return (time.perf_counter() - self._started) * 1000

    @abstractmethod
    def blocks(self) -> Iterator[Block]:
        """The values, column by column; each block holds a few thousand rows at most."""

    @abstractmethod
    def close(self) -> None:
        """Stops the statement if it still runs. May be called twice."""

    def rows(self) -> Iterator[tuple[Any, ...]]:
        """The values row by row."""
        for block in self.blocks():
            yield from zip(*block, strict=True)

    def __enter__(self) -> Reply:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


class Connection(ABC):
    """One caller's connection. Not shared by threads at a time, but `kill` may come from any."""

    @abstractmethod
    def run(
        self,
        statement: str,
        settings: Mapping[str, Any] | None = None,
        query_id: str | None = None,
        short: bool = False,
    ) -> Reply:
        """Runs one statement under `settings`, which end with it. A `short` answer may be read in one piece."""

    @abstractmethod
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
        """Stores `data`, given column by column, as one block a partition; answers the number of rows.

        `fit` brings each value to its column's type first, or raises DataError: for values from anywhere.
        """

    @abstractmethod
    def kill(self) -> None:
        """Stops the statement that runs on this connection, from another thread."""

    @abstractmethod
    def close(self) -> None: ...

    def cursor(self) -> Cursor:
        return Cursor(self)

    def commit(self) -> None:  # noqa: B027  # the same for both engines
        """ClickHouse has no transactions: what ran is done."""

    def rollback(self) -> None:  # noqa: B027
        """ClickHouse has no transactions: what ran stays."""


def qualified(table: str, database: str | None) -> str:
    """A table's quoted name, with its database's where that is another one."""
    return quote_name(table) if database is None else f"{quote_name(database)}.{quote_name(table)}"


def fitted(names: Sequence[str], types: Sequence[str], data: Sequence[Sequence[Any]]) -> list[list[Any]]:
    """The columns of an insert, each value as its column takes it; raises DataError with the column's name."""
    found = []
    for name, type_, values in zip(names, types, data, strict=True):
        try:
            found.append(fit(values, type_))
        except (Unfit, MuseError) as error:
            raise DataError(f"A value does not fit its column {name} ({type_}): {error}.") from None
    return found


class Cursor:
    """A PEP 249 cursor. Results are read whole; use the executor or `stream_results` for large ones."""

    arraysize = 1

    def __init__(self, connection: Connection) -> None:
        self.connection = connection
        self.description: list[tuple[Any, ...]] | None = None
        self.rowcount = -1
        self.lastrowid = None
        self._rows: Iterator[tuple[Any, ...]] = iter(())
        self._reply: Reply | None = None

    def execute(self, operation: str, parameters: Any = None, context: Any = None) -> None:
        self._end()
        compiled = getattr(context, "compiled", None)
        insert = parse(operation) if parameters else None
        if insert is not None:
            self._insert(insert, [parameters], context)
            return
        raw = not parameters and compiled is None
        options = context.execution_options if context is not None else {}
        reply = self.connection.run(
            without_parameters(operation) if raw else format_pyformat(operation, parameters),
            settings=_composed(context) | dict(options.get("settings") or {}),
            query_id=options.get("query_id"),
        )
        self.description = [(c.name, c.type, None, None, None, None, True) for c in reply.columns] or None
        if options.get("stream_results"):
            self._reply, self._rows = reply, reply.rows()
            return
        with reply:
            rows = list(reply.rows())
        self.rowcount = len(rows) if self.description else -1
        self._rows = iter(rows)

    def executemany(self, operation: str, parameters: Sequence[Mapping[str, Any]], context: Any = None) -> None:
        self._end()
        insert = parse(operation)
        if insert is not None and parameters:
            self._insert(insert, parameters, context)
            return
        for row in parameters or ():
            self.execute(operation, row, context)

    def _insert(self, insert: Insert, parameters: Sequence[Mapping[str, Any]], context: Any) -> None:
        settings = context.execution_options.get("settings") if context is not None else None
        self.rowcount = self.connection.insert(
            insert.table, insert.names, insert.columns(parameters), settings, database=insert.database, fit=True
        )

    def fetchone(self) -> tuple[Any, ...] | None:
        return next(self._rows, None)

    def fetchmany(self, size: int | None = None) -> list[tuple[Any, ...]]:
        return list(itertools.islice(self._rows, size or self.arraysize))

    def fetchall(self) -> list[tuple[Any, ...]]:
        return list(self._rows)

    def close(self) -> None:
        # The number of rows outlives the cursor: SQLAlchemy asks for it after an insert has closed its own.
        rowcount = self.rowcount
        self._end()
        self.rowcount = rowcount

    def _end(self) -> None:
        if self._reply is not None:
            self._reply.close()
        self._reply, self._rows, self.description, self.rowcount = None, iter(()), None, -1

    def setinputsizes(self, sizes: Any) -> None:
        """Nothing to prepare."""

    def setoutputsize(self, size: Any, column: Any = None) -> None:
        """Nothing to prepare."""


def _composed(context: Any) -> dict[str, Any]:
    """The settings of a statement that SQLAlchemy wrote; none for text."""
    compiled = getattr(context, "compiled", None)
    if compiled is None or context.isddl or getattr(compiled.statement, "__visit_name__", "textclause") == "textclause":
        return {}
    return {**COMPOSED_SETTINGS, **(_MUTATION_SETTINGS if context.isupdate or context.isdelete else {})}
