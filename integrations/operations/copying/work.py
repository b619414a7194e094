"""The copy from beginning to end: checks, passes over what has changed, rollups, quarantine, comparison.

The ledger goes first in every pass: the rows of every batch that it acknowledges are then surely read after it. Passes
go on until nothing has changed at the source since the last one began, or until there have been enough of them.
"""

from __future__ import annotations

import contextlib
import itertools
import time
from collections.abc import Iterator, Mapping, Sequence, Set
from operator import itemgetter
from typing import Protocol

from chimera_metrics.integrations.clickhouse.retries import repeat
from chimera_metrics.integrations.config import ClickHouseSettings
from chimera_metrics.integrations.evolution.engines import migration_engine
from chimera_metrics.integrations.evolution.keeper_lock import migration_lock
from chimera_metrics.integrations.evolution.lock import LockTerms, MigrationLock, MigrationLocked
from chimera_metrics.integrations.operations.copying import preparing
from chimera_metrics.integrations.operations.copying.book import Book, CopyRefused, Entry
from chimera_metrics.integrations.operations.copying.comparing import CopyDiffers, compared
from chimera_metrics.integrations.operations.copying.moving import Mover, sweep
from chimera_metrics.integrations.operations.copying.outcome import Outcome, rollup_notes, source_notes
from chimera_metrics.integrations.operations.copying.quarantined import copy_batches
from chimera_metrics.integrations.operations.copying.rollups import Settled, settle
from chimera_metrics.integrations.operations.copying.side import Content, Side, Table
from chimera_metrics.models import ROLLUPS, VIEWS, metadata

_LEDGER = "insert_ledger"
#: Passes over what changes while the copy runs; whatever comes after the last is there to be copied another time.
PASSES = 5
# An insert may span 100 partitions.
_PARTITIONS_TOGETHER = 60
_ROWS_TOGETHER = 200_000
Found = dict[tuple[str, str], tuple[str, int]]


class Shown(Protocol):
    """Who is told how far it is."""

    def grow(self, rows: int) -> None:
        """That many rows are to be copied."""

    def advance(self, position: int, rows: int) -> None:
        """`rows` more rows came, `position` of the partition under way."""

    def file_done(self, size: int) -> None:
        """A partition of `size` rows is there."""


