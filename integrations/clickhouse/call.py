"""The call under way: which id its statements carry on the engine, and what they were.

A context variable, because between a tool and the executor lie layers that need not know of it; it
travels into worker threads with the context.
"""

from __future__ import annotations

import contextlib
import hashlib
import random
import re
from collections.abc import Iterator
from contextvars import ContextVar
from dataclasses import dataclass, field
from typing import Literal

from chimera_metrics.models import FACT_TABLES

# A rollup's name begins with its table's.
_TABLES = re.compile("|".join(FACT_TABLES))
_BOOKKEEPING = "INSERT INTO insert_ledger "
LOCAL = "local"
"""Who owns what the local user stores: a program with a client of its own, a command, a client over stdio."""


# Our own generator: a program that seeds the shared one, as test tools do, must not repeat our ids.
_RANDOM = random.Random()  # noqa: S311  # ids guard nothing


# The bits of a UUID that say it is one of random digits.
_SAID, _VERSION_4 = (0xF << 76) | (0x3 << 62), (0x4 << 76) | (0x2 << 62)


def new_id() -> str:
    """A fresh UUID, without asking the system for randomness each time."""
    digits = f"{_RANDOM.getrandbits(128) & ~_SAID | _VERSION_4:032x}"
    return f"{digits[:8]}-{digits[8:12]}-{digits[12:16]}-{digits[16:20]}-{digits[20:]}"


def id_in(family: str) -> str:
    """A fresh id that begins as all of its family do; `family` is the first 13 characters of a UUID."""
    return family + new_id()[len(family) :]


@dataclass(slots=True)
class Call:
    """One call of an operation, as the audit log knows it."""

    call_id: str = field(default_factory=new_id)
    #: Whether the caller may read the audit log.
    reads_audit: bool = False
    #: Who owns the batches that it stores, see `owner_of`.
    owner: str = LOCAL
    #: Who calls, and the address under which the caller reached this server; empty where it was not over HTTP.
    who: str = ""
    reached_at: str = ""
    statement: str = ""
    query_id: str = ""
    #: Tables that its reads name.
    tables: set[str] = field(default_factory=set)
    #: Literals that no record may hold: the values of parameters whose names say that they are secret.
    hidden: list[str] = field(default_factory=list)
    _wrote: bool = False

    def ran(self, kind: Literal["read", "insert"], statement: str, query_id: str = "") -> None:
        """Notes a statement: the last read, or the first insert of the caller's rows."""
        statement = self.without_secrets(statement)
        if kind == "read":
            self.tables.update(_TABLES.findall(statement))
        if kind == "insert":
            if not self._wrote and not statement.startswith(_BOOKKEEPING):
                self._wrote, self.statement, self.query_id = True, statement, query_id
        elif not self._wrote:
            self.statement, self.query_id = statement, query_id

    def answered_by(self, statement: str, query_id: str) -> None:
        """Notes a statement that ran for an earlier call, whose answer this call gets too."""
        self.statement, self.query_id = f"/* answered from the cache */ {statement}", query_id

    def without_secrets(self, text: str) -> str:
        """A statement, or what the engine says of it, without the values that are secret."""
        for literal in self.hidden:
            text = text.replace(literal, "'[secret]'")
        return text


_current: ContextVar[Call | None] = ContextVar("muse_call", default=None)


def current() -> Call | None:
    """The call that the running code serves, if it serves one."""
    return _current.get()


def owner() -> str:
    """Who owns the batches that the running code stores."""
    found = _current.get()
    return LOCAL if found is None else found.owner


def owner_of(name: str, issuer: str | None = None) -> str:
    """The owner's mark of a caller by that name: a token's, or a subject that an issuer vouches for.

    It follows from the name alone, so that it survives a new token.
    """
    return hashlib.sha256(f"{issuer or 'token'}\n{name}".encode()).hexdigest()[:32]


@contextlib.contextmanager
def serving(call: Call | None) -> Iterator[None]:
    """Statements inside belong to `call`; to none, for what is not the caller's."""
    token = _current.set(call)
    try:
        yield
    finally:
        _current.reset(token)
