"""PEP 249 for both engines: the exceptions, the cursor, and what a connection must offer.

A connection runs a statement and gives a `Reply`: the columns, and the values block by block, column by column. The
cursor that SQLAlchemy drives is built on that, and the executor uses the same call directly.
"""

from __future__ import annotations

import re
import time
from abc import ABC, abstractmethod
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from chimera_metrics.integrations.clickhouse.codec import Column
from chimera_metrics.integrations.clickhouse.literals import format_pyformat

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


_NOISE = re.compile(r" \(version [\d.]+[^)]*\)| \([A-Z_]{4,}\)|\. Stack trace:.*", re.DOTALL)


def clean(message: str) -> str:
    """The engine's own words: without prefix, version, the error's name and the stack."""
    return " ".join(_NOISE.sub("", message.rpartition("DB::Exception: ")[2]).split())


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
    ) -> int:
        """Stores `data`, given column by column, as one block a partition; answers the number of rows."""

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


_INSERT = re.compile(r"\s*INSERT\s+INTO\s+(?P<table>[\w.`\"]+)\s*\((?P<names>[^)]*)\)\s*VALUES\s*$", re.I)


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
        options = context.execution_options if context is not None else {}
        reply = self.connection.run(
            format_pyformat(operation, parameters),
            settings=options.get("settings"),
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
        match = _INSERT.match(operation)
        if match is None:
            for row in parameters:
                self.execute(operation, row, context)
            return
        names = [name.strip().strip('`"') for name in match["names"].split(",")]
        data = [[row[name] for row in parameters] for name in names]
        settings = context.execution_options.get("settings") if context is not None else None
        self.description = None
        self.rowcount = self.connection.insert(match["table"].strip('`"'), names, data, settings)

    def fetchone(self) -> tuple[Any, ...] | None:
        return next(self._rows, None)

    def fetchmany(self, size: int | None = None) -> list[tuple[Any, ...]]:
        wanted = size or self.arraysize
        return [row for _, row in zip(range(wanted), self._rows, strict=False)]

    def fetchall(self) -> list[tuple[Any, ...]]:
        return list(self._rows)

    def close(self) -> None:
        self._end()

    def _end(self) -> None:
        if self._reply is not None:
            self._reply.close()
        self._reply, self._rows, self.description, self.rowcount = None, iter(()), None, -1

    def setinputsizes(self, sizes: Any) -> None:
        """Nothing to prepare."""

    def setoutputsize(self, size: Any, column: Any = None) -> None:
        """Nothing to prepare."""
