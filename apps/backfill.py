"""`muse backfill`: files into tables, a day at a time, each day's rows known by their content."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from datetime import UTC, date, datetime, timedelta
from functools import cached_property, partial
from pathlib import Path
from typing import Any

import click

from chimera_metrics.apps.progress import Bar
from chimera_metrics.integrations import config
from chimera_metrics.integrations.backfill import changed_files, checkpoint
from chimera_metrics.integrations.backfill.checkpoint import COUNTS, Checkpoint, chained
from chimera_metrics.integrations.backfill.file_days import newest
from chimera_metrics.integrations.backfill.files import SourceFile, find_files
from chimera_metrics.integrations.backfill.rejected_rows import RejectedRows
from chimera_metrics.integrations.backfill.window_store import Period, WindowStore
from chimera_metrics.integrations.clickhouse_client import ClickHouseClient
from chimera_metrics.integrations.errors import InvalidInput

_EPOCH = date(1970, 1, 1)


def run(
    days: int,
    source: str | None,
    shift_to_now: bool,
    as_json: bool,
    rollups: bool = False,
    as_new: bool = False,
) -> int:
    """Ingests and prints a summary; exit code 0 when nothing was rejected or kept aside."""
    settings = config.load()
    now = datetime.now(UTC)
    with ClickHouseClient(settings.clickhouse, settings.muse) as client:
        if rollups and source is None:
            client.ensure_schema()
            return _rebuild(client, now.date() - timedelta(days=days), as_json)
        folder = source or settings.muse.source_dir
        if folder is None:
            raise InvalidInput("No source: name a file or folder with --source, or set MUSE_SOURCE_DIR.")
        files = find_files(Path(folder))
        client.ensure_schema()
        work = Backfill(client, files, days, shift_to_now, now, as_new)
        with Bar(sum(file.path.stat().st_size for file in files), shown=not as_json) as bar:
            totals = work.run(bar)
        _print(totals, work.rejected.file, work.resumed, as_json)
        left = any(total["rejected_count"] or total["quarantined"] for total in totals.values())
        if rollups:
            _rebuild(client, now.date() - timedelta(days=days), as_json=False, quiet=as_json)
    return 1 if left else 0


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
        self.rejected = RejectedRows(self._folder, now)
        self._store = WindowStore(client, self.rejected)
        self.resumed = 0
        """Rows that a run which was stopped had dealt with."""

    def run(self, bar: Bar) -> dict[str, dict[str, int]]:
        """By table, what became of the rows."""
        newest_row = newest(self._files) if self._shift_to_now else None
        # Before anything is stored: a file that cannot be taken is no reason to look what became of the others.
        opened = [self._open(file, newest_row) for file in self._files]
        totals: dict[str, dict[str, int]] = {}
        for file, state, asked in opened:
            total = totals.setdefault(file.table, dict.fromkeys(COUNTS, 0))
            for counts in self._file(file, state, asked, bar):
                for name in COUNTS:
                    total[name] += counts[name]
            bar.file_done(file.path.stat().st_size)
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

    def _file(self, file: SourceFile, state: Checkpoint, asked: dict[str, Any], bar: Bar) -> Iterator[dict[str, int]]:
        if state.begin(asked, self._now):
            self.resumed += state.rows
            if state.counts["rejected_count"]:
                self.rejected.go_on(Path(state.rejected))
            yield _as_duplicates(state.counts)
        now = datetime.fromisoformat(state.now)
        newest_row = datetime.fromisoformat(asked["newest"]) if asked["newest"] else None
        first = ((newest_row or now).date() - timedelta(days=self._days) - _EPOCH).days
        period = Period(first, now, newest_row)
        for window in file.windows(state.rows, state.cuts):
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
            bar.advance(window.position, counts["received"])
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


def _print(totals: dict[str, dict[str, int]], rejected: Path | None, resumed: int, as_json: bool) -> None:
    if as_json:
        click.echo(json.dumps(totals))
        if rejected is not None:
            click.echo(f"The rejected rows and why: {rejected}", err=True)
        return
    if resumed:
        click.echo(f"Went on where a run was stopped: {resumed:,} rows were done.")
    click.echo(f"{'table':<14}" + "".join(f"{name.replace('_count', ''):>12}" for name in COUNTS))
    for table, total in totals.items():
        click.echo(f"{table:<14}" + "".join(f"{total[name]:>12,}" for name in COUNTS))
    if rejected is not None:
        click.echo(f"The rejected rows and why: {rejected}")
    if any(total["quarantined"] for total in totals.values()):
        click.echo(
            "What the store did not take waits: `muse quarantine list` shows it, `muse quarantine replay` stores it."
        )


def _rebuild(client: ClickHouseClient, first: date, as_json: bool, quiet: bool = False) -> int:
    from chimera_metrics.integrations.writing.rebuilding import rebuild_day, stored_days

    executor = client.executor
    done = [{"day": day.isoformat(), **rebuild_day(executor, day)} for day in stored_days(executor, first)]
    if quiet:
        return 0
    if as_json:
        click.echo(json.dumps(done))
    else:
        click.echo(f"Rebuilt session_stats and the rollups of {len(done)} days.")
    return 0
