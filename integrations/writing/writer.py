"""The one way in for rows: hash, validation, masking, claim, day-aligned blocks under tokens, acknowledgement."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from functools import partial
from typing import Any, Literal, TypeVar, get_args
from uuid import UUID

from chimera_metrics.integrations.clickhouse.executor import Executor
from chimera_metrics.integrations.clickhouse.retries import Verdict, judge, repeat
from chimera_metrics.integrations.errors import (
    InvalidInput,
    MuseError,
    SchemaMismatch,
    StatementCancelled,
    StatementFailed,
)
from chimera_metrics.integrations.results import Result
from chimera_metrics.integrations.validation.row_path import Batch, validate_rows
from chimera_metrics.integrations.validation.values import show
from chimera_metrics.integrations.writing import runs
from chimera_metrics.integrations.writing.blocks import Block, Clean, blocks, day_count
from chimera_metrics.integrations.writing.claims import Claim
from chimera_metrics.integrations.writing.late_runs import received_after, without
from chimera_metrics.integrations.writing.ledger import (
    WRITE_SETTINGS,
    Entry,
    Identity,
    Ledger,
    State,
    content_hash,
    new_batch_id,
)
from chimera_metrics.integrations.writing.quarantine import Kept, Quarantine
from chimera_metrics.models import FACT_TABLES
from chimera_metrics.models.base import DEDUPLICATION_WINDOW

OnInvalid = Literal["reject_batch", "skip"]
Prepare = Callable[[Any, datetime], Any]
"""Changes rows after they are hashed; called with the rows (or the Arrow table) and the batch's time of receipt."""

_REJECTED_SHOWN = 100
KEY_CHARACTERS = 200
# An attempt is finished by sending its blocks again only while the engine surely knows their tokens. Half of what it
# remembers, because blocks that were never acknowledged stand in no ledger.
TRUSTED_BLOCKS = DEDUPLICATION_WINDOW // 2
# How often a claim that another attempt took back is made again.
_CLAIMS = 10
_UNKNOWN_TABLE = 60
T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Prepared:
    """A batch that is checked and waits to be stored."""

    identity: Identity
    given: bool
    """Whether the caller gave the key."""
    now: datetime
    clean: Clean
    answer: Mapping[str, Any]
    again: Callable[[datetime], Clean]
    """The same rows under another time of receipt."""
    stored: int
    """Rows that go into the store; 0 when the batch was refused as a whole."""
    covers: tuple[int, ...] = ()
    """The days of a file's window that the batch was made from."""


@dataclass(slots=True)
class Attempt:
    """One try at storing a batch, which may turn out to go on with an earlier one."""

    prepared: Prepared
    batch_id: UUID = field(default_factory=new_batch_id)
    unsure: bool = False
    """Whether anything of it may be in the store."""


