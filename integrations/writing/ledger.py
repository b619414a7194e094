"""The ledger: which batch is known, under which key, and what it was answered.

The key is the caller's idempotency key (see keys.py), or the hash of the rows where the caller gave none. A batch
leaves a claim before its first block, and the acknowledgement after its last. Each is under the key alone, so that of
two callers the first wins: rows under a token of the key that are then read back; for claims a file on an embedded
store, and a name in Keeper on a cluster. Same key and same rows: the stored answer, or the attempt that died is
finished. Same key, other rows: refused before anything is stored, because one of the two would be lost.
"""

from __future__ import annotations

import hashlib
import itertools
import operator
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import Path
from types import NoneType
from typing import Any
from uuid import UUID, uuid4

import orjson

from chimera_metrics.integrations.clickhouse.call import LOCAL
from chimera_metrics.integrations.clickhouse.executor import Executor
from chimera_metrics.integrations.clickhouse.literals import quote
from chimera_metrics.integrations.clickhouse.store import MEMORY
from chimera_metrics.integrations.config import ClickHouseSettings
from chimera_metrics.integrations.nesting import is_deeper
from chimera_metrics.integrations.validation.values import FAR_TOO_DEEP, finite
from chimera_metrics.integrations.writing.claims import Claim, ClaimFiles
from chimera_metrics.integrations.writing.keeper_claims import Answered, KeeperClaims

_COLUMNS = (
    "acknowledged_at",
    "table_name",
    "idempotency_key",
    "content_hash",
    "batch_id",
    "received",
    "inserted",
    "rejected",
    "quarantined",
    "replaced",
    "answer",
)
_TYPES = (
    "DateTime64(6, 'UTC')",
    "LowCardinality(String)",
    "String",
    "FixedString(64)",
    "UUID",
    "UInt64",
    "UInt64",
    "UInt64",
    "UInt64",
    "UInt64",
    "String",
)

# A batch is acknowledged when its parts lie in the store's files; an asynchronous insert would answer before that.
WRITE_SETTINGS: Mapping[str, Any] = {
    "async_insert": 0,
    "insert_deduplicate": 1,
    "deduplicate_blocks_in_dependent_materialized_views": 1,
}
# A look-up reads one granule, for which threads cost more than they save; and on replicas it must see the row just
# written through another one.
_READ_SETTINGS: Mapping[str, Any] = {"max_threads": 1, "select_sequential_consistency": 1}


def content_hash(table: str, rows: Sequence[Mapping[str, Any]]) -> str:
    """SHA-256 of the rows as received, before defaults and masking; 64 hexadecimal digits.

    The order of a row's fields does not matter, nor what kind of mapping it is; the order of the rows does.
    """
    digest = hashlib.sha256(table.encode() + b"\n")
    for start in range(0, len(rows), 1000):
        digest.update(_bytes(list(rows[start : start + 1000])))
    return digest.hexdigest()


def _bytes(rows: list[Any]) -> bytes:
    if _may_hold_any(rows) and is_deeper(rows, FAR_TOO_DEEP):
        return _spelled_out(rows)
    try:
        text = orjson.dumps(rows, default=_plain, option=_OPTIONS)
    except TypeError:
        # Whole numbers beyond 64 bits and broken text are refused later, with a sentence; they too have a hash.
        return _spelled_out(rows)
    # orjson writes NaN and infinity as null. Where each null is a None of its own there can be none of these.
    nulls = text.count(b"null")
    return text if nulls == 0 or nulls == _nones(rows) or finite(rows) else _spelled_out(rows)


# Types of values that hold no others.
_HOLD_NONE = frozenset({str, int, float, bool, NoneType, datetime, date, Decimal, UUID})


def _may_hold_any(rows: list[Any]) -> bool:
    """Whether a row may have a list, a map or a tuple for a value, as few have; no value is looked at in Python."""
    try:
        return not _HOLD_NONE.issuperset(map(type, itertools.chain.from_iterable(map(dict.values, rows))))
    except TypeError:
        return True


def _nones(rows: list[Any]) -> int:
    """How often a row names a column and nothing for it; -1 where a row is no dict."""
    try:
        return operator.countOf(map(type, itertools.chain.from_iterable(map(dict.values, rows))), NoneType)
    except TypeError:
        return -1


def _spelled_out(rows: list[Any]) -> bytes:
    return repr([_sorted(_bare(row)) for row in rows]).encode("utf-8", "surrogatepass")


def _sorted(row: Any) -> Any:
    return sorted(row.items(), key=repr) if isinstance(row, Mapping) else row


