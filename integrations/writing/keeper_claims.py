"""Claims of a cluster: a name in Keeper for each batch that is under way, seen by every server at once.

A row of the ledger would not do there: it reaches the other replicas a moment later, and one that is asked in between
knows nothing. For the same reason the name stays for a while after the acknowledgement, and tells what was answered, so
that a retry that goes to another server is known for one.
"""

from __future__ import annotations

import threading
import time
from collections import deque
from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import datetime
from typing import Any
from uuid import UUID

import orjson

from chimera_metrics.integrations.clickhouse.executor import Executor
from chimera_metrics.integrations.clickhouse.keeper_map import KeeperMap
from chimera_metrics.integrations.writing.claims import Claim

_PREFIX = "batch "
Answered = tuple[Claim, datetime, Mapping[str, Any]]
"""Of an acknowledged batch its claim, with the id of who acknowledged it, when that was, and what the ledger holds."""
#: How long an acknowledged batch is told of here as well as in the ledger.
KEPT_S = 600.0
_AT_ONCE = 5


class KeeperClaims:
    """The claims of one database, each under a name that stands for its table and key."""

    def __init__(self, executor: Executor, clock: Callable[[], float] = time.monotonic) -> None:
        self._keeper = KeeperMap(executor)
        self._clock = clock
        self._finished: deque[tuple[float, str, str]] = deque()
        self._lock = threading.Lock()

    def make(self, name: str, table: str, claim: Claim) -> None:
        """Says that a batch of the table is about to be stored, unless another claim says so already."""
        self._keeper.put(_PREFIX + name, _text({"table": table, "claim": claim, "joined": False}))

    def look(self, name: str) -> tuple[Claim | None, Answered | None]:
        """The claim of a batch that is under way, or what one was answered that was acknowledged a moment ago."""
        said = self._said(name)
        if said is None:
            return None, None
        claim = _claim(said[1])
        if "answer" not in said[1]:
            return claim, None
        # Who acknowledged it need not be who claimed it.
        by, at = UUID(said[1]["by"]), datetime.fromisoformat(said[1]["at"])
        return None, (replace(claim, batch_id=by), at, said[1]["answer"])

    def find(self, name: str) -> Claim | None:
        return self.look(name)[0]

    def join(self, name: str) -> bool:
        """Says that somebody else goes on with the batch. False where its claim is gone: finished, or taken back."""
        while (said := self._said(name)) is not None and "answer" not in said[1]:
            if said[1]["joined"] or self._keeper.change(_PREFIX + name, said[0], _text(said[1] | {"joined": True})):
                return True
        return False

    def withdraw(self, name: str, batch_id: UUID) -> None:
        """Takes back the claim of an attempt that has stored nothing, unless somebody else goes on with the batch."""
        said = self._said(name)
        if said is not None and _is_alone(said[1], batch_id):
            self._keeper.remove(_PREFIX + name, said[0])

    def is_alone(self, name: str, batch_id: UUID) -> bool:
        """Whether nobody but this attempt can have stored or acknowledged any of the batch."""
        said = self._said(name)
        return said is not None and _is_alone(said[1], batch_id)

    def finish(self, name: str, batch_id: UUID, at: datetime, answer: Mapping[str, Any]) -> bool:
        """Keeps what an acknowledged batch was answered, for a while. Whether nobody else can have acknowledged it."""
        alone = False
        while (said := self._said(name)) is not None and "answer" not in said[1]:
            told = _text({**said[1], "by": batch_id, "at": at.isoformat(), "answer": answer})
            if self._keeper.change(_PREFIX + name, said[0], told):
                alone = _is_alone(said[1], batch_id)
                with self._lock:
                    self._finished.append((self._clock(), name, told))
                break  # otherwise somebody joined in this moment
        self._forget()
        return alone

    def drop(self, name: str) -> None:
        """Forgets the claim of a batch that the ledger says is acknowledged: who did so was killed before it said so
        here. What was answered a moment ago stays."""
        said = self._said(name)
        if said is not None and "answer" not in said[1]:
            self._keeper.remove(_PREFIX + name, said[0])

    def unfinished(self, before: datetime) -> list[tuple[str, str]]:
        """Name and table of each batch that was begun before that moment and is not finished."""
        found = ((name.removeprefix(_PREFIX), orjson.loads(text)) for name, text in self._keeper.named(_PREFIX))
        return [(name, said["table"]) for name, said in found if "answer" not in said and _claim(said).since < before]

    def forget_before(self, moment: datetime) -> int:
        """Forgets acknowledged batches that no process forgot: those of killed ones. Answers how many."""
        gone = 0
        for name, text in self._keeper.named(_PREFIX):
            said = orjson.loads(text)
            if "answer" in said and datetime.fromisoformat(said["at"]) < moment:
                gone += self._keeper.remove(name, text)
        return gone

    def _forget(self) -> None:
        for _ in range(_AT_ONCE):
            with self._lock:
                if not self._finished or self._finished[0][0] > self._clock() - KEPT_S:
                    return
                _, name, told = self._finished.popleft()
            self._keeper.remove(_PREFIX + name, told)

    def _said(self, name: str) -> tuple[str, dict[str, Any]] | None:
        text = self._keeper.get(_PREFIX + name)
        return None if text is None else (text, orjson.loads(text))


def _claim(said: Mapping[str, Any]) -> Claim:
    claim = said["claim"]
    since, now = (datetime.fromisoformat(claim[key]) for key in ("since", "now"))
    batch_id, further = UUID(claim["batch_id"]), (claim.get("owner"), claim.get("shards"))
    return Claim(claim["digest"], batch_id, since, now, claim["replaced"], *further)


def _is_alone(said: Mapping[str, Any], batch_id: UUID) -> bool:
    return "answer" not in said and not said["joined"] and said["claim"]["batch_id"] == str(batch_id)


def _text(said: Mapping[str, Any]) -> str:
    return orjson.dumps(said).decode()
