"""Positions in the ledger: what of a partition is stored, as a chain of batches.

A batch's key says at which position it begins, `kafka:<topic>/<partition>:<position>`, and its hash at which offset
it ends. The next begins one behind. Because the ledger lets one batch in under a key, of two consumers that
hold the same partition only one goes on from a position, and the other learns where the chain has come to. A batch that
was begun by a consumer that died is sent again with exactly the messages that it had. Kafka's own commits decide
nothing: they are for showing the lag.
"""

from __future__ import annotations

from dataclasses import dataclass

from chimera_metrics.integrations.clickhouse.literals import quote
from chimera_metrics.integrations.clickhouse_client import ClickHouseClient
from chimera_metrics.integrations.kafka.messages import Message, fingerprint

_SESSION = {"max_threads": 1, "select_sequential_consistency": 1}
_DIGITS = 19


@dataclass(frozen=True, slots=True)
class Ending:
    """Where a batch ends: its last offset, and that message's fingerprint."""

    offset: int
    fingerprint: str

    @classmethod
    def at(cls, message: Message) -> Ending:
        return cls(message.offset(), fingerprint(message))

    @classmethod
    def of(cls, digest: str) -> Ending:
        return cls(int(digest[:16], 16), digest[16:])

    @property
    def digest(self) -> str:
        return f"{self.offset:016x}{self.fingerprint}"


def key_of(name: str, partition: int, position: int) -> str:
    """The ledger's key of the batch that begins at a position."""
    return f"{_prefix(name, partition)}{position:0{_DIGITS}d}"


def _prefix(name: str, partition: int) -> str:
    return f"kafka:{name}/{partition}:"


def stored_to(client: ClickHouseClient, table: str, name: str, partition: int) -> Ending | None:
    """Where the last batch of the partition ends that the store has; None where it has none."""
    statement = (
        f"SELECT content_hash FROM insert_ledger WHERE table_name = {quote(table)} "
        f"AND startsWith(idempotency_key, {quote(_prefix(name, partition))}) AND JSONHas(answer, 'received') "
        "ORDER BY idempotency_key DESC LIMIT 1"
    )
    with client.executor.open(statement, session=_SESSION) as running:
        found = [str(value) for block in running.blocks() for value in block[0]]
    return Ending.of(found[0]) if found else None
