"""The lock of migrations on a cluster: a name in Keeper, which every server sees.

Its value says who holds it, and when it last gave a sign of life by the clock of a server. A holder that gives none for
as long as `LockTerms` allow is put out by whoever waits; of several one succeeds, because a value is removed only by
who knows it.
"""

from __future__ import annotations

import contextlib
import json
from typing import Any

from sqlalchemy import Engine

from chimera_metrics.integrations.clickhouse.executor import Executor
from chimera_metrics.integrations.clickhouse.keeper_map import KeeperMap
from chimera_metrics.integrations.config import ClickHouseSettings
from chimera_metrics.integrations.errors import MuseError
from chimera_metrics.integrations.evolution.lock import LockTerms, MigrationLock, is_dead

NAME = "migration"


class KeeperLock(MigrationLock):
    """As a lock of one server; `muse_claims` is made if need be."""

    def __init__(self, executor: Executor, terms: LockTerms) -> None:
        super().__init__(executor.engine, executor.settings.where, terms)
        self._executor = executor
        self._keeper = KeeperMap(executor)
        self._said = ""

    def __enter__(self) -> KeeperLock:
        self._keeper.create()
        super().__enter__()
        return self

    def _create(self) -> bool:
        said = self._now_said()
        if not self._keeper.put(NAME, said):
            return False
        self._said = said
        return True

    def _holder(self) -> dict[str, Any] | None:
        text = self._keeper.get(NAME)
        if text is None:
            return None
        holder: dict[str, Any] = {"token": "unknown", "host": "an unknown host", "pid": 0, "program": "a program"}
        with contextlib.suppress(ValueError):
            holder |= json.loads(text)
        silent = self._clock() - float(holder.get("beat", 0))
        return holder | {"text": text, "stale": silent > self._terms.stale_s or is_dead(holder)}

    def _move_away(self, holder: dict[str, Any]) -> bool:
        return self._keeper.remove(NAME, holder["text"])

    def _show_life(self) -> None:
        said = self._now_said()
        if self._keeper.change(NAME, self._said, said):
            self._said = said

    def _release(self) -> None:
        with contextlib.suppress(MuseError):
            self._keeper.remove(NAME, self._said)

    def _now_said(self) -> str:
        return json.dumps(self._about() | {"beat": self._clock()})

    def _clock(self) -> float:
        return float(self._executor.scalar("SELECT toFloat64(now64(3))"))


@contextlib.contextmanager
def _held(executor: Executor, terms: LockTerms) -> Any:
    try:
        with KeeperLock(executor, terms) as lock:
            yield lock
    finally:
        executor.close()


def migration_lock(engine: Engine, settings: ClickHouseSettings, terms: LockTerms) -> Any:
    """The lock on the database that `settings` name, to be held inside `with`."""
    if settings.cluster is None:
        return MigrationLock(engine, settings.where, terms)
    return _held(Executor(settings), terms)
