"""One window of a file into the store: what of it is stored, what waits, what was begun, and then what is missing."""

from __future__ import annotations

import hashlib
from collections import defaultdict
from collections.abc import Callable, Collection, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from chimera_metrics.integrations.backfill import window_days
from chimera_metrics.integrations.backfill.checkpoint import COUNTS
from chimera_metrics.integrations.backfill.file_days import UNKNOWN_DAY, choose, days_of, distinct, shifted
from chimera_metrics.integrations.backfill.files import SourceFile
from chimera_metrics.integrations.backfill.rejected_rows import RejectedRows
from chimera_metrics.integrations.clickhouse.retries import repeat
from chimera_metrics.integrations.clickhouse_client import ClickHouseClient
from chimera_metrics.integrations.results import Result
from chimera_metrics.integrations.writing.prepared import Prepared, digest_of
from chimera_metrics.integrations.writing.windows import FileWindows


@dataclass(frozen=True, slots=True)
class Period:
    """Which rows a run takes, and what it makes of their times."""

    first: int
    """The first day, as in the file, in days since 1970-01-01: whole days, so that the same rows are asked for all
    day long."""
    now: datetime
    newest: datetime | None
    """The time that is moved to now; None where times stay as they are."""


class WindowStore:
    """Stores windows, each day of each once, whatever days earlier runs asked for and however they ended.

    A window's key is of all its rows, as in the file, and of all windows before it. Under it stand the batches, each of
    some of the window's days and under a key that names them, so that a later run, which asks for other days, can tell
    which days are stored, which wait in the quarantine, and which an attempt has begun: such an attempt is finished
    with exactly the days that it had, since the engine knows its blocks only under its own key.
    """

    def __init__(self, client: ClickHouseClient, rejected: RejectedRows) -> None:
        self._writer = client.writer
        self._attempts = client.settings.retry_attempts
        self._windows = FileWindows(client.executor)
        self._rejected = rejected
        self._kept: dict[str, list[tuple[set[int], int]]] = defaultdict(list)
        """What waits in the quarantine: by window, the days of each batch and how many rows of it were refused."""
        for kept in client.quarantine.batches():
            if kept.covers:
                window = ":".join(kept.identity.key.split(":")[:2])
                self._kept[window].append((set(kept.covers), kept.answer["rejected_count"]))

    def digest(self, file: SourceFile, rows: Any) -> str:
        return digest_of(file.table, rows)

    def store(
        self, file: SourceFile, rows: Any, digest: str, chain: str, period: Period, before: Callable[[], None]
    ) -> Iterator[Result]:
        """Stores the rows that lie in the period; an answer for each group of days that has something to tell.

        `before` is called where something of the window is stored, or may be from now on.
        """
        days_of_rows = days_of(rows, file.table)
        present = distinct(days_of_rows)
        window = _Window(file, rows, digest, f"file:{chain[:40]}", days_of_rows, present, before)
        left = {day for day in present if day >= period.first or day == UNKNOWN_DAY}
        if not left:
            return
        history = repeat(lambda: self._windows.history(file.table, window.key), self._attempts)
        if history.stored or window.key in self._kept:
            before()
        if known := left & history.days:
            yield self._told(window, known, history.rejected, "duplicates", period)
        taken, stored = set(history.days), set(history.stored)
        for days, rejected in self._kept.get(window.key, ()):
            if waiting := (days - taken) & left:
                yield self._told(window, waiting, rejected, "quarantined", period)
            taken |= days
        left -= taken
        for key in history.unfinished:
            days, newest = window_days.read(key[len(window.key) + 1 :], present)
            if days & left and not days & taken:
                yield self._batch(window, key, days, period.now, newest, stored)
                taken |= days
        if left := left - taken:
            key = f"{window.key}:{window_days.named(left, present, period.newest)}"
            yield self._batch(window, key, left, period.now, period.newest, stored)
        self._windows.finish(file.table, window.key, stored)

    def _batch(
        self, window: _Window, key: str, days: set[int], now: datetime, newest: datetime | None, stored: set[str]
    ) -> Result:
        """Stores the rows of some days as one batch, and says in `stored` that nothing of it is left to do."""
        table, rows = window.file.table, window.choose(days)
        prepared = self._check(window, rows, key, days, now, newest)
        self._rejected.add(window.file, rows, prepared.clean.rejected)
        if prepared.stored:
            window.before()
            self._windows.begin(table, window.key, key)
        result = self._writer.store(prepared)
        if result["quarantined"]:
            self._kept[window.key].append((days, result["rejected_count"]))
        else:
            stored.add(key)
        return result

    def _check(
        self, window: _Window, rows: Any, key: str, days: set[int], now: datetime, newest: datetime | None
    ) -> Prepared:
        table, covers = window.file.table, tuple(sorted(days))
        return self._writer.check(
            table,
            rows,
            digest=hashlib.sha256(f"{window.digest}\n{covers}".encode()).hexdigest(),
            key=key,
            on_invalid="skip",
            # The time of receipt is the first attempt's, so an attempt that is finished moves by as much as it did.
            prepare=(lambda found, received: shifted(found, table, received - newest)) if newest else None,
            now=now,
            covers=covers,
        )

    def _told(self, window: _Window, days: set[int], rejected: int, as_what: str, period: Period) -> Result:
        """What is said of rows that an earlier attempt dealt with, and refused as many of, or of others beside them."""
        rows = window.choose(days)
        count = len(rows)
        if rejected:
            # The ledger has no reasons, nor does it know of which days these rows were: looked at again, all is told.
            found = self._check(window, rows, "", days, period.now, period.newest).clean.rejected
            self._rejected.add(window.file, rows, found)
            rejected = len(found) if found or days < window.present else min(rejected, count)
        stated = {"received": count, as_what: count - rejected, "rejected_count": rejected}
        return Result.of(dict.fromkeys(COUNTS, 0) | stated)


@dataclass(frozen=True, slots=True)
class _Window:
    file: SourceFile
    rows: Any
    digest: str
    key: str
    days: Sequence[int]
    """Each row's."""
    present: set[int]
    """The days that there are."""
    before: Callable[[], None]

    def choose(self, days: Collection[int]) -> Any:
        return choose(self.rows, self.days, days)
