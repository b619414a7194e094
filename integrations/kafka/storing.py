"""Messages of one partition into the store: what cannot be a row set aside, the others in one batch."""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Callable, Sequence
from typing import Any

from chimera_metrics.integrations.clickhouse.retries import pause_s
from chimera_metrics.integrations.clickhouse_client import ClickHouseClient
from chimera_metrics.integrations.errors import (
    AccessRefused,
    CertificateRefused,
    InvalidInput,
    MuseError,
    SchemaMismatch,
    ServerTooOld,
    SettingsError,
)
from chimera_metrics.integrations.kafka.lanes import Lane
from chimera_metrics.integrations.kafka.mapping import RowMapping
from chimera_metrics.integrations.kafka.messages import Message, Poison
from chimera_metrics.integrations.kafka.poison import Aside
from chimera_metrics.integrations.kafka.positions import Ending, key_of
from chimera_metrics.integrations.results import Result
from chimera_metrics.integrations.validation.row_arrays import RowArrays
from chimera_metrics.integrations.writing.prepared import Prepared

#: What somebody must set right before it is worth another try. StoreUnusable is not among them: a disk that is full may
#: not stay so, and the messages wait.
LASTING = (AccessRefused, CertificateRefused, InvalidInput, SchemaMismatch, ServerTooOld, SettingsError)
_LONGEST_EXPONENT = 6
# So few that their objects stay in the processor's cache until they are columns.
_STRETCH = 2_000


class Conflict(Exception):
    """Another consumer stored, or began to store, other messages from this position."""


class BatchStore:
    """Stores batches of messages of a topic, those of several partitions at once.

    `said` is told why the store makes it wait, and None when it no longer does.
    """

    def __init__(
        self,
        client: ClickHouseClient,
        table: str,
        name: str,
        mapping: RowMapping,
        aside: Aside,
        said: Callable[[str | None], None],
    ) -> None:
        self._client = client
        self._table = table
        self._name = name
        self._mapping = mapping
        self._aside = aside
        self._said = said
        self._stopping = threading.Event()
        self._lock = threading.Lock()
        self._held_up: set[int] = set()
        self.counts: Counter[str] = Counter()

    def warm_up(self) -> None:
        """Loads what checking needs, so that the first batch does not wait for it."""
        self._client.writer.check(self._table, self._rows([])[0], "", "", "skip")

    def stop(self) -> None:
        """Waits for the store no longer."""
        self._stopping.set()

    def store(self, lane: Lane, messages: list[Message]) -> None:
        """Stores the lane's next messages, and moves it on. Raises what somebody must set right.

        Where the lane was taken away, or all is to stop, while the store did not answer, nothing has happened.
        """
        ending = lane.must_end or Ending.at(messages[-1])
        prepared, poison = self._prepared(lane, messages, ending)
        kept = poison and self._patiently(lane, lambda: self._aside.keep(poison))
        if poison and not kept:
            return
        if not prepared.stored:
            self._without_rows(lane, messages, prepared)
        elif not self._into_store(lane, messages, prepared, ending):
            return
        self._count("poison", len(poison))

    def _count(self, what: str, number: int) -> None:
        with self._lock:
            self.counts[what] += number

    def _prepared(self, lane: Lane, messages: list[Message], ending: Ending) -> tuple[Prepared, list[Poison]]:
        rows, of, poison = self._rows(messages)
        key = key_of(self._name, lane.partition, lane.position)
        prepared = self._client.writer.check(self._table, rows, ending.digest, key, "skip")
        for bad in prepared.clean.rejected:
            poison.append(Poison(of[bad.index], bad.error))
        return prepared, sorted(poison, key=lambda one: one.message.offset())

    def _rows(self, messages: list[Message]) -> tuple[Sequence[Any] | RowArrays, list[Message], list[Poison]]:
        """The rows of messages, the messages that they are of, and the rest."""
        if not self._client.settings.embedded:  # the driver of a server takes Python's values
            return self._mapping.rows(messages)
        packed, of, poison = RowArrays(self._table), [], []
        for start in range(0, len(messages), _STRETCH):
            rows, sources, unfit = self._mapping.rows(messages[start : start + _STRETCH])
            packed.add(rows)
            of += sources
            poison += unfit
        return packed, of, poison

    def _without_rows(self, lane: Lane, messages: list[Message], prepared: Prepared) -> None:
        if lane.must_end is not None:
            raise InvalidInput(
                f"Of {self._name}, partition {lane.partition}, the messages from offset {lane.position:,} were being "
                "stored as rows, and now none of them is one; run it with the earlier mapping until it has gone on."
            )
        lane.passed(messages[-1].offset())

    def _into_store(self, lane: Lane, messages: list[Message], prepared: Prepared, ending: Ending) -> bool:
        answers: list[Result] = []
        try:
            if not self._patiently(lane, lambda: answers.append(self._store_or_conflict(prepared))):
                return False
        except Conflict:
            self._after_conflict(lane, messages, prepared)
            return False
        self._count("stored", answers[0]["inserted"])
        self._count("duplicate", answers[0]["duplicates"])
        lane.stored(ending.offset)
        return True

    def _store_or_conflict(self, prepared: Prepared) -> Result:
        writer = self._client.writer
        try:
            return writer.store(prepared, keep_aside=False)
        except InvalidInput:
            state = writer.ledger.find(prepared.identity)
            known = [one.digest for one in (state.entry, state.claim) if one is not None]
            if known and known[0] != prepared.identity.digest:
                raise Conflict from None
            raise

    def _after_conflict(self, lane: Lane, messages: list[Message], prepared: Prepared) -> None:
        state = self._client.writer.ledger.find(prepared.identity)
        lane.put_back(messages)
        if state.entry is not None:
            lane.go_on_from(Ending.of(state.entry.digest))
        elif state.claim is not None:
            lane.must_end = Ending.of(state.claim.digest)

    def _patiently(self, lane: Lane, action: Callable[[], None]) -> bool:
        """Runs `action` until it passes; False where it is no longer wanted."""
        attempt = 0
        while not (lane.gone or self._stopping.is_set()):
            try:
                action()
            except LASTING:
                raise
            except MuseError as error:
                self._waits(lane, str(error))
                self._stopping.wait(pause_s(min(attempt, _LONGEST_EXPONENT)) + 0.5)
                attempt += 1
                continue
            if attempt:
                self._waits(lane, None)
            return True
        with self._lock:
            self._held_up.discard(lane.partition)
        return False

    def _waits(self, lane: Lane, why: str | None) -> None:
        """Tells why the lane waits, and when none does any longer."""
        with self._lock:
            (self._held_up.discard if why is None else self._held_up.add)(lane.partition)
            if why is not None or not self._held_up:
                self._said(why)