class Copy:
    """Copies the store `source` names to that which `target` names. Raises CopyRefused, and CopyDiffers in the end."""

    def __init__(self, source: ClickHouseSettings, target: ClickHouseSettings, shown: Shown, attempts: int = 3) -> None:
        self._source = Side(source)
        self._target = Side(target)
        self._shown = shown
        self._attempts = attempts
        self._outcome = Outcome()
        self._tables: dict[str, Table] = {}

    def run(self) -> Outcome:
        started = time.perf_counter()
        try:
            preparing.require(self._source, self._target)
            with self._locked() as lock:
                preparing.refuse_same(self._source, self._target)
                self._tables = self._shared_tables()
                self._copy(lock)
        finally:
            self._source.close()
            self._target.close()
        self._outcome.seconds = time.perf_counter() - started
        return self._outcome

    @contextlib.contextmanager
    def _locked(self) -> Iterator[MigrationLock]:
        """Nobody else copies to the target, or changes its schema."""
        engine = migration_engine(self._target.settings)
        try:
            with migration_lock(engine, self._target.settings, LockTerms(wait_s=1)) as lock:
                yield lock
        except MigrationLocked as error:
            raise CopyRefused(
                f"The target, {self._target.where}, is being copied to or migrated by another program, or the lock "
                f"was lost to one ({error})"
            ) from None
        finally:
            engine.dispose()

    def _shared_tables(self) -> dict[str, Table]:
        """The tables of the models but the rollups; the ledger goes first."""
        theirs, ours = self._source.tables(), self._target.tables()
        names = [name for name in metadata.tables if name not in {model.__tablename__ for model in ROLLUPS}]
        names.sort(key=lambda name: name != _LEDGER)
        for name in names:
            if theirs.get(name) != ours.get(name):
                raise CopyRefused(
                    f"{name} has other columns in the source than in the target; run `muse check` on both, and bring "
                    "them to the same schema."
                )
        return {name: ours[name] for name in names}

    def _copy(self, lock: MigrationLock) -> None:
        book = Book(self._target, preparing.identity(self._source))
        book.open()
        sweep(self._target)
        mover = Mover(self._source, self._target, book, lock.still_held)
        self._require_own(book, mover)
        for _ in range(PASSES):
            if not self._pass(book, mover):
                break
        settled = list(settle(self._source, self._target, book))
        self._outcome.waiting = copy_batches(self._source, self._target, book)
        self._compare(book, settled)
        moved = {(view.target, day) for view in VIEWS for day in self._outcome.behind.get(view.source, ())}
        stable = [one for one in settled if (one.rollup, one.partition) not in moved]
        self._outcome.notes = [*rollup_notes(stable), *source_notes(self._source, self._outcome.behind)]

    def _require_own(self, book: Book, mover: Mover) -> None:
        """Raises CopyRefused if the target holds anything that this copy did not put there, or the source has too."""
        stands, found = self._target.fingerprints(), self._source.fingerprints()
        for name, table in self._tables.items():
            here = {partition: rows for (of, partition), (_, rows) in stands.items() if of == name}
            known = {partition: book.entries.get((name, partition)) for partition in here}
            self._adopt(book, table, [id_ for id_, entry in known.items() if entry is None], found)
            if changed := [id_ for id_, entry in known.items() if entry is not None and here[id_] != entry.now.rows]:
                mover.require_own(table, changed)
        for view in VIEWS:
            for name, partition in stands:
                if name == view.target and (view.source, partition) not in book.entries:
                    raise CopyRefused(
                        f"The target, {self._target.where}, holds figures of {name} (partition {partition}) without "
                        "their rows; name an empty place with --to."
                    )

    def _adopt(self, book: Book, table: Table, partitions: Sequence[str], found: Found) -> None:
        """Takes partitions that are there already, and are the source's, for copied."""
        if not partitions:
            return
        theirs, ours = (side.contents(table, partitions) for side in (self._source, self._target))
        where = self._target.where
        for partition, (stands, _) in ours.items():
            if partition not in theirs or theirs[partition][0] != stands:
                raise CopyRefused(
                    f"The target, {where}, holds other rows than the source ({stands.rows:,} of {table.name}, "
                    f"partition {partition}), and a copy overwrites nothing; name an empty place with --to."
                )
        known = {
            id_: Entry("done", found.get((table.name, id_), ("", 0))[0], content) for id_, (content, _) in ours.items()
        }
        book.write(table.name, known)

    def _pass(self, book: Book, mover: Mover) -> bool:
        """Copies what has changed since it was copied; answers whether there was anything."""
        ledger = self._copy_changed({_LEDGER}, book, mover)
        # Looked at only now: the rows of all batches that the ledger just acknowledged are there.
        return self._copy_changed(self._tables.keys() - {_LEDGER}, book, mover) or ledger

    def _copy_changed(self, names: Set[str], book: Book, mover: Mover) -> bool:
        found = {key: value for key, value in self._source.fingerprints().items() if key[0] in names}
        stands = {key: value for key, value in self._target.fingerprints().items() if key[0] in names}
        todo = sorted(key for key in found if self._is_due(key, found, stands, book))
        gone = sorted(stands.keys() - found.keys())
        self._shown.grow(sum(found[key][1] for key in todo))
        for name, partitions in _groups(todo, found):
            fingerprints = {partition: found[name, partition][0] for partition in partitions}
            rows = repeat(lambda: self._moved(mover, name, fingerprints), self._attempts)  # noqa: B023
            self._outcome.copied[name] = self._outcome.copied.get(name, 0) + rows
            self._shown.file_done(sum(found[name, partition][1] for partition in partitions))
        for name, partition in gone:
            mover.drop(self._tables[name], [partition])
        return bool(todo or gone)

    def _is_due(self, key: tuple[str, str], found: Found, stands: Found, book: Book) -> bool:
        entry = book.entries.get(key)
        if entry is None or entry.state != "done" or entry.fingerprint != found[key][0]:
            return True
        # A kill can bring back what a step replaced. Rows that a copy adds to the ledger stand in the parts only.
        table, partition = key
        stand = stands.get(key, ("", 0))[1]
        return stand != entry.now.rows and self._content(self._target, self._tables[table], partition) != entry.now

    @staticmethod
    def _content(side: Side, table: Table, partition: str) -> Content:
        return side.contents(table, [partition]).get(partition, (Content(), []))[0]

    def _moved(self, mover: Mover, name: str, fingerprints: Mapping[str, str]) -> int:
        position = 0

        def advance(rows: int) -> None:
            nonlocal position
            position += rows
            self._shown.advance(position, rows)

        return mover.move(self._tables[name], fingerprints, advance)

    def _compare(self, book: Book, settled: list[Settled]) -> None:
        self._outcome.tables = compared(self._source, self._target, self._tables)
        now = self._source.fingerprints()
        lost = {(one.rollup, one.partition) for one in settled if not one.carried}
        rollups = {view.target: view.source for view in VIEWS}
        for table in self._outcome.tables:
            for partition in list(table.differs):
                key = (rollups.get(table.table, table.table), partition)
                entry = book.entries.get(key)
                if now.get(key, ("", 0))[0] != (entry.fingerprint if entry else ""):
                    table.differs.remove(partition)
                    self._outcome.behind.setdefault(key[0], []).append(partition)
                elif (table.table, partition) in lost:
                    table.differs.remove(partition)
        differing = [table for table in self._outcome.tables if table.differs]
        if differing:
            said = "; ".join(f"{one.table} in {len(one.differs)} partitions from {one.differs[0]}" for one in differing)
            raise CopyDiffers(
                f"The target, {self._target.where}, is not what the source is: {said}. Both were read again after the "
                "copy; if nobody else writes to the target, run the same command again, and `muse verify` on both."
            )


def _groups(keys: Sequence[tuple[str, str]], found: Found) -> Iterator[tuple[str, list[str]]]:
    """Partitions of one table that are small enough to be copied together; a large one by itself."""
    group: list[str] = []
    for name, key in itertools.groupby(keys, key=itemgetter(0)):
        for partition in map(itemgetter(1), key):
            rows = sum(found[name, one][1] for one in [*group, partition])
            if group and (rows > _ROWS_TOGETHER or len(group) == _PARTITIONS_TOGETHER):
                yield name, group
                group = []
            group.append(partition)
        yield name, group
        group = []
