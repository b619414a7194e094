"""The chDB store behind the wire: one handle (a session of the engine) for each client."""

from __future__ import annotations

import json
import re
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import chdb

from tests.support.native_wire.statements import literal, read_error

# chDB reads a lone word as a query of its own (`SELEC` would be an unknown column) and allows introspection;
# a server does neither.
LIKE_A_SERVER = {"implicit_select": "0", "allow_introspection_functions": "0"}
UNKNOWN_SETTING, READONLY = 115, 164
# On chDB 26.3 `DROP … SYNC` never returns. The embedded databases drop at once anyway.
_DROP_SYNC = re.compile(r"^(\s*DROP\s.*?)\s+SYNC\b", re.IGNORECASE | re.DOTALL)
_SETTING_NAME = re.compile(r"^[A-Za-z_][\w.]*$")


class EngineError(Exception):
    """An error of the engine, its code kept."""

    def __init__(self, code: int, message: str) -> None:
        super().__init__(message)
        self.code = code
        self.message = message


@contextmanager
def engine_errors() -> Iterator[None]:
    """The engine's codes live in its texts only; all its error classes are RuntimeErrors."""
    try:
        yield
    except RuntimeError as error:
        raise EngineError(*read_error(str(error))) from error


@dataclass(frozen=True)
class Piece:
    """A part of a result: Native bytes and what was read for it."""

    data: bytes
    rows_read: int = 0
    bytes_read: int = 0
    rows_written: int = 0
    bytes_written: int = 0


def piece(result: Any) -> Piece:
    rows, size = result.storage_rows_read(), result.storage_bytes_read()
    if not hasattr(result, "rows_written"):  # chDB 26.3 does not count what was written
        return Piece(result.bytes(), rows, size)
    return Piece(result.bytes(), rows, size, result.rows_written(), result.bytes_written())


class Session:
    """One handle. Its methods are called from one thread at a time."""

    def __init__(self, open_handle: Callable[[], Any]) -> None:
        self._open = open_handle
        self.database: str | None = None
        self._kept: dict[str, str] | None = {}  # what SET statements left; None: to be asked for
        # What a statement applied, and whether all of it was important.
        self._applied: tuple[dict[str, str], bool] = ({}, False)
        self._before: dict[str, str] = {}
        self.streaming: Stream | None = None
        self._main: Any = None  # while the handle is one that went read-only
        self._handle = self._fresh()

    def _fresh(self) -> Any:
        handle = self._open()
        with engine_errors():
            handle.query(_set(LIKE_A_SERVER))
            if self.database is not None:
                handle.query(f"USE {self.database}")
        return handle

    def close(self) -> None:
        for handle in (self._handle, self._main):
            if handle is not None:
                handle.close()

    def use(self, database: str) -> None:
        """Change the database; `database` is written as in a USE statement."""
        self.run(f"USE {database}")
        self.note(database=database)

    def note(self, *, database: str | None = None, set_statement: bool = False) -> None:
        """Remember what a client's own USE or SET changed."""
        if database is not None:
            self.database = database
        if set_statement:
            self._kept = None

    @property
    def _of_26_3(self) -> bool:
        return not hasattr(self._handle, "send_insert")

    def run(self, sql: str, parameters: dict[str, str] | None = None, form: str = "Native") -> Piece:
        if self._of_26_3:
            sql = _DROP_SYNC.sub(r"\1", sql)
        with engine_errors():
            return piece(self._handle.query(sql, form, params=parameters or {}))

    def stream(self, sql: str, parameters: dict[str, str]) -> Stream | None:
        """An open stream, or None when the engine does not stream such a statement."""
        self.streaming = None
        with engine_errors():
            try:
                opened = self._handle.send_query(sql, "Native", params=parameters)
            except RuntimeError as error:
                if "Streaming query is not supported" in str(error):
                    return None
                raise
        self.streaming = Stream(opened)
        return self.streaming

    def stop(self) -> None:
        """End the stream that a client does not read to its end."""
        if self.streaming is not None:
            self.streaming.stop()
            self.streaming = None

    def check_insert(self, sql: str) -> None:
        """Have an insert refused before its rows come. It is not carried out this way: chDB's `send_insert`
        reports success for rows that the table then refuses (constraints, too many partitions, views)."""
        if self._of_26_3:
            return
        with engine_errors():
            self._handle.send_insert(sql, "Native").cancel()

    def describe(self, what: str, parameters: dict[str, str] | None = None) -> list[dict[str, str]]:
        """`DESCRIBE TABLE what`, a dict a column."""
        data = self.run(f"DESCRIBE TABLE {what}", parameters, "JSONEachRow").data
        return [json.loads(line) for line in data.splitlines()]

    def header(self, sql: str) -> list[tuple[str, str]]:
        """Names and types of what a SHOW or the like answers, without its rows."""
        names, types = self.run(sql, form="JSONCompactEachRowWithNamesAndTypes").data.splitlines()[:2]
        return list(zip(json.loads(names), json.loads(types), strict=True))

    def has_applied(self, wanted: dict[str, str], *, important: bool) -> bool:
        return self._kept is not None and self._applied == (wanted, important)

    def apply(self, wanted: dict[str, str], *, important: bool) -> None:
        """Apply settings, in force until the next statement wants others: most want the same again.

        A session that went read-only cannot come back, so such statements get a handle of their own.
        """
        self._restore()
        if not wanted:
            return
        kept = self._kept_settings()
        if wanted.get("readonly", "0") not in ("0", ""):
            self._main, self._handle = self._handle, self._fresh()
            if kept:
                self.run(_set(kept))
        self._applied, self._before = (wanted, important), {**LIKE_A_SERVER, **kept}
        try:
            self._set_known(dict(wanted), important=important)
        except EngineError:
            self._restore()
            raise

    def _kept_settings(self) -> dict[str, str]:
        if self._kept is None:
            query = "SELECT name, value FROM system.settings WHERE changed AND name != 'database'"
            lines = self.run(query, form="JSONCompactEachRow").data.splitlines()
            self._kept = dict(json.loads(line) for line in lines)
        return self._kept

    def _set_known(self, wanted: dict[str, str], *, important: bool) -> None:
        """As a server does: a setting that it does not know is an error only when it is marked important."""
        while wanted:
            try:
                self.run(_set(wanted))
                return
            except EngineError as error:
                unknown = next((key for key in wanted if f"'{key}'" in error.message), None)
                if error.code != UNKNOWN_SETTING or important or unknown is None:
                    raise
                del wanted[unknown]

    def _restore(self) -> None:
        """Take back what the last statement had applied."""
        (applied, _), self._applied = self._applied, ({}, False)
        if self._main is not None:
            self._handle.close()
            self._handle, self._main = self._main, None
            return
        words = [f"{key} = {literal(self._before[key]) if key in self._before else 'DEFAULT'}" for key in applied]
        if not words:
            return
        try:
            self.run(f"SET {', '.join(words)}")
        except EngineError:
            for word in words:
                self._restore_one(word)

    def _restore_one(self, word: str) -> None:
        try:
            self.run(f"SET {word}")
        except EngineError as error:
            # Unknown ones were not applied, nor anything in a session that a client's own SET made read-only.
            if error.code not in (UNKNOWN_SETTING, READONLY):
                raise