class Writer:
    """Stores batches exactly once, in the table and in every rollup."""

    def __init__(self, executor: Executor, retry_attempts: int, masking: bool, quarantine: Quarantine) -> None:
        self._executor = executor
        self.ledger = Ledger(executor)
        self._attempts = retry_attempts
        self._masking = masking
        self.quarantine = quarantine

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
        digest = content_hash(table, rows)
        return self.store(self.check(table, rows, digest, idempotency_key, on_invalid, prepare))

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
        received = len(rows)
        moment = now or datetime.now(UTC)

        def clean_at(time: datetime) -> Clean:
            found = prepare(rows, time) if prepare is not None else rows
            if isinstance(found, Sequence):
                return runs.last_of_each(validate_rows(table, found, mask=self._masking, now=time))
            from chimera_metrics.integrations.validation.column_path import validate_table

            return runs.last_of_each(validate_table(table, found, mask=self._masking, now=time))

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
        # Runs that stand in the batch twice: the store gets the last one.
        answer["replaced"] = stored - clean.rows if stored else 0
        identity = Identity(table, key or digest, digest)
        return Prepared(identity, key is not None, moment, clean, answer, clean_at, stored, covers)

    @staticmethod
    def digest(table: str, rows: Any) -> str:
        """The hash of rows, or of an Arrow table, as received."""
        if isinstance(rows, Sequence):
            return content_hash(table, rows)
        from chimera_metrics.integrations.writing.bulk import arrow_hash

        return arrow_hash(table, rows)

    # -- storing ---------------------------------------------------------------------------------------------------

    def store(self, prepared: Prepared) -> Result:
        """Stores a checked batch, or keeps it in the quarantine when the store cannot take it now."""
        if not prepared.stored:
            return Result.of(prepared.answer)
        attempt = Attempt(prepared)
        try:
            return self._store(attempt)
        except Exception as error:
            try:
                if isinstance(error, MuseError) and judge(error) is not Verdict.REFUSE:
                    with contextlib.suppress(OSError):
                        return self._keep(attempt.prepared, error)
            except MuseError:
                self._withdraw(attempt)
                raise
            self._withdraw(attempt)
            if isinstance(error, StatementFailed) and error.code == _UNKNOWN_TABLE:
                settings = self._executor.settings
                raise SchemaMismatch.on(settings.database, settings.where) from None
            raise

    def _withdraw(self, attempt: Attempt) -> None:
        """Leaves the key free after a call that stored nothing and kept nothing."""
        if not attempt.unsure:
            with contextlib.suppress(OSError):
                self.ledger.withdraw(attempt.prepared.identity, attempt.batch_id)

    def _store(self, attempt: Attempt) -> Result:
        replaced = attempt.prepared.answer["replaced"]
        replaced += self._repeat(lambda: runs.known(self._executor, attempt.prepared.clean))
        state = self._begin(attempt, replaced)
        prepared, identity, batch_id = attempt.prepared, attempt.prepared.identity, attempt.batch_id
        if state.entry is not None:
            return _again(prepared, state.entry)
        if state.claim is not None:
            replaced = state.claim.replaced
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
        acknowledge = partial(self.ledger.acknowledge, identity, batch_id, answer, day_count(sent), prepared.covers)
        if self._repeat(acknowledge):
            return Result.of(answer)
        # Two callers may have sent the same batch at once: the tokens kept one copy, and one of them is told so.
        first = self._repeat(lambda: self.ledger.find(identity)).entry
        if first is not None and first.batch_id != batch_id:
            return _again(prepared, first)
        return Result.of(answer)

    def _begin(self, attempt: Attempt, replaced: int) -> State:
        """Claims the batch, or joins the attempt that has; what the ledger knows of it."""
        identity = attempt.prepared.identity
        for _ in range(_CLAIMS):
            now = attempt.prepared.now
            self._repeat(lambda: self.ledger.claim(identity, attempt.batch_id, now, replaced))  # noqa: B023
            state = self._repeat(lambda: self.ledger.find(identity))
            if state.entry is not None or (state.claim and state.claim.batch_id == attempt.batch_id):
                return state
            # Nothing at all, or nothing to join: another's claim that was finished or taken back just now.
            if state.claim is not None:
                attempt.prepared = self._join(attempt.prepared, state.claim)
                if self._repeat(lambda: self.ledger.join(identity)):
                    return state
        return state

    def _join(self, prepared: Prepared, claim: Claim) -> Prepared:
        """Goes on with a batch that an earlier attempt began, which has died or is still under way."""
        identity = prepared.identity
        if claim.digest != identity.digest:
            raise _other_rows(identity, claim.since)
        if self._repeat(lambda: self.ledger.blocks_since(identity.table, claim.since)) > TRUSTED_BLOCKS:
            raise InvalidInput(
                f"This batch was begun at {claim.since:%Y-%m-%d %H:%M:%S}Z and never finished, and so much was stored "
                f"in {identity.table} since that the engine cannot tell which of its rows it has. Look whether they "
                "are there; those that are missing can be sent under an idempotency_key of their own."
            )
        if claim.now == prepared.now:
            return prepared
        return replace(prepared, now=claim.now, clean=prepared.again(claim.now))

    def _send(self, attempt: Attempt, block: Block, token: str) -> None:
        settings = dict(WRITE_SETTINGS) | {"insert_deduplication_token": token}

        def send() -> None:
            try:
                block.send(self._executor, settings)
            except Exception as error:
                # Refused before it began, unless it was cancelled; anything else may have come through.
                refused = isinstance(error, MuseError) and judge(error) is Verdict.REFUSE
                attempt.unsure |= not refused or isinstance(error, StatementCancelled)
                raise
            attempt.unsure = True

        try:
            self._repeat(send)
        except MuseError as error:
            halves = block.halves() if judge(error) is Verdict.SPLIT else None
            if halves is None:
                raise
            for half in halves:
                self._send(attempt, half, token)

    def _repeat(self, action: Callable[[], T]) -> T:
        return repeat(action, self._attempts)

    # -- quarantine ------------------------------------------------------------------------------------------------

    def _keep(self, prepared: Prepared, error: MuseError) -> Result:
        clean = prepared.clean
        if isinstance(clean, Batch):
            names, types, data = clean.columns, clean.types, clean.data
        else:
            from chimera_metrics.integrations.writing import bulk

            names, types = clean.data.column_names, bulk.types_of(clean.table, clean.data)
            data = bulk.columns(clean.table, clean.data)
        batch_id = str(new_batch_id())
        answer = dict(prepared.answer) | {"batch_id": batch_id, "inserted": prepared.stored}
        kept = Kept(
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
        )
        kept = self.quarantine.keep(kept, data)
        note = (
            f"The store did not take these rows ({error}) They wait in the quarantine and are stored, once, by "
            "`muse quarantine replay` or when this batch is sent again."
        )
        waiting = {"inserted": 0, "replaced": 0, "quarantined": kept.rows, "note": note}
        return Result.of(dict(kept.answer) | waiting)

    def replay(self, kept: Kept) -> Result:
        """Stores a batch from the quarantine, once, and forgets it there. Raises what keeps it from being stored.

        A run that the store has received since stays as it is, and counts as a duplicate.
        """
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
        )
        result = self._store(Attempt(prepared))
        self.quarantine.drop(kept)
        return result


