"""Who does what for the watches: of several servers one takes each look, and one each attempt to deliver a webhook.

A claim is a row under a token of its work, subject and attempt, read back to see whose it is, as in the ledger; on a
cluster, whose servers see a row only after a moment, it is a name in Keeper first. Where a server of ours died on a
claim, the next attempt takes over after two minutes.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

import orjson

from chimera_metrics.integrations.clickhouse.executor import Executor
from chimera_metrics.integrations.clickhouse.keeper_map import KeeperMap
from chimera_metrics.integrations.clickhouse.literals import quote
from chimera_metrics.integrations.writing.ledger import WRITE_SETTINGS

_NAMES = ("at", "work", "subject", "attempt", "state", "server", "due_at", "detail")
_TYPES = (
    "DateTime64(6, 'UTC')",
    "LowCardinality(String)",
    "String",
    "UInt32",
    "LowCardinality(String)",
    "UUID",
    "DateTime64(3, 'UTC')",
    "String",
)
_READ: Mapping[str, Any] = {"max_threads": 1, "select_sequential_consistency": 1}
DEAD_AFTER = timedelta(minutes=2)
_OVER = ("done", "given_up")


@dataclass(frozen=True, slots=True)
class Turn:
    """One attempt that this process has claimed."""

    work: str
    subject: str
    attempt: int
    server: UUID
    queued_at: datetime | None
    detail: Mapping[str, Any]
    """What was queued; empty for a look."""


class Turns:
    """Reads and writes the table `watch_turns`."""

    def __init__(self, executor: Executor) -> None:
        self._executor = executor
        self._keeper = None if executor.settings.cluster is None else KeeperMap(executor)

    def queue(self, work: str, subject: str, detail: Mapping[str, Any], now: datetime) -> None:
        """Puts work into the outbox, once, however often it is said."""
        self._write(Turn(work, subject, 0, uuid4(), now, {}), "queued", now, now, detail)

    def waiting(self, work: str) -> list[str]:
        """The subjects of work that is queued and not over."""
        rows = self._rows(
            f"SELECT subject FROM watch_turns WHERE work = {quote(work)} GROUP BY subject "
            "HAVING countIf(state = 'queued') > 0 AND countIf(state IN ('done', 'given_up')) = 0 ORDER BY min(at)"
        )
        return [row[0] for row in rows]

    def claim(self, work: str, subject: str, now: datetime) -> Turn | None:
        """The next attempt, if it is due and nobody else has it."""
        rows = self._of(work, subject)
        if any(row["state"] in _OVER for row in rows):
            return None
        last = max((row["attempt"] for row in rows), default=0)
        newest = [row for row in rows if row["attempt"] == last]
        if newest and last > 0:
            failed = [row["due_at"] for row in newest if row["state"] == "failed"]
            if now < (failed[0] if failed else min(row["at"] for row in newest) + DEAD_AFTER):
                return None
        queued = next((row for row in rows if row["state"] == "queued"), None)
        mine = Turn(work, subject, last + 1, uuid4(), queued["at"] if queued else None, _detail(queued))
        if self._keeper is not None and not self._keeper.put(_name(mine), f"{now.isoformat()} {mine.server}"):
            return None
        self._write(mine, "claimed", now, now, {})
        if self._keeper is not None:
            return mine
        claims = [r for r in self._of(work, subject) if r["attempt"] == mine.attempt and r["state"] == "claimed"]
        first = min(claims, key=lambda row: (row["at"], str(row["server"])))
        return mine if first["server"] == mine.server else None

    def end(
        self, turn: Turn, state: str, now: datetime, detail: Mapping[str, Any], due: datetime | None = None
    ) -> None:
        """Says what became of the attempt."""
        self._write(turn, state, now, due or now, detail)

    def last_done(self, work: str, prefix: str) -> tuple[datetime, dict[str, Any]] | None:
        """When work whose subject begins like this was done last, and what was found."""
        rows = self._rows(
            f"SELECT at, detail FROM watch_turns WHERE work = {quote(work)} AND startsWith(subject, {quote(prefix)}) "
            "AND state = 'done' ORDER BY subject DESC LIMIT 1"
        )
        return (rows[0][0], orjson.loads(rows[0][1])) if rows else None

    def forget_before(self, moment: datetime) -> None:
        """Forgets what Keeper holds of attempts that were claimed before that moment; their rows stay."""
        if self._keeper is not None:
            for name, said in self._keeper.named("turn "):
                if datetime.fromisoformat(said.partition(" ")[0]) < moment:
                    self._keeper.remove(name, said)

    def _of(self, work: str, subject: str) -> list[dict[str, Any]]:
        rows = self._rows(
            f"SELECT {', '.join(_NAMES)} FROM watch_turns WHERE work = {quote(work)} AND subject = {quote(subject)}"
        )
        return [dict(zip(_NAMES, row, strict=True)) for row in rows]

    def _rows(self, statement: str) -> list[tuple[Any, ...]]:
        with self._executor.open(statement, session=_READ) as running:
            return [row for block in running.blocks() for row in zip(*block, strict=True)]

    def _write(self, turn: Turn, state: str, now: datetime, due: datetime, detail: Mapping[str, Any]) -> None:
        text = orjson.dumps(detail).decode()
        values = (now, turn.work, turn.subject, turn.attempt, state, turn.server, due, text)
        words = "\n".join((turn.work, turn.subject, str(turn.attempt), state))
        settings = dict(WRITE_SETTINGS) | {"insert_deduplication_token": hashlib.sha256(words.encode()).hexdigest()}
        self._executor.insert("watch_turns", _NAMES, [[value] for value in values], settings, _TYPES)


def _name(turn: Turn) -> str:
    return f"turn {turn.work} {turn.subject} {turn.attempt}"


def _detail(row: Mapping[str, Any] | None) -> dict[str, Any]:
    return dict(orjson.loads(row["detail"])) if row else {}