def _bare(value: Any, depth: int = 0) -> Any:
    """A value whose text is the same in another process: no type of mapping, and no address of an object.

    What is nested deeper than any column takes is refused whatever it says, and stands as "…".
    """
    if isinstance(value, Mapping | list | tuple) and depth > _DEEPEST:
        return "…"
    if isinstance(value, Mapping):
        found = {}
        for key, part in value.items():
            found[key] = _bare(part, depth + 1)
        return found
    if isinstance(value, list | tuple):
        parts = []
        for part in value:
            parts.append(_bare(part, depth + 1))  # a comprehension would take a frame of the stack
        return tuple(parts) if isinstance(value, tuple) else parts
    return value if _says_itself(value) else ""


# Those of orjson, by which values go to the store.
_DEEPEST = 254
_OPTIONS = orjson.OPT_SORT_KEYS | orjson.OPT_NON_STR_KEYS | orjson.OPT_PASSTHROUGH_SUBCLASS


def _plain(value: Any) -> Any:
    if isinstance(value, Mapping):
        return dict(value)
    if isinstance(value, list | tuple):
        return list(value)
    # Decimal, numpy scalars and whatever else a Python caller sends: their type and text tell them apart.
    return [type(value).__name__, repr(value) if _says_itself(value) else ""]


def _says_itself(value: Any) -> bool:
    """Whether the value's text is more than its address, by which a batch would never be known again."""
    own: Any = type(value).__repr__
    return own is not object.__repr__


@dataclass(frozen=True, slots=True)
class Identity:
    """What tells one batch from all others."""

    table: str
    key: str
    digest: str

    @property
    def token(self) -> str:
        """The token under which its blocks go in: of its content, so that other rows never pass for these."""
        return _token("blocks", self.table, self.key, self.digest)

    @property
    def address(self) -> str:
        """A name of its key that any file system takes."""
        return _token("address", self.table, self.key)[:32]


@dataclass(frozen=True, slots=True)
class Acknowledgement:
    """One acknowledged batch."""

    digest: str
    batch_id: UUID
    answer: Mapping[str, Any]
    acknowledged_at: datetime
    owner: str | None = None
    """Who stored it, see `call.owner_of`; None where a version that did not say so did."""


@dataclass(frozen=True, slots=True)
class State:
    """All that the ledger holds under one key."""

    claim: Claim | None
    entry: Acknowledgement | None
    stored: int
    """Blocks of a batch of many that are known to be stored."""


