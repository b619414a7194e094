"""Spans into the store, each once, however they were put together into requests."""

from __future__ import annotations

import hashlib
import threading
from collections import OrderedDict
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from chimera_metrics.integrations.clickhouse.literals import quote
from chimera_metrics.integrations.clickhouse.retries import repeat
from chimera_metrics.integrations.clickhouse_client import ClickHouseClient
from chimera_metrics.integrations.otlp.mapping import Unstorable, is_call, row_of
from chimera_metrics.integrations.otlp.prices import Prices
from chimera_metrics.integrations.otlp.spans import Span

TABLE = "llm_events"
# Ids of one look-up: a statement may have 256 KiB.
_IDS = 2_000
_REMEMBERED = 100_000
# As in the ledger: a look-up must see what was just written through another replica.
_SESSION = {"max_threads": 1, "select_sequential_consistency": 1}
_MS = timedelta(milliseconds=1)


@dataclass(slots=True)
class Stored:
    """What became of the spans of a request."""

    spans: int = 0
    stored: int = 0
    duplicates: int = 0
    ignored: int = 0
    """Spans that are no call of a language model, or that stand around one that is stored."""
    rejected: int = 0
    quarantined: int = 0
    error: str = ""
    """Why spans were rejected, in the words of the first."""

    def add(self, other: Stored) -> None:
        for name in ("spans", "stored", "duplicates", "ignored", "rejected", "quarantined"):
            setattr(self, name, getattr(self, name) + getattr(other, name))
        self.error = self.error or other.error


class SpanStore:
    """Stores the calls among spans. Thread-safe."""

    def __init__(self, client: ClickHouseClient) -> None:
        self._client = client
        self._prices = Prices(client.muse.prices)
        self._parents: OrderedDict[bytes, None] = OrderedDict()
        self._under_way: set[str] = set()
        self._changed = threading.Condition()

    def store(self, spans: Sequence[Span]) -> Stored:
        """Stores what is a call and not stored yet. Raises what keeps the store from answering."""
        self._prices.refresh()
        told = Stored(spans=len(spans))
        rows = self._rows(spans, told)
        if not rows:
            return told
        with self._alone(rows):
            known = self._known(list(rows.values()))
            told.duplicates += len(known)
            self._insert([row for run_id, row in rows.items() if run_id not in known], told)
        return told

    def _rows(self, spans: Sequence[Span], told: Stored) -> dict[str, dict[str, Any]]:
        calls = [span for span in spans if is_call(span)]
        around = self._around(calls)
        told.ignored = len(spans) - len(calls)
        rows: dict[str, dict[str, Any]] = {}
        for span in calls:
            if span.trace_id + span.span_id in around:
                told.ignored += 1
                continue
            try:
                row = row_of(span, self._prices)
            except Unstorable as error:
                told.rejected += 1
                told.error = told.error or f"{str(error).capitalize()}."
                continue
            told.duplicates += row["run_id"] in rows
            rows[row["run_id"]] = row
        return rows

    def _around(self, calls: Sequence[Span]) -> set[bytes]:
        """The calls within which another call was made: two instrumentations, or a proxy, tell of one call twice.

        The inner span ends first, so that it comes in the same request or in an earlier one.
        """
        with self._changed:
            for span in calls:
                if span.parent_id:
                    self._parents[span.trace_id + span.parent_id] = None
            while len(self._parents) > _REMEMBERED:
                self._parents.popitem(last=False)
            ids = (span.trace_id + span.span_id for span in calls)
            return {one for one in ids if one in self._parents}

    @contextmanager
    def _alone(self, rows: dict[str, Any]) -> Iterator[None]:
        """Waits while another request stores any of these spans."""
        ids = set(rows)
        with self._changed:
            self._changed.wait_for(lambda: not ids & self._under_way)
            self._under_way |= ids
        try:
            yield
        finally:
            with self._changed:
                self._under_way -= ids
                self._changed.notify_all()

    def _known(self, rows: Sequence[dict[str, Any]]) -> set[str]:
        """The ids that the table has. Their time is part of the span, so that few rows are read."""
        known: set[str] = set()
        for start in range(0, len(rows), _IDS):
            some = rows[start : start + _IDS]
            moments = [row["ts"] for row in some]
            ids = ", ".join(quote(row["run_id"]) for row in some)
            statement = (
                f"SELECT DISTINCT toString(run_id) FROM {TABLE} WHERE ts >= {_at(min(moments))} "
                f"AND ts <= {_at(max(moments) + _MS)} AND run_id IN ({ids})"
            )
            known |= set(repeat(lambda: self._read(statement), self._client.settings.retry_attempts))  # noqa: B023
        return known

    def _read(self, statement: str) -> list[str]:
        with self._client.executor.open(statement, session=_SESSION) as running:
            return [str(value) for block in running.blocks() for value in block[0]]

    def _insert(self, rows: list[dict[str, Any]], told: Stored) -> None:
        if not rows:
            return
        # The same spans are the same batch, whichever way they came: as one of several servers may have it already.
        digest = hashlib.sha256("\n".join(sorted(row["run_id"] for row in rows)).encode()).hexdigest()
        writer = self._client.writer
        answer = writer.store(writer.check(TABLE, rows, digest, f"otlp:{digest}", "skip"))
        told.stored += answer["inserted"]
        told.duplicates += answer["duplicates"]
        told.quarantined += answer["quarantined"]
        told.rejected += answer["rejected_count"]
        for bad in answer["rejected"][:1]:
            told.error = told.error or f"{bad['field']}: {bad['error']}"


def _at(moment: datetime) -> str:
    return f"toDateTime64({quote(f'{moment:%Y-%m-%d %H:%M:%S}.{moment.microsecond // 1000:03d}')}, 3, 'UTC')"
