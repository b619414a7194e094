"""Messages as they come, and why one cannot be a row."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

# Kafka's word for "this message has no time".
_NO_TIME = 0


@dataclass(frozen=True, slots=True)
class Message:
    """One message of one partition."""

    topic: str
    partition: int
    offset: int
    key: bytes | None
    value: bytes | None
    timestamp_ms: int | None
    headers: tuple[tuple[str, bytes | None], ...] = ()

    @classmethod
    def of(cls, given: Any) -> Message:
        """From one of confluent-kafka."""
        kind, timestamp = given.timestamp()
        return cls(
            given.topic(),
            given.partition(),
            given.offset(),
            given.key(),
            given.value(),
            timestamp if kind != _NO_TIME else None,
            tuple(given.headers() or ()),
        )

    @property
    def moment(self) -> datetime | None:
        """When it was made, as Kafka has it."""
        return None if self.timestamp_ms is None else datetime.fromtimestamp(self.timestamp_ms / 1000, UTC)

    @property
    def size(self) -> int:
        return len(self.value or b"") + len(self.key or b"")

    @property
    def fingerprint(self) -> str:
        """48 hexadecimal digits, by which the message is known again."""
        words = (repr(self.timestamp_ms).encode(), self.key or b"", self.value or b"")
        return hashlib.sha256(b"".join(b"%d:%b" % (len(word), word) for word in words)).hexdigest()[:48]


class Poisoned(Exception):
    """A message that no row can be made of."""


@dataclass(frozen=True, slots=True)
class Poison:
    """A message that was not stored, and why."""

    message: Message
    reason: str
