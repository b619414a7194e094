"""Messages as confluent-kafka gives them, what is made of one, and why one cannot be a row."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Protocol

# Kafka's word for "this message has no time".
_NO_TIME = 0


class Message(Protocol):
    """One message of one partition: what is used of confluent-kafka's class; they are too many to wrap."""

    def topic(self) -> str: ...
    def partition(self) -> int: ...
    def offset(self) -> int: ...
    def key(self) -> bytes | None: ...
    def value(self) -> bytes | None: ...
    def timestamp(self) -> tuple[int, int]: ...
    def headers(self) -> list[tuple[str, bytes | None]] | None: ...


def made_ms(message: Message) -> int | None:
    """When it was made, as Kafka has it, in milliseconds since 1970."""
    kind, timestamp = message.timestamp()
    return timestamp if kind != _NO_TIME else None


def made_at(message: Message) -> datetime | None:
    milliseconds = made_ms(message)
    return None if milliseconds is None else datetime.fromtimestamp(milliseconds / 1000, UTC)


def size_of(message: Message) -> int:
    return len(message.value() or b"") + len(message.key() or b"")


def fingerprint(message: Message) -> str:
    """48 hexadecimal digits, by which the message is known again."""
    words = (repr(made_ms(message)).encode(), message.key() or b"", message.value() or b"")
    return hashlib.sha256(b"".join(b"%d:%b" % (len(word), word) for word in words)).hexdigest()[:48]


class Poisoned(Exception):
    """A message that no row can be made of."""


@dataclass(frozen=True, slots=True)
class Poison:
    """A message that was not stored, and why."""

    message: Message
    reason: str