class Ledger:
    """Reads and writes the table `insert_ledger`."""

    def __init__(self, executor: Executor) -> None:
        self._executor = executor
        self._claims = claims_of(executor)

    def claim(
        self,
        batch: Identity,
        batch_id: UUID,
        now: datetime,
        replaced: int,
        owner: str = LOCAL,
        shards: int | None = None,
    ) -> None:
        """Says that the batch is about to be stored. Of several claims on a key the first is kept."""
        if self._claims is not None:
            claim = Claim(batch.digest, batch_id, datetime.now(UTC), now, replaced, owner, shards)
            self._claims.make(batch.address, batch.table, claim)
            return
        answer = {"claim": {"now": now.isoformat(), "replaced": replaced, "owner": owner}}
        self._write(batch, batch_id, {}, answer, _token("claim", batch.table, batch.key))

    def join(self, batch: Identity) -> bool:
        """Says that this attempt goes on with a batch that another has claimed. False where that claim is gone."""
        return self._claims is None or self._claims.join(batch.address)

    def withdraw(self, batch: Identity, batch_id: UUID) -> None:
        """Takes back the claim of an attempt that stored nothing; one that is a row of the ledger stays."""
        if self._claims is not None:
            self._claims.withdraw(batch.address, batch_id)

    def progress(self, batch: Identity, batch_id: UUID, stored: int) -> None:
        """Says how many blocks of a batch of many are stored: an attempt that goes on need not send them again."""
        answer = {"stored": stored}
        self._write(batch, batch_id, {}, answer, _token("progress", batch.table, batch.key, str(stored)))

    def acknowledge(
        self,
        batch: Identity,
        batch_id: UUID,
        answer: Mapping[str, Any],
        days: int,
        covers: Sequence[int] = (),
        owner: str = LOCAL,
        shards: int | None = None,
    ) -> bool:
        """Says that the batch is stored, in how many blocks of days, and what its caller was answered.

        Returns whether this is surely the first to say so; if not, `find` tells. `covers`: the days of a window of a
        file that it was made from, see `covered`.
        """
        counts = {name: answer[name] for name in ("received", "inserted", "quarantined", "replaced")}
        counts["rejected"] = answer["rejected_count"]
        kept = {**answer, "days": days, "owner": owner} | ({"covers": list(covers)} if covers else {})
        kept |= {"shards": shards} if shards else {}
        self._write(batch, batch_id, counts, kept, _token("acknowledged", batch.table, batch.key))
        if isinstance(self._claims, KeeperClaims):
            return self._claims.finish(batch.address, batch_id, datetime.now(UTC), kept)
        if self._claims is None or not self._claims.is_alone(batch.address, batch_id):
            return False
        self._claims.drop(batch.address)
        return True

    def _write(
        self, batch: Identity, batch_id: UUID, counts: Mapping[str, int], answer: Mapping[str, Any], token: str
    ) -> None:
        values = (
            datetime.now(UTC),
            batch.table,
            batch.key,
            batch.digest,
            batch_id,
            *(counts.get(name, 0) for name in ("received", "inserted", "rejected", "quarantined", "replaced")),
            orjson.dumps(answer).decode(),
        )
        settings = dict(WRITE_SETTINGS) | {"insert_deduplication_token": token}
        self._executor.insert("insert_ledger", _COLUMNS, [[value] for value in values], settings, _TYPES)

    def find(self, batch: Identity) -> State:
        """What is known under the batch's key."""
        # The file before the table: it goes when the acknowledgement is there, so that one of the two is seen.
        file, told = self._begun(batch)
        claim: Claim | None = None
        entry: Acknowledgement | None = None
        stored = 0
        for at, digest, batch_id, text in self._rows(batch):
            answer = orjson.loads(text)
            if "claim" in answer:
                began = answer["claim"]
                now = datetime.fromisoformat(began["now"])
                claim = claim or Claim(digest, batch_id, at, now, began["replaced"], began.get("owner"))
            elif "stored" in answer:
                stored = max(stored, answer["stored"])
            elif entry is None:
                entry = _entry(digest, batch_id, answer, at)
        if told is not None:  # the ledger's row may not have come to this server yet, and Keeper says who was first
            known, at, said = told
            entry = _entry(known.digest, known.batch_id, dict(said), at)
        if entry is not None and self._claims is not None:
            self._claims.drop(batch.address)
        return State(claim or file, entry, stored)

    def _begun(self, batch: Identity) -> tuple[Claim | None, Answered | None]:
        """What is known of the batch besides the table's rows."""
        if isinstance(self._claims, KeeperClaims):
            return self._claims.look(batch.address)
        return (None if self._claims is None else self._claims.find(batch.address)), None

    def _rows(self, batch: Identity) -> list[tuple[Any, ...]]:
        return self._read(
            "SELECT acknowledged_at, content_hash, batch_id, answer FROM insert_ledger "
            f"WHERE table_name = {quote(batch.table)} AND idempotency_key = {quote(batch.key)}"
        )

    def blocks_since(self, table: str, moment: datetime) -> int:
        """Blocks, one a day, that acknowledged batches have put into the table since `moment`."""
        rows = self._read(
            "SELECT sum(greatest(JSONExtractUInt(answer, 'days'), 1)) FROM insert_ledger "
            f"WHERE table_name = {quote(table)} AND acknowledged_at >= {quote(f'{moment:%Y-%m-%d %H:%M:%S.%f}')}"
        )
        return int(rows[0][0])

    def _read(self, statement: str) -> list[tuple[Any, ...]]:
        with self._executor.open(statement, session=_READ_SETTINGS) as running:
            rows = [row for block in running.blocks() for row in zip(*block, strict=True)]
        return sorted(rows, key=lambda row: row[0])


def _entry(digest: str, batch_id: UUID, answer: dict[str, Any], at: datetime) -> Acknowledgement:
    answer.pop("days", None)
    answer.pop("covers", None)
    answer.pop("shards", None)
    return Acknowledgement(digest, batch_id, answer, at, answer.pop("owner", None))


def claims_of(executor: Executor) -> ClaimFiles | KeeperClaims | None:
    """Where claims stand: beside an embedded store, in a cluster's Keeper; None where they are rows of the ledger."""
    return KeeperClaims(executor) if executor.settings.cluster is not None else claim_files(executor.settings)


def claim_files(settings: ClickHouseSettings) -> ClaimFiles | None:
    """The claims of an embedded store; None for others."""
    if not settings.embedded or settings.store_path == MEMORY:
        return None
    return ClaimFiles(Path(settings.store_path) / "muse.claims" / settings.database)


def _token(*words: str) -> str:
    return hashlib.sha256("\n".join(words).encode()).hexdigest()


def new_batch_id() -> UUID:
    return uuid4()
