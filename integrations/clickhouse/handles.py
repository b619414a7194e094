"""Sessions on an embedded store: each has settings of its own and runs one statement at a time."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from uuid import uuid4

# Idle handles that are kept for the next statement with the same session settings.
_MOST_IDLE = 16

Settings = Mapping[str, Any]


class Handle:
    """One session on the engine."""

    def __init__(self, connection: Any, tag: str) -> None:
        self.connection = connection
        #: Value of `log_comment` in this session, by which another session finds its statement to kill it.
        self.tag = tag


class Handles:
    """Opens handles, and keeps some of those that are idle. The store's lock guards all of it except `open`."""

    def __init__(self) -> None:
        self._idle: dict[frozenset[tuple[str, Any]], list[Handle]] = {}
        self._databases: set[str] = set()

    def pop(self, settings: Settings) -> Handle | None:
        """An idle handle that has these settings."""
        idle = self._idle.get(frozenset(settings.items()))
        return idle.pop() if idle else None

    def push(self, handle: Handle, settings: Settings) -> bool:
        """Keeps a handle; false where there are enough."""
        if sum(map(len, self._idle.values())) >= _MOST_IDLE:
            return False
        self._idle.setdefault(frozenset(settings.items()), []).append(handle)
        return True

    def close(self) -> None:
        """Closes the idle handles. The next store may have no databases."""
        for handles in self._idle.values():
            for handle in handles:
                handle.connection.close()
        self._idle.clear()
        self._databases.clear()

    def open(self, connection: Any, settings: Settings) -> Handle:
        """A handle on a new connection, which is closed if the session cannot have these settings."""
        handle = Handle(connection, tag=f"muse-{uuid4()}")
        try:
            # The engine in the process keeps no log of queries, and need not collect what would stand in it.
            words: dict[str, Any] = {"log_comment": handle.tag, "session_timezone": "UTC", "log_queries": 0}
            words |= settings
            # Nothing can be set after `readonly`, so it goes last.
            readonly = words.pop("readonly", None)
            if readonly is not None:
                words["readonly"] = readonly
            database = words.pop("database", None)
            if database is not None:
                self._use(connection, database)
            connection.query("SET " + ", ".join(f"{name} = {_literal(value)}" for name, value in words.items()))
        except BaseException:
            connection.close()
            raise
        return handle

    def _use(self, connection: Any, database: str) -> None:
        if database not in self._databases:
            connection.query(f"CREATE DATABASE IF NOT EXISTS `{database}`")
            self._databases.add(database)
        connection.query(f"USE `{database}`")


def _literal(value: Any) -> str:
    if isinstance(value, bool):
        return "1" if value else "0"
    if isinstance(value, int | float):
        return repr(value)
    text = str(value).replace("\\", "\\\\").replace("'", "\\'")
    return f"'{text}'"
