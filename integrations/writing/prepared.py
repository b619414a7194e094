"""A batch between its check and its storing, and what its sender is told."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from chimera_metrics.integrations.clickhouse import call
from chimera_metrics.integrations.clickhouse.call import LOCAL
from chimera_metrics.integrations.errors import InvalidInput
from chimera_metrics.integrations.results import Result
from chimera_metrics.integrations.validation.row_path import validate_rows
from chimera_metrics.integrations.writing import runs
from chimera_metrics.integrations.writing.arguments import OnInvalid
from chimera_metrics.integrations.writing.blocks import Clean
from chimera_metrics.integrations.writing.keys import given_key
from chimera_metrics.integrations.writing.ledger import Acknowledgement, Identity, content_hash

Prepare = Callable[[Any, datetime], Any]
"""Changes rows after they are hashed; called with the rows (or the Arrow table) and the batch's time of receipt."""

_REJECTED_SHOWN = 100


@dataclass(frozen=True, slots=True)
class Prepared:
    """A batch that is checked and waits to be stored."""

    identity: Identity
    given: bool
    """Whether the caller gave the key."""
    now: datetime
    """The time of receipt, for rows that name no time."""
    clean: Clean
    answer: Mapping[str, Any]
    """The answer to the caller as long as nothing is stored."""
    again: Callable[[datetime], Clean]
    """The same rows under another time of receipt."""
    stored: int
    """Rows that go into the store; 0 when the batch was rejected as a whole."""
    covers: tuple[int, ...] = ()
    """The days of a file's window that the batch was made from."""
    owner: str = LOCAL
    """Who sent it."""


def digest_of(table: str, rows: Any) -> str:
    """The hash of rows, or of an Arrow table, as received."""
    if isinstance(rows, Sequence):
        return content_hash(table, rows)
    from chimera_metrics.integrations.writing.bulk import arrow_hash

    return arrow_hash(table, rows)


def prepare_batch(
    table: str,
    rows: Any,
    digest: str,
    key: str | None,
    on_invalid: OnInvalid,
    prepare: Prepare | None = None,
    now: datetime | None = None,
    covers: tuple[int, ...] = (),
    *,
    masking: bool,
) -> Prepared:
    """Validates rows, RowArrays or an Arrow table, without touching the store."""
    received = len(rows)
    moment = now or datetime.now(UTC)

    def clean_at(time: datetime) -> Clean:
        found = prepare(rows, time) if prepare is not None else rows
        if isinstance(found, Sequence):
            return runs.last_of_each(validate_rows(table, found, mask=masking, now=time))
        from chimera_metrics.integrations.validation.column_path import validate_table
        from chimera_metrics.integrations.validation.row_arrays import RowArrays

        if isinstance(found, RowArrays):
            return runs.last_of_each(found.validated(mask=masking, now=time))
        return runs.last_of_each(validate_table(table, found, mask=masking, now=time))

    clean = clean_at(moment)
    answer = _answer(table, clean, received)
    stored = received - answer["rejected_count"]
    if clean.rejected and on_invalid == "reject_batch":
        stored = 0
        answer["rejected_count"] = received
        answer["note"] = (
            f"{len(clean.rejected)} of {received} rows are wrong, so none was stored; correct them and send the "
            'batch again, or send it with on_invalid "skip" to store the others.'
        )
    # Where a run is in the batch twice, the store gets the last one.
    answer["replaced"] = stored - clean.rows if stored else 0
    identity = Identity(table, key or digest, digest)
    return Prepared(identity, key is not None, moment, clean, answer, clean_at, stored, covers, call.owner())


def duplicate_answer(prepared: Prepared, known: Acknowledgement) -> Result:
    """The answer to a batch that is stored already, as the ledger's entry `known` says."""
    if known.digest != prepared.identity.digest:
        raise key_already_used(prepared.identity, known.acknowledged_at)
    answer = dict(known.answer)
    answer["duplicates"] = answer["inserted"] + answer["duplicates"]
    answer["inserted"] = answer["replaced"] = 0
    stored = f"This batch was stored at {known.acknowledged_at:%Y-%m-%d %H:%M:%S}Z"
    if not is_own(prepared, known.owner):
        answer["batch_id"], stored = None, "These rows are stored already"
    how = "another idempotency_key" if prepared.given else "an idempotency_key of your own"
    answer["note"] = f"{stored}; nothing was stored again. To store the same rows once more, send them with {how}."
    return Result.of(answer)


def is_own(prepared: Prepared, owner: str | None) -> bool:
    """Whether a batch stored by `owner` is the sender's: who is not known only the local user may take for himself."""
    return prepared.owner == (owner or LOCAL)


def key_already_used(identity: Identity, since: datetime) -> InvalidInput:
    """The error for a key that was used at `since` for other rows."""
    return InvalidInput(
        f"The idempotency_key {given_key(identity.key)!r} was used at {since:%Y-%m-%d %H:%M:%S}Z for other "
        f"rows of {identity.table}; send these rows under a key of their own."
    )


def _answer(table: str, clean: Clean, received: int) -> dict[str, Any]:
    rejected = clean.rejected[:_REJECTED_SHOWN]
    return {
        "table": table,
        "batch_id": None,
        "received": received,
        "inserted": 0,
        "duplicates": 0,
        "replaced": 0,
        "rejected_count": len(clean.rejected),
        "quarantined": 0,
        "rejected": [{"index": bad.index, "field": bad.field, "error": bad.error} for bad in rejected],
        "masked": dict(clean.masked),
        "rounded": dict(clean.rounded),
        "note": None,
    }
