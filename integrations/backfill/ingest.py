"""One run over some files: a day at a time, each day's rows known by their content, a stopped run gone on with."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import date, datetime, timedelta
from functools import cached_property, partial
from pathlib import Path
from typing import Any, Protocol

from chimera_metrics.integrations.backfill import changed_files, checkpoint
from chimera_metrics.integrations.backfill.checkpoint import COUNTS, Checkpoint, chained
from chimera_metrics.integrations.backfill.file_days import newest
from chimera_metrics.integrations.backfill.files import SourceFile
from chimera_metrics.integrations.backfill.rejected_rows import RejectedRows
from chimera_metrics.integrations.backfill.window_store import Period, WindowStore
from chimera_metrics.integrations.clickhouse_client import ClickHouseClient

_EPOCH = date(1970, 1, 1)


class Progress(Protocol):
    """What is told of a run under way."""

    def advance(self, position: int, rows: int) -> None:
        """`position` bytes of the file under way are read, and `rows` more rows are dealt with."""

    def file_done(self, size: int) -> None:
        """A file of that many bytes is done."""


class Backfill:
    """One run over some files."""

    def __init__(
        self,
        client: ClickHouseClient,
        files: Sequence[SourceFile],
        days: int,
        shift_to_now: bool,
        now: datetime,
        as_new: bool = False,
    ) -> None:
        self._client = client
        self._files = files
        self._days = days
        self._shift_to_now = shift_to_now
        self._now = now
        self._as_new = as_new
        self._folder = checkpoint.state_folder(client.settings)
        self.rejected = RejectedRows(self._folder, now, client.muse.masking)
        self._store = WindowStore(client, self.rejected)
        self.resumed = 0
        """Rows that a run which was stopped had dealt with."""

    def run(self, progress: Progress) -> dict[str, dict[str, int]]:
        """By table, what became of the rows."""
        newest_row = newest(self._files) if self._shift_to_now else None
        # Before anything is stored: a file that cannot be taken is no reason to look what became of the others.
        opened = [self._open(file, newest_row) for file in self._files]
        totals: dict[str, dict[str, int]] = {}
        for file, state, asked in opened:
            total = totals.setdefault(file.table, dict.fromkeys(COUNTS, 0))
            for counts in self._file(file, state, asked, progress):
                for name in COUNTS:
                    total[name] += counts[name]
            progress.file_done(file.path.stat().st_size)
        return totals

    def _open(self, file: SourceFile, newest_row: datetime | None) -> tuple[SourceFile, Checkpoint, dict[str, Any]]:
        """The file's state, and what this run asks of it. Raises InvalidInput for a file that was changed."""
        state, facts = checkpoint.load(self._folder, file), file.path.stat()
        asked = {
            "store": self._store_id,
            "days": self._days,
            "newest": newest_row.isoformat() if newest_row else None,
            "size": facts.st_size,
            "changed": facts.st_mtime_ns,
        }
        if not state.is_as_it_was(asked) and changed_files.is_changed(file, state, self._store.digest):
            if not self._as_new:
                raise changed_files.refused(file, state)
            state.forget()
        return file, state, asked

    def _file(
        self, file: SourceFile, state: Checkpoint, asked: dict[str, Any], progress: Progress
    ) -> Iterator[dict[str, int]]:
        if state.begin(asked, self._now):
            self.resumed += state.rows
            if state.counts["rejected_count"]:
                self.rejected.go_on(Path(state.rejected))
            yield _as_duplicates(state.counts)
        now = datetime.fromisoformat(state.now)
        newest_row = datetime.fromisoformat(asked["newest"]) if asked["newest"] else None
        first = ((newest_row or now).date() - timedelta(days=self._days) - _EPOCH).days
        period = Period(first, now, newest_row)
        for window in file.windows(state.rows, state.cuts, state.bounded):
            counts = dict.fromkeys(COUNTS, 0)
            digest = self._store.digest(file, window.rows)
            chain = chained(state.chain, digest)
            before = partial(state.reach, window.stop, chain)
            for result in self._store.store(file, window.rows, digest, chain, period, before):
                for name in COUNTS:
                    counts[name] += result[name]
            for name in COUNTS:
                state.counts[name] += counts[name]
            if counts["rejected_count"] and self.rejected.file is not None:
                state.rejected = str(self.rejected.file)
            state.rows, state.chain = window.stop, chain
            state.save()
            progress.advance(window.position, counts["received"])
            del window  # before the next one is read
            yield counts
        state.finish()

    @cached_property
    def _store_id(self) -> str:
        """What tells this store from another that replaced it."""
        found = self._client.executor.scalar(
            "SELECT uuid FROM system.tables WHERE database = currentDatabase() AND name = 'insert_ledger'"
        )
        return str(found)


def _as_duplicates(counts: dict[str, int]) -> dict[str, int]:
    """What an earlier attempt did, as this one tells it: stored already."""
    return counts | {"duplicates": counts["inserted"] + counts["duplicates"], "inserted": 0, "replaced": 0}
