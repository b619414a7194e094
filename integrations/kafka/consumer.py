"""`Consumer`: reads a topic as one of a group, and stores what comes until it is told to stop."""

from __future__ import annotations

import contextlib
import gc
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from chimera_metrics.integrations.clickhouse.retries import pause_s
from chimera_metrics.integrations.clickhouse_client import ClickHouseClient
from chimera_metrics.integrations.errors import InvalidInput, MuseError
from chimera_metrics.integrations.kafka import connection
from chimera_metrics.integrations.kafka.assignment import Lanes
from chimera_metrics.integrations.kafka.brokers import STATES_MS, Brokers
from chimera_metrics.integrations.kafka.figures import Telling, ends_of
from chimera_metrics.integrations.kafka.lanes import Lane
from chimera_metrics.integrations.kafka.mapping import RowMapping
from chimera_metrics.integrations.kafka.poison import Aside, DeadLetters, PoisonFiles
from chimera_metrics.integrations.kafka.positions import Ending, stored_to
from chimera_metrics.integrations.kafka.storing import LASTING, BatchStore
from chimera_metrics.integrations.writing.quarantine import quarantine_folder

_AT_ONCE = 2_000
_READ_S = 0.05
#: Seconds without room after which the brokers are asked for no more.
_PAUSE_AFTER_S = 2.0
_STOP_S = 5.0
_REVOKE_S = 30.0


@dataclass(frozen=True, slots=True)
class Subscription:
    """What is read, and where it goes."""

    brokers: str
    group: str
    topic: str
    table: str
    mapping: Path | None = None
    dead_letter: str | None = None
    known_as: str | None = None
    """The topic's name in the ledger, its own by default."""