def _set(settings: dict[str, str]) -> str:
    for key in settings:
        if not _SETTING_NAME.match(key):
            raise EngineError(UNKNOWN_SETTING, f"Unknown setting {literal(key)}. (UNKNOWN_SETTING)")
    return "SET " + ", ".join(f"{key} = {literal(value)}" for key, value in settings.items())


class Stream:
    """An open stream and its first part: one that nothing was read of, its `cancel` would wait for to the last row."""

    def __init__(self, opened: Any) -> None:
        self._opened = opened
        self.ended = False
        self.first = self.fetch()

    def fetch(self) -> Piece | None:
        """The next part, None at the end."""
        with engine_errors():
            result = self._opened.fetch()
        self.ended = result is None
        return None if result is None else piece(result)

    def stop(self) -> None:
        with suppress(RuntimeError):  # it ended already, with an error
            self._opened.cancel()


class Engine:
    """The store. A control handle of its own finds and kills what the others run."""

    def __init__(self, path: Path, config_file: Path | None) -> None:
        self._url = f"{path}?config-file={config_file}" if config_file else str(path)
        self._lock = threading.Lock()
        self._control: Session | None = None
        self.open()

    def open(self) -> None:
        self._control = self.session()

    def close(self) -> None:
        """Let go of the store. Sessions have to be closed before."""
        with self._lock:
            if self._control is not None:
                self._control.close()
                self._control = None

    def session(self) -> Session:
        return Session(lambda: chdb.connect(self._url))  # type: ignore[no-untyped-call]

    def version(self) -> tuple[int, int, int]:
        major, minor, patch = self._ask("SELECT version()").decode().split(".")[:3]
        return int(major), int(minor), int(patch)

    def query_id(self, tag: str) -> str | None:
        """The engine's own id of a running statement."""
        data = self._ask(f"SELECT query_id FROM system.processes WHERE {_tagged(tag)} LIMIT 1")
        return data.decode().strip() or None

    def kill(self, tag: str) -> None:
        self._ask(f"KILL QUERY WHERE {_tagged(tag)} ASYNC")

    def _ask(self, sql: str) -> bytes:
        with self._lock:
            return self._control.run(sql, form="TSVRaw").data if self._control else b""


def _tagged(tag: str) -> str:
    """A condition whose own text does not contain the tag."""
    return f"position(query, concat({literal(tag[:2])}, {literal(tag[2:])})) > 0"
