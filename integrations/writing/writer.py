"""The only way that rows are stored: hash, validate and mask, claim, send blocks of days under tokens, acknowledge."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Any, TypeVar
from uuid import UUID

from chimera_metrics.integrations.clickhouse.call import LOCAL
from chimera_metrics.integrations.clickhouse.cluster import WINDOW_S
from chimera_metrics.integrations.clickhouse.error_codes import ErrorCode
from chimera_metrics.integrations.clickhouse.executor import Executor
from chimera_metrics.integrations.clickhouse.retries import RetryPolicy, policy_of, repeat
from chimera_metrics.integrations.clickhouse.store_form import KnownForm
from chimera_metrics.integrations.errors import (
    InvalidInput,
    MuseError,
    SchemaMismatch,
    StatementCancelled,
    StatementFailed,
)
from chimera_metrics.integrations.results import Result
from chimera_metrics.integrations.validation.row_path import Batch
from chimera_metrics.integrations.writing import runs
from chimera_metrics.integrations.writing.arguments import OnInvalid, check_call
from chimera_metrics.integrations.writing.blocks import InsertBlock, blocks, day_count
from chimera_metrics.integrations.writing.claims import Claim
from chimera_metrics.integrations.writing.keys import given_key, own_key
from chimera_metrics.integrations.writing.late_runs import received_after, without
from chimera_metrics.integrations.writing.ledger import (
    WRITE_SETTINGS,
    Ledger,
    State,
    content_hash,
    new_batch_id,
)
from chimera_metrics.integrations.writing.prepared import (
    Prepare,
    Prepared,
    duplicate_answer,
    is_own,
    key_already_used,
    prepare_batch,
)
from chimera_metrics.integrations.writing.quarantine import Quarantine, QuarantinedBatch
from chimera_metrics.integrations.writing.spreading import ShardCounts, spread
from chimera_metrics.models.base import DEDUPLICATION_WINDOW

# An attempt is finished by sending its blocks again only while the engine surely knows their tokens. Half of what it
# remembers, because blocks that were never acknowledged stand in no ledger.
TRUSTED_BLOCKS = DEDUPLICATION_WINDOW // 2
# How often a claim that another attempt took back is made again.
_CLAIMS = 10
T = TypeVar("T")


@dataclass(slots=True)
class Attempt:
    """One try at storing a batch, which may turn out to continue an earlier one."""

    prepared: Prepared
    batch_id: UUID = field(default_factory=new_batch_id)
    unsure: bool = False
    """Whether anything of it may be in the store."""
    shards: int | None = None
    """Over how many shards its rows are spread; None where there are none."""


class Writer:
    """Stores batches exactly once, in the table and in every rollup."""

    def __init__(self, executor: Executor, retry_attempts: int, masking: bool, quarantine: Quarantine) -> None:
        self._executor = executor
        self.ledger = Ledger(executor)
        self._attempts = retry_attempts
        self._masking = masking
        self.quarantine = quarantine
        self._form = KnownForm(executor)
        self._shards = ShardCounts(executor)

    def insert(
        self,
        table: str,
        rows: Sequence[Mapping[str, Any]],
        idempotency_key: str | None = None,
        on_invalid: OnInvalid = "reject_batch",
        prepare: Prepare | None = None,
    ) -> Result:
        """Stores `rows`, once. The result's fields are those of the `insert` tools.

        The same rows again, or the same key, answer as duplicates; the same key with other rows is refused.
        `prepare` changes the rows after they are hashed: what was received, not what it became, makes a duplicate.
        """
        check_call(table, idempotency_key, on_invalid)
        digest, key = content_hash(table, rows), own_key(idempotency_key)
        return self.store(self.check(table, rows, digest, key, on_invalid, prepare))

    # -- checking --------------------------------------------------------------------------------------------------

    def check(
        self,
        table: str,
        rows: Any,
        digest: str,
        key: str | None,
        on_invalid: OnInvalid,
        prepare: Prepare | None = None,
        now: datetime | None = None,
        covers: tuple[int, ...] = (),
    ) -> Prepared:
        """Validates rows, or an Arrow table, without touching the store."""
        return prepare_batch(table, rows, digest, key, on_invalid, prepare, now, covers, masking=self._masking)

    # -- storing ---------------------------------------------------------------------------------------------------

    def store(self, prepared: Prepared, keep_aside: bool = True) -> Result:
        """Stores a checked batch, or quarantines it when the store cannot take it now.

        Without `keep_aside` the error is raised instead, for a sender that has the rows and waits.
        """
        if not prepared.stored:
            return Result.of(prepared.answer)
        attempt = Attempt(prepared)
        try:
            self._repeat(self._form.require)
            attempt.prepared = self._as_known_before(prepared)
            return self._store(attempt)
        except Exception as error:
            try:
                if keep_aside and isinstance(error, MuseError) and policy_of(error) is not RetryPolicy.REFUSE:
                    with contextlib.suppress(OSError):
                        return self._quarantine_batch(attempt.prepared, error)
            except MuseError:
                self._withdraw(attempt)
                raise
            self._withdraw(attempt)
            if isinstance(error, StatementFailed) and error.code == ErrorCode.UNKNOWN_TABLE:
                settings = self._executor.settings
                raise SchemaMismatch.on(settings.database, settings.where) from None
            raise

    def _withdraw(self, attempt: Attempt) -> None:
        """Frees the key after a call that neither stored nor quarantined anything."""
        if not attempt.unsure:
            # What kept the batch from being stored may keep its claim from being read; the caller hears the first.
            with contextlib.suppress(OSError, MuseError):
                self.ledger.withdraw(attempt.prepared.identity, attempt.batch_id)

    def _store(self, attempt: Attempt) -> Result:
        replaced = attempt.prepared.answer["replaced"]
        replaced += self._repeat(lambda: runs.known(self._executor, attempt.prepared.clean))
        attempt.shards = self._repeat(lambda: self._shards.of(attempt.prepared.clean.table))
        state = self._begin(attempt, replaced)
        prepared, identity, batch_id = attempt.prepared, attempt.prepared.identity, attempt.batch_id
        if state.entry is not None:
            return duplicate_answer(prepared, state.entry)
        if state.claim is not None:
            replaced = state.claim.replaced
            attempt.shards = state.claim.shards
        attempt.unsure = state.stored > 0
        sent = blocks(prepared.clean)
        for number, block in enumerate(sent[state.stored :], state.stored + 1):
            self._send(attempt, block, identity.token + block.token_suffix)
            if len(sent) > 1:
                self._repeat(partial(self.ledger.progress, identity, batch_id, number))
        answer = dict(prepared.answer) | {
            "batch_id": str(batch_id),
            "inserted": prepared.stored,
            "replaced": replaced,
        }
        further = (day_count(sent), prepared.covers, prepared.owner, attempt.shards)
        if self._repeat(lambda: self.ledger.acknowledge(identity, batch_id, answer, *further)):
            return Result.of(answer)
        # Two callers may have sent the same batch at once: the tokens let one copy in, and one caller is told so.
        first = self._repeat(lambda: self.ledger.find(identity)).entry
        if first is not None and first.batch_id != batch_id:
            return duplicate_answer(prepared, first)
        return Result.of(answer)

    def _as_known_before(self, prepared: Prepared) -> Prepared:
        """The batch under the key as it was given, where a version that knew no owners has dealt with it."""
        identity = prepared.identity
        earlier = replace(identity, key=given_key(identity.key))
        if earlier == identity:
            return prepared
        state = self._repeat(lambda: self.ledger.find(earlier))
        found = (known for known in (state.entry, state.claim) if known is not None and known.owner is None)
        if any(known.digest == identity.digest for known in found) or self.quarantine.holds(earlier):
            return replace(prepared, identity=earlier)
        return prepared

    def _begin(self, attempt: Attempt, replaced: int) -> State:
        """Claims the batch, or joins the attempt that has claimed it. Returns what the ledger knows of the batch."""
        identity, owner = attempt.prepared.identity, attempt.prepared.owner
        for _ in range(_CLAIMS):
            now = attempt.prepared.now
            further = (now, replaced, owner, attempt.shards)
            self._repeat(lambda: self.ledger.claim(identity, attempt.batch_id, *further))  # noqa: B023
            state = self._repeat(lambda: self.ledger.find(identity))
            if state.entry is not None or (state.claim and state.claim.batch_id == attempt.batch_id):
                return state
            # No claim, or one that cannot be joined: another attempt has just finished it or taken it back.
            if state.claim is not None:
                attempt.prepared = self._join(attempt.prepared, state.claim)
                if self._repeat(lambda: self.ledger.join(identity)):
                    return state
        return state

    def _join(self, prepared: Prepared, claim: Claim) -> Prepared:
        """Continues a batch that an earlier attempt began, which has died or still runs."""
        identity = prepared.identity
        if claim.digest != identity.digest:
            raise key_already_used(identity, claim.since)
        if self._forgotten(identity.table, claim.since):
            begun = f" at {claim.since:%Y-%m-%d %H:%M:%S}Z" if is_own(prepared, claim.owner) else ""
            raise InvalidInput(
                f"This batch was begun{begun} and never finished, and so much was stored "
                f"in {identity.table} since that the engine cannot tell which of its rows it has. Look whether they "
                "are there; those that are missing can be sent under an idempotency_key of their own."
            )
        if claim.now == prepared.now:
            return prepared
        return replace(prepared, now=claim.now, clean=prepared.again(claim.now))

    def _forgotten(self, table: str, since: datetime) -> bool:
        """Whether the engine may no longer know the tokens of blocks that were sent then."""
        clustered = self._executor.settings.cluster is not None
        if clustered and datetime.now(UTC) - since > timedelta(seconds=WINDOW_S / 2):
            return True
        return self._repeat(lambda: self.ledger.blocks_since(table, since)) > TRUSTED_BLOCKS

    def _send(self, attempt: Attempt, block: InsertBlock, token: str) -> None:
        if attempt.shards is None:
            self._send_to(attempt, block, token, {}, None)
            return
        for shard, places in spread(block, attempt.shards, token):
            # Of the number too: what a shard gets of a day under one token must always be the same rows.
            self._send_to(attempt, block, f"{token}/{attempt.shards}", {"insert_shard_id": shard}, places)

    def _send_to(
        self,
        attempt: Attempt,
        block: InsertBlock,
        token: str,
        where: Mapping[str, Any],
        places: Sequence[int] | None,
    ) -> None:
        settings = {**WRITE_SETTINGS, **where, "insert_deduplication_token": token}

        def send() -> None:
            try:
                block.send(self._executor, settings, places)
            except Exception as error:
                # A refused insert has not begun, unless it was cancelled. After any other error rows may be stored.
                refused = isinstance(error, MuseError) and policy_of(error) is RetryPolicy.REFUSE
                attempt.unsure |= not refused or isinstance(error, StatementCancelled)
                raise
            attempt.unsure = True

        try:
            self._repeat(send)
        except MuseError as error:
            halves = block.halves() if policy_of(error) is RetryPolicy.SPLIT else None
            if halves is None:
                raise
            for half in halves:
                inside = set(map(int, half.places))
                of_half = places if places is None else [place for place in places if place in inside]
                if of_half is None or of_half:
                    self._send_to(attempt, half, token, where, of_half)

    def _repeat(self, action: Callable[[], T]) -> T:
        return repeat(action, self._attempts)

    # -- quarantine ------------------------------------------------------------------------------------------------

    def _quarantine_batch(self, prepared: Prepared, error: MuseError) -> Result:
        """Writes the clean rows to the disk, and answers that they wait there."""
        clean = prepared.clean
        if isinstance(clean, Batch):
            names, types, data = clean.columns, clean.types, clean.data
        else:
            from chimera_metrics.integrations.writing import bulk

            names, types = clean.data.column_names, bulk.types_of(clean.table, clean.data)
            data = bulk.columns(clean.table, clean.data)
        batch_id = str(new_batch_id())
        answer = dict(prepared.answer) | {"batch_id": batch_id, "inserted": prepared.stored}
        kept = QuarantinedBatch(
            path=self.quarantine.folder,
            identity=prepared.identity,
            given=prepared.given,
            since=datetime.now(UTC),
            now=prepared.now,
            reason=str(error),
            rows=prepared.stored,
            columns=list(names),
            types=list(types),
            answer=answer,
            covers=prepared.covers,
            owner=prepared.owner,
        )
        kept = self.quarantine.keep(kept, data)
        note = (
            f"The store did not take these rows ({error}) They wait in the quarantine and are stored, once, by "
            "`muse quarantine replay` or when this batch is sent again."
        )
        waiting = {"inserted": 0, "replaced": 0, "quarantined": kept.rows, "note": note}
        hidden = {} if is_own(prepared, kept.owner) else {"batch_id": None}
        return Result.of(dict(kept.answer) | waiting | hidden)

    def replay(self, kept: QuarantinedBatch) -> Result:
        """Stores a batch from the quarantine, once, and removes it there. Raises what keeps it from being stored.

        A run that the store has received since stays as it is, and counts as a duplicate.
        """
        self._repeat(self._form.require)
        whole = kept.batch(kept.now)
        late = self._repeat(lambda: received_after(self._executor, whole, kept.since))
        clean = without(whole, late)
        answer = dict(kept.answer) | {"inserted": 0, "duplicates": len(late), "replaced": kept.rows - whole.rows}
        if late:
            answer["note"] = (
                f"{len(late)} of these runs the store received again after this batch was quarantined; the last "
                "received wins, so they stay as they are."
            )
        prepared = Prepared(
            identity=kept.identity,
            given=kept.given,
            now=kept.now,
            clean=clean,
            answer=answer,
            again=lambda now: without(kept.batch(now), late),
            stored=kept.rows - len(late),
            covers=kept.covers,
            owner=kept.owner or LOCAL,
        )
        result = self._store(Attempt(prepared))
        self.quarantine.drop(kept)
        return result
