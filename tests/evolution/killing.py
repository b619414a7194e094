"""Ends a migration at a statement as a kill does: nothing runs after it, not even what would clean up."""

from __future__ import annotations

import re
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from sqlalchemy import Engine, event

# What changes nothing is no boundary: killed before it is killed after the statement before.
_CHANGES = re.compile(r"\s*(CREATE|ALTER|INSERT|DROP|RENAME|EXCHANGE|OPTIMIZE|TRUNCATE)\b", re.IGNORECASE)


class Killed(BaseException):
    """Not an Exception: nothing may catch it and go on."""


class Boundaries:
    """Counts the statements that change something, and kills before the one numbered `at`."""

    def __init__(self, at: int | None = None) -> None:
        self.at = at
        self.statements: list[str] = []
        self._dead = False
        self._thread = threading.get_ident()

    def before(self, _connection: Any, _cursor: Any, statement: str, *_: Any) -> None:
        if threading.get_ident() != self._thread:
            # The heartbeat of the lock runs beside the migration, at any moment, and ends with it.
            if self._dead:
                raise RuntimeError("dead")
            return
        if self._dead:
            raise Killed
        if not _CHANGES.match(statement):
            return
        self.statements.append(statement)
        if self.at is not None and len(self.statements) > self.at:
            self._dead = True
            raise Killed


@contextmanager
def boundaries(at: int | None = None) -> Iterator[Boundaries]:
    """Every statement of every engine, inside `with`."""
    found = Boundaries(at)
    event.listen(Engine, "before_cursor_execute", found.before)
    try:
        yield found
    finally:
        event.remove(Engine, "before_cursor_execute", found.before)
