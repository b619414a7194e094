"""What is known of a window of a file: the days of it that are stored, and attempts that were never finished.

A window is stored in batches, each of some of its days; their keys begin with the window's own. The ledger tells which
days are stored, and on a server which batches were begun: a claim there names its key. On an embedded store a claim is
a file under a hash of the key, so the keys that are tried are noted beside the claims: a file for each window, on the
disk before anything of it can be stored, and gone when nothing of it is unfinished.
"""

from __future__ import annotations

import hashlib
import os
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Any

from chimera_metrics.integrations.clickhouse.executor import Executor
from chimera_metrics.integrations.clickhouse.literals import quote
from chimera_metrics.integrations.private_files import open_private, private_folder
from chimera_metrics.integrations.writing.ledger import claim_files

# As the ledger reads: one granule, and on replicas what another one has just written.
_READ_SETTINGS: Mapping[str, Any] = {"max_threads": 1, "select_sequential_consistency": 1}


@dataclass(frozen=True, slots=True)
class WindowHistory:
    """What became of one window so far."""

    days: frozenset[int]
    """The days of which all rows are stored, or refused."""
    rejected: int
    """How many rows of these days were refused."""
    stored: frozenset[str]
    """Keys of batches that are acknowledged."""
    unfinished: tuple[str, ...]
    """Keys of batches that were begun and not acknowledged."""


class FileWindows:
    """The windows of files in one store."""

    def __init__(self, executor: Executor) -> None:
        self._executor = executor
        claims = claim_files(executor.settings)
        self._notes = None if claims is None else claims.folder.parent.with_name("muse.windows") / claims.folder.name

    def history(self, table: str, window: str) -> WindowHistory:
        """What is known of the window whose keys begin with `window`."""
        stored: dict[str, tuple[list[int], int]] = {}
        begun = self._noted(table, window)
        for key, claimed, days, rejected in self._entries(table, window):
            if claimed:
                begun.append(key)
            elif days:
                stored[key] = days, rejected
        unfinished = tuple(dict.fromkeys(key for key in begun if key not in stored))
        covered = frozenset(day for found, _ in stored.values() for day in found)
        return WindowHistory(covered, sum(rejected for _, rejected in stored.values()), frozenset(stored), unfinished)

    def begin(self, table: str, window: str, key: str) -> None:
        """Notes, where a claim would not tell, that a batch of the window is about to be stored."""
        if self._notes is None:
            return
        private_folder(self._notes)
        flags = os.O_WRONLY | os.O_CREAT | os.O_APPEND
        with open(open_private(self._notes / _name(table, window), flags), "ab") as note:
            note.write(key.encode() + b"\n")
            note.flush()
            os.fsync(note.fileno())

    def finish(self, table: str, window: str, stored: Collection[str]) -> None:
        """Forgets the notes of a window whose batches are all among those that are stored."""
        noted = self._noted(table, window)
        if self._notes is not None and noted and all(key in stored for key in noted):
            (self._notes / _name(table, window)).unlink(missing_ok=True)

    def _noted(self, table: str, window: str) -> list[str]:
        if self._notes is None:
            return []
        try:
            lines = (self._notes / _name(table, window)).read_text("utf-8", "replace").splitlines()
        except FileNotFoundError:
            return []
        # A line over which the power was lost is not whole, and nothing was stored under it.
        return [line for line in lines if line.startswith(f"{window}:")]

    def _entries(self, table: str, window: str) -> list[tuple[str, bool, list[int], int]]:
        statement = (
            "SELECT idempotency_key, JSONHas(answer, 'claim'), JSONExtract(answer, 'covers', 'Array(Int32)'), rejected "
            f"FROM insert_ledger WHERE table_name = {quote(table)} AND startsWith(idempotency_key, {quote(window)})"
        )
        with self._executor.open(statement, session=_READ_SETTINGS) as running:
            return [row for block in running.blocks() for row in zip(*block, strict=True)]


def _name(table: str, window: str) -> str:
    return hashlib.sha256(f"{table}\n{window}".encode()).hexdigest()[:32]
