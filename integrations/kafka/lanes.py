"""What was read of a partition and is not stored yet."""

from __future__ import annotations

import time
from bisect import bisect_left
from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass, field

from chimera_metrics.integrations.errors import MuseError
from chimera_metrics.integrations.kafka.messages import Message, fingerprint, made_ms, size_of
from chimera_metrics.integrations.kafka.positions import Ending

#: Messages and bytes of one batch, at most.
BATCH = 100_000
BATCH_BYTES = 32_000_000
#: Messages that are worth an insert of their own.
WORTH = BATCH // 2
#: Messages and bytes that wait, of all partitions, before reading pauses.
WAITING = 2 * BATCH
WAITING_BYTES = 2 * BATCH_BYTES
#: Seconds that a message waits for others, at most.
LINGER_S = 1.0


class TopicChanged(MuseError):
    """The topic is not the one of which the store has messages."""

    kind = "topic_changed"


@dataclass(slots=True)
class Lane:
    """One partition: where its chain stands, and the messages that follow."""

    topic: str
    partition: int
    position: int
    """Where the next batch begins, as the ledger counts."""
    last: Ending | None = None
    """The last message that the store has; it is read again, to see that it is the same."""
    must_end: Ending | None = None
    """Where the next batch must end, because a batch that was begun and never finished did."""
    waiting: deque[Message] = field(default_factory=deque)
    bytes: int = 0
    read_to: int = 0
    """One behind the last message that was read."""
    handled: int = 0
    """One behind the last message that is stored or set aside, for Kafka's own commit."""
    since: float = 0.0
    """Since when the oldest message waits."""
    at_work: int | None = None
    """When the first message was made that is being stored."""
    rests_until: float = 0.0
    """A batch that was small lets the next one wait, so that a slow topic is not stored message by message."""
    gone: bool = False
    """Whether the partition was taken away."""

    def __post_init__(self) -> None:
        self.read_to = self.handled = self.begins

    @property
    def begins(self) -> int:
        """The offset from which to read."""
        return self.position if self.last is None else self.last.offset

    @property
    def oldest_ms(self) -> int | None:
        """When the oldest message was made that is not stored."""
        return self.at_work or (made_ms(self.waiting[0]) if self.waiting else None)

    def add(self, messages: Sequence[Message]) -> None:
        """Takes the next messages. Raises TopicChanged where the topic is another than the one stored."""
        offsets = [message.offset() for message in messages]
        before = self.read_to - 1
        for offset in offsets:
            if offset <= before:
                raise self._changed(offset)
            before = offset
        last, self.last, self.read_to = self.last, None, before + 1
        if last is not None and offsets[0] == last.offset and fingerprint(messages[0]) != last.fingerprint:
            raise self._changed(offsets[0])
        # Before it stand the last one stored, which was read to be seen, and what another consumer stored meanwhile.
        messages = messages[bisect_left(offsets, self.position) :]
        if not messages:
            return
        if not self.waiting:
            self.since = time.monotonic()
        self.waiting.extend(messages)
        self.bytes += sum(map(size_of, messages))

    def is_ready(self, now: float, idle: bool = False) -> bool:
        """Whether a batch should be made now. `idle`: the brokers have no more messages at the moment."""
        if not self.waiting:
            return False
        if self.must_end is not None:
            return self.waiting[-1].offset() >= self.must_end.offset
        if len(self.waiting) >= WORTH or self.bytes >= BATCH_BYTES:
            return True
        return now - self.since >= LINGER_S or (idle and now >= self.rests_until)

    def take(self) -> list[Message]:
        """The messages of the next batch."""
        taken: list[Message] = []
        size = 0
        end = self.must_end
        while self.waiting and (
            self.waiting[0].offset() <= end.offset if end else len(taken) < BATCH and size < BATCH_BYTES
        ):
            message = self.waiting.popleft()
            taken.append(message)
            size += size_of(message)
        self.bytes -= size
        share = max(len(taken) / WORTH, size / BATCH_BYTES)
        self.rests_until = time.monotonic() + LINGER_S * max(0.0, 1 - share)
        return taken

    def put_back(self, messages: list[Message]) -> None:
        self.waiting.extendleft(reversed(messages))
        self.bytes += sum(map(size_of, messages))

    def go_on_from(self, stored: Ending) -> None:
        """Another consumer has stored up to there."""
        self.stored(stored.offset)
        while self.waiting and self.waiting[0].offset() <= stored.offset:
            self.bytes -= size_of(self.waiting.popleft())

    def stored(self, offset: int) -> None:
        """The chain has come to this offset."""
        self.position, self.must_end = offset + 1, None
        self.passed(offset)

    def passed(self, offset: int) -> None:
        """Nothing waits before this offset; of what was all poison the chain knows nothing."""
        self.handled, self.since = max(self.handled, offset + 1), time.monotonic()

    def _changed(self, offset: int) -> TopicChanged:
        return TopicChanged(
            f"The message at offset {offset:,} of {self.topic}, partition {self.partition}, is not the one that the "
            "store has from there: the topic was made again, or this is another cluster. Give it another name in the "
            "ledger with --known-as NAME, and all of it is stored."
        )