class Consumer:
    """One consumer of a group. Raises, when made, what is wrong with its settings."""

    def __init__(self, client: ClickHouseClient, what: Subscription, log: Callable[[str], None]) -> None:
        if what.dead_letter == what.topic:
            raise InvalidInput("--dead-letter names the topic that is read: what cannot be stored would come again.")
        mapping = RowMapping(what.table, what.mapping)
        self._kafka = connection.library()
        self._client = client
        self._what = what
        self._log = log
        self._name = what.known_as or what.topic
        self._told_to_stop = threading.Event()
        self._brokers = Brokers(log)
        settings = connection.consumer_settings(what.brokers, what.group, client.muse)
        told = {"error_cb": self._error, "stats_cb": self._brokers.told, "statistics.interval.ms": STATES_MS}
        self._consumer = connection.made(self._kafka.Consumer, settings | told)
        self._telling = Telling(client, what.group, what.topic, what.table, log)
        self._store = BatchStore(client, what.table, self._name, mapping, self._aside(), self._telling.troubled)
        self._lanes = Lanes(self._store)
        self._broken: Exception | None = None
        self._committed: dict[int, int] = {}
        self._paused = False

    def stop(self) -> None:
        """Has `run` end after the batch that is being stored. May be called in a signal handler."""
        self._told_to_stop.set()

    @property
    def handled(self) -> int:
        """Messages that are stored, were stored already, or are set aside."""
        return sum(self._store.counts.values())

    def run(self) -> bool:
        """Reads and stores until `stop`. Whether nothing is left under way. Raises what somebody must set right."""
        with _few_collections():
            return self._run()

    def _run(self) -> bool:
        what = self._what
        for topic in filter(None, (what.topic, what.dead_letter)):
            connection.check_topic(self._consumer, what.brokers, topic, lambda: self._broken)
        self._patiently(self._client.ensure_schema)
        self._lanes.start()
        try:
            self._consumer.subscribe(
                [what.topic], on_assign=self._assigned, on_revoke=self._revoked, on_lost=self._lost
            )
            self._store.warm_up()  # while the group lets it in
            while not self._told_to_stop.is_set():
                self._step()
        finally:
            ended = self._close()
        return ended

    def _step(self) -> None:
        if not self._lanes.wait_for_room(_PAUSE_AFTER_S):
            self._pause(True)
            self._consumer.poll(0)
        else:
            self._pause(False)
            self._lanes.add([one for one in self._consumer.consume(_AT_ONCE, _READ_S) if self._is_one(one)])
        if (failed := self._broken or self._lanes.failed) is not None:
            raise failed
        self._commit(self._lanes.lanes(), wait=False)
        if self._telling.is_due():
            self._tell()

    def _is_one(self, message: Any) -> bool:
        error = message.error()
        if error is None:
            return True
        if error.code() != self._kafka.KafkaError._PARTITION_EOF:
            self._error(error)
        return False

    def _error(self, error: Any) -> None:
        """Called by confluent-kafka. Broken connections it mends itself."""
        refused = connection.refusal(self._what.brokers, error)
        if refused is None:
            self._brokers.failed(error)
        elif self._broken is None:
            self._broken = refused

    def _pause(self, wanted: bool) -> None:
        if wanted == self._paused:
            return
        (self._consumer.pause if wanted else self._consumer.resume)(self._consumer.assignment())
        self._paused = wanted

    # -- partitions come and go ------------------------------------------------------------------------------------

    def _assigned(self, consumer: Any, partitions: list[Any]) -> None:
        self._log(f"Partitions of {self._what.topic}: {_named(partitions)}")
        try:
            for one in partitions:
                lane = self._lane(one.partition)
                if lane is None:
                    return
                one.offset = lane.begins
                self._lanes.open(lane)
            consumer.assign(partitions)
            self._paused = False
        except Exception as error:  # noqa: BLE001 - confluent-kafka would swallow it; the loop raises it
            self._broken = error

    def _lane(self, partition: int) -> Lane | None:
        """The partition as the ledger has it; None where all is to stop before the store answers."""
        found: list[Ending | None] = []
        what = self._what
        if not self._patiently(lambda: found.append(stored_to(self._client, what.table, self._name, partition))):
            return None
        [last] = found
        return Lane(what.topic, partition, 0 if last is None else last.offset + 1, last)

    def _patiently(self, action: Callable[[], None]) -> bool:
        """Runs `action` until the store answers; False where all is to stop before."""
        attempt = 0
        while not self._told_to_stop.is_set():
            try:
                action()
            except LASTING:
                raise
            except MuseError as error:
                self._telling.troubled(str(error))
                self._told_to_stop.wait(pause_s(attempt) + 0.5)
                attempt += 1
                continue
            if attempt:
                self._telling.troubled(None)
            return True
        return False

    def _revoked(self, _: Any, partitions: list[Any]) -> None:
        within_s = _STOP_S if self._told_to_stop.is_set() else _REVOKE_S
        taken = self._lanes.close([one.partition for one in partitions], within_s)
        self._commit(taken, wait=True)
        for lane in taken:
            self._committed.pop(lane.partition, None)

    def _lost(self, _: Any, partitions: list[Any]) -> None:
        """Another consumer has them already: what waited is its to store."""
        for lane in self._lanes.close([one.partition for one in partitions], _REVOKE_S):
            self._committed.pop(lane.partition, None)

    def _commit(self, lanes: list[Lane], wait: bool) -> None:
        """Tells the brokers how far it is, which is for showing the lag alone."""
        moved = {
            lane.partition: lane.handled for lane in lanes if lane.handled > self._committed.get(lane.partition, 0)
        }
        if not moved:
            return
        offsets = [self._kafka.TopicPartition(self._what.topic, part, offset) for part, offset in moved.items()]
        with contextlib.suppress(self._kafka.KafkaException):
            self._consumer.commit(offsets=offsets, asynchronous=not wait)
        self._committed |= moved

    # -- beside the messages ---------------------------------------------------------------------------------------

    def _aside(self) -> Aside:
        what, muse = self._what, self._client.muse
        if what.dead_letter is None:
            return PoisonFiles(quarantine_folder(self._client.settings) / "kafka", muse.masking)
        settings = connection.producer_settings(what.brokers, muse)
        return DeadLetters(
            connection.made(self._kafka.Producer, settings | {"error_cb": lambda _: None}), what.dead_letter
        )

    def _tell(self) -> None:
        lanes = self._lanes.lanes()
        parts = [self._kafka.TopicPartition(self._what.topic, lane.partition) for lane in lanes]
        self._telling.tell(lanes, ends_of(self._consumer, parts), dict(self._store.counts))

    def _close(self) -> bool:
        ended = self._lanes.stop(_STOP_S)
        lanes = self._lanes.lanes()
        self._commit(lanes, wait=ended)
        self._telling.close()
        counts = self._store.counts
        self._log(
            f"Stopped: {counts['stored']:,} rows stored, {counts['duplicate']:,} were stored already, "
            f"{counts['poison']:,} messages set aside."
        )
        # In the midst of a rebalance a broker may let a member wait for long; the group knows without a farewell too.
        leaving = threading.Thread(target=self._consumer.close, name="muse-leave", daemon=True)
        leaving.start()
        leaving.join(_STOP_S)
        return ended and not leaving.is_alive()


@contextlib.contextmanager
def _few_collections() -> Iterator[None]:
    """Python looks for garbage less often: looking through the messages that wait costs a fifth of all time."""
    before = gc.get_threshold()
    gc.set_threshold(20_000, 50, 100)
    try:
        yield
    finally:
        gc.set_threshold(*before)


def _named(partitions: list[Any]) -> str:
    return ", ".join(str(one.partition) for one in partitions) or "none"