def known_table(table: str) -> None:
    """Refuses a table that takes no rows."""
    if table not in FACT_TABLES:
        raise InvalidInput(f"Unknown table {table!r}; rows go into {', '.join(FACT_TABLES)}.")


def check_call(table: str, key: object, on_invalid: object) -> None:
    """Refuses a call whose table, key or `on_invalid` is none."""
    known_table(table)
    takes = f"idempotency_key takes text of 1 to {KEY_CHARACTERS} characters"
    if key is not None and not isinstance(key, str):
        raise InvalidInput(f"{takes}; this is {type(key).__name__}.")
    if key is not None and not 1 <= len(key) <= KEY_CHARACTERS:
        raise InvalidInput(f"{takes}; this has {len(key):,}.")
    if key is not None and not key.isascii():
        try:
            key.encode()
        except UnicodeEncodeError:
            raise InvalidInput("idempotency_key takes valid Unicode text; this has half of a surrogate pair.") from None
    if on_invalid not in get_args(OnInvalid):
        raise InvalidInput(
            f'on_invalid takes "reject_batch" or "skip", not {on_invalid if on_invalid is None else show(on_invalid)}.'
        )


def check_rows(rows: object) -> None:
    """Refuses what is no collection of rows."""
    if isinstance(rows, Mapping):
        raise InvalidInput("This is one row; put it into a list, or store it by the method for one row.")
    if isinstance(rows, str | bytes | bytearray) or not isinstance(rows, Iterable):
        raise InvalidInput(
            "Rows are a list or an iterable of mappings, an Arrow table, or a pandas or polars frame; this is "
            f"{type(rows).__name__}."
        )


def _other_rows(identity: Identity, since: datetime) -> InvalidInput:
    return InvalidInput(
        f"The idempotency_key {identity.key!r} was used at {since:%Y-%m-%d %H:%M:%S}Z for other "
        f"rows of {identity.table}; send these rows under a key of their own."
    )


def _again(prepared: Prepared, known: Entry) -> Result:
    """The answer to a batch that is stored already."""
    if known.digest != prepared.identity.digest:
        raise _other_rows(prepared.identity, known.acknowledged_at)
    answer = dict(known.answer)
    answer["duplicates"] = answer["inserted"] + answer["duplicates"]
    answer["inserted"] = answer["replaced"] = 0
    how = "another idempotency_key" if prepared.given else "an idempotency_key of your own"
    answer["note"] = (
        f"This batch was stored at {known.acknowledged_at:%Y-%m-%d %H:%M:%S}Z; nothing was stored again. "
        f"To store the same rows once more, send them with {how}."
    )
    return Result.of(answer)


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
